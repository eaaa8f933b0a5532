"""Quality checks of a dataset: problems are found, counted and reported, never silently repaired.

Dataset -> `check` -> findings, each with the images it is about
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.dataset import PARTS, Dataset, Split

FAINT = 64  # of 255; an image whose strongest ink is below this is faint
CROWDED = 0.5  # fraction of the border under ink from which an image is probably inverted
_TITLES = {"train": "training", "test": "test"}
UNBALANCED = 1.5  # ratio of the most to the least frequent digit


@dataclass(frozen=True, eq=False)
class Finding:
    """One problem.

    Attributes
    ----------
    kind : a short name, the same in every dataset.
    sentence : what was found, how often, and whether it matters.
    split : "train" or "test"; if both share images, the one that `places` refers to.
    places : (k,) int64, indices of the images concerned; empty if it concerns all.
    """

    kind: str
    sentence: str
    split: str
    places: NDArray[np.int64]


def check(dataset: Dataset, benchmark: Split | None = None) -> tuple[Finding, ...]:
    """Run all checks of this module on a dataset.

    Parameters
    ----------
    benchmark : MNIST's test set, to count how many of its images are in the dataset; None to skip that.
    """
    splits = {name: dataset.part(name) for name in PARTS}
    found = [finding for name, split in splits.items() for finding in _check_split(name, split)]
    if benchmark is not None:
        found += [finding for name, split in splits.items() for finding in _check_benchmark(name, split, benchmark)]
    return (*found, *_check_overlap(dataset.train, dataset.test))


def _check_split(name: str, split: Split) -> Iterator[Finding]:
    if len(split) == 0:
        yield Finding("empty", f"The {_TITLES[name]} set has no images.", name, _none())
        return
    flat = split.images.reshape(len(split), -1)
    low, high = flat.min(axis=1), flat.max(axis=1)
    yield from _some("constant", "a single grey level, and so show nothing", name, low == high)
    yield from _some("faint", f"hardly any ink (under {FAINT} of 255)", name, (high < FAINT) & (low != high))
    yield from _some("inverted", "ink along most of their border, and are probably inverted", name, _is_inverted(split))
    repeats = len(split) - len(np.unique(row_keys(split.images)))
    if repeats:
        places = _repeated(row_keys(split.images))
        sentence = (
            f"{repeats:,} of the {_TITLES[name]} images repeat an earlier one, pixel for pixel; they count twice."
        )
        yield Finding("duplicate", sentence, name, places)
    yield from _check_classes(name, split.labels)


def _check_classes(name: str, labels: NDArray[np.uint8]) -> Iterator[Finding]:
    wrong = np.flatnonzero(labels > 9)
    if len(wrong):
        yield Finding("label", f"{len(wrong):,} of the {_TITLES[name]} labels are not 0 to 9.", name, wrong)
    counts = np.bincount(labels[labels <= 9], minlength=10)
    absent = np.flatnonzero(counts == 0)
    if len(absent):
        digits = ", ".join(map(str, absent))
        yield Finding(
            "absent",
            f"There is no {digits} among the {_TITLES[name]} images, so a network cannot learn it.",
            name,
            _none(),
        )
    elif counts.max() > UNBALANCED * counts.min():
        sentence = (
            f"Of the {_TITLES[name]} images, {counts.max():,} are labelled {counts.argmax()} and only {counts.min():,} "
            f"{counts.argmin()}: accuracy on the rare digit will be lower."
        )
        yield Finding("imbalance", sentence, name, _none())


def _check_overlap(train: Split, test: Split) -> Iterator[Finding]:
    shared = np.flatnonzero(np.isin(row_keys(test.images), row_keys(train.images)))
    if len(shared):
        sentence = f"{len(shared):,} of the test images are also training images, so accuracy on them means little."
        yield Finding("leak", sentence, "test", shared)


def _check_benchmark(name: str, split: Split, benchmark: Split) -> Iterator[Finding]:
    shared = np.flatnonzero(np.isin(row_keys(split.images), row_keys(benchmark.images)))
    if len(shared):
        sentence = f"{len(shared):,} of the {_TITLES[name]} images are in MNIST's test set, pixel for pixel."
        yield Finding("benchmark", sentence, name, shared)


def row_keys(images: NDArray[np.uint8]) -> NDArray[np.void]:
    """One value for each (h, w) image, (n,); two are equal if all their pixels are."""
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
        yield Finding(kind, f"{len(places):,} of the {_TITLES[split]} images have {what}.", split, places)


def _none() -> NDArray[np.int64]:
    return np.array([], np.int64)
