// The stage of the Draw page: watches the canvas, has what is on it read, and shows the verdict beside it.
//
// surfaces, strokes -> reader in this browser -> verdict          (while the pen moves, nothing goes to the server)
// surfaces -> picture -> server -> verdict                        where this browser cannot read with the model
//
// One reading is under way at a time, and the next one is of the newest ink.

const LOOK = 100 // ms between two looks at a canvas that nobody touches
const AWAKE = 1500 // ms after a touch or a change in which every frame is looked at
const SMALL = 4 // factor by which the picture is reduced to detect changes
const RESTED = 500 // ms without a change after which the details are computed
const SETTLED = 600 // ms without a change after which the verdict is announced
const LAYERS = 80 // ms between two pictures of the network at work: a verdict needs none
const INFLUENCE = 400 // ms between two measurements of how much each map speaks for the verdict
const LATE = 500 // ms between two looks whether the server has a stroke
const ASTRAY = 3 // looks at a server at rest after which the stroke is sent again
const APART = 60 // ms
const BLIND = 2000 // ms without surfaces after which the server reads the strokes that it is sent

const stages = new WeakMap() // parentElement -> what its stage remembers between renders

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  if (!stages.has(parentElement)) stages.set(parentElement, build(parentElement))
  const stage = stages.get(parentElement)
  stage.data = data
  // Not together with what other elements send at that moment: only one fragment would run.
  stage.handOver = (strokes) => setTimeout(() => parentElement.isConnected && setTriggerValue("kept", { strokes }), APART)
  open(stage)
  return endWhenGone(parentElement, () => close(stage))
}

function build(root) {
  return {
    root,
    small: makePainter(),
    full: makePainter(),
    mail: null, // what the server knows of the canvas
    model: null,
    reader: null, // in this browser
    canvas: null, // its surfaces
    strokes: [], // on the canvas, in its pixels: { points, width, erases }
    isKnown: true, // whether the strokes are all there is
    pen: null, // the stroke that is being drawn
    number: 0, // of readings asked for
    seen: 0, // and answered
    doneAt: {}, // when the layers and their influence were last asked for
    last: null, // the small picture when last read
    awakeUntil: 0,
    openers: null,
  }
}

function open(stage) {
  if (stage.openers) return
  stage.openedAt = performance.now()
  stage.awakeUntil = stage.openedAt + AWAKE
  stage.openers = [hear("canvas", (mail) => receive(stage, mail)), hear("model", (model) => load(stage, model)), watchConnection(stage)]
  stage.ticking = requestAnimationFrame(() => tick(stage))
  report(stage)
}

function close(stage) {
  stage.openers?.forEach((end) => end())
  cancelAnimationFrame(stage.ticking)
  clearTimeout(stage.sleeping)
  stage.reader?.stop()
  stage.arrival?.stop()
  stage.attending?.abort()
  Object.assign(stage, { openers: null, reader: null, model: null, arrival: null, mail: null, canvas: null, hadCanvas: false, last: null })
}

// ---- what the server says

function receive(stage, mail) {
  const { mail: before } = stage
  const isNew = ["session", "mount", "revision"].some((name) => before?.[name] !== mail[name])
  stage.mail = mail
  stage.rested ??= nameOf(mail)
  if (isNew) begin(stage, mail)
  else if (mail.strokes > stage.strokes.length) stage.isKnown = false
  const strokes = owed(mail)
  if (strokes) stage.handOver(strokes)
  if (!stage.reader && mail.verdict) answer(stage, mail.seen, { verdict: mail.verdict })
  else if (!stage.reader && !stage.number && stage.isBlind) show(stage, { verdict: mail.verdict })
  rest(stage)
  wake(stage)
}

// The canvas was given another drawing.
function begin(stage, mail) {
  stage.strokes = mail.start.map(([width, erases, points]) => ({ width, erases, points }))
  stage.isKnown = mail.isPlain
  stage.last = null
  if (!mail.isBlank) stopArrival(stage)
}

function load(stage, model) {
  if (stage.model?.key === model.key && stage.model?.files && model.files) return
  stage.reader?.stop()
  Object.assign(stage, { model, reader: null, last: null, number: stage.seen })
  note(stage, model.problem ?? "")
  if (!model.files) return wake(stage)
  const reader = startReader(
    model.script,
    (reading) => (reading.failed ? yieldToServer(stage, reading.failed) : answer(stage, reading.id, reading)),
    (problem) => yieldToServer(stage, problem)
  )
  stage.reader = reader
  reader.load({ ...model.files, spec: model.spec })
  wake(stage)
}

// This browser cannot read after all.
function yieldToServer(stage, problem) {
  console.warn(problem)
  stage.reader?.stop()
  Object.assign(stage, { reader: null, last: null, seen: stage.number })
  note(stage, stage.data.yielded)
  wake(stage)
}

// ---- looking and reading

