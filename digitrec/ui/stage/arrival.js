// Until somebody touches the canvas, digits draw themselves on a surface above it, and are read as they grow. With
// reduced motion the first one is there at once, and stays.

const SPEED = 0.26 // pixels of the drawing in a millisecond
const BETWEEN = 260 // ms from one stroke to the next
const SHOWN = 3200 // ms that a whole digit stays
const CALM = matchMedia("(prefers-reduced-motion: reduce)")

// `drawings` are arrays of strokes, { points, width }. Returns { surface, paths(), stop() }: the strokes so far, and an end.
function startArrival(container, { drawings, ink, width, height }, onChange) {
  const surface = document.createElement("canvas")
  Object.assign(surface, { width: 2 * width, height: 2 * height, className: "arrival" })
  surface.setAttribute("aria-hidden", true)
  surface.style.cssText = "inset: 0; pointer-events: none; position: absolute; z-index: 15"
  container.append(surface)
  const arrival = { surface, ink, drawings, which: 0, began: null, paths: [] }
  let frame = null
  const step = (now) => {
    advance(arrival, now)
    onChange()
    frame = CALM.matches || arrival.isOver ? null : requestAnimationFrame(step)
  }
  frame = requestAnimationFrame(step)
  const stop = () => {
    cancelAnimationFrame(frame)
    surface.remove()
  }
  return { surface, paths: () => arrival.paths, stop }
}

function advance(arrival, now) {
  arrival.began ??= now
  const strokes = arrival.drawings[arrival.which]
  const far = CALM.matches ? Infinity : now - arrival.began
  const { paths, rest } = growTo(strokes, far)
  arrival.paths = paths
  drawPaths(arrival.surface.getContext("2d"), strokes, paths, arrival.ink)
  if (CALM.matches || rest < SHOWN) return
  arrival.isOver = arrival.which + 1 === arrival.drawings.length
  if (!arrival.isOver) Object.assign(arrival, { which: arrival.which + 1, began: now })
}

// The strokes as they are `time` ms after the first one began, and how long they have been whole.
function growTo(strokes, time) {
  const paths = []
  let left = time
  for (const { points } of strokes) {
    if (left <= 0) return { paths, rest: 0 }
    const path = [points[0]]
    for (let i = 1; i < points.length && left > 0; i++) {
      const [from, to] = [points[i - 1], points[i]]
      const needs = Math.hypot(to[0] - from[0], to[1] - from[1]) / SPEED
      const part = Math.min(left / Math.max(needs, 1e-6), 1)
      path.push([from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])])
      left -= needs
    }
    paths.push(path)
    left -= BETWEEN
  }
  return { paths, rest: left }
}

function drawPaths(context, strokes, paths, ink) {
  const { canvas } = context
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.clearRect(0, 0, canvas.width, canvas.height)
  context.setTransform(2, 0, 0, 2, 0, 0)
  Object.assign(context, { strokeStyle: ink, lineCap: "round", lineJoin: "round" })
  paths.forEach((path, i) => {
    context.lineWidth = strokes[i].width
    context.beginPath()
    path.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)))
    if (path.length === 1) context.lineTo(path[0][0], path[0][1] + 0.01)
    context.stroke()
  })
}
