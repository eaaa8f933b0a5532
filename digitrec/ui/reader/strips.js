// A number as a strip of fixed size, 28 x 256, which another network reads from left to right; and what its answers say.
// ink -> wide gaps shortened -> strip -> 64 answers -> digits

const STRIP_WIDTH = 256
const LINE = 24 // pixels, height of the number in the strip
const MARGIN = (SIDE - LINE) / 2
const GAP = 1 / 3 // of the number's height; wider gaps are shortened to this
const FRAMES = 64 // answers, from left to right
const BLANK = 10 // the answer "no digit here", beside 0 to 9
const ANSWERS = BLANK + 1

// Ink -> { image, columns }: the strip, and which column of the ink each of its columns shows. Null without ink.
function toStrip(ink) {
  const box = findBox(ink)
  if (!box) return null
  const tight = crop(ink, box)
  const kept = withoutWideGaps(tight)
  const line = takeColumns(tight, kept)
  const width = Math.max(1, Math.min(STRIP_WIDTH - 2 * MARGIN, roundHalfEven((kept.length * LINE) / tight.height)))
  const small = round(stretch(toFloats(resize(line, width, LINE))))
  const image = { width: STRIP_WIDTH, height: SIDE, values: new Uint8Array(SIDE * STRIP_WIDTH) }
  for (let row = 0; row < LINE; row++)
    image.values.set(small.values.subarray(row * width, (row + 1) * width), (MARGIN + row) * STRIP_WIDTH + MARGIN)
  const columns = Array.from({ length: STRIP_WIDTH }, (_, column) => {
    const place = Math.min(Math.max(((column - MARGIN + 0.5) * kept.length) / width - 0.5, 0), kept.length - 1)
    const [before, after] = [kept[Math.floor(place)], kept[Math.ceil(place)]]
    return box.left + before + (after - before) * (place - Math.floor(place))
  })
  return { image, columns }
}

// The columns that remain when wide gaps are shortened.
function withoutWideGaps({ width, height, values }) {
  const widest = Math.max(1, roundHalfEven(GAP * height))
  const kept = []
  let lastInked = 0
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height && lastInked < x; y++) if (values[y * width + x]) lastInked = x
    if (x - lastInked <= widest) kept.push(x)
  }
  return kept
}

function takeColumns({ width, height, values }, columns) {
  const taken = new Uint8Array(columns.length * height)
  for (let y = 0; y < height; y++) columns.forEach((x, i) => (taken[y * columns.length + i] = values[y * width + x]))
  return { width: columns.length, height, values: taken }
}

function toFloats({ width, height, values }) {
  return { width, height, values: Float64Array.from(values) }
}

// Resizes a picture as Pillow does with its box filter: each new pixel is the mean of the pixels whose middles it
// covers, first across, then down, rounded each time.
function resize(picture, width, height) {
  const across = width === picture.width ? picture : resizeAcross(picture, width)
  return height === picture.height ? across : turn(resizeAcross(turn(across), height))
}

function resizeAcross({ width, height, values }, wanted) {
  const made = new Uint8Array(wanted * height)
  const step = width / wanted
  const reach = Math.max(step, 1) / 2
  for (let column = 0; column < wanted; column++) {
    const middle = (column + 0.5) * step
    const covered = []
    for (let x = Math.max(Math.trunc(middle - reach + 0.5), 0); x < Math.min(Math.trunc(middle + reach + 0.5), width); x++) {
      const place = (x - middle + 0.5) * (1 / (2 * reach))
      if (place > -0.5 && place <= 0.5) covered.push(x)
    }
    const weight = Math.floor(2 ** 22 / covered.length + 0.5) // Pillow calculates with whole numbers
    for (let y = 0; y < height; y++) {
      const sum = covered.reduce((total, x) => total + values[y * width + x] * weight, 2 ** 21)
      made[y * wanted + column] = Math.min(Math.floor(sum / 2 ** 22), 255)
    }
  }
  return { width: wanted, height, values: made }
}

function turn({ width, height, values }) {
  const turned = new Uint8Array(values.length)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) turned[x * height + y] = values[y * width + x]
  return { width: height, height: width, values: turned }
}

// The likeliest answer of each of 64 frames, repeated ones once, blanks left out (connectionist temporal classification).
// Returns a { digit, frame, probabilities } for each digit, at the frame where it is answered most clearly.
function decode(answers) {
  const found = []
  let last = BLANK
  for (let frame = 0; frame < FRAMES; frame++) {
    const row = answers.subarray(frame * ANSWERS, (frame + 1) * ANSWERS)
    const digit = indexOfLargest(row)
    const clearest = found[found.length - 1]
    if (digit !== last && digit !== BLANK) found.push({ digit, frame, row })
    else if (digit === last && digit !== BLANK && row[digit] > clearest.row[digit]) Object.assign(clearest, { frame, row })
    last = digit
  }
  return found.map(({ digit, frame, row }) => {
    const sum = row.subarray(0, BLANK).reduce((total, probability) => total + probability, 0)
    return { digit, frame, probabilities: row.slice(0, BLANK).map((probability) => probability / Math.max(sum, 1e-9)) }
  })
}

// Reads a number in one sweep: its digits, each with the column of the ink at its middle, and whether it is sure.
function readNumber(network, spec, ink) {
  const strip = toStrip(ink)
  if (!strip) return { text: "", digits: [], strip: null }
  const digits = decode(answer(network, strip.image.values)).map(({ digit, frame, probabilities }) => {
    const step = STRIP_WIDTH / FRAMES
    const confidence = Math.max(...probabilities)
    return {
      digit,
      column: mean(strip.columns.slice(frame * step, (frame + 1) * step)),
      probabilities,
      unsure: confidence < spec.number.confidence,
      words: inPercent(confidence, spec),
    }
  })
  return { text: digits.map(({ digit }) => digit).join(""), digits, strip: strip.image }
}
