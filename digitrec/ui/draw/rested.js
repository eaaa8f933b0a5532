// Has Python show the tabs below the canvas again. What reads the drawing says when it has come to rest.

const asking = new WeakMap() // parentElement -> how to ask

export default function ({ parentElement, setTriggerValue }) {
  const isNew = !asking.has(parentElement)
  asking.set(parentElement, () => setTriggerValue("rested", true))
  if (isNew) listen(parentElement)
}

function listen(parentElement) {
  const ask = () => {
    if (parentElement.isConnected) asking.get(parentElement)()
    else document.removeEventListener("digitrec-rested", ask)
  }
  document.addEventListener("digitrec-rested", ask)
}
