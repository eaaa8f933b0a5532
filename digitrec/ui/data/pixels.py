"""The Pixels page, one function per section: average digits, two of them compared, grey values, and scaling."""

import numpy as np
import pandas as pd
import streamlit as st

from digitrec.charts.alt_text import tell_middles
from digitrec.charts.data import boxes_by_digit, grey_bars, value_bars
from digitrec.charts.pictures import as_grey, colour_signed, shade
from digitrec.datasets import Split
from digitrec.datasets.exploration.pixels import (
    PixelSummary,
    SeparatingPixel,
    difference_of_means,
    mean_and_deviation,
    separating_pixel,
)
from digitrec.datasets.exploration.selection import draw_places
from digitrec.ink.types import Images
from digitrec.training.scaling import SCALINGS, scale
from digitrec.ui import state
from digitrec.ui.strip import Captioned, show_strip

PLAIN = {"displayModeBar": False}
SAMPLED = 2000  # images, enough to show the effect of scaling


def show_averages(summary: PixelSummary) -> None:
    """On the Pixels page: the average image of each digit, or how much its pixels vary."""
    st.subheader("Average digits", anchor=False)
    views = {"average": summary.means, "variation": 2 * summary.deviations}
    what = st.segmented_control(
        "Show", list(views), default=state.AVERAGE_OF.default, required=True, **state.AVERAGE_OF.widget
    )
    if what == "average":
        st.markdown("The mean of all images of each digit: dark where nearly every writer has ink.")
    else:
        st.markdown("The standard deviation of each pixel: dark where writers differ most, at the ends of strokes.")
    shown = views[str(what)]
    show_strip([Captioned(as_grey(shown[k]), str(k), f"The {what} of all {k}s") for k in summary.digits], side=88)


def show_difference(split: Split, summary: PixelSummary) -> None:
    """On the Pixels page: two average digits, their difference, and the pixel that separates them best."""
    st.subheader("Where do two digits differ?", anchor=False)
    digits = summary.digits
    with st.container(horizontal=True):
        first, second = (
            st.selectbox(title, digits, min(key.default, len(digits) - 1), width=120, **key.widget)
            for title, key in (("First digit", state.FIRST), ("Second digit", state.SECOND))
        )
    averages = [
        Captioned(as_grey(summary.means[digit]), f"average {digit}", f"The average {digit}")
        for digit in (first, second)
    ]
    alt = f"Orange where the average {first} has more ink, blue where the average {second} has"
    difference = Captioned(colour_signed(difference_of_means(summary.means, first, second)), "difference", alt)
    show_strip([averages[0], difference, averages[1]], side=196)
    if first == second:
        st.markdown("A digit does not differ from itself. Choose two different digits.")
        return
    st.markdown(
        f":orange[Orange]: the average {first} has more ink. :blue[Blue]: the average {second} has.\n\n"
        + _describe(separating_pixel(split.images, split.labels, first, second), first, second)
    )


def _describe(best: SeparatingPixel, first: int, second: int) -> str:
    other = second if best.digit == first else first
    return (
        f"The pixel that separates them best is in row {best.row}, column {best.column}: "
        f"{100 * best.ink:.0f} % of the {best.digit}s have ink there, and {100 * best.other_ink:.0f} % of "
        f"the {other}s. A classifier that used this pixel alone would have an accuracy of "
        f"{100 * best.accuracy:.0f} %."
    )


def show_greys(split: Split, summary: PixelSummary, properties: pd.DataFrame) -> None:
    """On the Pixels page: the distribution of grey values and of ink, and the pixels that are never used."""
    st.subheader("Grey values and ink", anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"**Grey values.** {100 * summary.paper:.0f} % of all pixels are background, with the value 0.")
        alt = f"Pixels by grey value, on a logarithmic scale; full ink, 255, occurs {summary.greys[255]:,} times."
        st.plotly_chart(grey_bars(summary.greys), config=PLAIN, alt=alt)
    with right:
        ink = 100 * properties["ink"].to_numpy()
        st.markdown(f"**Ink.** On average, it covers {ink.mean():.0f} % of an image.")
        alt = tell_middles(ink, split.labels, "ink", " %")
        st.plotly_chart(boxes_by_digit(ink, split.labels, "ink", " %"), config=PLAIN, alt=alt)
    unused = int((~summary.used).sum())
    st.markdown(
        f"**{unused} of 784 pixels have no ink in any of these {len(split):,} images**; they are shown in blue. "
        + ("A network can learn nothing from them." if unused else "A network can learn from every pixel.")
    )
    alt = f"The {unused} pixels without any ink, in blue"
    show_strip([Captioned(colour_signed(np.where(summary.used, 0, -1)), "", alt)])


def show_scaling(split: Split, summary: PixelSummary) -> None:
    """On the Pixels page: the effect of scaling on the pixel values of some images."""
    st.subheader("Scaling", anchor=False)
    how = st.segmented_control(
        "Scale to",
        list(SCALINGS),
        format_func=lambda name: SCALINGS[name].title,
        default=state.SCALING.default,
        required=True,
        **state.SCALING.widget,
    )
    st.markdown(SCALINGS[how].sentence)
    images = split.images[draw_places(len(split), SAMPLED)]
    figures = mean_and_deviation(summary.greys)
    for column, name, way in zip(st.columns(2, gap="large"), ("Before", "After"), ("raw", how), strict=True):
        with column:
            _show_values(name, scale(images, way, *figures))
    st.caption(f"{len(images):,} of the {len(split):,} images, a random sample with seed 0.")


def _show_values(name: str, values: Images) -> None:
    st.markdown(
        f"**{name}**: {values.min():.4g} to {values.max():.4g}, mean {values.mean():.4g}, "
        f"standard deviation {values.std():.4g}"
    )
    show_strip([Captioned(shade(values[0]), "", f"An image {name.lower()} scaling; the lowest value is white")], 140)
    alt = f"Histogram of the values {name.lower()} scaling; the line above gives their range and mean."
    st.plotly_chart(value_bars(values.ravel()), config=PLAIN, key=state.VALUES.of(name).name, alt=alt)
