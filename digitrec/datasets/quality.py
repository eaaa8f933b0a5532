"""What is odd about a dataset: found, counted and named, never silently repaired.

Dataset -> `check` -> findings, each with the images it is about
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.dataset import PARTS, Dataset, Split

FAINT = 64  # of 255; the strongest ink of an image that is hardly there
CROWDED = 0.5  # of the border under ink; then ink and paper are probably the wrong way round
UNBALANCED = 1.5  # times as many of the commonest digit as of the rarest


@dataclass(frozen=True, eq=False)
class Finding:
    """One thing that is odd.

    Attributes
    ----------
    kind : a short name, the same for the same thing in every dataset.
    sentence : what was found, how often, and whether it matters.
    split : "train" or "test"; where two splits share images, the one whose places are named.
    places : (k,) int64, which images of the split it is about; empty where it is about all.
    """

    kind: str
    sentence: str
    split: str
    places: NDArray[np.int64]


def check(dataset: Dataset, benchmark: Split | None = None) -> tuple[Finding, ...]:
    """Look for everything that this module knows of; nothing found, an empty tuple.

    Parameters
    ----------
    benchmark : MNIST's test images, to count how many of them are among these; None where that does not matter.
    """
    splits = {name: dataset.part(name) for name in PARTS}
    found = [finding for name, split in splits.items() for finding in _check_split(name, split)]
    if benchmark is not None:
        found += [finding for name, split in splits.items() for finding in _check_benchmark(name, split, benchmark)]
    return (*found, *_check_overlap(dataset.train, dataset.test))


def _check_split(name: str, split: Split) -> Iterator[Finding]:
    if len(split) == 0:
        yield Finding("empty", f"There are no images to {name} with.", name, _none())
        return
    flat = split.images.reshape(len(split), -1)
    low, high = flat.min(axis=1), flat.max(axis=1)
    yield from _some("constant", "one grey all over: they show nothing", name, low == high)
    yield from _some("faint", f"hardly any ink (under {FAINT} of 255)", name, (high < FAINT) & (low != high))
    yield from _some("inverted", "more ink than paper on the border: probably dark on light", name, _is_inverted(split))
    repeats = len(split) - len(np.unique(row_keys(split.images)))
    if repeats:
        places = _repeated(row_keys(split.images))
        sentence = f"{repeats:,} of the {name} images occur before in it, pixel for pixel; they count twice."
        yield Finding("duplicate", sentence, name, places)
    yield from _check_classes(name, split.labels)


def _check_classes(name: str, labels: NDArray[np.uint8]) -> Iterator[Finding]:
    wrong = np.flatnonzero(labels > 9)
    if len(wrong):
        yield Finding("label", f"{len(wrong):,} of the {name} labels are not 0 to 9.", name, wrong)
    counts = np.bincount(labels[labels <= 9], minlength=10)
    absent = np.flatnonzero(counts == 0)
    if len(absent):
        digits = ", ".join(map(str, absent))
        yield Finding("absent", f"The {name} images have no {digits}: it cannot be learned from them.", name, _none())
    elif counts.max() > UNBALANCED * counts.min():
        sentence = (
            f"Of the {name} images {counts.max():,} are a {counts.argmax()} and only {counts.min():,} "
            f"a {counts.argmin()}: the rare digit will be read worse."
        )
        yield Finding("imbalance", sentence, name, _none())


def _check_overlap(train: Split, test: Split) -> Iterator[Finding]:
    shared = np.flatnonzero(np.isin(row_keys(test.images), row_keys(train.images)))
    if len(shared):
        sentence = f"{len(shared):,} of the test images are training images too: accuracy on them means little."
        yield Finding("leak", sentence, "test", shared)


def _check_benchmark(name: str, split: Split, benchmark: Split) -> Iterator[Finding]:
    shared = np.flatnonzero(np.isin(row_keys(split.images), row_keys(benchmark.images)))
    if len(shared):
        sentence = f"{len(shared):,} of the {name} images are in MNIST's test set, pixel for pixel."
        yield Finding("benchmark", sentence, name, shared)


def row_keys(images: NDArray[np.uint8]) -> NDArray[np.void]:
    """Each (h, w) image as one value that is equal where all its pixels are; (n,)."""
    flat = np.ascontiguousarray(images).reshape(len(images), math.prod(images.shape[1:]))
    return flat.view(np.dtype((np.void, flat.shape[1]))).ravel()


def _repeated(keys: NDArray[np.void]) -> NDArray[np.int64]:
    first = np.unique(keys, return_index=True)[1]
    return np.setdiff1d(np.arange(len(keys)), first)


def _is_inverted(split: Split) -> NDArray[np.bool_]:
    images = split.images
    border = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    return (border > 127).mean(axis=1) > CROWDED


def _some(kind: str, what: str, split: str, is_odd: NDArray[np.bool_]) -> Iterator[Finding]:
    places = np.flatnonzero(is_odd)
    if len(places):
        yield Finding(kind, f"{len(places):,} of the {split} images have {what}.", split, places)


def _none() -> NDArray[np.int64]:
    return np.array([], np.int64)
