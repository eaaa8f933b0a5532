"""Written forms of digits from different countries, drawn from formulas.

form -> strokes on a 4 x 6 grid, y down -> random variation

MNIST was written in the United States, and the pen digits in Turkey. Elsewhere, a 1 may have a long upstroke or a foot,
a 7 a crossbar, a 0 a slash and a 2 a loop, and a 4 may be open. Each form is a function of `t`, 0 to 1: how pronounced
it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.synthetic.stroke_variation import Variation, vary_strokes
from digitrec.ink.types import Strokes

WAYS = {
    (1, 1): "1 in one stroke",
    (1, 2): "1 in two strokes",
    (4, 1): "4 in one stroke",
    (4, 2): "4 in two strokes",
    (5, 1): "5 in one stroke",
    (5, 2): "5 with a separate top stroke",
    (7, 1): "7 in one stroke",
    (7, 2): "7 crossed",
    (8, 1): "8 in one stroke",
    (8, 2): "8 made of two circles",
}
WRITER = Variation(degrees=7, slant=0.18, stretch=0.2, bend=0.04, reordered=0, reversed_=0, broken=0)
UNSTEADY = 0.09  # grid units, standard deviation of each stroke's displacement


@dataclass(frozen=True)
class Form:
    """One way to write a digit.

    Attributes
    ----------
    label : 0 to 9.
    style : its characteristic, in a few words.
    write : from `t`, 0 to 1, to strokes of (k, 2) float64, x and y.
    """

    label: int
    style: str
    write: Callable[[float], Strokes]


def line(*corners: tuple[float, float]) -> NDArray[np.float64]:
    """A polyline: (k, 2) float64, x to the right and y down."""
    return np.array(corners, np.float64)


def arc(centre: tuple[float, float], radii: tuple[float, float], start: float, end: float) -> NDArray[np.float64]:
    """An arc of an ellipse from `start` to `end`, in degrees, 0 to the right and 90 down.

    (k, 2) float64, k at least 6.
    """
    angle = np.deg2rad(np.linspace(start, end, max(6, int(abs(end - start) / 12))))
    return np.stack([centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle)], axis=1)


def join(*parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Join parts, (k, 2) each, into one stroke."""
    return np.concatenate(parts)


def _two(t: float, *, loop: bool) -> Strokes:
    top = arc((2, 1.7), (1.8, 1.7), 190, 390)
    if not loop:
        return (join(top, line((0, 6), (4, 6 - 0.5 * t))),)
    return (join(top, line((1, 5.2)), arc((0.7, 5.4), (0.4 + 0.4 * t, 0.6), 0, -330), line((4, 5.9))),)


def _five(t: float, *, lifted: bool) -> Strokes:
    body = join(line((0.6, 0), (0.4, 2.6)), arc((1.8, 4.2), (2, 1.8), 235, 500 - 40 * t))
    hat = line((0.6, 0), (3.6, -0.3 * t))
    return (body, hat) if lifted else (join(hat[::-1], body),)


def _eight(t: float) -> Strokes:
    top, bottom = ((2, 1.5), (1.5, 1.5)), arc((2, 4.5), (1.9, 1.5), -90, 270)
    return (join(arc(*top, -60, -270), bottom, arc(*top, 90, -50 - 30 * t)),)


def _nine(t: float, *, curved: bool) -> Strokes:
    if not curved:
        return (join(arc((2, 1.7), (1.7, 1.7), -20, -380), line((3.6 - 2 * t, 6))),)
    return (join(arc((2, 1.7), (1.7, 1.7), -20, -360), arc((1.8, 4), (1.9, 2), -40, 110 + 50 * t)),)


