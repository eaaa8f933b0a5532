"""The Read a file page: the format of the upload, the results, and corrections by hand.

upload -> `Upload` -> `open_batch` -> `read_batch` in the background -> a table to sort, filter, correct, download
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.pictures import as_paper, enlarge
from digitrec.charts.pictures import frame as edge
from digitrec.datasets import Progress, load_dataset
from digitrec.datasets.export import to_exported_frame
from digitrec.datasets.sources.uploads import add_upload
from digitrec.errors import DataError, DigitrecError, writing
from digitrec.evaluation.significance import wilson_interval
from digitrec.glossary import explain
from digitrec.ink.image_files import to_data_url
from digitrec.ink.preprocessing import SIDE
from digitrec.networks.classifier import Classifier
from digitrec.reading.files import MAX_BAD, Batch, BatchReading, Chunk, open_batch, read_batch
from digitrec.reading.files.submission import make_submission
from digitrec.storage import cache_folder, cached_file
from digitrec.ui import state
from digitrec.ui.jobs import wait_for
from digitrec.ui.messages import as_plain_text, show_errors
from digitrec.ui.sample_offer import wants_sample
from digitrec.ui.source_code import show_functions
from digitrec.ui.strip import Captioned, show_strip

LARGEST = 200  # MB
LOOKED_AT = 28_000  # images kept to be shown: all of Kaggle's test set, 22 MB
PREVIEW = 20  # images
PER_PAGE = 25
ORDERS = {
    "least confident first": ("confidence", True),
    "as in the file": ("row", True),
    "most confident first": ("confidence", False),
}


@dataclass(frozen=True, eq=False)
class Upload:
    """An uploaded file: its name, its content, and a hash of the content."""

    name: str
    content: bytes
    fingerprint: str


@dataclass(frozen=True, eq=False)
class Answers:
    """The results, and the first images, (k, 28, 28) uint8, in the order of the frame."""

    reading: BatchReading
    images: NDArray[np.uint8]


def choose_file() -> Upload | None:
    """Let the user upload a file, or try a sample."""
    given = st.file_uploader(
        "A file of digits",
        max_upload_size=LARGEST,
        help="A CSV as in Kaggle's Digit Recognizer, with or without header and labels; .npz; .npy; idx, MNIST's "
        "format; Parquet; or a zip of pictures, one digit each.",
        **state.FILE.widget,
    )
    if given is not None:
        content = given.getvalue()
        return Upload(given.name, content, hashlib.sha256(content).hexdigest())
    text = (
        "No file yet. You can upload a CSV as in Kaggle's Digit Recognizer, a .npz or .npy file of images, idx files, "
        "Parquet, or a zip of pictures. The file stays on the computer that runs digitrec."
    )
    return (
        _sample() if wants_sample(state.FILE_SAMPLE, text, ":material/upload_file:", "Try it with 450 digits") else None
    )


@st.cache_resource(show_spinner=False)
def _sample() -> Upload:
    content = to_exported_frame(load_dataset("uci").test).to_csv(index=False).encode()
    return Upload("450 digits.csv", content, hashlib.sha256(content).hexdigest())


def show_batch(upload: Upload) -> Batch:
    """Show the format of the file and its first digits."""
    with show_errors("This file cannot be read."):
        with writing(f"the file to {cache_folder()}", DataError, "Make room there, or set DIGITREC_CACHE."):
            path = _keeping(upload)()
        batch = open_batch(path, upload.name)
        first = next(batch.chunks(), None)
    st.markdown(as_plain_text(f"{upload.name} is {batch.kind}."))
    if first is not None and len(first.images):
        labels = [""] * PREVIEW if first.labels is None else [str(label) for label in first.labels]
        shown = zip(first.images[:PREVIEW], labels, strict=False)
        show_strip(
            [Captioned(as_paper(image), label, f"A digit of the file {label}".strip()) for image, label in shown],
            side=48,
        )
    return batch


def _keeping(upload: Upload) -> Callable[[], Path]:
    """A function that returns the path of the upload in the cache, and writes the file if it is missing.

    Its name is a hash of its content, so that sessions that read the same file share it.
    """
    folder = Path(_uploads_folder(str(cache_folder())).name).name
    return partial(cached_file, "uploads", f"{folder}/{upload.fingerprint}", upload.content)


@st.cache_resource(show_spinner=False)
def _uploads_folder(cache: str) -> "tempfile.TemporaryDirectory[str]":
    """A folder in the cache for this app's uploads, deleted when the app ends."""
    uploads = Path(cache) / "uploads"
    uploads.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=uploads)


