"""The digits that people wrote: where they come from, checked and loaded.

source -> files in the data folder -> `Dataset` (images, labels, writers) -> `check` -> what is odd about them

A new source is one function that gives a `Dataset`, and one entry in `SOURCES`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from digitrec.datasets import files, kaggle, mnist, pen, uci
from digitrec.datasets.checks import Finding, check
from digitrec.datasets.dataset import Dataset, Split, data_folder
from digitrec.errors import DataError

__all__ = ["SOURCES", "Dataset", "Finding", "Source", "Split", "check", "data_folder", "is_there", "load_dataset"]


@dataclass(frozen=True)
class Source:
    """Where digits come from.

    Attributes
    ----------
    title : for people.
    load : gives the dataset, or raises DataError.
    needs : files in the data folder without which it cannot be loaded; none where it comes with digitrec.
    can_fetch : True where `load` fetches what is missing.
    """

    title: str
    load: Callable[[], Dataset]
    needs: tuple[str, ...] = ()
    can_fetch: bool = False


SOURCES = {
    "mnist": Source("MNIST, 70,000 scans", mnist.load, tuple(mnist.HASHES), can_fetch=True),
    "pen": Source("Pen digits, 7,494 drawings", pen.load, (pen.PATH,)),
    "kaggle": Source("Kaggle's Digit Recognizer", kaggle.load, (f"{kaggle.FOLDER}/train.csv",)),
    "uci": Source("UCI digits, 1,797 small scans", uci.load),
}


def load_dataset(name_or_path: str | Path) -> Dataset:
    """Load a dataset by its name in `SOURCES`, or from a .csv, a .npz, or a folder of pictures in subfolders 0 to 9.

    Examples
    --------
    >>> data = load_dataset("mnist")
    >>> data.train.images.shape, data.test.labels.dtype
    ((60000, 28, 28), dtype('uint8'))

    Raises
    ------
    DataError, where there is no such source, or its files are missing or damaged.
    """
    if name_or_path in SOURCES:
        return SOURCES[str(name_or_path)].load()
    path = Path(name_or_path)
    if path.is_dir():
        return files.load_folder(path)
    if path.suffix.lower() == ".csv":
        return kaggle.load_files(path)
    if path.suffix.lower() == ".npz":
        return files.load_npz(path)
    raise DataError(
        f"Expected the name of a dataset ({', '.join(SOURCES)}), a .csv, a .npz, or a folder of pictures. "
        f"Received: {str(name_or_path)!r}. Check its name."
    )


def is_there(name: str) -> bool:
    """Whether a source of `SOURCES` can be loaded without fetching anything."""
    return all((data_folder() / path).is_file() for path in SOURCES[name].needs) or (
        name == "mnist" and (data_folder() / mnist.KERAS_FILE).is_file()
    )
