// Shows, beside the pointer, the picture of the point of a plotly chart that it is over.

const LOOK = 500 // ms between two looks whether the chart has been built anew
const SIDE = 84 // pixels of a picture, shown
const AWAY = 14 // pixels from the pointer

const watchers = new WeakMap() // parentElement -> what is watched there

export default function (component) {
  const { data, parentElement } = component
  const watcher = watchers.get(parentElement) ?? {}
  watchers.set(parentElement, watcher)
  watcher.data = data
  watcher.box = parentElement.querySelector(".hover")
  watcher.box.style.backgroundImage = `url(${data.sheet})`
  watcher.box.style.backgroundSize = `${data.columns * SIDE}px auto`
  watch(watcher)
  watcher.timer ??= setInterval(() => watch(watcher), LOOK)
  return () => {
    clearInterval(watcher.timer)
    watcher.timer = null
  }
}

function watch(watcher) {
  const chart = document.querySelector(`${watcher.data.chart} .js-plotly-plot`)
  if (!chart?.on || chart === watcher.chart) return
  watcher.chart = chart
  chart.on("plotly_hover", (event) => show(watcher, event))
  chart.on("plotly_unhover", () => (watcher.box.hidden = true))
  chart.addEventListener("pointerleave", () => (watcher.box.hidden = true))
}

function show(watcher, { points, event }) {
  const index = points[0]?.customdata
  if (!Number.isInteger(index)) return
  const { box, data } = watcher
  const column = index % data.columns
  const row = Math.floor(index / data.columns)
  box.style.backgroundPosition = `-${column * SIDE}px -${row * SIDE}px`
  box.style.left = `${Math.min(event.clientX + AWAY, window.innerWidth - SIDE - AWAY)}px`
  box.style.top = `${Math.max(event.clientY - SIDE - AWAY, 0)}px`
  box.hidden = false
}