STEM = ((2, 0), (2, 6))
FORMS: tuple[Form, ...] = (
    Form(0, "plain", lambda t: (arc((2, 3), (1.5 + 0.7 * t, 3), -100, 265),)),
    Form(0, "slashed", lambda t: (arc((2, 3), (1.9, 3), -100, 265), line((3.3 + t, 0.4), (0.7 - t, 5.6)))),
    Form(1, "plain", lambda t: (line((2 + 0.6 * t, 0), (2 - 0.6 * t, 6)),)),
    Form(1, "upstroke", lambda t: (line((1.3 - 2.6 * t, 1 + 3 * t), *STEM),)),
    Form(1, "upstroke and foot", lambda t: (line((1.2 - 1.6 * t, 1 + 2 * t), *STEM), line((0.6, 6), (3.4, 6)))),
    Form(1, "foot", lambda t: (line(*STEM), line((1.2 - t, 6), (2.8 + t, 6)))),
    Form(2, "flat", lambda t: _two(t, loop=False)),
    Form(2, "loop", lambda t: _two(t, loop=True)),
    Form(3, "round", lambda _: (join(arc((1.8, 1.5), (1.7, 1.5), 200, 440), arc((1.8, 4.4), (2, 1.6), -80, 150)),)),
    Form(3, "flat top", lambda _: (join(line((0, 0), (3.6, 0), (1.6, 2.4)), arc((1.6, 4.2), (2.2, 1.8), -80, 150)),)),
    Form(
        4, "open", lambda t: (line((0.6 - 0.6 * t, 0), (0, 3.6), (4, 3.4)), line((3 + 0.6 * t, 1.6 - 1.4 * t), (3, 6)))
    ),
    Form(4, "closed", lambda t: (line((3, 6), (3, 0), (0, 3.4 + t), (4, 3.4 + t)),)),
    Form(4, "tall and open", lambda t: (line((1.6 + t, 0), (0, 4), (4, 4)), line((2.8, 2.6), (2.4, 6)))),
    Form(5, "separate top stroke", lambda t: _five(t, lifted=True)),
    Form(5, "one stroke", lambda t: _five(t, lifted=False)),
    Form(6, "straight", lambda t: (join(line((2.6 + t, 0)), arc((2, 4.3), (1.8, 1.7), 200, -170)),)),
    Form(
        6,
        "curled",
        lambda t: (join(arc((2.4, 3), (2.2, 3), -60, -180), arc((2, 4.4), (1.8, 1.6), 180, -190 - 30 * t)),),
    ),
    Form(7, "crossed", lambda t: (line((0, 0), (4, 0), (1.4, 6)), line((1.2 - t, 3.1), (3.2 + t, 2.9)))),
    Form(7, "serif", lambda t: (line((0, 0.5 + 1.2 * t), (0, 0), (4, 0), (1.4, 6)),)),
    Form(
        7,
        "serif, crossed",
        lambda t: (line((0, 0.5 + t), (0.1, 0), (4, 0), (1.4, 6)), line((1.2 - 0.6 * t, 3), (3.2 + 0.6 * t, 3))),
    ),
    Form(7, "curved", lambda t: (join(line((0, 0.3), (3.8, 0)), arc((4.4, 6), (2.2 + t, 5.2), -110, -180)),)),
    Form(8, "one stroke", _eight),
    Form(
        8, "two circles", lambda t: (arc((2, 1.4), (1.3 + 0.3 * t, 1.4), -90, 270), arc((2, 4.4), (1.7, 1.6), -90, 270))
    ),
    Form(9, "straight tail", lambda t: _nine(t, curved=False)),
    Form(9, "curved tail", lambda t: _nine(t, curved=True)),
)


def write(form: Form, rng: np.random.Generator) -> Strokes:
    """Write a digit of that form with random variation: strokes of (k, 2) float64, y down, of any size."""
    strokes = [stroke + rng.normal(0, UNSTEADY, 2) for stroke in form.write(float(rng.random()))]
    return tuple(vary_strokes(strokes, WRITER, rng))


def way_of_writing(label: int, strokes: int) -> str:
    """Name the form of a written digit by its number of strokes; "" if the number is not informative."""
    return WAYS.get((label, min(strokes, 2)), "")
