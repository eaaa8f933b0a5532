"""Data, models and results that are loaded or computed once and shared by all sessions.

Datasets are cached by name and file stamp, and results computed from them by fingerprint. A file that was replaced is
therefore loaded again, and results computed from the old file are not shown for the new one.
"""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Finding, Progress, benchmark_for, check, data_folder, dataset_stamp, load_dataset
from digitrec.datasets.exploration.neighbours import Index, make_index
from digitrec.datasets.exploration.pixels import PixelSummary, summarise
from digitrec.datasets.exploration.properties import measure_images
from digitrec.datasets.sources.pen import PenDigit, load_pen_digits
from digitrec.datasets.synthetic.composing import Writer, image_writers
from digitrec.errors import DataError, writing
from digitrec.evaluation.cross_validation import read_held_out
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.registry import find_model
from digitrec.reading.map_preferences import Preference, find_preferences
from digitrec.reading.numbers.readers import NumberReader, choose_number_reader
from digitrec.reading.numbers.sequence import SequenceReader, load_sequence_reader
from digitrec.storage import cache_folder, cached_file, write_rows
from digitrec.ui import state
from digitrec.ui.jobs import wait_for
from digitrec.ui.models.choice import chosen_model

EXAMPLES = 200  # bundled digits by which the maps of a network are compared
READ_AT_ONCE = 640  # images read between two reports of progress


def classifier(folder: Path | None = None) -> Classifier:
    """Cached: the classifier in a model's folder; None: that of the model chosen in this session."""
    return _load_classifier(*_when(chosen_model() if folder is None else find_model(folder)))


def _when(folder: Path) -> tuple[str, float]:
    """A model's folder, and the modification time of its card."""
    card = folder / "card.json"
    return str(folder), card.stat().st_mtime if card.is_file() else 0.0


@st.cache_resource(show_spinner="Loading the model …", max_entries=16)
def _load_classifier(folder: str, written: float) -> Classifier:
    """Load a classifier, again if `written` has changed."""
    del written
    return load_classifier(Path(folder))


def map_preferences(reader: Classifier) -> dict[str, tuple[Preference, ...]]:
    """Cached: what each feature map of a classifier looks for, by layer."""
    return _find_preferences(reader.card.files.get("model.tflite"), reader)


@st.cache_resource(show_spinner=False, max_entries=16)
def _find_preferences(fingerprint: str | None, _reader: Classifier) -> dict[str, tuple[Preference, ...]]:
    del fingerprint
    examples = load_dataset("uci").test
    return find_preferences(_reader, examples.images[:EXAMPLES], examples.labels[:EXAMPLES])


def number_reader() -> NumberReader:
    """Cached: the session's reader of numbers."""
    return choose_number_reader(
        state.NUMBER_MODEL.get(), classifier(), lambda folder: _load_sequence_reader(*_when(folder))
    )


@st.cache_resource(show_spinner="Loading the model …", max_entries=4)
def _load_sequence_reader(folder: str, written: float) -> SequenceReader:
    del written
    return load_sequence_reader(Path(folder))


def pen_digits() -> tuple[PenDigit, ...]:
    """Cached: the pen digits of the data folder; none if their file is missing or damaged."""
    return _load_pen_digits(str(data_folder()), dataset_stamp("pen"))


@st.cache_resource(show_spinner="Loading the pen digits …", max_entries=2)
def _load_pen_digits(folder: str, stamp: str) -> tuple[PenDigit, ...]:
    del folder, stamp
    try:
        return load_pen_digits()
    except DataError:
        return ()


def dataset(name: str) -> Dataset:
    """Cached: a dataset with read-only arrays, loaded again if one of its files has changed."""
    key = ("dataset", str(data_folder()), name, dataset_stamp(name))
    data: Dataset = wait_for(key, "Loading the digits", lambda progress: load_dataset(name, progress))
    return data


def _fingerprint(data: Dataset) -> str:
    return data.fingerprint


_by_content = partial(st.cache_resource, hash_funcs={Dataset: _fingerprint}, max_entries=12)


def findings(data: Dataset) -> tuple[Finding, ...]:
    """Cached: the quality problems of a dataset."""
    return _find(data, dataset_stamp("mnist"))


@_by_content(show_spinner="Checking the digits …")
def _find(data: Dataset, mnist_stamp: str) -> tuple[Finding, ...]:
    del mnist_stamp  # other datasets are searched for MNIST's test images
    return check(data, benchmark_for(data))


@_by_content(show_spinner="Measuring the digits …")
def properties(data: Dataset, part: str) -> pd.DataFrame:
    """Cached: the result of `measure_images` for a dataset's part, "train" or "test"."""
    split = data.part(part)
    return measure_images(split.images, split.labels)


@_by_content(show_spinner="Averaging the digits …")
def pixel_summary(data: Dataset, part: str) -> PixelSummary:
    """Cached: the result of `summarise` for a dataset's part, "train" or "test"."""
    split = data.part(part)
    return summarise(split.images, split.labels)


@_by_content(show_spinner="Sorting the digits by writer …")
def writers_of(data: Dataset, part: str) -> tuple[Writer, ...]:
    """Cached: the writers of a dataset's part, "train" or "test", to compose numbers from."""
    return image_writers(data.part(part))


def probabilities(reader: Classifier, data: Dataset, part: str = "test") -> NDArray[np.float32]:
    """Cached: a model's predictions for a dataset's part, (n, 10) float32; each row sums to 1."""
    images = data.part(part).images

    def read(progress: Progress) -> NDArray[np.float32]:
        parts = [np.empty((0, 10), np.float32)]
        for start in range(0, len(images), READ_AT_ONCE):
            parts.append(reader.predict_proba(images[start : start + READ_AT_ONCE]))
            progress(min(start + READ_AT_ONCE, len(images)) / len(images))
        return np.concatenate(parts)

    predictions: NDArray[np.float32] = wait_for(
        ("probabilities", *prediction_key(reader, data, part)), f"Reading with {reader.card.name}", read
    )
    return predictions


def prediction_key(reader: Classifier, data: Dataset, part: str) -> tuple[str | None, str, str]:
    """The key under which predictions for a part of a dataset are cached: the contents of both."""
    return reader.card.files.get("model.tflite"), data.fingerprint, part


def held_out(data: Dataset) -> NDArray[np.float32]:
    """Cached: cross-validated predictions for a dataset's training images, (n, 10) float32."""
    key = ("held out", data.fingerprint)
    predictions: NDArray[np.float32] = wait_for(key, "Training three networks", partial(read_held_out, data))
    return predictions


def neighbours_index(reader: Classifier, data: Dataset) -> Index:
    """Cached: an index to search a dataset's training images for neighbours, by a model's features.

    The features of 60,000 images take 276 MB, so they are read from a memory-mapped cache file.
    """
    name = f"{data.fingerprint}-{reader.card.files.get('model.tflite', reader.card.name)[:12]}.npy"

    def compute(progress: Progress) -> Index:
        with writing(f"a network's activations to {cache_folder()}", DataError, "Make room, or set DIGITREC_CACHE."):
            rows = partial(write_rows, reader.features, data.train.images, progress)
            return make_index(np.load(cached_file("features", name, rows), mmap_mode="r", allow_pickle=False))

    index: Index = wait_for(("features", str(cache_folder()), name), "Finding nearest neighbours", compute)
    return index
