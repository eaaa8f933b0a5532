// The network at work: the drawing, what the network is given, a few maps of each layer, and ten probabilities, for each
// reading that this browser makes. The maps that are shown are those that have lately spoken most for the verdict.

const SHOWN = 4 // maps of a layer
const MARKED = 2 // of them at most that stand out
const SHARE = 0.08 // of all that speaks for the verdict in a layer: less does not stand out
const MEMORY = 0.3 // how much of the former influence a new measurement leaves
const LEAD = 1.5 // how much more a map must speak to take the place of one that is shown
const NEAR = 16 // pixels of the image; what sees no more looks for lines and edges, what sees more for parts of digits

const chains = new WeakMap() // parentElement -> what its chain remembers between renders

export default function ({ data, parentElement }) {
  if (!chains.has(parentElement)) chains.set(parentElement, buildChain(parentElement))
  const chain = chains.get(parentElement)
  chain.data = data
  takeColours(chain)
  chain.end ??= hear("reading", (reading) => showReading(chain, reading))
  return endWhenGone(parentElement, () => {
    chain.end()
    chain.end = null
  })
}

function buildChain(root) {
  const chain = { root, layers: new Map(), open: null, sight: null, reading: null, colours: {} }
  const outputs = chainPart(chain, "outputs")
  for (let digit = 0; digit < 10; digit++) {
    const row = document.createElement("li")
    row.append(String(digit), document.createElement("span"))
    outputs.append(row)
  }
  chainPart(chain, "close").onclick = () => closeLarge(chain)
  root.querySelector(".chain").addEventListener("keydown", (event) => event.key === "Escape" && closeLarge(chain))
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(() => takeColours(chain)))
  return chain
}

// Canvases know nothing of the theme.
function takeColours(chain) {
  const style = getComputedStyle(chain.root.querySelector(".chain"))
  const context = makePainter()
  for (const [name, property] of [["quiet", "--st-text-color"], ["loud", "--st-primary-color"]]) {
    context.fillStyle = style.getPropertyValue(property).trim() || "#888"
    context.fillRect(0, 0, 1, 1)
    chain.colours[name] = [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)]
  }
  if (chain.reading) showReading(chain, chain.reading)
}

function showReading(chain, reading) {
  const isWithout = reading.layers?.length === 0 && reading.digit !== null // as most are while the pen moves
  chain.reading = isWithout ? { ...reading, layers: chain.reading?.layers ?? [] } : reading
  chain.sight = reading.sight ?? chain.sight
  const { verdict, steps, layers = [], influence } = reading
  showInput(pixelsOf(chainPart(chain, "pixels")), verdict.pixels)
  if (steps) showInk(pixelsOf(chainPart(chain, "drawing")), steps.ink)
  showOutputs(chainPart(chain, "outputs"), verdict)
  layers.forEach((layer, index) => {
    if (layer.shape[0] * layer.shape[1] < 2 || !["conv", "pool"].includes(layer.kind)) return
    showLayer(chain, index, layer, influence?.[index])
  })
  if (!layers.length && !isWithout) for (const { shown } of chain.layers.values()) shown.forEach(({ context }) => clear(context))
  if (!isWithout) showLarge(chain)
}

// Kept in main memory: each write to a canvas in the graphics card's costs WebKit a millisecond.
function pixelsOf(canvas) {
  return canvas.getContext("2d", { willReadFrequently: true })
}

function clear(context) {
  context.clearRect(0, 0, context.canvas.width, context.canvas.height)
}

function showInput(context, pixels) {
  const picture = context.createImageData(28, 28)
  for (let i = 0; i < 784; i++) picture.data.set([pixels[i] ?? 0, pixels[i] ?? 0, pixels[i] ?? 0, 255], 4 * i)
  context.putImageData(picture, 0, 0)
}

function showInk(context, { width, height, values }) {
  Object.assign(context.canvas, { width, height })
  const picture = context.createImageData(width, height)
  for (let i = 0; i < values.length; i++) picture.data.set([31, 41, 55, values[i]], 4 * i)
  context.putImageData(picture, 0, 0)
}

function showOutputs(list, { percent, best }) {
  percent.forEach((part, digit) => {
    list.children[digit].style.setProperty("--part", part / 100)
    list.children[digit].dataset.best = digit === best
  })
}

// ---- layers

function showLayer(chain, index, layer, influence) {
  const step = chain.layers.get(index) ?? addStep(chain, index, layer)
  if (influence) remember(step, influence)
  const highest = layer.values.reduce((most, value) => Math.max(most, value), 1e-6)
  const marked = findMarked(step)
  step.shown.forEach((shown) => {
    const speaks = marked.has(shown.map)
    drawMap(shown.context, layer, shown.map, highest, speaks ? chain.colours.loud : chain.colours.quiet)
    shown.button.dataset.speaks = speaks
    const name = `${layer.name}, map ${shown.map + 1}${speaks ? ", speaks for the verdict" : ""}`
    if (shown.button.ariaLabel !== name) shown.button.ariaLabel = name
  })
}

