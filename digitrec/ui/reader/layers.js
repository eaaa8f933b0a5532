// The layers of a network. Each takes a block of numbers, height x width x channels, and returns another one.
// A block is { shape: [height, width, channels], values }; the channels of a pixel lie next to each other.

const LAYERS = { scale, "unit-norm": unitNorm, conv: convolve, normalise, pool, reshape, dense, softmax, share }

// Multiplies every number by a factor, and adds an offset: 0 to 255 becomes 0 to 1.
function scale({ factor, offset }, { shape, values }) {
  return { shape, values: values.map((value) => value * factor + offset) }
}

// Divides each column of an image by its length, so that all columns count alike.
function unitNorm({ speck }, { shape: [height, width, channels], values }) {
  const step = width * channels
  const made = new Float32Array(values.length)
  for (let column = 0; column < step; column++) {
    let sum = speck * speck // a blank column has a length, too
    for (let i = column; i < values.length; i += step) sum += values[i] * values[i]
    for (let i = column; i < values.length; i += step) made[i] = values[i] / Math.sqrt(sum)
  }
  return { shape: [height, width, channels], values: made }
}

// Lays every filter on every place of the image, and adds up what lies under it, multiplied by the filter's weights.
function convolve({ kernel, bias, strides, padding, activation }, { shape: [height, width, channels], values }) {
  const [high, wide, , filters] = kernel.shape
  const down = along(height, high, strides[0], padding)
  const across = along(width, wide, strides[1], padding)
  const made = new Float32Array(down.count * across.count * filters)
  for (let row = 0; row < down.count; row++)
    for (let column = 0; column < across.count; column++) {
      const target = made.subarray((row * across.count + column) * filters, (row * across.count + column + 1) * filters)
      target.set(bias.values)
      for (let y = 0; y < high; y++) {
        const from = row * strides[0] + y - down.before
        if (from < 0 || from >= height) continue // nothing lies outside the image
        for (let x = 0; x < wide; x++) {
          const at = column * strides[1] + x - across.before
          if (at < 0 || at >= width) continue
          addPixel(target, values, (from * width + at) * channels, channels, kernel.values, (y * wide + x) * channels * filters)
        }
      }
    }
  return activate(activation, { shape: [down.count, across.count, filters], values: made })
}

// Adds one pixel's channels to all filters at once. Most of a drawing is blank: a channel of 0 adds nothing.
function addPixel(target, values, start, channels, weights, first) {
  const filters = target.length
  for (let channel = 0; channel < channels; channel++) {
    const value = values[start + channel]
    if (value === 0) continue
    const row = first + channel * filters
    for (let filter = 0; filter < filters; filter++) target[filter] += value * weights[row + filter]
  }
}

// How many places a filter has along one side, and how far the first one reaches out: "same" keeps the size.
function along(length, size, stride, padding) {
  if (padding === "valid") return { count: Math.floor((length - size) / stride) + 1, before: 0 }
  const count = Math.ceil(length / stride)
  return { count, before: Math.floor(Math.max((count - 1) * stride + size - length, 0) / 2) }
}

// Batch normalisation, once it no longer learns: a factor and an offset for each channel.
function normalise({ factor, offset, activation }, { shape, values }) {
  const channels = shape[2]
  const made = values.map((value, i) => value * factor.values[i % channels] + offset.values[i % channels])
  return activate(activation, { shape, values: made })
}

// Keeps the largest of each few pixels; what does not fill a whole square at the edge is left out.
function pool({ size: [high, wide] }, { shape: [height, width, channels], values }) {
  const shape = [Math.floor(height / high), Math.floor(width / wide), channels]
  const made = new Float32Array(shape[0] * shape[1] * channels).fill(-Infinity)
  for (let row = 0; row < shape[0] * high; row++)
    for (let column = 0; column < shape[1] * wide; column++) {
      const from = (row * width + column) * channels
      const to = (Math.floor(row / high) * shape[1] + Math.floor(column / wide)) * channels
      for (let i = 0; i < channels; i++) if (values[from + i] > made[to + i]) made[to + i] = values[from + i]
    }
  return { shape, values: made }
}

function reshape({ shape }, { values }) {
  return { shape, values }
}

// Connects every number of a pixel to every unit; a flat image is a single pixel with very many channels.
function dense({ kernel, bias, activation }, { shape: [height, width, channels], values }) {
  const units = kernel.shape[1]
  const made = new Float32Array(height * width * units)
  for (let pixel = 0; pixel < height * width; pixel++) {
    const target = made.subarray(pixel * units, (pixel + 1) * units)
    target.set(bias.values)
    addPixel(target, values, pixel * channels, channels, kernel.values, 0)
  }
  return activate(activation, { shape: [height, width, units], values: made })
}

// ReLU: what is below 0 becomes 0. Without it, many layers could do no more than one.
function activate(activation, block) {
  if (activation === "relu") for (let i = 0; i < block.values.length; i++) if (block.values[i] < 0) block.values[i] = 0
  return block
}

// Turns the numbers of each pixel into probabilities, which sum to 1.
function softmax(_, { shape, values }) {
  const made = new Float32Array(values.length)
  for (let start = 0; start < values.length; start += shape[2]) {
    const row = values.subarray(start, start + shape[2])
    const highest = Math.max(...row) // exp of a large number would be infinite
    const weights = Array.from(row, (value) => Math.exp(value - highest))
    const sum = weights.reduce((total, weight) => total + weight, 0)
    made.set(weights.map((weight) => weight / sum), start)
  }
  return { shape, values: made }
}

// The eleventh probability, of not being a digit, is divided evenly among the ten.
function share(_, { values }) {
  return { shape: [1, 1, 10], values: values.slice(0, 10).map((value) => value + values[10] / 10) }
}
