// The canvas's companion. Checks the canvas's surfaces many times a second, sends their picture to Python when it has
// changed, and shows the verdict that comes back. Only one picture is in flight, and the next one is the newest. However
// long an answer takes, no picture is sent twice while the server is there: a busy one would only get busier.
// `show(companion, data)` is in a file of its own.

const LOOK = 40 // ms between two looks at the canvas
const REST = 90 // ms at least between two pictures sent
const SETTLED = 600 // ms without a change after which the verdict is announced
const SMALL = 4 // factor by which the picture is reduced to detect changes

const companions = new WeakMap() // parentElement -> what its companion remembers between renders

export default function (component) {
  const { data, parentElement, setStateValue } = component
  if (companions.has(parentElement)) document.dispatchEvent(new Event("digitrec-read"))
  else companions.set(parentElement, remember(parentElement))
  const companion = companions.get(parentElement)
  companion.data = data
  companion.send = (picture) => setStateValue("picture", picture)
  companion.pick = (picked) => setStateValue("picked", picked)
  if (data.seen >= companion.number) companion.waiting = false
  report(companion)
  companion.timer ??= setInterval(() => look(companion), LOOK)
  show(companion, data)
  return () => {
    clearInterval(companion.timer)
    companion.timer = null
    companion.last = null
  }
}

function remember(root) {
  return {
    root,
    small: document.createElement("canvas").getContext("2d", { willReadFrequently: true }),
    full: document.createElement("canvas").getContext("2d"),
    number: 0, // of pictures sent
    waiting: false,
    cutOff: false, // whether the server has been gone since the last picture was sent
    sentAt: 0,
    last: null, // the small picture when last sent
    timer: null,
  }
}

function look(companion) {
  if (document.hidden) return
  if (!isConnected()) companion.cutOff = true
  else if (companion.cutOff) Object.assign(companion, { cutOff: false, waiting: false, last: null })
  const now = performance.now()
  if (companion.waiting || companion.cutOff || now - companion.sentAt < REST) return
  const surfaces = find(companion)
  if (!surfaces.length) return
  const { width, height } = companion.data
  const reduced = paint(companion.small, surfaces, Math.round(width / SMALL), Math.round(height / SMALL))
  const pixels = reduced.getImageData(0, 0, reduced.canvas.width, reduced.canvas.height).data
  if (companion.last && same(companion.last, pixels)) return
  companion.last = pixels
  companion.waiting = true
  companion.sentAt = now
  companion.number += 1
  report(companion)
  const url = paint(companion.full, surfaces, width, height).canvas.toDataURL("image/png")
  companion.send({ number: companion.number, revision: companion.data.revision, url })
}

// Streamlit says on its outermost element whether the server is there. A server that is only busy still is.
function isConnected() {
  const state = document.querySelector('[data-testid="stApp"]')?.dataset.testConnectionState
  return state === undefined || state === "CONNECTED"
}

// For assistive software and for measurements: the number of the last picture sent, and of the one that was read.
function report(companion) {
  const live = companion.root.querySelector(".live")
  live.setAttribute("aria-busy", companion.waiting)
  live.dataset.sent = companion.number
  live.dataset.seen = companion.data.seen
}

// The canvas has separate surfaces for the drawing and the current stroke, in an open shadow root.
function find(companion) {
  if (companion.surfaces?.[0]?.isConnected) return companion.surfaces
  const around = document.querySelector(companion.data.canvas)
  for (const host of around?.querySelectorAll("*") ?? []) {
    const root = host.shadowRoot
    const upper = root?.querySelector("canvas.upper-canvas")
    if (!upper) continue
    dress(root, companion.data)
    nameCanvas(root, upper, companion.data.name)
    root.addEventListener("pointerup", () => setTimeout(() => sendDrawing(root)), true)
    companion.surfaces = [...root.querySelectorAll("canvas")]
    show(companion, companion.data)
    return companion.surfaces
  }
  return []
}

// The canvas's toolbar is hidden: the page has its own undo, redo and clear, with names and shortcuts. On a screen
// narrower than the canvas, the canvas is shown smaller; Fabric allows for that.
function dress(root, { width, height }) {
  const style = document.createElement("style")
  style.textContent = `
    .dc-toolbar { display: none !important }
    .dc-scroll { overflow: hidden !important }
    .dc-container { aspect-ratio: ${width} / ${height}; height: auto !important; max-width: 100% }
    .dc-container > *, .dc-container canvas { height: 100% !important; width: 100% !important }`
  root.append(style)
}

function nameCanvas(root, upper, name) {
  for (const surface of root.querySelectorAll("canvas")) surface.setAttribute("aria-hidden", surface !== upper)
  upper.setAttribute("role", "img")
  upper.setAttribute("aria-label", name)
}

// A stroke is sent to Python as soon as the pen is lifted, by the toolbar's own button, and not 200 ms later: an undo
// right after it refers to that stroke.
function sendDrawing(root) {
  root.querySelector('.dc-toolbar button[aria-label^="Update"]')?.click()
}

function paint(context, surfaces, width, height) {
  const { canvas } = context
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
  context.fillStyle = "#fff"
  context.fillRect(0, 0, width, height)
  for (const surface of surfaces) if (surface.width) context.drawImage(surface, 0, 0, width, height)
  return context
}

function same(one, other) {
  for (let i = 0; i < one.length; i += 4) if (one[i] !== other[i]) return false
  return true
}

// Has screen readers announce the verdict once it no longer changes.
function speak(companion, text) {
  clearTimeout(companion.speech)
  companion.speech = setTimeout(() => (companion.root.querySelector('[data-part="spoken"]').textContent = text), SETTLED)
}
