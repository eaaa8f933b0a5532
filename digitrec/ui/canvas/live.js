// Shows the verdict on the one digit that is on the canvas.

function show(companion, data) {
  showVerdict(companion.root, data)
  companion.root.querySelector(".live").dataset.compact = data.compact
  speak(companion, spoken(data))
}