def show_answers(upload: Upload, batch: Batch, reader: Classifier) -> None:
    """Read all digits and show the results."""
    key = ("file", upload.fingerprint, reader.card.files.get("model.tflite"))
    with show_errors("This file could not be read."):
        answers: Answers = wait_for(key, "Reading", partial(_read, _keeping(upload), batch, reader))
    reading = answers.reading
    if not len(reading.frame):
        st.warning("This file contains no digits.", icon=":material/search_off:")
    else:
        corrections = state.CORRECTIONS.setdefault({}).setdefault(upload.fingerprint, {})
        _show_figures(reading, corrections)
        _show_table(upload, answers, corrections)
        _offer(upload, reading, corrections)
        if batch.has_labels:
            _offer_mistakes(upload)
    _show_bad(reading)
    show_functions(read_batch, make_submission)


def _read(keep: Callable[[], Path], batch: Batch, reader: Classifier, progress: Progress) -> Answers:
    """Read the batch, and keep its first images to show them."""
    keep()  # again: while this upload waited, others may have displaced it in the cache
    kept: list[NDArray[np.uint8]] = [np.empty((0, SIDE, SIDE), np.uint8)]

    def pass_on() -> Iterator[Chunk]:
        room = LOOKED_AT
        for chunk in batch.chunks():
            kept.append(chunk.images[:room])
            room -= len(kept[-1])
            yield chunk

    reading = read_batch(replace(batch, chunks=pass_on), reader, progress)
    return Answers(reading, np.concatenate(kept))


def apply_corrections(frame: pd.DataFrame, corrections: dict[int, int]) -> pd.DataFrame:
    """The results table with the user's corrections, by row: the digits, and a column `corrected` that marks them."""
    corrected = frame["row"].map(corrections)
    digits = frame["digit"].where(corrected.isna(), corrected).astype(np.uint8)
    return frame.assign(digit=digits, corrected=corrected.notna())


def _show_figures(reading: BatchReading, corrections: dict[int, int]) -> None:
    frame = apply_corrections(reading.frame, corrections)
    row = st.container(horizontal=True)
    row.metric("Digits read", f"{len(frame):,}")
    row.metric("Not sure", f"{int(frame['unsure'].sum()):,}", help=explain("not sure", "threshold"))
    row.metric("Corrected by you", f"{int(frame['corrected'].sum()):,}")
    if "label" in frame:
        right = int((reading.frame["digit"] == reading.frame["label"]).sum())
        low, high = wilson_interval(right, len(frame))
        interval = f"95 % confidence interval: {low:.2%} to {high:.2%}."
        row.metric("Accuracy", f"{right / len(frame):.2%}", help=f"{explain('accuracy')} {interval}")


