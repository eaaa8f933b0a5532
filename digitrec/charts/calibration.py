"""Reliability diagrams: accuracy against confidence, as plotly figures. Colours are left to the page's theme."""

from collections.abc import Mapping
from itertools import cycle

import pandas as pd
import plotly.graph_objects as go

from digitrec.charts.common import DASHES, GREY, SYMBOLS, error_bars, lay_out_curves, legend_name, plain

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
