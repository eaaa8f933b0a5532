// A companion of the canvas where the server reads. Looks at the canvas's surfaces many times a second, sends their
// picture to Python when it has changed, and shows the verdict that comes back. Only one picture is in flight, and the
// next one is the newest. However long an answer takes, no picture is sent twice while the connection holds: a busy
// server would only get busier. `show(companion, data)` is in a file of its own.

const LOOK = 40 // ms between two looks at the canvas
const REST = 90 // ms at least between two pictures sent
const RESTED = 500 // ms without a reading after which the tabs below are computed
const LOST = 5000 // ms after which a picture counts as lost, if the connection broke since it was sent
const SETTLED = 600 // ms without a change after which the verdict is announced
const SMALL = 4 // factor by which the picture is reduced to detect changes

const companions = new WeakMap() // parentElement -> what its companion remembers between renders

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component
  const isNew = !companions.has(parentElement)
  if (isNew) companions.set(parentElement, remember(parentElement))
  const companion = companions.get(parentElement)
  if (!isNew) awaitRest(companion)
  companion.data = data
  companion.send = (picture) => setStateValue("picture", picture)
  companion.layAgain = () => setTriggerValue("lost", true)
  companion.pick = (picked) => setStateValue("picked", picked)
  if (data.seen >= companion.number) companion.waiting = companion.broken = false
  report(companion)
  companion.timer ??= setInterval(() => look(companion), LOOK)
  show(companion, data)
  return endWhenGone(parentElement, () => {
    clearInterval(companion.timer)
    companion.timer = null
    companion.last = null
  })
}

function remember(root) {
  return {
    root,
    small: makePainter(),
    full: document.createElement("canvas").getContext("2d"),
    number: 0, // of pictures sent
    waiting: false,
    broken: false, // whether the connection broke since the last answer
    sentAt: 0,
    last: null, // the small picture when last sent
    timer: null,
  }
}

function look(companion) {
  if (document.hidden) return
  const now = performance.now()
  if (!isConnected()) return Object.assign(companion, { broken: true, sentAt: now })
  const late = now - companion.sentAt
  if (companion.waiting ? !companion.broken || late < LOST : late < REST) return
  if (companion.waiting) companion.last = null
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

// For assistive software and for measurements: the number of the last picture sent, and of the one that was read.
function report(companion) {
  const live = companion.root.querySelector(".live")
  live.setAttribute("aria-busy", companion.waiting)
  live.dataset.sent = companion.number
  live.dataset.seen = companion.data.seen
}

function find(companion) {
  if (companion.surfaces?.[0]?.isConnected) return companion.surfaces
  const found = findSurfaces(companion.data)
  if (!found) return []
  found.root.addEventListener("pointerup", () => setTimeout(() => sendDrawing(found.root)), true)
  if (companion.surfaces) companion.layAgain()
  companion.surfaces = found.all
  show(companion, companion.data)
  return companion.surfaces
}

function awaitRest(companion) {
  clearTimeout(companion.resting)
  companion.resting = setTimeout(() => document.dispatchEvent(new Event("digitrec-rested")), RESTED)
}

// Has screen readers announce the verdict once it no longer changes.
function speak(companion, text) {
  clearTimeout(companion.speech)
  companion.speech = setTimeout(() => (companion.root.querySelector('[data-part="spoken"]').textContent = text), SETTLED)
}
