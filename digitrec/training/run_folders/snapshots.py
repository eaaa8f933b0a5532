"""Snapshots of a run: what the network answered after an epoch, or answers within the current one."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.preprocessing import SIDE
from digitrec.storage import DAMAGED, read_arrays, replace_arrays, replace_file


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What the network answered at some moment.

    Attributes
    ----------
    probabilities : (n, 10) float32 for the validation images, or (n, 64, 11) for numbers; within an epoch, for the
        first few of them.
    filters : (height, width, k) float32, of the first layer; empty where it has none.
    drawing : (10,) float32, or (64, 11), for the drawing that the run was given; empty without one.
    """

    probabilities: NDArray[np.float32]
    filters: NDArray[np.float32]
    drawing: NDArray[np.float32]


def write_snapshot(folder: Path, epoch: int | None, snapshot: Snapshot) -> None:
    """Write the snapshot of an epoch, from 1; None: the one within the current epoch."""
    path = snapshot_path(folder, epoch)
    if epoch is not None:  # the folder of the run is there, or was deleted and must not come back
        path.parent.mkdir(exist_ok=True)
    probabilities = snapshot.probabilities.astype(np.float16)
    replace_arrays(path, probabilities=probabilities, filters=snapshot.filters, drawing=snapshot.drawing)


def read_snapshot(folder: Path, epoch: int | None) -> Snapshot | None:
    """The snapshot of an epoch, or of the current one; None where there is none, or it is damaged."""
    names = ("probabilities", "filters", "drawing")
    try:
        kept = read_arrays(snapshot_path(folder, epoch), names)
    except DAMAGED:
        return None
    return Snapshot(*(kept[name].astype(np.float32) for name in names))


def drop_current(folder: Path) -> None:
    """Delete the snapshot within the current epoch."""
    snapshot_path(folder, None).unlink(missing_ok=True)


def snapshot_path(folder: Path, epoch: int | None) -> Path:
    """The file of a snapshot."""
    return folder / "now.npz" if epoch is None else folder / "epochs" / f"{epoch:04}.npz"


def write_drawing(folder: Path, drawing: NDArray[np.uint8]) -> None:
    """Write the drawing that the network classifies in each snapshot, (28, width) uint8."""
    replace_file(folder / "drawing.npy", lambda file: np.save(file, drawing, allow_pickle=False))


def read_drawing(folder: Path, width: int = SIDE) -> NDArray[np.uint8] | None:
    """The drawing that the run was given, (28, width) uint8; None where there is none of that width."""
    try:
        drawing: NDArray[np.uint8] = np.load(folder / "drawing.npy", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return drawing if drawing.shape == (SIDE, width) and drawing.dtype == np.uint8 else None
