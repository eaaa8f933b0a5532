"""A fixed set of drawings for comparing models, so that a loss of accuracy is noticed.

drawings, labels, writers <-> drawings.npz in a model's folder

They are digits of held-out pen writers, drawn once at random sizes, places, tilts and pen widths, and kept as strokes.
So rendering and preprocessing are tested with them, too.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.sources.pen import PenDigit
from digitrec.datasets.synthetic.stroke_variation import draw_at_random
from digitrec.ink.drawings import Drawing, Stroke
from digitrec.storage import DAMAGED, StrPath, log, read_arrays, replace_arrays

FILE = "drawings.npz"
SIZE = 200
SEED = 200
TENTHS = np.float32(10)  # points are kept to a tenth of a pixel


@dataclass(frozen=True, eq=False)
class ReferenceDrawings:
    """Drawings on a canvas of 280 x 280.

    Attributes
    ----------
    drawings : n of them.
    labels : (n,) uint8, 0 to 9.
    writers : (n,) int32, as numbered in the pen digits.
    """

    drawings: tuple[Drawing, ...]
    labels: NDArray[np.uint8]
    writers: NDArray[np.int32]


def make_reference_drawings(digits: tuple[PenDigit, ...]) -> ReferenceDrawings:
    """`SIZE` of these digits, equally many of each label, drawn at random; always the same."""
    rng = np.random.default_rng(SEED)
    labels = np.array([digit.label for digit in digits], np.uint8)
    chosen = np.concatenate([rng.choice(np.flatnonzero(labels == label), SIZE // 10, False) for label in range(10)])
    drawings = tuple(_rounded(draw_at_random(digits[place].strokes, rng)) for place in chosen)
    return ReferenceDrawings(drawings, labels[chosen], np.array([digits[place].writer for place in chosen], np.int32))


def _rounded(drawing: Drawing) -> Drawing:
    """Rounded as in the file."""
    return Drawing(
        tuple(
            Stroke(
                np.rint(stroke.points * TENTHS).astype(np.float32) / TENTHS,
                round(stroke.width * float(TENTHS)) / float(TENTHS),
            )
            for stroke in drawing.strokes
        )
    )


def write_reference_drawings(folder: StrPath, reference: ReferenceDrawings) -> None:
    """Write the drawings into a model's folder; OSError if that fails."""
    folder = Path(folder)
    strokes = [(place, stroke) for place, drawing in enumerate(reference.drawings) for stroke in drawing.strokes]
    replace_arrays(
        folder / FILE,
        points=np.concatenate([np.rint(stroke.points * TENTHS).astype(np.int16) for _, stroke in strokes]),
        lengths=np.array([len(stroke.points) for _, stroke in strokes], np.int16),
        widths=np.array([round(stroke.width * float(TENTHS)) for _, stroke in strokes], np.int16),
        places=np.array([place for place, _ in strokes], np.int16),
        labels=reference.labels,
        writers=reference.writers,
    )


def read_reference_drawings(folder: StrPath) -> ReferenceDrawings | None:
    """The drawings in a model's folder; None if they are missing or damaged."""
    folder = Path(folder)
    try:
        arrays = read_arrays(folder / FILE)
        _check(arrays)
        lines = np.split(
            arrays["points"].astype(np.float32) / TENTHS, np.cumsum(arrays["lengths"].astype(np.int64))[:-1]
        )
        drawings = tuple(
            Drawing(
                tuple(
                    Stroke(lines[stroke], float(arrays["widths"][stroke]) / float(TENTHS))
                    for stroke in np.flatnonzero(arrays["places"] == place)
                )
            )
            for place in range(len(arrays["labels"]))
        )
        return ReferenceDrawings(drawings, arrays["labels"].astype(np.uint8), arrays["writers"].astype(np.int32))
    except FileNotFoundError:
        return None
    except (*DAMAGED, IndexError, TypeError) as error:
        log.warning("%s has damaged reference drawings: %s", folder, error)
        return None


def _check(arrays: dict[str, NDArray[Any]]) -> None:
    """Raise ValueError unless the arrays fit together."""
    points, lengths, widths, places, labels, writers = (
        arrays[name] for name in ("points", "lengths", "widths", "places", "labels", "writers")
    )
    if not (
        points.ndim == 2
        and points.shape[1] == 2
        and lengths.min(initial=1) > 0
        and lengths.sum(dtype=np.int64) == len(points)
        and len(lengths) == len(widths) == len(places)
        and widths.min(initial=1) > 0
        and np.array_equal(np.unique(places), np.arange(len(labels)))
        and len(labels) == len(writers)
        and labels.max(initial=0) < 10
    ):
        raise ValueError("arrays that do not fit together")
