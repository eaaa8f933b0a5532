// The chosen model for the browser. Its weights travel once in a session; here they are kept under their hash.

const LATER = 500 // ms: the drawing goes first

const kept = (globalThis.digitrecWeights ??= new Map())

export default function ({ data, parentElement, setStateValue }) {
  const { key, files } = data
  if (files) kept.set(key, files)
  if (key && kept.has(key)) say("model", { ...data, files: kept.get(key) })
  else say("model", data)
  const tell = () => parentElement.isConnected && setStateValue("held", kept.has(key) ? key : "")
  if (key && data.isHeld !== kept.has(key)) setTimeout(tell, LATER)
}
