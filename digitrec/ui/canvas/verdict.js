// A verdict on one digit: the digit large, in words and as ten bars, and as 28 by 28 pixels where there is a place for them.

function showVerdict(root, data) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`)
  const shown = part("shown")
  shown.textContent = data.shown
  shown.dataset.unsure = data.shown === "?"
  for (const name of ["words", "reason", "ways"]) if (part(name)) part(name).textContent = data[name]
  if (part("pixels")) showPixels(part("pixels").getContext("2d"), data.pixels)
  showBars(part("bars"), data)
}

function spoken(data) {
  return data.shown && data.shown !== "?" ? `Read as ${data.shown}. ${data.words}.` : `${data.words}. ${data.reason}`
}

function showPixels(context, pixels) {
  const picture = context.createImageData(28, 28)
  for (let i = 0; i < 784; i++) picture.data.set([pixels[i] ?? 0, pixels[i] ?? 0, pixels[i] ?? 0, 255], 4 * i)
  context.putImageData(picture, 0, 0)
}

function showBars(list, data) {
  if (!list.children.length) list.append(...data.percent.map(makeBar))
  data.percent.forEach((percent, digit) => {
    const row = list.children[digit]
    row.dataset.rank = digit === data.best ? "best" : digit === data.runnerUp ? "runner-up" : "other"
    row.style.setProperty("--part", percent / 100)
    row.querySelector(".percent").textContent = data.percentText[digit]
  })
}

function makeBar(_, digit) {
  const row = document.createElement("li")
  for (const name of ["name", "track", "percent"]) row.append(Object.assign(document.createElement("span"), { className: name }))
  row.children[0].textContent = digit
  row.children[1].append(Object.assign(document.createElement("div"), { className: "bar" }))
  return row
}
