// Stands in the fragment of the details, and lets it run once a drawing has come to rest.

export default function ({ setStateValue }) {
  return hear("rest", (drawing) => setStateValue("drawing", drawing))
}
