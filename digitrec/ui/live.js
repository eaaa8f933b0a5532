// The canvas's companion. Looks at the canvas's surfaces a few times a second, sends their picture to Python where it
// has changed, and shows the verdict that comes back. One picture is on its way at a time; one that is not answered
// counts as lost after a while, and is sent again.

const LOOK = 40 // ms between two looks at the canvas
const REST = 90 // ms at least between two pictures sent
const LOST = 1500 // ms after which an unanswered picture counts as lost
const SETTLED = 600 // ms without a change after which the verdict is read out
const SMALL = 70 // pixels, the side at which a change is looked for

const companions = new WeakMap() // parentElement -> what its companion remembers between renders

export default function (component) {
  const { data, parentElement, setStateValue } = component
  if (!companions.has(parentElement)) companions.set(parentElement, remember(parentElement))
  const companion = companions.get(parentElement)
  companion.data = data
  companion.send = (picture) => setStateValue("picture", picture)
  if (data.seen >= companion.number) companion.waiting = false
  tell(companion)
  companion.timer ??= setInterval(() => look(companion), LOOK)
  show(companion, data)
  return () => {
    clearInterval(companion.timer)
    companion.timer = null
    companion.last = null
  }
}

function remember(root) {
  const small = document.createElement("canvas")
  const full = document.createElement("canvas")
  small.width = small.height = SMALL
  return {
    root,
    small: small.getContext("2d", { willReadFrequently: true }),
    full: full.getContext("2d"),
    number: 0, // of pictures sent
    waiting: false,
    sentAt: 0,
    last: null, // the small picture when last sent
    timer: null,
  }
}

function look(companion) {
  if (document.hidden) return
  const now = performance.now()
  const late = now - companion.sentAt
  if (companion.waiting ? late < LOST : late < REST) return
  if (companion.waiting) companion.last = null
  const surfaces = find(companion)
  if (!surfaces.length) return
  const pixels = paint(companion.small, surfaces, SMALL).getImageData(0, 0, SMALL, SMALL).data
  if (companion.last && same(companion.last, pixels)) return
  companion.last = pixels
  companion.waiting = true
  companion.sentAt = now
  companion.number += 1
  tell(companion)
  const side = companion.data.side
  companion.full.canvas.width = companion.full.canvas.height = side
  const url = paint(companion.full, surfaces, side).canvas.toDataURL("image/png")
  companion.send({ number: companion.number, revision: companion.data.revision, url })
}

// For assistive software, and for whoever measures: which picture was sent last, and which one the verdict is of.
function tell(companion) {
  const live = companion.root.querySelector(".live")
  live.setAttribute("aria-busy", companion.waiting)
  live.dataset.sent = companion.number
  live.dataset.seen = companion.data.seen
}

// The canvas keeps what is drawn and the stroke under way on surfaces of their own, in an open shadow root.
function find(companion) {
  if (companion.surfaces?.[0]?.isConnected) return companion.surfaces
  const around = document.querySelector(companion.data.canvas)
  for (const host of around?.querySelectorAll("*") ?? []) {
    const root = host.shadowRoot
    const upper = root?.querySelector("canvas.upper-canvas")
    if (!upper) continue
    hideToolbar(root)
    nameCanvas(root, upper)
    root.addEventListener("pointerup", () => setTimeout(() => sendDrawing(root)), true)
    companion.surfaces = [...root.querySelectorAll("canvas")]
    return companion.surfaces
  }
  return []
}

// The page has undo, redo and clear of its own, with names and keys, which the canvas's toolbar would only repeat.
function hideToolbar(root) {
  const style = document.createElement("style")
  style.textContent = ".dc-toolbar { display: none !important }"
  root.append(style)
}

function nameCanvas(root, upper) {
  for (const surface of root.querySelectorAll("canvas")) surface.setAttribute("aria-hidden", surface !== upper)
  upper.setAttribute("role", "img")
  upper.setAttribute("aria-label", "Canvas to draw a digit on. Without a mouse, press Sample digit.")
}

// A stroke is told to Python as soon as the pen is lifted, by the toolbar's own button, and not 200 ms later: whoever
// presses undo at once means that stroke.
function sendDrawing(root) {
  root.querySelector('.dc-toolbar button[aria-label^="Update"]')?.click()
}

function paint(context, surfaces, side) {
  context.fillStyle = "#fff"
  context.fillRect(0, 0, side, side)
  for (const surface of surfaces) if (surface.width) context.drawImage(surface, 0, 0, side, side)
  return context
}

function same(one, other) {
  for (let i = 0; i < one.length; i += 4) if (one[i] !== other[i]) return false
  return true
}

function show(companion, data) {
  const part = (name) => companion.root.querySelector(`[data-part="${name}"]`)
  const shown = part("shown")
  companion.root.querySelector(".live").dataset.compact = data.compact
  shown.textContent = data.shown
  shown.dataset.unsure = data.shown === "?"
  part("words").textContent = data.words
  part("reason").textContent = data.reason
  showPixels(part("pixels").getContext("2d"), data.pixels)
  showBars(part("bars"), data)
  clearTimeout(companion.speech)
  companion.speech = setTimeout(() => (part("spoken").textContent = spoken(data)), SETTLED)
}

function spoken(data) {
  return data.shown && data.shown !== "?" ? `Read as ${data.shown}. ${data.words}.` : `${data.words}. ${data.reason}`
}

function showPixels(context, pixels) {
  const picture = context.createImageData(28, 28)
  for (let i = 0; i < 784; i++) picture.data.set([pixels[i] ?? 0, pixels[i] ?? 0, pixels[i] ?? 0, 255], 4 * i)
  context.putImageData(picture, 0, 0)
}

function showBars(list, data) {
  if (!list.children.length) list.append(...data.percent.map(makeBar))
  data.percent.forEach((percent, digit) => {
    const row = list.children[digit]
    row.dataset.rank = digit === data.best ? "best" : digit === data.runnerUp ? "runner-up" : "other"
    row.querySelector(".bar").style.transform = `scaleX(${percent / 100})`
    row.querySelector(".percent").textContent = data.percentText[digit]
  })
}

function makeBar(_, digit) {
  const row = document.createElement("li")
  for (const name of ["name", "track", "percent"]) row.append(Object.assign(document.createElement("span"), { className: name }))
  row.children[0].textContent = digit
  row.children[1].append(Object.assign(document.createElement("div"), { className: "bar" }))
  return row
}
