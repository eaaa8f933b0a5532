// Stands in the fragment that runs after each stroke, and has no more than this script: what Python knows of the canvas
// goes to the stage; a picture that the server is to read goes back, and that a canvas has lost its drawing.

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const ask = (picture) => setStateValue("picture", picture)
  const layAgain = () => setTriggerValue("lost", true)
  say("canvas", { ...data, ask, layAgain })
  return endWhenGone(parentElement, () => forget("canvas", data))
}