def _show_table(upload: Upload, answers: Answers, corrections: dict[int, int]) -> None:
    """A page of the results, each with its image; a digit that the user changes is a correction."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox("Order", list(ORDERS), width=190, **state.FILE_ORDER.widget)
        digit = st.selectbox("Read as", [state.ANY, *map(str, range(10))], width=100, **state.FILE_DIGIT.widget)
        unsure = st.toggle("Not sure only", **state.FILE_UNSURE.widget)
        frame = apply_corrections(answers.reading.frame.head(len(answers.images)), corrections)
        chosen = frame[(frame["digit"] == int(digit)) if digit != state.ANY else slice(None)]
        chosen = chosen[chosen["unsure"]] if unsure else chosen
        chosen = chosen.sort_values(*ORDERS[order][:1], ascending=ORDERS[order][1], kind="stable")
        pages = max(1, -(-len(chosen) // PER_PAGE))
        turned = state.FILE_PAGE.of(pages).widget
        page = st.number_input(f"Page of {pages:,}", 1, pages, 1, width=160, **turned) if pages > 1 else 1
    if not len(chosen):
        st.info("No digits match. Change the filters.", icon=":material/search_off:")
        return
    shown = chosen.iloc[(page - 1) * PER_PAGE : page * PER_PAGE]
    pictures = [to_data_url(edge(enlarge(as_paper(answers.images[place]), 2))) for place in shown.index]
    columns = [name for name in ("row", "name", "label") if name in shown]
    table = shown[[*columns, "digit", "confidence", "unsure", "second", "corrected"]].copy()
    table.insert(0, "image", pictures)
    key = state.ANSWERS_TABLE.of(upload.fingerprint[:8], *shown["row"])
    st.data_editor(
        table,
        hide_index=True,
        key=key.name,
        row_height=60,
        disabled=[name for name in table.columns if name != "digit"],
        on_change=_take_corrections,
        args=(key, upload.fingerprint, shown["row"].tolist(), answers.reading.frame),
        column_config={
            "image": st.column_config.ImageColumn("image"),
            "digit": st.column_config.NumberColumn("read as", min_value=0, max_value=9, step=1, required=True),
            "confidence": st.column_config.NumberColumn(format="percent"),
            "unsure": st.column_config.CheckboxColumn("not sure"),
            "second": st.column_config.NumberColumn("second choice"),
        },
    )
    more = len(answers.reading.frame) - len(answers.images)
    later = f" {more:,} more, after the first {len(answers.images):,}, are in the download only." if more > 0 else ""
    st.caption(f"{len(chosen):,} digits. To correct one, change it in the column *read as*.{later}")


def _take_corrections(key: state.Key[Any], fingerprint: str, rows: list[int], frame: pd.DataFrame) -> None:
    """Store what was changed in the table; a digit that is changed back to the reading is no correction."""
    corrections = state.CORRECTIONS.get()[fingerprint]
    edited = key.sent("edited_rows") or {}
    for place, change in edited.items():
        digit = change.get("digit")
        if not isinstance(digit, int) or not 0 <= digit <= 9 or not 0 <= int(place) < len(rows):
            continue  # a browser may send anything
        row = rows[int(place)]
        if digit == int(frame.loc[frame["row"] == row, "digit"].iloc[0]):
            corrections.pop(row, None)
        else:
            corrections[row] = digit


def _offer(upload: Upload, reading: BatchReading, corrections: dict[int, int]) -> None:
    """Downloads of the results, including corrections."""
    frame = apply_corrections(reading.frame, corrections)
    stem = Path(upload.name).stem[:60] or "digits"
    with st.container(horizontal=True):
        st.download_button(
            "Download results (.csv)",
            frame.to_csv(index=False, lineterminator="\n").encode(),
            f"{stem} read.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        try:
            content = make_submission(frame, reading.count)
        except DataError as error:
            st.caption(as_plain_text(f"No Kaggle submission can be made. {error}"))
            return
        st.download_button(
            "Download Kaggle submission (.csv)",
            content,
            "submission.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )


def _offer_mistakes(upload: Upload) -> None:
    """Offer to open a file with labels on the Mistakes page."""
    if problem := state.FILE_PROBLEM.pop():
        st.error(as_plain_text(problem), icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Add to the datasets to see the mistakes", icon=":material/add:", on_click=_add_to_data, args=(upload,)
        )
        if state.FILE_ADDED.get() == upload.fingerprint:
            st.page_link("pages/mistakes.py", label="See the mistakes", icon=":material/troubleshoot:")


def _add_to_data(upload: Upload) -> None:
    try:
        state.SOURCE.set(add_upload(upload.content, upload.name))
    except DigitrecError as error:
        state.FILE_PROBLEM.set(str(error))
    else:
        state.FILE_ADDED.set(upload.fingerprint)


def _show_bad(reading: BatchReading) -> None:
    if not reading.bad_count:
        return
    with st.expander(f"{reading.bad_count:,} could not be read", icon=":material/rule:", expanded=True):
        st.dataframe([asdict(one) for one in reading.bad], hide_index=True)
        if reading.bad_count > MAX_BAD:
            st.caption(f"The first {MAX_BAD} are listed.")
