"""Plotly figures from plain values. Colours are left to the page's theme, so that light and dark both fit."""

from collections.abc import Sequence

import plotly.graph_objects as go

from digitrec.registry import Measurement

ROW = 42  # pixels


def shares(figures: Sequence[Measurement]) -> go.Figure:
    """Shares as dots with their 95 % intervals, one row each, in percent."""
    rows = list(reversed(figures))
    percent = [100 * figure.share for figure in rows]
    dots = go.Scatter(
        x=percent,
        y=[f"{figure.what}<br><i>n = {figure.n:,}</i>" for figure in rows],
        error_x={
            "type": "data",
            "array": [100 * (figure.high - figure.share) for figure in rows],
            "arrayminus": [100 * (figure.share - figure.low) for figure in rows],
            "thickness": 2,
        },
        mode="markers+text",
        text=[f"{share:.2f} %" for share in percent],
        textposition="top center",
        customdata=[[100 * figure.low, 100 * figure.high] for figure in rows],
        hovertemplate="%{x:.2f} %, 95 % interval %{customdata[0]:.2f} to %{customdata[1]:.2f} %<extra></extra>",
        marker={"size": 11},
    )
    figure = go.Figure(dots)
    figure.update_layout(height=70 + ROW * len(rows), margin={"l": 0, "r": 30, "t": 10, "b": 30})
    figure.update_xaxes(ticksuffix=" %", automargin=True)
    figure.update_yaxes(automargin=True)
    return figure
