// Streamlit ends a component not only when it leaves the page, but also when its data change twice in quick succession.
// Returns what it is to call; `end` is called only if the component has left.
function endWhenGone(parentElement, end) {
  return () => setTimeout(() => parentElement.isConnected || end())
}
