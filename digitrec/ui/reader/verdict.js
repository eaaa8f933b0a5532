// From probabilities to a verdict: which digit, whether it is sure, and why. `spec` comes from Python: thresholds and
// words are written only there.

// Reads ink, { width, height, values }, and the strokes, if they are known. `networks` has one for the image, `ink`, and
// perhaps one for the pen's path, `path`. `layers` has what every layer of the first one gave.
function readDrawing(networks, spec, ink, strokes) {
  const steps = preprocess(ink)
  const nothing = { digit: null, probabilities: new Float32Array(10).fill(0.1), unsure: true, reason: spec.words.noInk }
  if (!steps.box) return { ...nothing, steps, byInk: null, byPath: null, layers: [] }
  const layers = runNetwork(networks.ink, steps.image.values)
  const byInk = layers[layers.length - 1].values
  const path = networks.path && spec.path ? toPath(strokes) : null
  const byPath = path && answer(networks.path, path)
  const probabilities = byPath ? combine(byInk, byPath, spec.path.powers, spec.limits.least) : byInk
  const isFull = mean(ink.values) > spec.limits.full * 255
  const isWeak = byPath
    ? areTooWeak(probabilities, (digitProbability(byInk) + digitProbability(byPath)) / 2, spec.path.thresholds)
    : areTooWeak(byInk, digitProbability(byInk), spec.thresholds)
  return {
    digit: indexOfLargest(probabilities),
    probabilities,
    unsure: isWeak || isFull,
    reason: isFull ? spec.words.full : giveReason(probabilities, isWeak, spec),
    steps,
    byInk,
    byPath,
    layers,
  }
}

// Raises both networks' probabilities to a power each, multiplies them, and lets them sum to 1 again.
function combine(byInk, byPath, [inkPower, pathPower], least) {
  const log = (probability) => Math.log(Math.max(probability, least))
  const logs = Array.from(byInk, (probability, digit) => inkPower * log(probability) + pathPower * log(byPath[digit]))
  return softmax(null, { shape: [1, 1, 10], values: Float32Array.from(logs) }).values
}

// The probability of being a digit at all: what speaks against it was divided evenly among the ten, so the least likely
// digit shows how much it was.
function digitProbability(probabilities) {
  return Math.min(Math.max(1 - 10 * Math.min(...probabilities), 0), 1)
}

function areTooWeak(probabilities, digitScore, thresholds) {
  return Math.max(...probabilities) < thresholds.confidence || digitScore < thresholds.digit
}

// One sentence.
function giveReason(probabilities, unsure, { limits, words, digits }) {
  const [first, second] = rank(probabilities)
  const least = probabilities[second]
  const isClose = least >= limits.close
  const isEither = isClose && probabilities[first] + least > limits.both
  const sure = isClose ? "somewhat" : least >= limits.far ? "most" : "only"
  const reason = unsure ? (isEither ? "either" : "none") : sure
  return fill(words[reason], { first: digits[first], second: digits[second] })
}

// A reading as plain values to show: the large digit, the text, the bars in percent, and the 784 pixels.
function describeReading(reading, spec) {
  const { digit, probabilities, unsure, reason, byInk, byPath, steps } = reading
  const confidence = Math.max(...probabilities)
  const hasInk = digit !== null
  const words = spec.words[!hasInk ? "nothing" : unsure ? "unsure" : "sure"]
  const runnerUp = rank(probabilities)[1]
  return {
    shown: !hasInk ? "" : unsure ? "?" : String(digit),
    words: fill(words, { level: inWords(confidence, spec), percent: inPercent(confidence, spec) }),
    reason,
    ways: byPath ? fill(spec.words.ways, { ink: describeWay(byInk, spec), path: describeWay(byPath, spec) }) : "",
    best: hasInk ? digit : -1,
    runnerUp: hasInk && probabilities[runnerUp] >= spec.limits.close ? runnerUp : -1,
    percent: Array.from(probabilities, (probability) => (hasInk ? 100 * probability : 0)),
    percentText: Array.from(probabilities, (probability) => (hasInk ? inPercent(probability, spec) : "")),
    pixels: steps.image ? Array.from(steps.image.values) : [],
  }
}

function describeWay(probabilities, spec) {
  return `${indexOfLargest(probabilities)}, ${inPercent(Math.max(...probabilities), spec)}`
}

function inWords(confidence, { levels }) {
  return levels.find(([least]) => confidence >= least)[1]
}

// Never rounded up to 100.
function inPercent(probability, { limits, words }) {
  if (probability > limits.highest) return words.above
  const percent = 100 * probability
  const isTie = (4 * percent) % 4 === 1 // 12.25 becomes 12.2, as in Python, not 12.3
  return `${(isTie ? percent - 0.05 : percent).toFixed(1)} %`
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name])
}

function rank(probabilities) {
  return Array.from(probabilities, (_, digit) => digit).sort((one, other) => probabilities[other] - probabilities[one])
}

function indexOfLargest(values) {
  return values.indexOf(Math.max(...values))
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
