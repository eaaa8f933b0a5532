"""What is loaded once and shared by all sessions. The core stays undecorated."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Finding, Progress, benchmark_for, check, data_folder, load_dataset
from digitrec.datasets.exploration.neighbours import Index, make_index
from digitrec.datasets.exploration.pixels import PixelSummary, summarise
from digitrec.datasets.exploration.properties import measure_images
from digitrec.datasets.sources.pen import PenDigit, load_pen_digits
from digitrec.datasets.synthetic.composing import Writer, image_writers
from digitrec.errors import DataError
from digitrec.evaluation.cross_validation import read_held_out
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.registry import find_model
from digitrec.reading.numbers.readers import NumberReader, choose_number_reader
from digitrec.reading.numbers.sequence import SequenceReader, load_sequence_reader
from digitrec.storage import fingerprint, write_rows
from digitrec.ui import state
from digitrec.ui.jobs import wait_for
from digitrec.ui.models.choice import chosen_model

READ_AT_ONCE = 640  # images, between two looks at how far it is


def classifier(folder: Path | None = None) -> Classifier:
    """The classifier of a model's folder; None: of the model that the session reads with."""
    return _load_classifier(*_when(chosen_model() if folder is None else find_model(folder)))


def _when(folder: Path) -> tuple[str, float]:
    """A model's folder and when it was written."""
    card = folder / "card.json"
    return str(folder), card.stat().st_mtime if card.is_file() else 0.0


@st.cache_resource(show_spinner="Loading the network …", max_entries=16)
def _load_classifier(folder: str, written: float) -> Classifier:
    """Loaded again where the model has been `written` anew."""
    del written
    return load_classifier(Path(folder))


def number_reader() -> NumberReader:
    """What the session reads numbers with."""
    return choose_number_reader(
        state.NUMBER_MODEL.get(), classifier(), lambda folder: _load_sequence_reader(*_when(folder))
    )


@st.cache_resource(show_spinner="Loading the network …", max_entries=4)
def _load_sequence_reader(folder: str, written: float) -> SequenceReader:
    del written
    return load_sequence_reader(Path(folder))


@st.cache_resource(show_spinner="Loading the pen digits …")
def pen_digits() -> tuple[PenDigit, ...]:
    """The pen digits of the data folder; none where they are not there."""
    try:
        return load_pen_digits()
    except DataError:
        return ()


def dataset(name: str) -> Dataset:
    """A dataset, its read-only arrays there once for all sessions."""
    key = ("dataset", str(data_folder()), name)
    data: Dataset = wait_for(key, "Loading the digits", lambda progress: load_dataset(name, progress))
    return data


@st.cache_resource(show_spinner="Checking the digits …")
def findings(name: str) -> tuple[Finding, ...]:
    """What is odd about a dataset."""
    data = dataset(name)
    return check(data, benchmark_for(data))


@st.cache_resource(show_spinner="Measuring the digits …")
def properties(name: str, part: str) -> pd.DataFrame:
    """What `measure_images` says of each image of a dataset's part, "train" or "test"."""
    split = dataset(name).part(part)
    return measure_images(split.images, split.labels)


@st.cache_resource(show_spinner="Averaging the digits …")
def pixel_summary(name: str, part: str) -> PixelSummary:
    """What `summarise` says of a dataset's part, "train" or "test"."""
    split = dataset(name).part(part)
    return summarise(split.images, split.labels)


@st.cache_resource(show_spinner="Sorting the digits by who wrote them …", max_entries=4)
def writers_of(name: str, part: str) -> tuple[Writer, ...]:
    """Who wrote a dataset's part, "train" or "test", to compose numbers of."""
    return image_writers(dataset(name).part(part))


def probabilities(reader: Classifier, data: Dataset, part: str = "test") -> NDArray[np.float32]:
    """What a model answers to a part of a dataset, (n, 10), read once for all sessions."""
    images = data.part(part).images

    def read(progress: Progress) -> NDArray[np.float32]:
        parts = [np.empty((0, 10), np.float32)]
        for start in range(0, len(images), READ_AT_ONCE):
            parts.append(reader.predict_proba(images[start : start + READ_AT_ONCE]))
            progress(min(start + READ_AT_ONCE, len(images)) / len(images))
        return np.concatenate(parts)

    answers: NDArray[np.float32] = wait_for(
        ("probabilities", *exam_key(reader, data, part)), f"{reader.card.name} is reading", read
    )
    return answers


def exam_key(reader: Classifier, data: Dataset, part: str) -> tuple[str | None, str, str, str]:
    """What tells a model's answers to a part of a dataset from all others."""
    return reader.card.files.get("model.tflite"), str(data_folder()), data.name, part


def held_out(data: Dataset) -> NDArray[np.float32]:
    """What networks answer to the training part of a dataset that have not learned from it, (n, 10)."""
    key = ("held out", str(data_folder()), data.name)
    answers: NDArray[np.float32] = wait_for(key, "Three networks are learning", partial(read_held_out, data))
    return answers


def neighbours_index(reader: Classifier, data: Dataset) -> Index:
    """What a model's last layer sees of a dataset's training part, to look for neighbours among.

    It is kept as a file in the data folder and read from there, since 60,000 rows of it would fill 276 MB of memory.
    """
    images = data.train.images
    network = reader.card.files.get("model.tflite", reader.card.name)[:12]
    path = data_folder() / "features" / f"{data.name}-{fingerprint(images)}-{network}.npy"

    def see(progress: Progress) -> Index:
        if not path.is_file():
            try:
                write_rows(path, reader.features, images, progress)
            except OSError as error:
                raise DataError(
                    f"Expected to keep what the network sees in {path.parent}, {len(images):,} images of it. "
                    f"Received: {error.strerror}. Make room there, or set DIGITREC_DATA to another folder."
                ) from None
        return make_index(np.load(path, mmap_mode="r", allow_pickle=False))

    index: Index = wait_for(("features", str(path)), "Looking for neighbours", see)
    return index
