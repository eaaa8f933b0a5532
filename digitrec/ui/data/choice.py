"""Choosing the dataset that a page shows; the choice is kept from page to page, and is part of links."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from digitrec.datasets import Dataset, Split, data_folder, titles
from digitrec.datasets.dataset import PARTS
from digitrec.datasets.sources import mnist
from digitrec.datasets.sources.download import fetch
from digitrec.datasets.sources.uploads import FOLDER, MAX_UPLOAD, add_upload, is_upload, remove_own
from digitrec.errors import DataError
from digitrec.glossary import explain
from digitrec.ui import state
from digitrec.ui.cache import dataset
from digitrec.ui.messages import as_plain_text, show_errors


def choose_digits() -> tuple[Dataset, str, Split]:
    """Choice of a dataset and a part of it: the dataset, "train" or "test", and that part."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    data = choose_dataset(row)
    part = row.segmented_control(
        "Part",
        PARTS,
        default=state.SPLIT.default,
        required=True,
        help=explain("training set", "test set"),
        **state.SPLIT.widget,
    )
    split = data.part(part)
    st.caption(as_plain_text(f"{len(split):,} {'training' if part == 'train' else part} images. {data.caution}"))
    return data, part, split


def choose_dataset(row: DeltaGenerator) -> Dataset:
    """Let the user choose one of the available datasets, or add one; the widgets are placed in `row`."""
    available = titles()
    with row:
        name = st.selectbox(
            "Dataset",
            list(available),
            format_func=lambda name: available.get(name, name),
            width=320,
            **state.SOURCE.widget,
        )
        with st.popover("Add your own data", icon=":material/add:"):
            _offer_upload(name)
    if "mnist" not in available:
        _offer_mnist()
    with show_errors("The data could not be loaded."):
        return dataset(name)


def choose_writer(split: Split) -> int | None:
    """Choice of a writer of the dataset, if its writers are known; None: all."""
    if split.writers is None:
        return None
    last = int(split.writers.max())
    writer: int | None = st.number_input(
        "Writer",
        0,
        last,
        None,
        placeholder="all",
        width=120,
        **state.WRITER.widget,
    )
    return writer


def _offer_upload(shown: str) -> None:
    st.markdown(
        "A **CSV** file as in Kaggle's Digit Recognizer: columns `label`, `pixel0` to `pixel783`, one row per digit."
        "  \nOr a **.npz** file with `images`, uint8 of shape (n, 28, 28), ink 255 on 0, and `labels`."
    )
    st.file_uploader(
        "Your file", type=["csv", "npz"], max_upload_size=MAX_UPLOAD, on_change=_take_upload, **state.UPLOAD.widget
    )
    if problem := state.UPLOAD_PROBLEM.pop():
        st.error(as_plain_text(problem), icon=":material/error:")
    st.caption(
        as_plain_text(
            f"The file is stored on the computer that runs digitrec, in {data_folder() / FOLDER}. You can also copy a "
            "folder of images, sorted into subfolders 0 to 9, to that place."
        )
    )
    if is_upload(shown):
        st.button("Remove this dataset", icon=":material/delete:", on_click=remove_own, args=(shown,))


def _take_upload() -> None:
    """Check and store the upload, and choose it; a problem is shown beside the uploader."""
    upload = state.UPLOAD.get()
    if upload is None:
        return
    try:
        state.SOURCE.set(add_upload(upload.getvalue(), upload.name))
    except DataError as error:
        state.UPLOAD_PROBLEM.set(f"This file was not added. {error}")


def _offer_mnist() -> None:
    st.info(
        "These digits come with digitrec. MNIST, 70,000 scanned digits, can be downloaded once (11 MB) and then stays "
        "on this computer.",
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
    """The progress bar of a download, as pooch calls it."""

    def __init__(self, path: str) -> None:
        self.total, self.received, self.name = 0, 0, path.rpartition("/")[2]
        self.bar = st.progress(0.0, text=self.name)

    def update(self, count: int) -> Any:
        """Add `count` bytes that have arrived."""
        self.received += count
        fraction = min(self.received / self.total, 1.0) if self.total else 0.0
        self.bar.progress(fraction, text=f"{self.name}: {self.received / 1e6:.1f} of {self.total / 1e6:.1f} MB")

    def reset(self) -> Any:
        """Start again at 0."""
        self.received = 0

    def close(self) -> Any:
        """Remove the bar."""
        self.bar.empty()
