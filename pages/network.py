"""The network that reads: what it learned from, how well it reads, and where it fails."""

import streamlit as st

from digitrec.charts import shares
from digitrec.ui.cache import classifier
from digitrec.ui.messages import as_plain_text, begin_page, told

begin_page(
    "network",
    "The network",
    "What reads the digits on the Draw page. See how far to trust it before you blame your handwriting.",
)
with told():
    card = classifier().card

st.markdown(
    f"A convolutional network of **{card.parameters:,} numbers**, trained on {card.date}. "
    f"It answers **not sure** where no digit gets at least {card.unsure_below:.0%} of its belief."
)
read = [figure for figure in card.measured if figure.what.endswith("read rightly")]
refused = [figure for figure in card.measured if figure not in read]
st.markdown(
    "Each dot is measured on drawings that no training saw. The line through it shows how far chance could move it."
)
if read:
    st.plotly_chart(shares(read, "Digits read rightly"), width="stretch", config={"displayModeBar": False})
if refused:
    st.plotly_chart(shares(refused, "Answered not sure"), width="stretch", config={"displayModeBar": False})
if not card.measured:
    st.info("Nothing was measured of this model. `python -m digitrec train` writes a card with figures.")
st.subheader("What it is weak at", anchor=False)
for weakness in card.weaknesses:
    st.markdown(f"- {as_plain_text(weakness)}")
with st.expander("The whole card"):
    st.json(card.model_dump(), expanded=1)
