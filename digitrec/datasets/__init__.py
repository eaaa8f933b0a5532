"""The digits that people wrote: where they come from, checked and loaded.

source -> files in the data folder -> `Dataset` (images, labels, writers) -> `check` -> what is odd about them

A new source is one function that gives a `Dataset`, and one entry in `SOURCES`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from digitrec.datasets.dataset import Dataset, Progress, Split, data_folder, silent
from digitrec.datasets.quality import Finding, check
from digitrec.datasets.sources import both, kaggle, mnist, pen, uci, uploads
from digitrec.errors import DataError
from digitrec.storage import file_stamp

__all__ = [
    "SOURCES",
    "Dataset",
    "Finding",
    "Progress",
    "Source",
    "Split",
    "benchmark_for",
    "check",
    "data_folder",
    "dataset_stamp",
    "is_there",
    "load_dataset",
    "titles",
]


@dataclass(frozen=True)
class Source:
    """Where digits come from.

    Attributes
    ----------
    title : for people, short: links carry it.
    about : what it is, in a few words.
    load : gives the dataset, or raises DataError; it is handed something to tell its progress to.
    needs : files in the data folder without which it cannot be loaded; none where it comes with digitrec.
    extras : other files in the data folder that it reads if they are there.
    can_fetch : True where `load` fetches what is missing.
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


def load_dataset(name_or_path: str | Path, progress: Progress = silent) -> Dataset:
    """Load a dataset by its name in `titles`, or from a .csv, a .npz, or a folder of pictures in subfolders 0 to 9.

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
        return SOURCES[str(name_or_path)].load(progress)
    if name_or_path in uploads.list_own():
        return uploads.load_own(str(name_or_path), progress)
    path = Path(name_or_path)
    if path.is_dir() or path.suffix.lower() in (".csv", ".npz"):
        return uploads.load_path(path, progress)
    raise DataError(
        f"Expected the name of a dataset ({', '.join(SOURCES)}), a .csv, a .npz, or a folder of pictures. "
        f"Received: {str(name_or_path)!r}. Check its name."
    )


def dataset_stamp(name: str) -> str:
    """A text that changes when a file of the dataset is replaced, changed, added or removed; no file is read for it."""
    source = SOURCES.get(name)
    paths = (
        uploads.files_of(name) if source is None else [data_folder() / path for path in source.needs + source.extras]
    )
    return file_stamp(paths)


def titles() -> dict[str, str]:
    """The name and title of each dataset that can be loaded without fetching anything."""
    return {name: source.title for name, source in SOURCES.items() if is_there(name)} | uploads.list_own()


def is_there(name: str) -> bool:
    """Whether a source of `SOURCES` can be loaded without fetching anything."""
    spared = mnist.HASHES if (data_folder() / mnist.KERAS_FILE).is_file() else ()  # which that one file stands for
    return all((data_folder() / path).is_file() for path in SOURCES[name].needs if path not in spared)


def benchmark_for(dataset: Dataset) -> Split | None:
    """MNIST's test images, which `check` looks for in other datasets; None where they are not there, or it is MNIST."""
    try:
        return load_dataset("mnist").test if dataset.name != "mnist" and is_there("mnist") else None
    except DataError:  # damaged, which is told where MNIST itself is chosen
        return None