function addStep(chain, index, layer) {
  const [height, width, count] = layer.shape
  const element = document.createElement("div")
  element.className = "step"
  element.innerHTML = '<h3></h3><div class="maps"></div><p></p>'
  element.children[0].textContent = layer.name
  element.children[2].textContent = `${count} maps of ${height} × ${width}`
  const step = { index, influence: null, shown: [] }
  for (let map = 0; map < Math.min(SHOWN, count); map++) step.shown.push(makeMap(chain, step, map))
  element.children[1].append(...step.shown.map(({ button }) => button))
  chain.root.querySelector(".out").before(element)
  chain.layers.set(index, step)
  return step
}

function makeMap(chain, step, map) {
  const button = document.createElement("button")
  const canvas = document.createElement("canvas")
  Object.assign(button, { type: "button", className: "map" })
  button.setAttribute("aria-pressed", "false")
  button.append(canvas)
  const shown = { map, button, context: pixelsOf(canvas) }
  button.onclick = () => openLarge(chain, step, shown)
  return shown
}

// The maps that are shown change seldom, or nothing could be followed; one that is pressed stays.
function remember(step, influence) {
  step.influence = step.influence
    ? influence.map((now, i) => MEMORY * step.influence[i] + (1 - MEMORY) * now)
    : Float32Array.from(influence)
  const { influence: kept, shown } = step
  const others = Array.from(kept.keys()).filter((map) => !shown.some((one) => one.map === map))
  others.sort((one, other) => kept[other] - kept[one])
  const weakest = shown.filter(({ button }) => button.ariaPressed !== "true").sort((one, other) => kept[one.map] - kept[other.map])
  weakest.forEach((one, i) => {
    if (i < others.length && kept[others[i]] > LEAD * Math.max(kept[one.map], 0)) one.map = others[i]
  })
}

function findMarked({ influence, shown }) {
  if (!influence) return new Set()
  const all = influence.reduce((sum, one) => sum + Math.max(one, 0), 0)
  const maps = shown.map(({ map }) => map).filter((map) => influence[map] > SHARE * all)
  return new Set(maps.sort((one, other) => influence[other] - influence[one]).slice(0, MARKED))
}

function drawMap(context, { shape, values }, map, highest, [red, green, blue]) {
  const [height, width, count] = shape
  if (context.canvas.width !== width || context.canvas.height !== height) Object.assign(context.canvas, { width, height })
  const picture = context.createImageData(width, height)
  for (let i = 0; i < width * height; i++)
    picture.data.set([red, green, blue, (255 * Math.max(values[i * count + map], 0)) / highest], 4 * i)
  context.putImageData(picture, 0, 0)
}

// ---- one map, large

function openLarge(chain, step, shown) {
  chain.open?.shown.button.setAttribute("aria-pressed", "false")
  chain.open = { step, shown, map: shown.map }
  shown.button.setAttribute("aria-pressed", "true")
  chainPart(chain, "large").hidden = false
  showLarge(chain)
  chainPart(chain, "large").scrollIntoView({ block: "nearest" })
}

function closeLarge(chain) {
  if (!chain.open) return
  const { button } = chain.open.shown
  button.setAttribute("aria-pressed", "false")
  chain.open = null
  chainPart(chain, "large").hidden = true
  button.focus()
}

function showLarge(chain) {
  const layer = chain.open && chain.reading?.layers?.[chain.open.step.index]
  if (!layer) return
  const { step, map } = chain.open
  const speaks = findMarked(step).has(map)
  const highest = layer.values.reduce((most, value) => Math.max(most, value), 1e-6)
  drawMap(pixelsOf(chainPart(chain, "map")), layer, map, highest, speaks ? chain.colours.loud : chain.colours.quiet)
  const title = `${layer.name}, map ${map + 1} of ${layer.shape[2]}`
  chainPart(chain, "map").ariaLabel = title
  chainPart(chain, "title").textContent = title
  chainPart(chain, "about").textContent = sayWhatFor(chain, layer, map, chain.sight?.[step.index])
  chainPart(chain, "now").textContent = sayWhatNow(step, map, chain.reading.verdict)
}

function sayWhatFor(chain, { name, kind, shape }, map, sees) {
  const preference = chain.data.preferences[name]?.[map]
  const sight = sees ? ` Each of its ${shape[0]} × ${shape[1]} points sees ${sees} × ${sees} pixels of the image.` : ""
  const pooled = kind === "pool" ? "It keeps the strongest of each few points of the layer before. " : ""
  if (!preference) return pooled + sight.trim()
  const [form, first, second] = preference
  const what = sees && sees <= NEAR ? chain.data.shapes[form] : `parts of a ${first} or a ${second}`
  return `${pooled}It looks for ${what.replace(" a 8", " an 8")}: of simple shapes and digits, these excite it more than the other maps of its layer.${sight}`
}

function sayWhatNow({ influence }, map, { best }) {
  if (!influence || best < 0) return ""
  const all = influence.reduce((sum, one) => sum + Math.max(one, 0), 0)
  const part = influence[map] / Math.max(all, 1e-9)
  if (Math.abs(part) < 0.01) return `In this drawing it hardly counts.`
  const percent = `${Math.round(100 * Math.abs(part))} %`
  const whether = part > 0 ? `speaks for the ${best}` : `speaks against the ${best}`
  return `In this drawing it ${whether}: ${percent} of what the maps of this layer say for it.`
}

function chainPart(chain, name) {
  return chain.root.querySelector(`[data-part="${name}"]`)
}
