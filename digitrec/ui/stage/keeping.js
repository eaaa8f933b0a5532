// Nothing drawn is lost: from the moment the pen is lifted until the server has the stroke, the drawing lies in the
// browser's session storage, which outlives a reload and a server that is gone.

const PLACE = "digitrec-drawing"
const WITHOUT = ["drawing", "number", "image"] // what of the address is a drawing, as links.py has it

// `mail` says which session and canvas of the server the strokes were drawn on.
function keep(strokes, { session, mount, revision }) {
  save({ session, mount, revision, strokes, address: drawingInAddress() })
}

function save(kept) {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(kept))
  } catch {
    return // storage is full or switched off; the server is told in any case
  }
}

function whatIsKept() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE))
  } catch {
    return null
  }
}

function release() {
  try {
    sessionStorage.removeItem(PLACE)
  } catch {
    return
  }
}

// What to hand over to the server, whose state is `mail`; null if it has all, or another drawing was opened meanwhile.
// It stays in storage until the server has it, but the same session is offered it only once.
function owed(mail) {
  const kept = whatIsKept()
  if (!kept?.strokes?.length) return null
  const isSameCanvas = kept.session === mail.session && kept.mount === mail.mount
  // Messages arrive in order: a later revision of the same canvas was made with the stroke known.
  const isKnown = isSameCanvas && mail.revision !== kept.revision
  const isElsewhere = kept.session !== mail.session && kept.address !== drawingInAddress()
  if (isKnown || isElsewhere || mail.strokes >= kept.strokes.length) release()
  else if (!isSameCanvas) {
    save({ ...kept, session: mail.session, mount: mail.mount, revision: mail.revision })
    return kept.strokes
  }
  return null
}

function drawingInAddress() {
  const address = new URLSearchParams(location.search)
  return WITHOUT.map((name) => address.get(name) ?? "").join(" ")
}
