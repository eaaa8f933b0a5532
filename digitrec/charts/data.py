"""Plotly figures from plain values. Colours are left to the page's theme, so that light and dark both fit."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray


def label_bars(counts: pd.DataFrame, order: str) -> go.Figure:
    """The frame of `count_labels` as bars with count and percentage on each, and the mean as a line.

    `order` is the column to sort by: "digit" upwards, or "count" downwards.
    """
    rows = counts.sort_values(order, ascending=order == "digit")
    names = [str(digit) for digit in rows["digit"]]
    mean = float(counts["count"].mean())
    figure = go.Figure()
    below = "at or below the mean" if (counts["count"] == mean).any() else "below the mean"
    for above, title in ((True, "above the mean"), (False, below)):
        part = rows[rows["above"] == above]
        figure.add_bar(
            x=[str(digit) for digit in part["digit"]],
            y=part["count"],
            name=title,
            text=[f"{n:,} · {fraction:.1%}" for n, fraction in zip(part["count"], part["fraction"], strict=True)],
            textposition="inside",
            insidetextanchor="start",
            textangle=-90,
            textfont={"size": 14, "color": "#ffffff"},
            hovertemplate="%{x}: %{y:,}<extra></extra>",
            marker={"pattern": {"shape": "" if above else "/", "fillmode": "overlay", "size": 8, "solidity": 0.15}},
        )
    figure.add_hline(y=mean, line={"dash": "dash", "width": 2, "color": "#8a8a8a"}, annotation_text=f"mean {mean:,.1f}")
    figure.update_layout(
        height=380,
        margin={"l": 0, "r": 10, "t": 30, "b": 0},
        legend={"orientation": "h", "y": 1.12},
    )
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=names, title="digit")
    figure.update_yaxes(title="images", rangemode="tozero")
    return figure


def numbers(image: NDArray[np.uint8]) -> go.Figure:
    """A (28, 28) image with the grey of every pixel written on it, 0 to 255."""
    figure = go.Figure(
        go.Heatmap(
            z=image,
            zmin=0,
            zmax=255,
            colorscale="gray",
            showscale=False,
            texttemplate="%{z}",
            textfont={"size": 9},
            hovertemplate="row %{y}, column %{x}: %{z}<extra></extra>",
            xgap=1,
            ygap=1,
        )
    )
    figure.update_layout(height=620, margin={"l": 0, "r": 0, "t": 24, "b": 0})
    figure.update_xaxes(side="top", dtick=4, constrain="domain")
    figure.update_yaxes(range=[27.5, -0.5], dtick=4, scaleanchor="x", constrain="domain")
    return figure


def grey_bars(counts: NDArray[np.int64]) -> go.Figure:
    """How many pixels have each of 256 greys, on a logarithmic scale, so that not only the background is visible."""
    figure = go.Figure(go.Bar(x=np.arange(256), y=counts, hovertemplate="grey %{x}: %{y:,} pixels<extra></extra>"))
    figure.update_layout(height=280, margin={"l": 0, "r": 10, "t": 10, "b": 0}, bargap=0)
    figure.update_xaxes(title="grey value, from 0 (background) to 255 (ink)")
    figure.update_yaxes(title="pixels", type="log", dtick=1, exponentformat="power")
    return figure


def boxes_by_digit(values: NDArray[np.float64], labels: NDArray[np.uint8], title: str, unit: str) -> go.Figure:
    """How (n,) values are spread within each digit: the box holds half of them, the whiskers nine tenths."""
    digits = [int(digit) for digit in np.unique(labels)]
    low, q1, median, q3, high = np.transpose(
        [np.quantile(values[labels == digit], (0.05, 0.25, 0.5, 0.75, 0.95)) for digit in digits]
    )
    figure = go.Figure(
        go.Box(x=[str(d) for d in digits], lowerfence=low, q1=q1, median=median, q3=q3, upperfence=high, name=title)
    )
    figure.update_layout(height=280, margin={"l": 0, "r": 10, "t": 10, "b": 0}, showlegend=False)
    figure.update_xaxes(type="category", title="digit")
    figure.update_yaxes(title=title, ticksuffix=unit, rangemode="tozero")
    return figure


def value_bars(values: NDArray[np.float32], bins: int = 64) -> go.Figure:
    """How often numbers of any range occur among (n,) values, on a logarithmic scale."""
    counts, edges = np.histogram(values, bins)
    figure = go.Figure(
        go.Bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            width=np.diff(edges),
            hovertemplate="about %{x:.3g}: %{y:,} values<extra></extra>",
        )
    )
    figure.update_layout(height=240, margin={"l": 0, "r": 10, "t": 10, "b": 0}, bargap=0)
    figure.update_xaxes(title="value")
    figure.update_yaxes(title="count", type="log", dtick=1, exponentformat="power")
    return figure


def plane(
    positions: NDArray[np.float32],
    labels: NDArray[np.uint8],
    text_colour: str | None = None,
) -> go.Figure:
    """(n, 2) positions as dots coloured by (n,) labels, each digit's name at its middle.

    The `customdata` of a dot is its index among the n.
    """
    figure = go.Figure()
    for digit in np.unique(labels).tolist():
        chosen = np.flatnonzero(labels == digit)
        x, y = positions[chosen].T
        figure.add_scattergl(
            x=x,
            y=y,
            mode="markers",
            name=str(digit),
            customdata=chosen,
            marker={"size": 5, "opacity": 0.75},
            hovertemplate=f"{digit}<extra></extra>",
        )
        figure.add_annotation(
            x=float(np.median(x)),
            y=float(np.median(y)),
            text=f"<b>{digit}</b>",
            showarrow=False,
            font={"size": 22, "color": text_colour},
        )
    figure.update_layout(
        height=560,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        dragmode="pan",
        uirevision="kept",  # what was zoomed into stays when images are selected
        legend={"itemsizing": "constant", "orientation": "h", "y": 0},
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure
