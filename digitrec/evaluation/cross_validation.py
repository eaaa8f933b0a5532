"""Cross-validated predictions: every image is read by a network that was not trained on it.

A network that was trained on a label error has memorised it. One that was not is surprised by it.

data -> `read_held_out` -> three networks, each trained on two thirds and reading the rest -> probabilities, cached

The networks are trained in a separate process (`training.worker.folds`).
"""

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Progress, Split
from digitrec.errors import DataError, RunError, writing
from digitrec.storage import cache_folder, cached_file, fingerprint, replace_arrays

FEWEST = 60  # images, so that each network is trained on several of each digit
NETWORK = "digitrec-fast"


def held_out_path(data: Dataset) -> Path:
    """Where the predictions for the training images and labels of `data` are cached."""
    name = fingerprint(data.train.images, data.train.labels)
    return cache_folder() / "held-out" / f"{NETWORK}-{len(data.train)}-{name}.npy"


def read_held_out(data: Dataset, progress: Progress) -> NDArray[np.float32]:
    """Predictions for the training images, each by a network that was trained neither on it nor on its writer.

    About 40 seconds for 60,000 images on 2 cores. The predictions are cached by the images and labels.

    Returns
    -------
    (n, 10) float32, each row sums to 1.

    Raises
    ------
    DataError, if there are too few images, or the predictions cannot be written.
    RunError, if the training failed.
    """
    train = data.train
    if len(train) < FEWEST:
        raise DataError(
            f"Expected at least {FEWEST} training images, to divide among three networks. "
            f"Received: {len(train):,}. Choose a larger dataset."
        )
    with writing(f"predictions to {cache_folder()}", DataError, "Make room there, or set DIGITREC_CACHE."):
        path = cached_file("held-out", held_out_path(data).name, partial(_train, train, progress))
    answers: NDArray[np.float32] = np.load(path, allow_pickle=False)
    return answers


def _train(split: Split, progress: Progress, file: BinaryIO) -> None:
    """Train the networks and write their predictions, a .npy, into `file`."""
    with tempfile.TemporaryDirectory(dir=Path(file.name).parent) as workshop:
        images, out, log = (Path(workshop) / name for name in ("images.npz", "out.npy", "log.txt"))
        writers = {} if split.writers is None else {"writers": split.writers}
        replace_arrays(images, images=split.images, labels=split.labels, **writers)
        if not _run([str(images), str(out)], log, progress) or not out.is_file():
            last = log.read_text("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
            raise RunError(f"Expected three networks to be trained. Received: {last[0][:200]!r}. Try again.")
        file.write(out.read_bytes())


def _run(arguments: list[str], log: Path, progress: Progress) -> bool:
    """Whether the training process succeeded; `progress` is called with the fractions that it prints."""
    command = [sys.executable, "-m", "digitrec.training.worker.folds", *arguments]
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as worker,  # noqa: S603  our own
    ):
        for line in worker.stdout or ():
            progress(float(line))
        return worker.wait() == 0
