"""The catalogue of datasets: which sources there are, and loading a dataset by its name or from a file.

A new source is one function that returns a `Dataset`, and one entry in `SOURCES`.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from digitrec.datasets.dataset import Dataset, Progress, Split, silent
from digitrec.datasets.sources import both, kaggle, local_files, mnist, pen, uci, uploads
from digitrec.errors import DataError
from digitrec.storage import StrPath, data_folder, file_stamp


@dataclass(frozen=True)
class Source:
    """A source of digits.

    Attributes
    ----------
    title : short title for users.
    about : a description in a few words.
    load : returns the dataset, or raises DataError; reports its progress to its argument.
    needs : the files in the data folder that it is loaded from; none if it comes with digitrec.
    extras : other files in the data folder that it reads if they are there.
    can_fetch : True if `load` downloads missing files.
    """

    title: str
    about: str
    load: Callable[[Progress], Dataset]
    needs: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    can_fetch: bool = False


SOURCES = {
    "mnist": Source("MNIST", "70,000 scans", lambda _: mnist.load(), tuple(mnist.HASHES), mnist.EXTRAS, can_fetch=True),
    "pen": Source("Pen digits", "7,494 drawings", pen.load, (pen.PATH,)),
    "both": Source("MNIST and pen digits", "what the shipped models learned from", both.load, both.NEEDS, mnist.EXTRAS),
    "kaggle": Source("Kaggle", "Digit Recognizer", lambda _: kaggle.load(), (f"{kaggle.FOLDER}/train.csv",)),
    "uci": Source("UCI digits", "1,797 small scans", lambda _: uci.load()),
}


def load_dataset(name_or_path: StrPath, progress: Progress = silent) -> Dataset:
    """Load a dataset by its name in `titles`, or from a .csv, a .npz, or a folder of pictures in subfolders 0 to 9.

    Text that is a name is taken for the name; write ./uci for a folder called uci.

    Examples
    --------
    >>> data = load_dataset("mnist")
    >>> data.train.images.shape, data.test.labels.dtype
    ((60000, 28, 28), dtype('uint8'))

    Raises
    ------
    DataError, if there is no such source, or its files are missing or damaged.
    """
    if name_or_path in SOURCES:
        return SOURCES[str(name_or_path)].load(progress)
    if name_or_path in uploads.list_own():
        return uploads.load_own(str(name_or_path), progress)
    path = Path(name_or_path)
    if path.is_dir() or path.suffix.lower() in (".csv", ".npz"):
        return local_files.load_path(path, progress)
    raise DataError(
        f"Expected the name of a dataset ({', '.join(SOURCES)}), a .csv, a .npz, or a folder of pictures. "
        f"Received: {os.fspath(name_or_path)!r}. Check its name."
    )


def dataset_stamp(name: str) -> str:
    """A text that changes when a file of the dataset is replaced, changed, added or removed; no file is read for it."""
    source = SOURCES.get(name)
    paths = (
        uploads.files_of(name) if source is None else [data_folder() / path for path in source.needs + source.extras]
    )
    return file_stamp(paths)


def titles() -> dict[str, str]:
    """The name and title of each dataset that can be loaded without a download."""
    return {name: source.title for name, source in SOURCES.items() if is_available(name)} | uploads.list_own()


def is_available(name: str) -> bool:
    """Whether a source of `SOURCES` can be loaded without a download."""
    spared = mnist.HASHES if (data_folder() / mnist.KERAS_FILE).is_file() else ()  # which that file replaces
    return all((data_folder() / path).is_file() for path in SOURCES[name].needs if path not in spared)


def benchmark_for(dataset: Dataset) -> Split | None:
    """The dataset that others are checked against for copies: MNIST's test set; None for MNIST, or if it is missing."""
    try:
        return load_dataset("mnist").test if dataset.name != "mnist" and is_available("mnist") else None
    except DataError:  # damaged, which is reported when MNIST itself is loaded
        return None
