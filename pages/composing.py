"""Numbers composed of single digits: the training data of the network that reads whole numbers."""

import streamlit as st

from digitrec.datasets.synthetic.composing import compose
from digitrec.datasets.synthetic.number_strips import compose_strips
from digitrec.errors import DigitrecError
from digitrec.ink.strips import to_strip
from digitrec.ui import state
from digitrec.ui.cache import number_reader, writers_of
from digitrec.ui.data.choice import choose_digits
from digitrec.ui.data.composing import choose_settings, show_buttons, show_numbers
from digitrec.ui.messages import as_plain_text, begin_page, show_errors
from digitrec.ui.source_code import show_functions

SHOWN = 12

begin_page(
    "composing",
    "Composed numbers",
    "Digits of one writer are joined into labelled numbers, to train the network that reads whole numbers. Move the "
    "sliders to see what it would be trained on, and what it reads.",
)
data, part, split = choose_digits()
show_buttons()
controls, pictures = st.columns([1, 3], gap="large")
with controls:
    settings = choose_settings()
with show_errors("The model could not be loaded."):
    reader = number_reader()
with pictures:
    try:
        numbers = list(compose(writers_of(data, part), SHOWN, settings, state.COMPOSED_SEED.get()))
    except DigitrecError as error:
        st.warning(as_plain_text(str(error)), icon=":material/rule:")
        st.stop()
    show_numbers(numbers, [reader.read(number.ink).text for number in numbers])
show_functions(compose, compose_strips, to_strip)
