// A picture from the clipboard: pasted anywhere on the page, or fetched by the button.

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const button = parentElement.querySelector("button")
  const told = parentElement.querySelector("p")
  const tell = (text) => (told.textContent = text)

  function take(blob) {
    if (blob.size > data.largest) return tell(`The picture has ${Math.round(blob.size / 1e6)} MB, more than ${data.largest / 1e6}. Save it smaller, and choose the file.`)
    const reader = new FileReader()
    reader.onload = () => setStateValue("picture", reader.result)
    reader.readAsDataURL(blob)
    tell("")
  }

  function onPaste(event) {
    const item = [...(event.clipboardData?.items ?? [])].find((one) => one.type.startsWith("image/"))
    if (!item) return
    event.preventDefault()
    take(item.getAsFile())
  }

  button.onclick = async () => {
    try {
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find((one) => one.startsWith("image/"))
        if (type) return take(await item.getType(type))
      }
      tell("There is no picture on the clipboard. Copy one first.")
    } catch {
      tell("The browser does not let this page look at the clipboard. Press Ctrl+V, or ⌘V, instead.")
    }
  }
  document.addEventListener("paste", onPaste)
  return () => document.removeEventListener("paste", onPaste)
}
