// Keeps a pin at its position on a plotly chart while the chart is moved and zoomed.

const LOOK = 300 // ms between two looks whether the chart has been built anew
const COLOURS = ["--st-text-color", "--st-background-color", "--st-primary-color", "--st-font"]
const MOVES = ["plotly_relayout", "plotly_relayouting", "plotly_afterplot"]

const pins = new WeakMap() // parentElement -> the pin that it holds

export default function (component) {
  const { data, parentElement } = component
  const pin = pins.get(parentElement) ?? { element: parentElement.querySelector(".digitrec-pin") }
  pins.set(parentElement, pin)
  pin.data = data
  pin.element.textContent = data.label
  pin.element.setAttribute("aria-label", data.meaning)
  takeColours(pin.element, getComputedStyle(parentElement))
  watch(pin)
  place(pin)
  pin.timer ??= setInterval(() => watch(pin), LOOK)
  return () => {
    clearInterval(pin.timer)
    pin.timer = null
    pin.element.remove()
    pins.delete(parentElement)
  }
}

// The theme's colours are known to components alone, and the pin stands in the chart.
function takeColours(element, style) {
  for (const name of COLOURS) element.style.setProperty(name, style.getPropertyValue(name))
}

function watch(pin) {
  const chart = document.querySelector(`${pin.data.chart} .js-plotly-plot`)
  if (!chart?.on || chart === pin.chart) return
  pin.chart = chart
  for (const move of MOVES) chart.on(move, () => place(pin))
  place(pin)
}

function place(pin) {
  const { element, chart, data } = pin
  const area = chart?.querySelector(".nsewdrag")?.getBoundingClientRect()
  element.hidden = !area || !data.at
  if (element.hidden) return
  // In the chart, so that it scrolls along, and Streamlit's own rebuilding does not lose it for long.
  if (element.parentElement !== chart) chart.append(element)
  const frame = chart.getBoundingClientRect()
  const [x, y] = data.at
  const { xaxis, yaxis } = chart.layout
  element.style.left = `${area.x - frame.x + area.width * along(xaxis.range, x)}px`
  element.style.top = `${area.y - frame.y + area.height * (1 - along(yaxis.range, y))}px`
}

// Position of a value along an axis, 0 to 1; values outside are moved to its end.
function along([start, end], value) {
  return Math.min(Math.max((value - start) / (end - start), 0), 1)
}
