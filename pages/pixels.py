"""What the images have in common and where they differ, pixel by pixel."""

import numpy as np
import streamlit as st

from digitrec.charts.alt_text import tell_middles
from digitrec.charts.data import boxes_by_digit, grey_bars, value_bars
from digitrec.charts.pictures import as_grey, colour_signed, shade
from digitrec.datasets.exploration.pixels import (
    class_deviations,
    class_means,
    is_used,
    mean_and_deviation,
    telling_pixel,
)
from digitrec.datasets.exploration.properties import measure_images
from digitrec.training.scaling import SCALINGS, scale
from digitrec.ui.cache import pixel_summary, properties
from digitrec.ui.data.sources import choose_digits
from digitrec.ui.messages import begin_page
from digitrec.ui.source_code import show_functions
from digitrec.ui.strip import Captioned, show_strip
from digitrec.words import with_article

PLAIN = {"displayModeBar": False}
SAMPLED = 2000  # images, whose numbers show what scaling does as well as all of them

begin_page(
    "pixels",
    "Pixels",
    "A picture is 784 numbers to a network. See what they are on average, choose two digits to compare, and try what "
    "scaling does to them.",
)
data, part, split = choose_digits()
summary = pixel_summary(data, part)
there = [int(digit) for digit in np.unique(split.labels)]

st.subheader("The average digit", anchor=False)
what = st.segmented_control(
    "Show", ["average", "variation"], default="average", required=True, key="average_of", bind="query-params"
)
if what == "average":
    st.markdown("All images of a digit laid over each other: dark where nearly everybody has ink.")
else:
    st.markdown("Dark where people differ: the inside of a stroke and the paper are agreed upon, its ends are not.")
shown = summary.means if what == "average" else 2 * summary.deviations
show_strip(
    [Captioned(as_grey(shown[digit]), str(digit), f"The {what} of all {digit}s") for digit in there],
    side=88,
)

st.subheader("Where do two digits differ?", anchor=False)
with st.container(horizontal=True):
    first = st.selectbox("One", there, min(4, len(there) - 1), key="first", bind="query-params", width=100)
    second = st.selectbox("Another", there, min(9, len(there) - 1), key="second", bind="query-params", width=100)
difference = summary.means[first] - summary.means[second]
strongest = float(np.abs(difference).max()) or 1.0
show_strip(
    [
        Captioned(as_grey(summary.means[first]), f"the average {first}", f"The average {first}"),
        Captioned(
            colour_signed(difference / strongest),
            "the difference",
            f"Orange where the average {first} has more ink, blue where the average {second} has",
        ),
        Captioned(as_grey(summary.means[second]), f"the average {second}", f"The average {second}"),
    ],
    side=196,
)
if first == second:
    st.markdown("A digit does not differ from itself. Choose two.")
else:
    telling = telling_pixel(split.images, split.labels, first, second)
    other = second if telling.digit == first else first
    st.markdown(
        f":orange[Orange]: the average {first} has more ink. :blue[Blue]: the average {second} has.\n\n"
        f"The most telling single pixel is in row {telling.row}, column {telling.column}: "
        f"{100 * telling.share:.0f} % of the {telling.digit}s have ink there, and {100 * telling.other_share:.0f} % of "
        f"the {other}s. Whoever looked at it alone would tell {with_article(first)} from {with_article(second)} in "
        f"{100 * telling.accuracy:.0f} % of all cases."
    )

st.subheader("Paper, ink and nothing", anchor=False)
left, right = st.columns(2, gap="large")
with left:
    st.markdown(f"**Grey values.** {100 * summary.greys[0] / summary.greys.sum():.0f} % of all pixels are plain paper.")
    alt = f"How often each grey occurs, on a logarithmic scale; plain ink, 255, {summary.greys[255]:,} times."
    st.plotly_chart(grey_bars(summary.greys), config=PLAIN, alt=alt)
with right:
    ink = 100 * properties(data, part)["ink"].to_numpy()
    st.markdown(f"**Ink in an image.** On average it covers {ink.mean():.0f} % of the picture.")
    alt = tell_middles(ink, split.labels, "ink", " %")
    st.plotly_chart(boxes_by_digit(ink, split.labels, "ink", " %"), config=PLAIN, alt=alt)
unused = int((~summary.used).sum())
st.markdown(
    f"**{unused} of 784 pixels bear no ink in any of these {len(split):,} images**; they are blue here. "
    + ("A network can learn nothing about them." if unused else "A network can learn something about each.")
)
show_strip([Captioned(colour_signed(np.where(summary.used, 0, -1)), "", f"The {unused} pixels never used, in blue")])

st.subheader("Scaling", anchor=False)
how = st.segmented_control(
    "Scale to",
    list(SCALINGS),
    format_func=lambda name: SCALINGS[name].title,
    default="unit",
    required=True,
    key="scaling",
    bind="query-params",
)
st.markdown(SCALINGS[how].sentence)
chosen = np.random.default_rng(0).permutation(len(split))[:SAMPLED]
figures = mean_and_deviation(summary.greys)
before, after = (scale(split.images[chosen], name, *figures) for name in ("raw", how))
for column, name, values in zip(st.columns(2, gap="large"), ("Before", "After"), (before, after), strict=True):
    with column:
        st.markdown(
            f"**{name}**: {values.min():.4g} to {values.max():.4g}, mean {values.mean():.4g}, "
            f"standard deviation {values.std():.4g}"
        )
        show_strip([Captioned(shade(values[0]), "", f"An image {name.lower()} scaling, lowest value white")], 140)
        alt = f"How often each value occurs {name.lower()} scaling; the line above has their range and mean."
        st.plotly_chart(value_bars(values.ravel()), config=PLAIN, key=f"values-{name}", alt=alt)
st.caption(f"From {len(chosen):,} of the {len(split):,} images, drawn at random with seed 0.")

show_functions(class_means, class_deviations, telling_pixel, is_used, measure_images, scale)
