"""What Keras's `summary` says of each network of the catalogue, as files: the app never loads Keras.

`python -m digitrec.training.worker.summaries` writes them.
"""

from pathlib import Path


def path_of(name: str) -> Path:
    """The file of the network of that name."""
    return Path(__file__).parent / f"{name}.txt"


def read_summary(name: str) -> str:
    """The summary of the network of that name, scaled as its authors published it."""
    return path_of(name).read_text(encoding="utf-8")
