// Shows a number: a box around each digit on the drawing, a button below it, the number in large type, and the verdict
// on the selected digit.

const ROOM = 62 // pixels to the next box that a digit needs for its confidence to be shown above it
const BETWEEN = 4 // pixels between two buttons

function show(companion, data) {
  const part = (name) => companion.root.querySelector(`[data-part="${name}"]`)
  showBoxes(companion.surfaces?.at(-1).parentElement, data)
  showChips(companion, part("chips"), data)
  part("number").replaceChildren(...data.digits.map(makeLarge))
  part("summary").textContent = data.summary
  part("one").hidden = !data.one
  if (data.one) showVerdict(part("one"), data.one)
  speak(companion, data.spoken)
}

// The boxes lie on top of Fabric's element around its surfaces, and let pointer events through.
function showBoxes(around, data) {
  if (!around) return
  const root = around.getRootNode()
  let layer = root.querySelector(".found")
  if (!layer) {
    const style = Object.assign(document.createElement("style"), { textContent: BOXES })
    layer = Object.assign(document.createElement("div"), { className: "found" })
    layer.setAttribute("aria-hidden", true)
    around.append(style, layer)
  }
  const scale = around.clientWidth / data.width
  const ends = [...data.digits.slice(1).map((digit) => digit.box[0]), data.width]
  layer.replaceChildren(...data.digits.map((digit, i) => makeBox(digit, data, scale, ends[i] - digit.box[0])))
}

const BOXES = `
  .found { inset: 0; pointer-events: none; position: absolute; z-index: 20 }
  .found div { border: 2px solid #0072b2; border-radius: 4px; box-sizing: border-box; position: absolute }
  .found .unsure { border: 2px dashed #d55e00 }
  .found .picked { border-width: 4px }
  .found span { background: #0072b2; border-radius: 3px; bottom: 100%; color: #fff; font: 600 12px/16px sans-serif;
    left: -2px; padding: 0 4px; position: absolute; white-space: nowrap }
  .found .under span { bottom: auto; top: 100% }
  .found .unsure span { background: #b34700 }`

function makeBox(digit, data, scale, room) {
  const box = document.createElement("div")
  const [left, top, right, bottom] = digit.box
  const percent = (part, whole) => `${(100 * part) / whole}%`
  Object.assign(box.style, {
    left: percent(left - 3, data.width),
    top: percent(top - 3, data.height),
    width: percent(right - left + 6, data.width),
    height: percent(bottom - top + 6, data.height),
  })
  box.classList.toggle("unsure", digit.unsure)
  box.classList.toggle("picked", digit.picked)
  box.classList.toggle("under", top * scale < 22)
  const tag = document.createElement("span")
  tag.textContent = room * scale < ROOM ? digit.text : `${digit.text} ${digit.percent}`
  box.append(tag)
  return box
}

function showChips(companion, row, data) {
  const focused = row.getRootNode().activeElement?.dataset?.place
  row.hidden = !data.digits.length
  row.replaceChildren(...data.digits.map(makeChip))
  if (focused !== undefined) row.children[focused]?.focus({ preventScroll: true })
  row.onclick = (event) => {
    const chip = event.target.closest("button")
    if (chip) companion.pick({ place: Number(chip.dataset.place) })
  }
  const centres = data.digits.map((digit) => (digit.box[0] + digit.box[2]) / 2 / data.width)
  spread(row, centres)
  companion.watch?.disconnect()
  companion.watch = new ResizeObserver(() => spread(row, centres))
  companion.watch.observe(row)
}

function makeChip(digit, place) {
  const chip = document.createElement("button")
  chip.type = "button"
  chip.dataset.place = place
  chip.dataset.unsure = digit.unsure
  chip.setAttribute("aria-pressed", digit.picked)
  chip.setAttribute("aria-label", digit.name)
  for (const text of [digit.text, digit.percent]) chip.append(Object.assign(document.createElement("span"), { textContent: text }))
  return chip
}

// Each button below its digit, or as close as space allows.
function spread(row, centres) {
  const chips = [...row.children]
  const widths = chips.map((chip) => chip.offsetWidth)
  const lefts = []
  chips.forEach((_, i) => {
    const wished = centres[i] * row.clientWidth - widths[i] / 2
    lefts.push(Math.max(wished, i ? lefts[i - 1] + widths[i - 1] + BETWEEN : 0))
  })
  let limit = row.clientWidth
  for (let i = chips.length - 1; i >= 0; i--) {
    lefts[i] = Math.max(0, Math.min(lefts[i], limit - widths[i]))
    limit = lefts[i] - BETWEEN
    chips[i].style.left = `${lefts[i]}px`
  }
}

function makeLarge(digit) {
  const large = document.createElement("span")
  large.textContent = digit.text
  large.dataset.unsure = digit.unsure
  return large
}
