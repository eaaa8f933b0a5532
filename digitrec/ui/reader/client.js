// The page's side of reading: starts a worker, and asks it to read, one drawing at a time and always the newest.

// `script` is the worker's. `onReading` gets each answer to a drawing, and `onLoaded` the layers of the networks, both as
// worker.js describes them, and `onFailure` a sentence if reading is not possible in this browser; then the reader has
// stopped. Returns { load(model), read(drawing), stop() }. What is read before a model is loaded waits for it.
function startReader(script, onReading, onFailure, onLoaded = () => {}) {
  let worker
  let isBusy = true // until a model is loaded
  let waiting = null // the newest drawing, while another one is being read

  const next = () => {
    isBusy = Boolean(waiting)
    if (waiting) send({ read: waiting })
    waiting = null
  }
  const send = (message) => worker?.postMessage(message, message.read?.rgba ? [message.read.rgba.buffer] : [])
  const fail = (sentence) => {
    stop()
    onFailure(sentence)
  }
  const stop = () => {
    worker?.terminate()
    worker = null
  }
  const receive = ({ data }) => {
    if (data.failed && data.id === undefined) return fail(data.failed)
    if (data.loaded) onLoaded(data.loaded)
    else onReading(data)
    next()
  }
  try {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }))
    worker = new Worker(address)
    URL.revokeObjectURL(address)
    worker.onmessage = receive
    worker.onerror = (event) => fail(`Expected the reader to run in this browser. Received: ${event.message}. Load the page again.`)
  } catch (error) {
    setTimeout(() => fail(`Expected a browser with Web Workers. Received: ${error.message}. Use a current one.`))
  }
  return {
    load: (model) => {
      isBusy = true
      send({ load: model })
    },
    read: (drawing) => {
      waiting = drawing
      if (!isBusy) next()
    },
    stop,
  }
}
