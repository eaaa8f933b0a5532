// How much each map of a network speaks for its verdict: the verdict's odds, followed back through the layers.
//
// At every layer, a number counts as much as the odds would change with it (their gradient) times the number itself.
// A map's share is the sum over its numbers: positive where it speaks for the digit, negative where it speaks against it.

const BACK = { conv: backThroughConvolution, normalise: backThroughNormalisation, pool: backThroughPooling, reshape: keepGradient, dense: backThroughDense }

// `layers` is what `runNetwork` returned. Returns one array a layer, a number for each channel; null where the layer
// comes after the odds or before all that can be followed back.
function measureInfluence(network, layers, digit) {
  const influence = layers.map(() => null)
  const end = layers.findIndex(({ kind }) => kind === "softmax")
  let gradient = end > 0 ? oddsGradient(layers[end].values, digit) : null
  for (let i = end - 1; gradient; i--) {
    influence[i] = sumOverMap(layers[i], gradient)
    const back = i > 0 && BACK[network.layers[i].kind]
    gradient = back ? back(network.layers[i], layers[i], layers[i - 1], gradient) : null
  }
  return influence
}

// Of log(p / (1 - p)) by the numbers that went into the softmax. 1 - p is the sum of the others: where p is nearly 1, a
// difference of float32 numbers would be mostly rounding.
function oddsGradient(probabilities, digit) {
  const others = Math.max(probabilities.reduce((sum, one, i) => (i === digit ? sum : sum + one), 0), 1e-30)
  return Float32Array.from(probabilities, (probability, i) => (i === digit ? 1 : -probability / others))
}

function sumOverMap({ shape, values }, gradient) {
  const sums = new Float32Array(shape[2])
  for (let i = 0; i < values.length; i++) sums[i % shape[2]] += values[i] * gradient[i]
  return sums
}

// A ReLU lets through what was above 0.
function throughActivation({ activation }, { values }, gradient) {
  return activation === "relu" ? gradient.map((slope, i) => (values[i] > 0 ? slope : 0)) : gradient
}

function backThroughConvolution(layer, out, before, above) {
  const { kernel, strides, padding } = layer
  const [high, wide, channels, filters] = kernel.shape
  const [height, width] = before.shape
  const down = along(height, high, strides[0], padding)
  const across = along(width, wide, strides[1], padding)
  const gradient = throughActivation(layer, out, above)
  const made = new Float32Array(before.values.length)
  for (let row = 0; row < down.count; row++)
    for (let column = 0; column < across.count; column++) {
      const slopes = gradient.subarray((row * across.count + column) * filters, (row * across.count + column + 1) * filters)
      for (let y = 0; y < high; y++) {
        const to = row * strides[0] + y - down.before
        if (to < 0 || to >= height) continue
        for (let x = 0; x < wide; x++) {
          const at = column * strides[1] + x - across.before
          if (at < 0 || at >= width) continue
          spreadPixel(made, before.values, (to * width + at) * channels, channels, kernel.values, (y * wide + x) * channels * filters, slopes)
        }
      }
    }
  return made
}

// A number that is 0 counts for nothing, and the layer before it gave it only because its ReLU closed: it is left out.
function spreadPixel(made, values, start, channels, weights, first, slopes) {
  const filters = slopes.length
  for (let channel = 0; channel < channels; channel++) {
    if (values[start + channel] === 0) continue
    const row = first + channel * filters
    let sum = 0
    for (let filter = 0; filter < filters; filter++) sum += slopes[filter] * weights[row + filter]
    made[start + channel] += sum
  }
}

function backThroughNormalisation(layer, out, _, above) {
  const channels = out.shape[2]
  return throughActivation(layer, out, above).map((slope, i) => slope * layer.factor.values[i % channels])
}

// Only the largest of each few pixels was passed on; of equal ones, as on blank paper, the first stands for all.
function backThroughPooling({ size: [high, wide] }, out, before, above) {
  const [rows, columns, channels] = out.shape
  const width = before.shape[1]
  const made = new Float32Array(before.values.length)
  const rest = above.slice()
  for (let row = 0; row < rows * high; row++)
    for (let column = 0; column < columns * wide; column++) {
      const from = (row * width + column) * channels
      const to = (Math.floor(row / high) * columns + Math.floor(column / wide)) * channels
      for (let i = 0; i < channels; i++) {
        if (before.values[from + i] !== out.values[to + i]) continue
        made[from + i] = rest[to + i]
        rest[to + i] = 0
      }
    }
  return made
}

function backThroughDense(layer, out, before, above) {
  const { kernel } = layer
  const [channels, units] = kernel.shape
  const gradient = throughActivation(layer, out, above)
  const made = new Float32Array(before.values.length)
  for (let pixel = 0; pixel * channels < before.values.length; pixel++)
    spreadPixel(made, before.values, pixel * channels, channels, kernel.values, 0, gradient.subarray(pixel * units, (pixel + 1) * units))
  return made
}

function keepGradient(_, __, ___, above) {
  return above
}

// How many pixels of the image, high and wide, one number of each layer sees: [[height, width], ...].
function measureSight(network) {
  let [sees, step] = [1, 1]
  return network.layers.map((layer) => {
    if (layer.kind === "conv") [sees, step] = [sees + (layer.kernel.shape[0] - 1) * step, step * layer.strides[0]]
    if (layer.kind === "pool") [sees, step] = [sees + (layer.size[0] - 1) * step, step * layer.size[0]]
    return Math.min(sees, network.input[0])
  })
}
