"""The digits that people wrote: where they come from, checked and loaded.

source -> files in the data folder -> `Dataset` (images, labels, writers)
"""

from collections.abc import Callable

from digitrec.datasets import mnist, pen
from digitrec.datasets.dataset import Dataset, Split, data_folder
from digitrec.errors import DataError

__all__ = ["SOURCES", "Dataset", "Split", "data_folder", "load_dataset"]

SOURCES: dict[str, Callable[[], Dataset]] = {"mnist": mnist.load, "pen": pen.load}


def load_dataset(name: str) -> Dataset:
    """Load a dataset by its name in `SOURCES`.

    Examples
    --------
    >>> data = load_dataset("mnist")
    >>> data.train.images.shape, data.test.labels.dtype
    ((60000, 28, 28), dtype('uint8'))

    Raises
    ------
    DataError, where there is no such source, or its files are missing or damaged.
    """
    if name not in SOURCES:
        raise DataError(f"Expected the name of a dataset: {', '.join(SOURCES)}. Received: {name!r}.")
    return SOURCES[name]()
