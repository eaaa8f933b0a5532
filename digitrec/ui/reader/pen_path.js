// The path of the pen as a network reads it: 64 points, evenly spaced along the strokes, with five numbers each:
// x and y, the direction of the pen, and whether a stroke begins. It holds what ink cannot show.

const POINTS = 64
const FEATURES = 5
const TINY = 1e-6 // pixels; a shorter path is a dot

// Strokes, each an array of [x, y] -> Float32Array of 64 x 5; null without strokes, and with too many of them.
function toPath(strokes) {
  const lines = (strokes ?? []).filter((stroke) => stroke.length)
  if (!lines.length || lines.length > POINTS) return null
  const { middle, scale } = measure(lines.flat())
  const along = lines.map(arcLengths)
  const counts = allocate(along.map((one) => one[one.length - 1]))
  const path = new Float32Array(POINTS * FEATURES)
  let point = 0
  lines.forEach((line, k) => {
    const sampled = sample(line, along[k], counts[k])
    sampled.forEach(([x, y], i) => {
      const [toX, toY] = direction(sampled, i)
      path.set([(x - middle[0]) / scale, (y - middle[1]) / scale, toX, toY, i === 0 ? 1 : 0], point * FEATURES)
      point += 1
    })
  })
  return path
}

// The middle of the box around the points, and half its longer side.
function measure(points) {
  const [low, high] = [Math.min, Math.max].map((extreme) =>
    [0, 1].map((axis) => points.reduce((found, point) => extreme(found, point[axis]), points[0][axis]))
  )
  const middle = [0, 1].map((axis) => (low[axis] + high[axis]) / 2)
  return { middle, scale: Math.max(high[0] - low[0], high[1] - low[1], TINY) / 2 }
}

// The distance along a line from its start to each of its points.
function arcLengths(line) {
  let length = 0
  return line.map(([x, y], i) => (length += i ? Math.hypot(x - line[i - 1][0], y - line[i - 1][1]) : 0))
}

// Divides the 64 points among strokes in proportion to their lengths, at least one for each.
function allocate(lengths) {
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0)
  const indexOfMax = (numbers) => numbers.indexOf(Math.max(...numbers))
  const total = Math.max(sum(lengths), TINY)
  const wanted = lengths.map((length) => (length / total) * POINTS)
  const counts = wanted.map((count) => Math.max(1, Math.floor(count)))
  while (sum(counts) > POINTS) counts[indexOfMax(counts)] -= 1
  while (sum(counts) < POINTS) counts[indexOfMax(wanted.map((count, i) => count / counts[i]))] += 1
  return counts
}

// Evenly spaced points on a line, from its start to its end.
function sample(line, along, count) {
  const end = along[along.length - 1]
  let piece = 0
  return Array.from({ length: count }, (_, i) => {
    const place = i && i === count - 1 ? end : i * (end / Math.max(count - 1, 1))
    while (piece + 1 < line.length && along[piece + 1] <= place) piece += 1
    if (piece === line.length - 1 || along[piece] === place) return line[piece]
    const part = along[piece + 1] - along[piece]
    return [0, 1].map((axis) => ((line[piece + 1][axis] - line[piece][axis]) / part) * (place - along[piece]) + line[piece][axis])
  })
}

// The unit vector along the line at one of its points; 0 for a dot.
function direction(points, i) {
  const [before, after] = [points[Math.max(i - 1, 0)], points[Math.min(i + 1, points.length - 1)]]
  const half = i > 0 && i < points.length - 1 ? 2 : 1
  const [x, y] = [(after[0] - before[0]) / half, (after[1] - before[1]) / half]
  const length = Math.max(Math.hypot(x, y), TINY)
  return [x / length, y / length]
}
