"""Snapshots of a run: what the network was like after an epoch, or is like at this moment."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.preprocessing import SIDE
from digitrec.storage import DAMAGED, read_arrays, replace_arrays


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What the network was like after an epoch.

    Attributes
    ----------
    probabilities : (n, 10) float32 for each validation image, or (n, 64, 11) for numbers; within an epoch, for the
        first few.
    filters : (height, width, k) float32, the first layer's; empty where it has none.
    drawing : (10,) float32, or (64, 11), for the drawing that the run was given; empty where it was given none.
    """

    probabilities: NDArray[np.float32]
    filters: NDArray[np.float32]
    drawing: NDArray[np.float32]


def write_snapshot(folder: Path, epoch: int | None, snapshot: Snapshot) -> None:
    """Write what the network was like after an epoch, or, where that is None, what it is like within one."""
    path = snapshot_path(folder, epoch)
    path.parent.mkdir(exist_ok=True)
    probabilities = snapshot.probabilities.astype(np.float16)
    replace_arrays(path, probabilities=probabilities, filters=snapshot.filters, drawing=snapshot.drawing)


def read_snapshot(folder: Path, epoch: int | None) -> Snapshot | None:
    """What the network was like after an epoch, from 1, or within one; None where that is not known."""
    names = ("probabilities", "filters", "drawing")
    try:
        kept = read_arrays(snapshot_path(folder, epoch), names)
    except DAMAGED:
        return None
    return Snapshot(*(kept[name].astype(np.float32) for name in names))


def snapshot_path(folder: Path, epoch: int | None) -> Path:
    """Where the snapshot of an epoch is; None: the one within the epoch under way."""
    return folder / "now.npz" if epoch is None else folder / "epochs" / f"{epoch:04}.npz"


def read_drawing(folder: Path, width: int = SIDE) -> NDArray[np.uint8] | None:
    """The drawing that the run was given, (28, width) uint8; None where there is none of that width."""
    try:
        drawing: NDArray[np.uint8] = np.load(folder / "drawing.npy", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return drawing if drawing.shape == (SIDE, width) and drawing.dtype == np.uint8 else None
