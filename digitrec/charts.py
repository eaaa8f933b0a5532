"""Plotly figures from plain values. Colours are left to the page's theme, so that light and dark both fit."""

from collections.abc import Sequence

import plotly.graph_objects as go

from digitrec.registry import Measurement

ROW = 34  # pixels


def shares(figures: Sequence[Measurement], title: str) -> go.Figure:
    """Shares as dots with their 95 % intervals, one row each, in percent."""
    rows = list(reversed(figures))
    percent = [100 * figure.share for figure in rows]
    dots = go.Scatter(
        x=percent,
        y=[figure.what for figure in rows],
        error_x={
            "type": "data",
            "array": [100 * (figure.high - figure.share) for figure in rows],
            "arrayminus": [100 * (figure.share - figure.low) for figure in rows],
            "thickness": 2,
        },
        mode="markers+text",
        text=[f"{share:.2f} %" for share in percent],
        textposition="top center",
        customdata=[[figure.n, 100 * figure.low, 100 * figure.high] for figure in rows],
        hovertemplate="%{y}<br>%{x:.2f} % of %{customdata[0]:,}<br>95 % interval %{customdata[1]:.2f} to "
        "%{customdata[2]:.2f} %<extra></extra>",
        marker={"size": 11},
    )
    figure = go.Figure(dots)
    figure.update_layout(title=title, height=110 + ROW * len(rows), margin={"l": 0, "r": 20, "t": 50, "b": 30})
    figure.update_xaxes(ticksuffix=" %", automargin=True)
    figure.update_yaxes(automargin=True)
    return figure
