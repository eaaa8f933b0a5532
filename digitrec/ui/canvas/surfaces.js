// The canvas's surfaces: found in its open shadow root, dressed for the page, and painted into one picture.

// One surface has the drawing, another the stroke that is being drawn. `canvas` is a selector of what lies around them.
function findSurfaces({ canvas, width, height, name }) {
  for (const host of document.querySelector(canvas)?.querySelectorAll("*") ?? []) {
    const root = host.shadowRoot
    const upper = root?.querySelector("canvas.upper-canvas")
    if (!upper) continue
    dress(root, width, height)
    nameCanvas(root, upper, name)
    return { root, upper, all: [...root.querySelectorAll("canvas")] }
  }
  return null
}

// The canvas's toolbar is hidden: the page has its own undo, redo and clear, with names and shortcuts. The canvas fills
// the room that the page gives it; Fabric allows for that.
function dress(root, width, height) {
  const style = document.createElement("style")
  style.textContent = `
    .dc-toolbar { display: none !important }
    .dc-root { width: 100% !important }
    .dc-scroll { overflow: hidden !important }
    .dc-container { aspect-ratio: ${width} / ${height}; height: auto !important; width: 100% !important }
    .dc-container > *, .dc-container canvas { height: 100% !important; width: 100% !important }
    .dc-container canvas { border-radius: 8px; touch-action: none }`
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

function makePainter() {
  return document.createElement("canvas").getContext("2d", { willReadFrequently: true })
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

// Streamlit says on its outermost element whether the server is there. A server that is only busy still is.
function isConnected() {
  const state = document.querySelector('[data-testid="stApp"]')?.dataset.testConnectionState
  return state === undefined || state === "CONNECTED"
}

// And whether a run is under way.
function isAtRest() {
  return isConnected() && document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "notRunning"
}
