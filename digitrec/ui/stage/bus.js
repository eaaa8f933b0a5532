// What the components of the Draw page say to each other in the browser, by subject. The last word on a subject is
// kept for a component that begins to listen later.

const bus = (globalThis.digitrecBus ??= { said: new Map(), events: new EventTarget() })

function say(subject, what) {
  bus.said.set(subject, what)
  bus.events.dispatchEvent(new CustomEvent(subject, { detail: what }))
}

// Returns a function that ends the listening.
function hear(subject, listener) {
  const listen = (event) => listener(event.detail)
  bus.events.addEventListener(subject, listen)
  if (bus.said.has(subject)) listener(bus.said.get(subject))
  return () => bus.events.removeEventListener(subject, listen)
}

// Unless something else was said meanwhile, by a component for another canvas.
function forget(subject, { mount }) {
  if (bus.said.get(subject)?.mount === mount) bus.said.delete(subject)
}
