"""What networks answer to images that they have not learned from, so that an error in a label is not known by heart.

data -> `read_held_out` -> three networks, each taught with two thirds and reading the last -> probabilities

The networks are trained in a process of their own (`worker.folds`). The answers are kept in the data folder.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Progress, data_folder
from digitrec.errors import DataError, RunError
from digitrec.storage import fingerprint

FEWEST = 60  # images, so that each network learns from a few of each digit
NETWORK = "digitrec-fast"


def held_out_path(data: Dataset) -> Path:
    """Where the answers for the training part of `data`, as it is now, are kept."""
    name = fingerprint(data.train.images, data.train.labels)
    return data_folder() / "held-out" / f"{NETWORK}-{len(data.train)}-{name}.npy"


def read_held_out(data: Dataset, progress: Progress) -> NDArray[np.float32]:
    """What a network that has learned from neither it nor its writer answers to each image of the training part.

    It takes some 40 seconds for 60,000 images on 2 cores; from then on the answers are there at once.

    Returns
    -------
    (n, 10) float32, each row sums to 1.

    Raises
    ------
    DataError, where there are too few images, or the answers cannot be kept.
    RunError, where the training failed.
    """
    if len(data.train) < FEWEST:
        raise DataError(
            f"Expected {FEWEST} images or more to learn from, to divide among three networks. "
            f"Received: {len(data.train):,}. Look at larger data."
        )
    path = held_out_path(data)
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=path.parent) as workshop:
                draft = Path(workshop) / path.name
                _train(data.name, draft, progress)
                draft.replace(path)
        except OSError as error:
            raise DataError(
                f"Expected to keep the answers in {path.parent}. Received: {error.strerror}. Make room there."
            ) from None
    answers: NDArray[np.float32] = np.load(path, allow_pickle=False)
    return answers


def _train(source: str, out: Path, progress: Progress) -> None:
    command = [sys.executable, "-m", "digitrec.training.worker.folds", source, str(out)]
    with (
        (out.parent / "log.txt").open("w+", encoding="utf-8", errors="replace") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as worker,  # noqa: S603  our own
    ):
        for line in worker.stdout or ():
            progress(float(line))
        if worker.wait() or not out.is_file():
            log.seek(0)
            last = log.read().strip().splitlines()[-1:] or ["nothing said"]
            raise RunError(f"Expected three networks to be trained. Received: {last[0][:200]!r}. Try again.")
