// Has Python show the tabs below the canvas again once the drawing has rested. The companion of the canvas says when a
// reading has come; while they come, nothing is asked for.

const REST = 500 // ms

const waiting = new WeakMap() // parentElement -> what to do when the drawing has rested

export default function ({ parentElement, setTriggerValue }) {
  const isNew = !waiting.has(parentElement)
  waiting.set(parentElement, () => setTriggerValue("rested", true))
  if (isNew) listen(parentElement)
}

function listen(parentElement) {
  let timer
  const restart = () => {
    clearTimeout(timer)
    if (!parentElement.isConnected) return document.removeEventListener("digitrec-read", restart)
    timer = setTimeout(() => parentElement.isConnected && waiting.get(parentElement)(), REST)
  }
  document.addEventListener("digitrec-read", restart)
}
