// A gallery of small images cut from one sheet. Arrow keys move, Enter or a click selects one.

const SHOWN_AFTER = 400 // ms; the image in full is rendered after the gallery

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const list = parentElement.querySelector(".gallery")
  list.style.setProperty("--side", `${data.side}px`)
  const focused = list.getRootNode().activeElement?.dataset?.place
  list.replaceChildren(...data.captions.map((caption, index) => makeCell(data, caption, index)))
  const entered = list.querySelector('[aria-pressed="true"]') ?? list.firstElementChild
  if (entered) entered.tabIndex = 0 // the others are reached with the arrow keys, so that Tab does not stop at hundreds
  if (focused !== undefined) list.querySelector(`[data-place="${focused}"]`)?.focus({ preventScroll: true })
  if (list.dataset.asked && list.dataset.asked === String(data.picked)) {
    delete list.dataset.asked
    setTimeout(showPicked, SHOWN_AFTER)
  }
  list.onclick = (event) => {
    const cell = event.target.closest("button")
    if (!cell) return
    list.dataset.asked = cell.dataset.place
    setStateValue("picked", Number(cell.dataset.place))
  }
  list.onkeydown = (event) => move(event, list)
}

// If the page shows the selected image in full, out of view, scroll to it.
function showPicked() {
  const full = document.querySelector(".st-key-picked")
  if (full && full.getBoundingClientRect().top > 0.75 * innerHeight) full.scrollIntoView({ block: "center" })
}

function makeCell(data, caption, index) {
  const cell = document.createElement("button")
  const column = index % data.columns
  const row = Math.floor(index / data.columns)
  cell.type = "button"
  cell.tabIndex = -1
  cell.title = caption
  cell.setAttribute("aria-label", caption)
  cell.setAttribute("aria-pressed", data.places[index] === data.picked)
  cell.dataset.place = data.places[index]
  cell.style.backgroundImage = `url(${data.sheet})`
  cell.style.backgroundSize = `${data.columns * data.side}px auto`
  cell.style.backgroundPosition = `-${column * data.side}px -${row * data.side}px`
  if (data.labels) {
    cell.classList.add("labelled")
    const label = document.createElement("span")
    label.textContent = data.labels[index]
    cell.append(label)
  }
  return cell
}

function move(event, list) {
  const cells = [...list.children]
  const here = cells.indexOf(event.target.closest("button"))
  const perRow = Math.max(1, Math.floor(list.clientWidth / (cells[0].offsetWidth + 4)))
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -perRow, ArrowDown: perRow }[event.key]
  if (step === undefined || here < 0) return
  event.preventDefault()
  const next = cells[Math.min(Math.max(here + step, 0), cells.length - 1)]
  for (const cell of cells) cell.tabIndex = cell === next ? 0 : -1
  next.focus()
}
