"""What is loaded once and shared by all sessions. The core stays undecorated."""

import streamlit as st

from digitrec.classifier import Classifier, load_classifier
from digitrec.datasets.pen import PenDigit, load_pen_digits
from digitrec.errors import DataError


@st.cache_resource(show_spinner="Loading the network …")
def classifier() -> Classifier:
    """The shipped classifier."""
    return load_classifier()


@st.cache_resource(show_spinner="Loading the pen digits …")
def pen_digits() -> tuple[PenDigit, ...]:
    """The pen digits of the data folder; none where they are not there."""
    try:
        return load_pen_digits()
    except DataError:
        return ()
