"""Plotly figures from plain values. Colours are left to the page's theme, so that light and dark both fit."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from digitrec.evaluation.metrics import Measurement

ROW = 46  # pixels
START = 0.25  # epochs that the axis of a learning curve shows at first
SMOOTH = 4  # rows of steps that a point of a learning curve is averaged over
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
LABEL = 15  # pixels above its row, where a phone has room for it


def shares(figures: Sequence[Measurement], text_colour: str | None = None) -> go.Figure:
    """Shares as dots with their 95 % intervals, one row each, in percent.

    `text_colour` is for what the theme would make too pale to read; None leaves it to the theme.
    """
    rows = list(reversed(figures))
    places = list(range(len(rows)))
    percent = [100 * figure.share for figure in rows]
    low, high = min(100 * figure.low for figure in rows), max(100 * figure.high for figure in rows)
    dots = go.Scatter(
        x=percent,
        y=places,
        error_x=error_bars([(figure.low, figure.share, figure.high) for figure in rows]),
        mode="markers",
        marker={"size": 11},
        customdata=[[100 * figure.low, 100 * figure.high] for figure in rows],
        hovertemplate="%{x:.2f} %, 95 % interval %{customdata[0]:.2f} to %{customdata[1]:.2f} %<extra></extra>",
    )
    figure = go.Figure(dots)
    for place, row in zip(places, rows, strict=True):
        label = f"{row.what}: <b>{100 * row.share:.2f} %</b> of {row.n:,}"
        figure.add_annotation(
            text=label,
            x=0,
            xref="paper",
            xanchor="left",
            y=place,
            yshift=LABEL,
            showarrow=False,
            align="left",
            font={"size": 14, "color": text_colour},
        )
    figure.update_layout(height=50 + ROW * len(rows), margin={"l": 0, "r": 10, "t": 0, "b": 30}, showlegend=False)
    spare = 0.04 * (high - low)
    figure.update_xaxes(ticksuffix=" %", range=[low - spare, high + spare])
    figure.update_yaxes(showticklabels=False, showgrid=False, range=[-0.5, len(rows) - 0.2], fixedrange=True)
    return figure


def error_bars(shares: Sequence[tuple[float, float, float]], thickness: float = 2) -> dict[str, Any]:
    """Bars from the low to the high end of each share, given as (low, share, high), in percent around it."""
    return {
        "type": "data",
        "array": [100 * (high - share) for _, share, high in shares],
        "arrayminus": [100 * (share - low) for low, share, _ in shares],
        "thickness": thickness,
    }


def label_bars(counts: pd.DataFrame, order: str) -> go.Figure:
    """The frame of `count_labels` as bars with count and share on each, and the mean as a line.

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
            text=[f"{n:,} · {share:.1%}" for n, share in zip(part["count"], part["share"], strict=True)],
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
    """How many pixels have each of 256 greys, on a logarithmic scale: paper would leave nothing else to be seen."""
    figure = go.Figure(go.Bar(x=np.arange(256), y=counts, hovertemplate="grey %{x}: %{y:,} pixels<extra></extra>"))
    figure.update_layout(height=280, margin={"l": 0, "r": 10, "t": 10, "b": 0}, bargap=0)
    figure.update_xaxes(title="grey, from 0, paper, to 255, ink")
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
    figure.update_yaxes(title="how many", type="log", dtick=1, exponentformat="power")
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


