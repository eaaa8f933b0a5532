"""Choosing the data that a page is about; it stays chosen from page to page, and a link can carry it."""

from typing import Any

import streamlit as st

from digitrec.datasets import SOURCES, Dataset, Split, is_there, mnist
from digitrec.datasets.download import fetch
from digitrec.errors import DataError
from digitrec.ui.cache import dataset
from digitrec.ui.messages import as_plain_text, told

SPLITS = {"train": "to train with", "test": "to test with"}


def choose_digits() -> tuple[Dataset, str, Split]:
    """Let the user choose a dataset and its part: the dataset, "train" or "test", and that part of it."""
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        data = _choose_dataset()
    with right:
        part = _choose_part(data)
    return data, part, data.train if part == "train" else data.test


def _choose_dataset() -> Dataset:
    """One of the sources that are there; and how to get more."""
    there = [name for name in SOURCES if is_there(name)]
    name = st.selectbox(
        "Data",
        there,
        format_func=lambda name: SOURCES[name].title,
        key="source",
        persist_state="session",
        bind="query-params",
    )
    if "mnist" not in there:
        _offer_mnist()
    with told("The data could not be loaded."):
        return dataset(name)


def _choose_part(data: Dataset) -> str:
    return st.segmented_control(
        "Part",
        list(SPLITS),
        format_func=lambda name: f"{len(getattr(data, name)):,} {SPLITS[name]}",
        default="train",
        required=True,
        key="split",
        persist_state="session",
        bind="query-params",
    )


def _offer_mnist() -> None:
    st.info(
        "These are the digits that come with digitrec. MNIST, 70,000 scans, can be downloaded once (11 MB) and then "
        "stays on this computer.",
        icon=":material/database:",
    )
    if st.button("Download MNIST", icon=":material/download:"):
        try:
            fetch(mnist.HASHES, mnist.MIRRORS, _Bar)
        except DataError as error:
            st.error(as_plain_text(str(error)), icon=":material/cloud_off:")
        else:
            st.rerun()


class _Bar:
    """A download's progress on the page."""

    def __init__(self, path: str) -> None:
        self.total, self.came, self.name = 0, 0, path.rpartition("/")[2]
        self.bar = st.progress(0.0, text=self.name)

    def update(self, count: int) -> Any:
        """So many more bytes have come."""
        self.came += count
        share = min(self.came / self.total, 1.0) if self.total else 0.0
        self.bar.progress(share, text=f"{self.name}: {self.came / 1e6:.1f} of {self.total / 1e6:.1f} MB")

    def reset(self) -> Any:
        """Begin again."""
        self.came = 0

    def close(self) -> Any:
        """It is over."""
        self.bar.empty()
