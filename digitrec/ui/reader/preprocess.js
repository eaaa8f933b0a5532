// Preprocessing: from a drawing to the 28 x 28 image that the network reads, the way MNIST was made.
// canvas -> ink -> box -> square -> 20 x 20 -> stretched -> 28 x 28. A picture is { width, height, values }, ink 255 on 0.

const SIDE = 28 // pixels, side of the image that a network reads
const BOX = 20 // pixels, longer side of the ink in it
const CENTRE = 14 // index that the centre of mass is moved to
const MIN_CONTRAST = 16 // of 255; colours closer to the paper's count as paper
const WHITE = [255, 255, 255]

// All steps of a picture of ink; only `ink` and `box`, which is null, if there is none.
function preprocess(ink) {
  const box = findBox(ink)
  if (!box) return { ink, box }
  const cropped = crop(ink, box)
  const square = padToSquare(cropped)
  const small = averageAreas(square)
  const stretched = stretch(small)
  const shift = centringShift(stretched)
  const image = { width: SIDE, height: SIDE, values: new Uint8Array(SIDE * SIDE) }
  const rounded = round(stretched)
  for (let row = 0; row < BOX; row++)
    image.values.set(rounded.values.subarray(row * BOX, (row + 1) * BOX), (row + shift.down) * SIDE + shift.right)
  return { ink, box, cropped, square, small: round(small), stretched: rounded, shift, image }
}

// Ink is the difference from the paper's colour, scaled so that the largest is 255. `rgba` is as a canvas gives it.
function findInk(rgba, width, height, paper = WHITE) {
  const distance = new Float64Array(width * height)
  let strongest = 0
  for (let i = 0; i < distance.length; i++) {
    const [red, green, blue] = paper
    const at = 4 * i
    const far = Math.max(Math.abs(rgba[at] - red), Math.abs(rgba[at + 1] - green), Math.abs(rgba[at + 2] - blue))
    distance[i] = far * (rgba[at + 3] / 255)
    if (distance[i] > strongest) strongest = distance[i]
  }
  const values = new Uint8Array(distance.length)
  if (strongest >= MIN_CONTRAST)
    for (let i = 0; i < values.length; i++)
      if (distance[i] >= MIN_CONTRAST) values[i] = roundHalfEven(distance[i] * (255 / strongest))
  return { width, height, values }
}

// The tight box of the ink; null if there is none. `right` and `bottom` lie just outside it.
function findBox({ width, height, values }) {
  const box = { left: width, top: height, right: 0, bottom: 0 }
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (!values[y * width + x]) continue
      if (x < box.left) box.left = x
      if (x >= box.right) box.right = x + 1
      if (y < box.top) box.top = y
      box.bottom = y + 1
    }
  return box.right ? box : null
}

function crop(picture, { left, top, right, bottom }) {
  const [width, height] = [right - left, bottom - top]
  const values = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    const from = (top + y) * picture.width + left
    values.set(picture.values.subarray(from, from + width), y * width)
  }
  return { width, height, values }
}

function padToSquare({ width, height, values }) {
  const side = Math.max(width, height)
  const [left, top] = [Math.floor((side - width) / 2), Math.floor((side - height) / 2)]
  const square = new Uint8Array(side * side)
  for (let y = 0; y < height; y++) square.set(values.subarray(y * width, (y + 1) * width), (top + y) * side + left)
  return { width: side, height: side, values: square }
}

// Each of the 20 x 20 new pixels is the mean of the area that it covers: first down, then across.
function averageAreas({ width, values }) {
  const weights = areaWeights(width)
  const rows = new Float64Array(BOX * width)
  for (let row = 0; row < BOX; row++)
    for (const [y, weight] of weights[row])
      for (let x = 0; x < width; x++) rows[row * width + x] += weight * values[y * width + x]
  const small = new Float64Array(BOX * BOX)
  for (let row = 0; row < BOX; row++)
    for (let column = 0; column < BOX; column++)
      for (const [x, weight] of weights[column]) small[row * BOX + column] += rows[row * width + x] * weight
  return { width: BOX, height: BOX, values: small }
}

// For each of 20 equal intervals: the pixels that it overlaps, [index, weight]; the weights sum to 1.
function areaWeights(length) {
  return Array.from({ length: BOX }, (_, interval) => {
    const [from, to] = [interval * (length / BOX), (interval + 1) * (length / BOX)]
    const overlaps = []
    for (let i = Math.floor(from); i < Math.min(Math.ceil(to), length); i++)
      overlaps.push([i, Math.max(Math.min(to, i + 1) - Math.max(from, i), 0) * (BOX / length)])
    return overlaps
  })
}

function stretch({ width, height, values }) {
  const strongest = values.reduce((most, value) => Math.max(most, value), 0)
  return { width, height, values: strongest > 0 ? values.map((value) => value * (255 / strongest)) : values }
}

// Where the 20 x 20 is placed, so that its centre of mass comes to index 14; it stays inside the 28 x 28.
function centringShift({ values }) {
  let [mass, down, right] = [0, 0, 0]
  values.forEach((value, i) => {
    mass += value
    down += value * Math.floor(i / BOX)
    right += value * (i % BOX)
  })
  const move = (moment) => {
    // A tie must not depend on rounding errors: halves within a millionth round up.
    const shift = Math.floor(roundHalfEven((CENTRE - moment / mass + 0.5) * 1e6) / 1e6)
    return Math.min(Math.max(shift, 0), SIDE - BOX)
  }
  return mass ? { down: move(down), right: move(right) } : { down: (SIDE - BOX) / 2, right: (SIDE - BOX) / 2 }
}

function round({ width, height, values }) {
  return { width, height, values: Uint8Array.from(values, roundHalfEven) }
}

// As NumPy rounds: a half goes to the even neighbour.
function roundHalfEven(value) {
  const below = Math.floor(value)
  const rest = value - below
  return rest === 0.5 ? below + (below % 2 ? 1 : 0) : rest > 0.5 ? below + 1 : below
}
