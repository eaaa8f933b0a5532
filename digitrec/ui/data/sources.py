"""Choosing the data that a page is about; it stays chosen from page to page, and a link can carry it."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from digitrec.datasets import Dataset, Split, data_folder, titles
from digitrec.datasets.dataset import PARTS
from digitrec.datasets.sources import mnist
from digitrec.datasets.sources.download import fetch
from digitrec.datasets.sources.uploads import FOLDER, MAX_UPLOAD, add_upload, is_upload, remove_own
from digitrec.errors import DataError
from digitrec.ui import state
from digitrec.ui.cache import dataset
from digitrec.ui.messages import as_plain_text, show_errors


def choose_digits() -> tuple[Dataset, str, Split]:
    """Let the user choose a dataset and its part: the dataset, "train" or "test", and that part of it."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    data = choose_dataset(row)
    part = row.segmented_control(
        "Part",
        PARTS,
        default=state.SPLIT.default,
        required=True,
        **state.SPLIT.widget,
    )
    split = data.part(part)
    st.caption(as_plain_text(f"{len(split):,} images to {part} with. {data.caution}"))
    return data, part, split


def choose_dataset(row: DeltaGenerator) -> Dataset:
    """Let the user choose one of the datasets that are there, or get more; `row` holds what to choose with."""
    there = titles()
    with row:
        name = st.selectbox(
            "Data",
            list(there),
            format_func=lambda name: there.get(name, name),
            width=320,
            **state.SOURCE.widget,
        )
        with st.popover("Add your own", icon=":material/add:"):
            _offer_upload(name)
    if "mnist" not in there:
        _offer_mnist()
    with show_errors("The data could not be loaded."):
        return dataset(name)


def choose_writer(split: Split) -> int | None:
    """Let the user choose one writer, where they are known; None: all."""
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
        "A **CSV** as Kaggle's Digit Recognizer has it: `label,pixel0` to `pixel783`, one row a digit.  \n"
        "Or a **.npz** with `images`, uint8 of shape (n, 28, 28) with ink 255 on 0, and `labels`."
    )
    st.file_uploader(
        "Your file", type=["csv", "npz"], max_upload_size=MAX_UPLOAD, on_change=_take_upload, **state.UPLOAD.widget
    )
    if problem := state.UPLOAD_PROBLEM.pop():
        st.error(as_plain_text(problem), icon=":material/error:")
    st.caption(
        as_plain_text(
            f"It is kept on the computer that runs digitrec, in {data_folder() / FOLDER}. A folder of pictures in "
            "subfolders 0 to 9 will do as well, put there by hand."
        )
    )
    if is_upload(shown):
        st.button("Remove the data that is shown", icon=":material/delete:", on_click=remove_own, args=(shown,))


def _take_upload() -> None:
    """Check and keep what was uploaded, and choose it; a problem is told where the file was chosen."""
    upload = state.UPLOAD.get()
    if upload is None:
        return
    try:
        state.SOURCE.set(add_upload(upload.getvalue(), upload.name))
    except DataError as error:
        state.UPLOAD_PROBLEM.set(f"This file was not added. {error}")


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
