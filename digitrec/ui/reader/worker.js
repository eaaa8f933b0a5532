// The worker: loads a model, and reads drawings with it. It takes two kinds of messages.
//
// { load: { ink: { content, sha256 }, path, number, spec } }
//     `content` is a .safetensors file, in base64 or as an ArrayBuffer; networks may be missing. Answered by
//     { loaded: { ink: layers, path: layers, ... } }, each layer { name, kind, shape }, or by { failed: sentence }.
// { read: { id, width, height, rgba | ink, strokes, layers, influence, isNumber } }
//     a picture of the canvas as `getImageData` gives it on white paper, or its ink, 255 on 0; `strokes`, arrays of
//     [x, y] in the order drawn, if they are known and nothing else is on the canvas; `layers`, whether to send what
//     each layer gave; `influence`, whether to measure how much each map speaks for the verdict. Answered by { id,
//     verdict, digit, unsure, probabilities, byInk, byPath, steps, layers, influence, sight, milliseconds }, where
//     `verdict` has what `describeReading` returns, or by { id, failed: sentence }. With `isNumber`, the network for
//     numbers reads the picture in one sweep: { id, text, digits, strip, milliseconds }, as `readNumber` returns them;
//     unlike the server, it neither leaves out specks nor cuts the ink.

const FORMS = {
  ink: { input: [SIDE, SIDE, 1], output: [1, 1, 10] },
  path: { input: [POINTS, FEATURES, 1], output: [1, 1, 10] },
  number: { input: [SIDE, STRIP_WIDTH, 1], output: [1, FRAMES, ANSWERS] },
}

let model = null
let queue = Promise.resolve() // what is asked for while a model is being loaded waits for it

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope)
  self.onmessage = ({ data }) => (queue = queue.then(() => receive(data)))

async function receive({ load, read }) {
  try {
    if (load) model = null
    if (load) model = await loadModel(load)
    if (load) return postMessage({ loaded: describeNetworks(model.networks) })
    const answer = readPicture(model, read)
    postMessage(answer, [...new Set(answer.layers?.map(({ values }) => values.buffer))]) // handed over, not copied
  } catch (error) {
    postMessage({ ...(read && { id: read.id }), failed: error.message })
  }
}

async function loadModel({ spec, ...files }) {
  const networks = {}
  for (const [name, file] of Object.entries(files)) {
    if (!file) continue
    const buffer = typeof file.content === "string" ? fromBase64(file.content) : file.content
    await checkHash(buffer, file.sha256)
    networks[name] = readNetwork(buffer, FORMS[name])
  }
  return { networks, spec }
}

function describeNetworks(networks) {
  const describe = ({ layers }) => layers.map(({ name, kind, shape }) => ({ name, kind, shape }))
  return Object.fromEntries(Object.entries(networks).map(([name, network]) => [name, describe(network)]))
}

function readPicture(model, { id, width, height, rgba, ink, strokes, layers, influence, isNumber }) {
  if (!model?.networks[isNumber ? "number" : "ink"])
    throw new Error("Expected a model to read with. Received: none so far. Load one first.")
  const start = performance.now()
  const picture = ink ? { width, height, values: ink } : findInk(rgba, width, height)
  if (isNumber) {
    const number = readNumber(model.networks.number, model.spec, picture)
    return { id, ...number, milliseconds: performance.now() - start }
  }
  const reading = readDrawing(model.networks, model.spec, picture, strokes)
  const verdict = describeReading(reading, model.spec)
  const { reason, ...values } = reading
  const more = influence && reading.digit !== null ? explainReading(model.networks.ink, reading) : {}
  return { id, verdict, ...values, ...more, layers: layers ? reading.layers : [], milliseconds: performance.now() - start }
}

function explainReading(network, { layers, digit }) {
  return { influence: measureInfluence(network, layers, digit), sight: measureSight(network) }
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer
}
