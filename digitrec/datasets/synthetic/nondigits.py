"""Non-digits: drawings to train and evaluate rejection.

kind -> strokes -> canvas -> 28 x 28

People scribble, write letters and sign their names on a canvas, and a network trained on digits alone reads each as a
digit. Networks are trained on the kinds in `TRAINED`, but never on those in `UNSEEN`, which measure whether rejection
generalises.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.sources.pen import PenDigit
from digitrec.datasets.synthetic import letters
from digitrec.datasets.synthetic.letters import draw_letter
from digitrec.datasets.synthetic.stroke_variation import draw_at_random
from digitrec.ink.drawings import smooth, to_image
from digitrec.ink.preprocessing import SIDE
from digitrec.ink.types import Strokes

# Only digits that are no longer digits once transformed.
UPSIDE_DOWN = (2, 3, 4, 5, 7)
MIRRORED = (3, 4, 6, 7, 9)
LYING = (2, 3, 4, 5, 6, 8, 9)


def scribble(rng: np.random.Generator) -> Strokes:
    """A long curve through many random points."""
    return (smooth(rng.uniform(0, 1, (int(rng.integers(9, 22)), 2))),)


def zigzag(rng: np.random.Generator) -> Strokes:
    """Up and down many times from left to right, as in shading."""
    n = int(rng.integers(7, 16))
    heights = np.arange(n) % 2 + rng.normal(0, 0.12, n)
    return (np.stack([np.linspace(0, rng.uniform(0.8, 2), n), heights], axis=1).astype(np.float32),)


def sticks(rng: np.random.Generator) -> Strokes:
    """Random straight lines."""
    return tuple(rng.uniform(0, 1, (2, 2)).astype(np.float32) for _ in range(rng.integers(4, 9)))


def dots(rng: np.random.Generator) -> Strokes:
    """A few separate dots. A single one, drawn as large as a digit, would be a 1."""
    return tuple(
        place + rng.normal(0, 0.01, (2, 2)).astype(np.float32) for place in _places(rng, int(rng.integers(2, 9)))
    )


def loops(rng: np.random.Generator) -> Strokes:
    """A row of loops, as in a signature."""
    turn = np.linspace(0, 2 * np.pi * rng.uniform(3, 6), 90)
    size = rng.uniform(0.6, 1.4)
    x = turn * rng.uniform(0.15, 0.5) + np.cos(turn) * size
    return (np.stack([x, np.sin(turn) * size * rng.uniform(0.7, 1.5)], axis=1).astype(np.float32),)


def spiral(rng: np.random.Generator) -> Strokes:
    """A spiral of several turns."""
    turn = np.linspace(0, 2 * np.pi * rng.uniform(2.5, 5), 120)
    around = turn * rng.choice([-1, 1]) + rng.uniform(0, 6)
    return ((np.stack([np.cos(around), np.sin(around)], axis=1) * turn[:, None]).astype(np.float32),)


def waves(rng: np.random.Generator) -> Strokes:
    """Wavy lines, one above the other, like water."""
    x = np.linspace(0, 1, 40)
    rows = rng.integers(2, 4)
    height, waves = rng.uniform(0.04, 0.1), rng.uniform(2, 4)
    return tuple(
        np.stack([x, row / 3 + height * np.sin(2 * np.pi * waves * x)], axis=1).astype(np.float32)
        for row in range(rows)
    )


def letter(rng: np.random.Generator) -> Strokes:
    """A letter or sign that does not look like a digit."""
    name = str(rng.choice(list(letters.TRAINED)))
    return draw_letter(letters.TRAINED[name], rng, is_round=name in letters.ROUND)


def other_sign(rng: np.random.Generator) -> Strokes:
    """A sign that is never trained on."""
    return draw_letter(letters.UNSEEN[str(rng.choice(list(letters.UNSEEN)))], rng, is_round=False)


def upside_down(digits: Sequence[PenDigit], rng: np.random.Generator) -> Strokes:
    """A digit upside down; only digits that do not look like one when turned."""
    return _changed(digits, UPSIDE_DOWN, -np.eye(2), rng)


def mirrored(digits: Sequence[PenDigit], rng: np.random.Generator) -> Strokes:
    """A digit mirrored left to right; only digits that do not look like one when mirrored."""
    return _changed(digits, MIRRORED, np.diag([-1, 1]), rng)


def on_its_side(digits: Sequence[PenDigit], rng: np.random.Generator) -> Strokes:
    """A digit on its side, left or right; only digits that do not look like one when turned."""
    return _changed(digits, LYING, np.array([[0, 1], [-1, 0]]) * rng.choice([-1, 1]), rng)


def _changed(
    digits: Sequence[PenDigit], labels: Sequence[int], change: NDArray[Any], rng: np.random.Generator
) -> Strokes:
    wanted = [digit for digit in digits if digit.label in labels]
    return tuple((stroke @ change).astype(np.float32) for stroke in wanted[int(rng.integers(len(wanted)))].strokes)


def _places(rng: np.random.Generator, n: int) -> NDArray[np.float32]:
    return rng.uniform(0, 1, (n, 1, 2)).astype(np.float32)


Kind = Callable[[np.random.Generator], Strokes]
TRAINED: dict[str, Kind] = {
    "scribbles": scribble,
    "zigzags": zigzag,
    "sticks": sticks,
    "dots": dots,
    "loops": loops,
    "letters and signs": letter,
}
UNSEEN: dict[str, Kind] = {
    "spirals": spiral,
    "waves": waves,
    "other signs": other_sign,
}


def pair(digits: Sequence[PenDigit], rng: np.random.Generator) -> Strokes:
    """Two digits side by side."""
    left, right = (digits[i].strokes for i in rng.integers(len(digits), size=2))
    gap = max(s[:, 0].max() for s in left) - min(s[:, 0].min() for s in right) + rng.uniform(5, 60)
    return (*left, *(stroke + np.array([gap, 0], np.float32) for stroke in right))


def kinds(named: dict[str, Kind], digits: Sequence[PenDigit]) -> dict[str, Kind]:
    """Add the kinds that are made from digits."""
    return named | {
        "pairs of digits": lambda rng: pair(digits, rng),
        "digits upside down": lambda rng: upside_down(digits, rng),
        "digits mirrored": lambda rng: mirrored(digits, rng),
        "digits on their side": lambda rng: on_its_side(digits, rng),
    }


def draw_nondigits(kind: Kind, n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a kind n times at random sizes, positions, tilts and pen widths, preprocessed: (n, 28, 28) uint8."""
    images = np.empty((n, SIDE, SIDE), np.uint8)
    for image in images:
        image[:] = to_image(draw_at_random(kind(rng), rng))
    return images
