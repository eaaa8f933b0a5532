"""The network that reads: what it learned from, how well it reads, and where it fails."""

import streamlit as st

from digitrec.charts import shares
from digitrec.ui.cache import classifier
from digitrec.ui.messages import as_plain_text, begin_page, text_colour, told
from digitrec.ui.models import choose_model

SECTIONS = {
    "read": ("Digits read correctly", "More is better."),
    "doubted": ("Digits it was not sure about", "Fewer is better: each of these is a digit that somebody meant."),
    "refused": ("No digits, and it said so", "More is better: scribbles, signs and letters answered with *not sure*."),
}

begin_page(
    "network",
    "The network",
    "What reads the digits on the Draw page. See how far to trust it before you blame your handwriting.",
)
choose_model()
with told("The network could not be loaded. Show this to whoever started the app."):
    card = classifier().card

st.markdown(
    f"A convolutional network of **{card.parameters:,} learned numbers**, made on {card.date}. It answers **not sure** "
    f"where no digit reaches {card.unsure_below:.0%}: about 1 of 100 real digits falls below that line."
)
if card.path is not None:
    st.markdown(
        f"Where it is known how the pen went, as on the Draw page, a second network of **{card.path.parameters:,} "
        "learned numbers** reads its path, stroke by stroke, and both answer together."
    )
if card.measured:
    st.markdown(
        "Each dot is measured on drawings that no training saw. The line through it shows how far chance could move it."
    )
else:
    st.info("Nothing was measured of this model. `python -m digitrec train` writes a card with figures.")
for kind, (title, meaning) in SECTIONS.items():
    if figures := [figure for figure in card.measured if figure.kind == kind]:
        st.subheader(title, anchor=False)
        st.markdown(meaning)
        st.plotly_chart(shares(figures, text_colour()), width="stretch", config={"displayModeBar": False}, key=kind)
st.subheader("What it is weak at", anchor=False)
st.markdown("\n".join(f"- {as_plain_text(weakness)}" for weakness in card.weaknesses))
with st.expander("The whole card"):
    st.json(card.model_dump(), expanded=1)
