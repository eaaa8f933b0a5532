"""Draws the sample that travels with the tests from MNIST, QMNIST's label files and the UCI pen digits.

    DIGITREC_DATA=<folder that has them> python -m tests.data.make

The same arrays and the same text come out each time. README.md beside this file names the sources and licences.
"""

import gzip
import re
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets import Split, load_dataset
from digitrec.datasets.sources.download import read_checked
from digitrec.datasets.sources.pen import HELD_OUT_WRITERS, PATH, SHA256

HERE = Path(__file__).parent
WRITERS = 50  # at most, of each of MNIST's two parts; in the test part 47 wrote enough
EACH = 2  # images of each digit by each writer, so that the digits are balanced


def choose(split: Split) -> NDArray[np.int64]:
    """Indices of the first `EACH` images of each digit by the first `WRITERS` writers with so many, ascending."""
    assert split.writers is not None
    chosen: list[NDArray[np.int64]] = []
    for writer in np.unique(split.writers):
        by_digit = [np.flatnonzero((split.writers == writer) & (split.labels == digit)) for digit in range(10)]
        if min(map(len, by_digit)) >= EACH:
            chosen.append(np.concatenate([indices[:EACH] for indices in by_digit]))
    return np.sort(np.concatenate(chosen[:WRITERS]))


def sample_mnist() -> dict[str, NDArray[np.generic]]:
    """The arrays of mnist.npz: images, labels, writers and MNIST's indices of each part."""
    mnist = load_dataset("mnist")
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, split in (("train", mnist.train), ("test", mnist.test)):
        assert split.writers is not None
        indices = choose(split)
        arrays |= {f"x_{name}": split.images[indices], f"y_{name}": split.labels[indices]}
        arrays |= {f"writers_{name}": split.writers[indices], f"indices_{name}": indices.astype(np.int32)}
    return arrays


def sample_pen() -> str:
    """The UNIPEN text of the writers who are held out, as published."""
    head, *segments = re.split(r"(?=^\.SEGMENT DIGIT)", read_published(), flags=re.MULTILINE)
    return head + "".join(one for one in segments if writer_of(one) in HELD_OUT_WRITERS)


def read_published() -> str:
    """The whole file's text."""
    return gzip.decompress(read_checked(PATH, SHA256)).decode("latin-1")


def writer_of(segment: str) -> int:
    """The second word of a segment's comment."""
    return int(segment.split(".COMMENT", 1)[1].split()[1])


def main() -> None:
    """Write the two files."""
    np.savez_compressed(HERE / "mnist.npz", **sample_mnist())  # type: ignore[arg-type]
    (HERE / "pen.tra.gz").write_bytes(gzip.compress(sample_pen().encode("latin-1"), 9, mtime=0))
    for path in (HERE / "mnist.npz", HERE / "pen.tra.gz"):
        sys.stdout.write(f"{path.name}: {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
