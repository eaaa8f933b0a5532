"""Reliability diagrams: accuracy against confidence, as plotly figures. Colours are left to the page's theme."""

from collections.abc import Mapping
from itertools import cycle

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from digitrec.charts.common import BELOW, DASHES, FLAT, GREY, SYMBOLS, error_bars, lay_out_curves, legend_name, plain

LARGEST, SMALLEST = 19, 7  # pixels, of a dot for all answers, or for hardly any


def reliability_curves(tables: Mapping[str, pd.DataFrame]) -> go.Figure:
    """Accuracy against confidence, a curve for each name, with 95 % intervals; larger dots are more answers.

    Each frame has a row for each bin, as `calibration.reliability` gives it: n, confidence, accuracy, accuracy_low and
    accuracy_high. The last trace is the diagonal, where confidence equals accuracy.
    """
    figure = go.Figure()
    for (name, table), symbol, dash in zip(tables.items(), cycle(SYMBOLS), cycle(DASHES), strict=False):
        sizes = SMALLEST + (LARGEST - SMALLEST) * (table["n"] / table["n"].sum()) ** 0.5
        figure.add_scatter(
            x=100 * table["confidence"],
            y=100 * table["accuracy"],
            error_y=error_bars(table["accuracy"], table["accuracy_low"], table["accuracy_high"], 1),
            mode="markers+lines",
            line={"dash": dash, "width": 1.5},
            cliponaxis=False,
            marker={"symbol": symbol, "size": sizes.to_numpy()},
            name=legend_name(name),
            customdata=table["n"],
            hovertemplate="%{customdata:,} answers of %{x:.1f} % confidence: %{y:.1f} % correct"
            f"<extra>{plain(name)}</extra>",
        )
    figure.add_scatter(
        x=[0, 100],
        y=[0, 100],
        mode="lines",
        name="perfectly calibrated",
        line={"dash": "dot", "width": 2, "color": GREY},
        hoverinfo="skip",
    )
    lay_out_curves(figure)
    figure.update_xaxes(title="confidence", range=[0, 105])
    figure.update_yaxes(title="accuracy")
    return figure


def confidence_bars(confidence: NDArray[np.floating], is_right: NDArray[np.bool_], bins: int = 20) -> go.Figure:
    """Histogram of confidence, for the correct and the wrong answers."""
    figure = go.Figure()
    edges = np.linspace(0, 1, bins + 1)
    for chosen, name, pattern in ((is_right, "correct", ""), (~is_right, "wrong", "/")):
        counts, _ = np.histogram(confidence[chosen], edges)
        figure.add_bar(
            x=100 * (edges[:-1] + edges[1:]) / 2,
            y=counts,
            name=name,
            marker={"pattern": {"shape": pattern}},
            hovertemplate=f"%{{y:,}} {name} answers at about %{{x:.0f}} %<extra></extra>",
        )
    figure.update_layout(height=300, margin=FLAT, legend=BELOW, barmode="group", bargap=0.1)
    figure.update_xaxes(title="confidence", ticksuffix=" %", range=[0, 100])
    figure.update_yaxes(title="answers (logarithmic scale)", type="log")
    return figure


def coverage_curve(table: pd.DataFrame, threshold: float) -> go.Figure:
    """Coverage and error rate by threshold of confidence, from `calibration.coverage`."""
    figure = go.Figure()
    for column, name, dash in (("coverage", "coverage", "solid"), ("error", "error rate", "dash")):
        figure.add_scatter(
            x=100 * table["threshold"],
            y=100 * table[column],
            mode="lines",
            line={"dash": dash},
            name=name,
            yaxis="y" if column == "coverage" else "y2",
            hovertemplate=f"threshold %{{x:.1f}} %: {name} %{{y:.2f}} %<extra></extra>",
        )
    figure.add_vline(x=100 * threshold, line={"dash": "dot", "width": 2, "color": "gray"})
    figure.update_layout(
        height=340,
        margin=FLAT,
        legend=BELOW,
        yaxis={"title": "coverage", "ticksuffix": " %"},
        yaxis2={
            "title": "error rate",
            "ticksuffix": " %",
            "tickformat": ".2f",
            "overlaying": "y",
            "side": "right",
            "rangemode": "tozero",
        },
    )
    figure.update_xaxes(title="threshold of confidence", ticksuffix=" %")
    return figure
