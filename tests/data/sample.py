"""The sample of MNIST and of the pen digits that travels with the tests. README.md beside it has the details."""

import gzip
from pathlib import Path

import numpy as np

from digitrec.datasets import Dataset, Split
from digitrec.datasets.sources.pen import PenDigit, parse_unipen

HERE = Path(__file__).parent


def load_mnist() -> Dataset:
    """1,000 images of MNIST's training part and 940 of its test part, with their writers."""
    with np.load(HERE / "mnist.npz") as arrays:
        train, test = (Split(*(arrays[f"{key}_{part}"] for key in ("x", "y", "writers"))) for part in ("train", "test"))
    return Dataset("mnist-sample", train, test, "A sample of MNIST (LeCun, Cortes, Burges)", "CC BY-SA 3.0")


def load_pen_digits() -> tuple[PenDigit, ...]:
    """The 1,499 digits of the writers who are held out."""
    return parse_unipen(read_pen())


def read_pen() -> str:
    """Their UNIPEN text."""
    return gzip.decompress((HERE / "pen.tra.gz").read_bytes()).decode("latin-1")
