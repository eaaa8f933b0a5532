"""What is loaded once and shared by all sessions. The core stays undecorated."""

import pandas as pd
import streamlit as st

from digitrec.classifier import Classifier, load_classifier
from digitrec.datasets import Dataset, Finding, check, load_dataset
from digitrec.datasets.pen import PenDigit, load_pen_digits
from digitrec.errors import DataError
from digitrec.properties import measure_images


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


@st.cache_resource(show_spinner="Loading the digits …")
def dataset(name: str) -> Dataset:
    """A dataset, its read-only arrays there once for all sessions."""
    return load_dataset(name)


@st.cache_resource(show_spinner="Checking the digits …")
def findings(name: str) -> tuple[Finding, ...]:
    """What is odd about a dataset."""
    return check(dataset(name))


@st.cache_resource(show_spinner="Measuring the digits …")
def properties(name: str, part: str) -> pd.DataFrame:
    """What `measure_images` says of each image of a dataset's part, "train" or "test"."""
    split = getattr(dataset(name), part)
    return measure_images(split.images, split.labels)
