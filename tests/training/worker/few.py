"""A training set so small that a model can be made within a test: how many of each there are."""

import numpy as np

from digitrec.datasets import Split
from digitrec.datasets.dataset import take_images
from digitrec.datasets.sources.mnist import split_mnist

FEW = {
    "SCAN_COPIES": 1,
    "PEN_COPIES": 1,
    "VARIED_COPIES": 1,
    "WRITTEN": 4,
    "NONDIGITS": 20,
    "LETTERS": 30,
    "PATH_NONDIGITS": 5,
    "PATH_LETTERS": 10,
    "PATH_WRITTEN": 2,
}


def split_few(train: Split) -> tuple[Split, Split]:
    training, validation = split_mnist(train)
    return take_images(training, np.arange(0, len(training), 60)), take_images(
        validation, np.arange(0, len(validation), 30)
    )
