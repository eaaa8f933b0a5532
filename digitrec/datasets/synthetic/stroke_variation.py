"""Random changes to pen strokes, so that a network meets more hands than the data has."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.ink.pen_paths import TINY
from digitrec.ink.types import Strokes


@dataclass(frozen=True)
class Variation:
    """How strongly paths are varied; 0 turns a change off.

    Attributes
    ----------
    degrees : of turn, standard deviation.
    slant : sideways pixels per pixel down, standard deviation.
    stretch : of the width, as the logarithm of a factor, standard deviation.
    bend : of a slow wave along the digit, in its heights, standard deviation.
    reordered : how often its strokes come in another order.
    reversed_ : how often a stroke is drawn from its other end.
    broken : how often one of its strokes is drawn as two.
    """

    degrees: float = 12.0
    slant: float = 0.2
    stretch: float = 0.15
    bend: float = 0.03
    reordered: float = 0.25
    reversed_: float = 0.15
    broken: float = 0.15


def vary_strokes(strokes: Strokes, settings: Variation, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """The same digit as another hand might write it: strokes of (n, 2) points, y downwards, in any unit."""
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
    """Move each point along a slow wave over the drawing, each axis along its own."""
    size = max(float(np.ptp(np.concatenate(lines), axis=0).max()), TINY)
    waves = rng.normal(0, 3, (2, 2)) / size
    phases, heights = rng.uniform(0, 2 * np.pi, 2), rng.normal(0, strength, 2) * size
    return [line + heights * np.sin(line @ waves.T + phases) for line in lines]


def _break(lines: list[NDArray[np.float64]], rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """One stroke drawn as two, the second from where the first ends; a short one stays whole."""
    place = int(rng.integers(len(lines)))
    line = lines[place]
    if len(line) < 4:
        return lines
    cut = int(rng.integers(1, len(line) - 1))
    return [*lines[:place], line[: cut + 1], line[cut:], *lines[place + 1 :]]
