// A picture from the clipboard: pasted anywhere on the page, or read by the button.

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const button = parentElement.querySelector("button")
  const status = parentElement.querySelector("p")
  const show = (text) => (status.textContent = text)

  function take(blob) {
    if (blob.size > data.largest) return show(`The picture has ${Math.round(blob.size / 1e6)} MB; the limit is ${data.largest / 1e6} MB. Make it smaller and upload the file.`)
    const reader = new FileReader()
    reader.onload = () => setStateValue("picture", reader.result)
    reader.readAsDataURL(blob)
    show("")
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
      show("There is no picture on the clipboard. Copy one first.")
    } catch {
      show("The browser does not let this page read the clipboard. Press Ctrl+V (⌘V on a Mac) instead.")
    }
  }
  document.addEventListener("paste", onPaste)
  return () => document.removeEventListener("paste", onPaste)
}