function wake(stage) {
  stage.awakeUntil = performance.now() + AWAKE
  if (stage.sleeping && stage.openers) wakeUp(stage)
}

function wakeUp(stage) {
  clearTimeout(stage.sleeping)
  stage.sleeping = null
  stage.ticking = requestAnimationFrame(() => tick(stage))
}

function tick(stage) {
  look(stage)
  const isAwake = performance.now() < stage.awakeUntil || stage.pen
  if (isAwake) stage.ticking = requestAnimationFrame(() => tick(stage))
  else stage.sleeping = setTimeout(() => wakeUp(stage), LOOK)
}

function look(stage) {
  const isBusy = stage.number !== stage.seen
  if (document.hidden || !stage.mail || !stage.model || isBusy || stage.isMoving) return
  const surfaces = find(stage)
  if (!surfaces) return
  const { width, height } = stage.data
  if (stage.pen) return lookAtPen(stage, surfaces)
  const reduced = paint(stage.small, surfaces, Math.round(width / SMALL), Math.round(height / SMALL))
  const pixels = reduced.getImageData(0, 0, reduced.canvas.width, reduced.canvas.height).data
  if (stage.last && same(stage.last, pixels)) return
  stage.last = pixels
  read(stage, paint(stage.full, surfaces, width, height))
}

// While the pen is down, its movement says that there is something new: a look at the pixels would cost as much again.
function lookAtPen(stage, surfaces) {
  if (stage.pen.points.length === stage.pointsRead) return
  stage.pointsRead = stage.pen.points.length
  stage.last = null
  read(stage, paint(stage.full, surfaces, stage.data.width, stage.data.height))
}

function read(stage, painted) {
  const { width, height } = stage.data
  stage.number += 1
  const isDemo = Boolean(stage.arrival)
  report(stage)
  if (stage.reader) {
    const influence = isDue(stage, "influence", INFLUENCE)
    const layers = influence || isDue(stage, "layers", LAYERS)
    stage.owesInfluence = !influence
    const { data: rgba } = painted.getImageData(0, 0, width, height)
    stage.reader.read({ id: stage.number, width, height, rgba, strokes: paths(stage), layers, influence })
  } else if (!isDemo) {
    const url = painted.canvas.toDataURL("image/png")
    stage.mail.ask({ number: stage.number, revision: stage.mail.revision, url })
  } else {
    stage.seen = stage.number // the server is not asked about what nobody drew
    report(stage)
  }
}

function isDue(stage, what, every) {
  const now = performance.now()
  if (now - (stage.doneAt[what] ?? -Infinity) < every) return false
  stage.doneAt[what] = now
  return true
}

// The pen's paths, with the stroke that is being drawn; null where they are not all that is on the canvas.
function paths(stage) {
  if (stage.arrival) return stage.arrival.paths()
  const strokes = stage.pen ? [...stage.strokes, stage.pen] : stage.strokes
  if (!stage.isKnown || strokes.some(({ erases }) => erases)) return null
  return strokes.map(({ points }) => points)
}

function answer(stage, number, reading) {
  if (number < stage.number) return
  stage.seen = number
  show(stage, reading)
  report(stage)
  rest(stage)
  look(stage)
}

function show(stage, reading) {
  const { verdict } = reading
  if (!verdict) return
  const isDemo = Boolean(stage.arrival)
  showVerdict(stage.root, verdict)
  stage.root.querySelector(".live").dataset.demo = isDemo
  say("reading", { ...reading, isDemo })
  clearTimeout(stage.speech)
  if (!isDemo) stage.speech = setTimeout(() => (part(stage, "spoken").textContent = spoken(verdict)), SETTLED)
}

// Has the details computed once the drawing rests and the server has all of it.
function rest(stage) {
  clearTimeout(stage.resting)
  stage.resting = setTimeout(() => {
    const { mail, pen } = stage
    if (stage.owesInfluence) readAgain(stage)
    if (!mail || pen || mail.strokes < stage.strokes.length) return
    if (stage.rested !== nameOf(mail)) document.dispatchEvent(new Event("digitrec-rested"))
    stage.rested = nameOf(mail)
  }, RESTED)
}

function readAgain(stage) {
  Object.assign(stage, { owesInfluence: false, last: null, doneAt: {} })
  wake(stage)
}

function nameOf({ session, mount, revision, strokes }) {
  return [session, mount, revision, strokes].join("-")
}

// ---- the canvas

function find(stage) {
  if (!stage.canvas?.upper.isConnected) {
    stage.canvas = findSurfaces(stage.data)
    if (!stage.canvas) return blind(stage)
    attend(stage, stage.canvas)
    if (stage.hadCanvas) stage.mail.layAgain() // this one has begun anew
    stage.hadCanvas = true
  }
  const { all } = stage.canvas
  if (canArrive(stage)) arrive(stage)
  return stage.arrival ? [...all, stage.arrival.surface] : all
}

