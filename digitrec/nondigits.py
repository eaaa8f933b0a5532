"""Drawings that are no digits, to teach a network doubt and to measure it.

kind -> strokes -> canvas -> 28 x 28

People scribble, write letters and sign their names on a canvas, and a network that has only met digits reads a digit
into each. The kinds in `TAUGHT` are trained on with no digit as the answer; those in `UNSEEN` only measure whether
the doubt carries over to shapes that were never trained on.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.pen import PenDigit, draw_at_random, to_image
from digitrec.drawings import smooth
from digitrec.preprocessing import SIDE

Strokes = tuple[NDArray[np.float32], ...]

# Corners of each stroke on a 4 x 6 grid, y down. Letters that can be read as digits (B, I, O, S, Z, G, q) are left out.
LETTERS: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "A": (((0, 6), (2, 0), (4, 6)), ((0.8, 4), (3.2, 4))),
    "E": (((4, 0), (0, 0), (0, 6), (4, 6)), ((0, 3), (3, 3))),
    "F": (((4, 0), (0, 0), (0, 6)), ((0, 3), (3, 3))),
    "M": (((0, 6), (0, 0), (2.5, 4), (5, 0), (5, 6)),),
    "R": (((0, 6), (0, 0), (3, 0), (4, 1.5), (3, 3), (0, 3), (4, 6)),),
    "X": (((0, 0), (4, 6)), ((4, 0), (0, 6))),
    "N": (((0, 6), (0, 0), (4, 6), (4, 0)),),
    "#": (((1, 0), (1, 6)), ((3, 0), (3, 6)), ((0, 2), (4, 2)), ((0, 4), (4, 4))),
    "star": (((2, 0), (3.2, 6), (0, 2), (4, 2), (0.8, 6), (2, 0)),),
    "arrow": (((0, 3), (6, 3)), ((4, 1), (6, 3), (4, 5))),
    "H": (((0, 0), (0, 6)), ((4, 0), (4, 6)), ((0, 3), (4, 3))),
    "K": (((0, 0), (0, 6)), ((4, 0), (0, 3), (4, 6))),
    "W": (((0, 0), (1.2, 6), (2.5, 2), (3.8, 6), (5, 0)),),
    "k": (((0, 0), (0, 6)), ((2.5, 2.5), (0, 4.5), (2.8, 6))),
    "m": (((0, 6), (0, 3), (1, 2.2), (2, 3), (2, 6), (2, 3), (3, 2.2), (4, 3), (4, 6)),),
    "plus": (((2, 0), (2, 4)), ((0, 2), (4, 2))),
    "triangle": (((2, 0), (4, 4), (0, 4), (2, 0)),),
    "house": (((0, 6), (0, 3), (2, 0), (4, 3), (4, 6), (0, 6)), ((0, 3), (4, 3))),
    "percent": (((4, 0), (0, 6)), ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0)), ((3, 5), (4, 5), (4, 6), (3, 6), (3, 5))),
}
TAUGHT_LETTERS = ("A", "E", "F", "M", "R", "X", "N", "#", "star", "arrow")
UNSEEN_LETTERS = tuple(letter for letter in LETTERS if letter not in TAUGHT_LETTERS)


def scribble(rng: np.random.Generator) -> Strokes:
    """A long curve through many random places."""
    return (smooth(rng.uniform(0, 1, (int(rng.integers(9, 22)), 2))),)


def zigzag(rng: np.random.Generator) -> Strokes:
    """Up and down many times from left to right, as one fills an area."""
    n = int(rng.integers(7, 16))
    heights = np.arange(n) % 2 + rng.normal(0, 0.12, n)
    return (np.stack([np.linspace(0, rng.uniform(0.8, 2), n), heights], axis=1).astype(np.float32),)


def sticks(rng: np.random.Generator) -> Strokes:
    """Straight lines laid at random."""
    return tuple(rng.uniform(0, 1, (2, 2)).astype(np.float32) for _ in range(rng.integers(4, 9)))


def dots(rng: np.random.Generator) -> Strokes:
    """One touch of the pen, or a few that do not hang together."""
    return tuple(
        place + rng.normal(0, 0.01, (2, 2)).astype(np.float32) for place in _places(rng, int(rng.integers(1, 9)))
    )


def loops(rng: np.random.Generator) -> Strokes:
    """A row of loops, as in a signature."""
    turn = np.linspace(0, 2 * np.pi * rng.uniform(3, 6), 90)
    size = rng.uniform(0.6, 1.4)
    x = turn * rng.uniform(0.15, 0.5) + np.cos(turn) * size
    return (np.stack([x, np.sin(turn) * size * rng.uniform(0.7, 1.5)], axis=1).astype(np.float32),)


def spiral(rng: np.random.Generator) -> Strokes:
    """Several turns outwards."""
    turn = np.linspace(0, 2 * np.pi * rng.uniform(2.5, 5), 120)
    around = turn * rng.choice([-1, 1]) + rng.uniform(0, 6)
    return ((np.stack([np.cos(around), np.sin(around)], axis=1) * turn[:, None]).astype(np.float32),)


def waves(rng: np.random.Generator) -> Strokes:
    """Wavy lines above each other, as water is drawn."""
    x = np.linspace(0, 1, 40)
    rows = rng.integers(2, 4)
    height, waves = rng.uniform(0.04, 0.1), rng.uniform(2, 4)
    return tuple(
        np.stack([x, row / 3 + height * np.sin(2 * np.pi * waves * x)], axis=1).astype(np.float32)
        for row in range(rows)
    )


def letter(rng: np.random.Generator, names: Sequence[str]) -> Strokes:
    """One of the shapes of `LETTERS`, sheared and with unsteady corners."""
    shape = LETTERS[names[int(rng.integers(len(names)))]]
    lean = np.array([[1, 0], [rng.normal(0, 0.15), rng.uniform(0.8, 1.2)]])
    unsteady = (np.array(corners) + rng.normal(0, 0.18, (len(corners), 2)) for corners in shape)
    return tuple((corners @ lean).astype(np.float32) for corners in unsteady)


def _places(rng: np.random.Generator, n: int) -> NDArray[np.float32]:
    return rng.uniform(0, 1, (n, 1, 2)).astype(np.float32)


Kind = Callable[[np.random.Generator], Strokes]
TAUGHT: dict[str, Kind] = {
    "scribbles": scribble,
    "zigzags": zigzag,
    "sticks": sticks,
    "dots": dots,
    "loops": loops,
    "letters": lambda rng: letter(rng, TAUGHT_LETTERS),
}
UNSEEN: dict[str, Kind] = {
    "spirals": spiral,
    "waves": waves,
    "other letters": lambda rng: letter(rng, UNSEEN_LETTERS),
}


def pair(digits: Sequence[PenDigit], rng: np.random.Generator) -> Strokes:
    """Two digits side by side."""
    left, right = (digits[i].strokes for i in rng.integers(len(digits), size=2))
    gap = max(s[:, 0].max() for s in left) - min(s[:, 0].min() for s in right) + rng.uniform(5, 60)
    return (*left, *(stroke + np.array([gap, 0], np.float32) for stroke in right))


def draw_nondigits(kind: Kind, n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(n, 28, 28) uint8 of one kind, drawn at random sizes, places, tilts and pen widths and preprocessed."""
    images = np.empty((n, SIDE, SIDE), np.uint8)
    for image in images:
        image[:] = to_image(draw_at_random(kind(rng), rng))
    return images
