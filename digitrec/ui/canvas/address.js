// A stroke replaces the browser's history entry, so that Back leads away from the page and not through every stroke.
// Streamlit adds an entry for each address that Python sets. One that differs from the last in the drawing alone
// takes its place instead.

const DRAWN = ["drawing", "number", "image"] // what of the address is the drawing, as links.py has it

function withoutDrawing(address) {
  const url = new URL(address, location.href)
  for (const name of DRAWN) url.searchParams.delete(name)
  return url.href
}

if (!history.pushState.keepsOneEntry) {
  const push = history.pushState.bind(history)
  history.pushState = (state, unused, address) => {
    const isStroke = withoutDrawing(address ?? location.href) === withoutDrawing(location.href)
    isStroke ? history.replaceState(state, unused, address) : push(state, unused, address)
  }
  history.pushState.keepsOneEntry = true
}
