"""Checkpoints of a run: whatever its next step depends on.

A checkpoint is written after each epoch and on stopping, so a run that was killed can continue as if it had not been.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitrec.errors import RunError
from digitrec.storage import DAMAGED, read_arrays, replace_arrays

Arrays = dict[str, NDArray[np.generic]]


def write_checkpoint(folder: Path, position: Mapping[str, Any], arrays: Arrays) -> None:
    """Write where the training is, as JSON has it, and the state of network and optimiser, all in one file."""
    replace_arrays(folder / "checkpoint.npz", position=np.array(json.dumps(position)), **arrays)


def read_checkpoint(folder: Path) -> tuple[dict[str, Any], Arrays] | None:
    """What `write_checkpoint` wrote; None where there is nothing yet.

    Raises
    ------
    RunError, where it is damaged.
    """
    try:
        arrays = read_arrays(folder / "checkpoint.npz")
        return json.loads(str(arrays.pop("position"))), arrays
    except FileNotFoundError:
        return None
    except DAMAGED:
        raise RunError(
            "Expected a checkpoint to resume from. Received: a damaged one. Start a new training with this recipe."
        ) from None


def write_best(folder: Path, arrays: Arrays) -> None:
    """Write the state of network and optimiser after the best epoch so far."""
    replace_arrays(folder / "best.npz", **arrays)


def read_best(folder: Path) -> Arrays:
    """What `write_best` wrote."""
    return read_arrays(folder / "best.npz")
