// Stands in the fragment that runs after each stroke, and has no more than this script: what Python knows of the canvas
// goes to the stage, and a picture that the server is to read goes back.

export default function ({ data, setStateValue }) {
  say("canvas", { ...data, ask: (picture) => setStateValue("picture", picture) })
  return () => forget("canvas")
}