def learning_curves(history: pd.DataFrame, steps: pd.DataFrame, epochs: int, what: str) -> go.Figure:
    """How `what`, "loss" or "accuracy", went: a line within the epochs, and a dot after each.

    The frames are those of `digitrec.training.runs.Run`. Before the first step there are the axes alone.
    """
    figure = go.Figure()
    percent = 100 if what == "accuracy" else 1
    ending = " %" if what == "accuracy" else ""
    figure.add_scatter(
        x=steps["done"],
        y=percent * steps[what].ewm(span=SMOOTH).mean(),
        mode="lines" if len(steps) > 1 else "markers",  # one point makes no line
        name="learned from, smoothed",
        line={"width": 2},
        hoverinfo="skip",
    )
    for column, name, symbol in (
        (what, "whole epoch", "circle"),
        (f"val_{what}", "kept aside", "diamond"),
    ):
        figure.add_scatter(
            x=history["epoch"],
            y=percent * history[column],
            mode="lines+markers" if column.startswith("val") else "markers",
            name=name,
            marker={"size": 9, "symbol": symbol},
            hovertemplate=f"epoch %{{x}}: %{{y:.4g}}{ending}<extra>{name}</extra>",
        )
    figure.update_layout(
        height=330,
        margin={"l": 0, "r": 10, "t": 10, "b": 0},
        legend={"orientation": "h", "y": -0.25, "yanchor": "top"},  # above, it would cover the curve on a phone
        uirevision="kept",
    )
    reach = _reach(float(steps["done"].max()), epochs) if len(steps) else START
    figure.update_xaxes(title="epochs", range=[0, reach * 1.02])
    figure.update_yaxes(title=what, ticksuffix=ending, rangemode="tozero" if what == "loss" else "normal")
    if not len(steps):  # where a guess stands
        figure.update_yaxes(range=[0, 100] if what == "accuracy" else [0, 1.1 * math.log(10)])
    return figure


def _reach(done: float, epochs: int) -> float:
    """Up to which epoch the axis goes: twice as far again and again, so that its first second is seen."""
    reach = START
    while reach < done:
        reach *= 2
    return min(reach, epochs)


def compared_curves(histories: Mapping[str, pd.DataFrame], what: str, against: str) -> go.Figure:
    """How `what`, "val_loss" or "val_accuracy", went in several trainings, `against` "epoch" or "seconds".

    The frames have a row an epoch and these columns; the names become the legend.
    """
    percent, ending = (100, " %") if what.endswith("accuracy") else (1, "")
    figure = go.Figure()
    for (name, history), dash in zip(histories.items(), cycle(DASHES), strict=False):
        figure.add_scatter(
            x=history[against],
            y=percent * history[what],
            mode="lines+markers",
            name=escape(name),
            line={"dash": dash},  # so that nobody needs the colours
            hovertemplate=f"{against} %{{x:.3g}}: %{{y:.4g}}{ending}<extra>{escape(name)}</extra>",
        )
    figure.update_layout(
        height=330,
        margin={"l": 0, "r": 10, "t": 10, "b": 0},
        legend={"orientation": "h", "y": -0.25, "yanchor": "top"},
        showlegend=True,
    )
    figure.update_xaxes(title="epochs" if against == "epoch" else against, rangemode="tozero")
    figure.update_yaxes(title=f"validation {what.removeprefix('val_')}", ticksuffix=ending)
    return figure


def confusion_squares(counts: NDArray[np.int64], text_colour: str | None = None) -> go.Figure:
    """The counts of `metrics.confusion` as squares; the diagonal, what is right, stays without colour."""
    wrong = counts.astype(float)
    np.fill_diagonal(wrong, np.nan)
    digits = [str(digit) for digit in range(10)]
    figure = go.Figure(
        go.Heatmap(
            z=wrong,
            x=digits,
            y=digits,
            colorscale=[[0, "rgba(213, 94, 0, 0)"], [1, "rgba(213, 94, 0, 1)"]],
            showscale=False,
            hoverongaps=False,
            hovertemplate="%{z} times a %{y} was read as a %{x}<extra></extra>",
            xgap=2,
            ygap=2,
        )
    )
    for row, column in np.argwhere(counts > 0).tolist():
        figure.add_annotation(
            x=column, y=row, text=f"{counts[row, column]:,}", showarrow=False, font={"size": 12, "color": text_colour}
        )
    figure.update_layout(height=420, margin={"l": 0, "r": 10, "t": 30, "b": 0})
    figure.update_xaxes(title="read as", side="top", type="category", showgrid=False)
    figure.update_yaxes(title="is a", type="category", autorange="reversed", showgrid=False)
    return figure
