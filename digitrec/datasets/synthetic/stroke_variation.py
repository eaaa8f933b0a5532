"""Random variation of pen strokes, to simulate more writers than the data has."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.drawings import CANVAS, Drawing, place_strokes
from digitrec.ink.pen_paths import TINY
from digitrec.ink.types import Strokes

SIZES = (90, 250)  # canvas pixels, longer side of a digit
WIDTHS = (6, 32)  # canvas pixels, width of the pen
THICKEST = 0.2  # of the longer side; a thicker pen closes the loops
TILT = 8  # degrees, standard deviation


@dataclass(frozen=True)
class Variation:
    """The strength of each variation; 0 turns it off.

    Attributes
    ----------
    degrees : standard deviation of the rotation.
    slant : standard deviation of the slant, in pixels sideways per pixel down.
    stretch : standard deviation of the logarithm of the horizontal scale.
    bend : standard deviation of the amplitude of a slow wave along the digit, in sizes of the digit.
    reordered : probability that the strokes change their order.
    reversed_ : probability that a stroke is drawn from its other end.
    broken : probability that one stroke is drawn as two.
    """

    degrees: float = 12.0
    slant: float = 0.2
    stretch: float = 0.15
    bend: float = 0.03
    reordered: float = 0.25
    reversed_: float = 0.15
    broken: float = 0.15


def vary_strokes(strokes: Strokes, settings: Variation, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Vary a digit as another writer might write it: strokes of (n, 2) points, y down, in any unit."""
    lines = [np.asarray(stroke, np.float64).reshape(-1, 2) for stroke in strokes]
    angle = np.deg2rad(rng.normal(0, settings.degrees))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    slant = np.array([[1, rng.normal(0, settings.slant)], [0, 1]])
    change = turn @ slant @ np.diag([np.exp(rng.normal(0, settings.stretch)), 1])
    lines = _bend([line @ change.T for line in lines], settings.bend, rng)
    if rng.random() < settings.reordered:
        lines = [lines[place] for place in rng.permutation(len(lines))]
    lines = [line[::-1] if rng.random() < settings.reversed_ else line for line in lines]
    return _break(lines, rng) if rng.random() < settings.broken else lines


def _bend(lines: list[NDArray[np.float64]], strength: float, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Displace points by a slow wave over the drawing, one for each axis."""
    size = max(float(np.ptp(np.concatenate(lines), axis=0).max()), TINY)
    waves = rng.normal(0, 3, (2, 2)) / size
    phases, heights = rng.uniform(0, 2 * np.pi, 2), rng.normal(0, strength, 2) * size
    return [line + heights * np.sin(line @ waves.T + phases) for line in lines]


def _break(lines: list[NDArray[np.float64]], rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Break a random stroke in two, the second starting where the first ends; a short one stays whole."""
    place = int(rng.integers(len(lines)))
    line = lines[place]
    if len(line) < 4:
        return lines
    cut = int(rng.integers(1, len(line) - 1))
    return [*lines[:place], line[: cut + 1], line[cut:], *lines[place + 1 :]]


def draw_at_random(strokes: Strokes, rng: np.random.Generator) -> Drawing:
    """Draw strokes on the canvas at a random size, position, tilt and pen width, as people do."""
    side = rng.uniform(*SIZES)
    width = min(np.exp(rng.uniform(*np.log(WIDTHS))), THICKEST * side)
    angle = np.deg2rad(rng.normal(0, TILT))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    x, y = rng.uniform(0, CANVAS, 2)
    return place_strokes([stroke @ turn for stroke in strokes], width, side, (x, y))