// Without the surfaces, the server reads the strokes that the canvas itself sends.
function blind(stage) {
  if (stage.isBlind || stage.hadCanvas || performance.now() - stage.openedAt < BLIND) return null
  stage.isBlind = true
  stage.reader?.stop()
  stage.reader = null
  stage.mail.ask({ number: 0, revision: -1, url: "" })
  return null
}

function attend(stage, { root, upper }) {
  stage.attending?.abort()
  stage.attending = new AbortController()
  const options = { capture: true, signal: stage.attending.signal }
  const place = (event) => {
    const { left, top, width } = upper.getBoundingClientRect()
    const scale = stage.data.width / width
    return [(event.clientX - left) * scale, (event.clientY - top) * scale]
  }
  const down = (event) => {
    if (event.button || !event.isPrimary) return
    stopArrival(stage)
    stage.hasDrawn = true
    stage.pen = { ...stage.mail.pen, points: [place(event)] }
    stage.pointsRead = 0
    wake(stage)
  }
  const move = (event) => stage.pen && event.isPrimary && stage.pen.points.push(place(event))
  root.addEventListener("pointerdown", (event) => event.composedPath().includes(upper) && down(event), options)
  document.addEventListener("pointermove", move, options)
  for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, () => lift(stage, root), options)
}

function lift(stage, root) {
  if (!stage.pen) return
  stage.strokes = [...stage.strokes, stage.pen]
  stage.pen = null
  keep(stage.strokes.map(rounded), stage.mail)
  setTimeout(() => sendDrawing(root))
  ensure(stage, root)
  waitForMove(stage)
  rest(stage)
  wake(stage)
}

// The canvas takes a stroke off its upper surface at once, and lays it on the lower one in the next frame. What is seen
// between lacks the stroke.
function waitForMove(stage) {
  stage.isMoving = true
  requestAnimationFrame(() =>
    setTimeout(() => {
      stage.isMoving = false
      look(stage)
    })
  )
}

// A stroke that a server at rest does not know went astray: Streamlit runs only one of the fragments for which
// something is sent in the same instant. It is sent again. A server that is busy, or gone, is left alone.
function ensure(stage, root, rests = 0) {
  clearTimeout(stage.ensuring)
  stage.ensuring = setTimeout(() => {
    if (!stage.mail || stage.pen || stage.mail.strokes >= stage.strokes.length) return
    if (rests === ASTRAY) sendDrawing(root)
    else ensure(stage, root, isAtRest() ? rests + 1 : 0)
  }, LATE)
}

function rounded({ points, ...stroke }) {
  return { ...stroke, points: points.map(([x, y]) => [Math.round(10 * x) / 10, Math.round(10 * y) / 10]) }
}

// ---- arrival

function canArrive(stage) {
  return !stage.arrival && !stage.hasDrawn && stage.mail.isBlank && !stage.strokes.length && stage.reader
}

function arrive(stage) {
  const container = stage.canvas.upper.parentElement
  stage.arrival = startArrival(container, { ...stage.data, drawings: stage.data.arrival }, () => wake(stage))
}

function stopArrival(stage) {
  stage.hasDrawn = true
  if (!stage.arrival) return
  stage.arrival.stop()
  stage.arrival = null
  stage.last = null
}

// ---- the server's absence

function watchConnection(stage) {
  const app = document.querySelector("[data-test-connection-state]")
  if (!app) return () => null
  let wasLost = false
  const check = () => {
    const isLost = !isConnected()
    part(stage, "lost").hidden = !isLost
    if (isLost) dismissDialog()
    if (wasLost && !isLost) resume(stage)
    wasLost = isLost
  }
  const watches = [new MutationObserver(check), new MutationObserver(() => wasLost && dismissDialog())]
  watches[0].observe(app, { attributes: true, attributeFilter: ["data-test-connection-state"] })
  watches[1].observe(document.body, { childList: true })
  return () => watches.forEach((watch) => watch.disconnect())
}

// Streamlit's own dialog would keep people from drawing on.
function dismissDialog() {
  document.querySelector('[data-testid="stDialog"] button[aria-label="Close"]')?.click()
}

// The server may be another one, which knows nothing: it gets the drawing, and what it did not answer is asked again.
function resume(stage) {
  stage.handOver(stage.strokes.map(rounded))
  if (!stage.reader) Object.assign(stage, { seen: stage.number, last: null })
}

// ---- what is shown

function part(stage, name) {
  return stage.root.querySelector(`[data-part="${name}"]`)
}

function note(stage, text) {
  part(stage, "note").textContent = text
}

// For assistive software and for measurements: how many readings were asked for, and answered.
function report(stage) {
  const live = stage.root.querySelector(".live")
  const isWaiting = !stage.mail || !stage.model || (!stage.arrival && stage.number !== stage.seen)
  live.setAttribute("aria-busy", isWaiting)
  if (!stage.arrival) Object.assign(live.dataset, { sent: stage.number, seen: stage.seen })
  live.dataset.reader = stage.reader ? "browser" : "server"
}
