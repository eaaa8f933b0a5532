"""Plotly figures of a model's mistakes, from plain frames and arrays. Colours are left to the page's theme."""

from collections.abc import Sequence
from html import escape
from itertools import cycle

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from digitrec.charts.common import BELOW, DASHES, FLAT, error_bars

ORANGE = "213, 94, 0"
# One for each digit, dark enough for white text. The digit is written on it, so colour is never the only cue.
COLOURS = (
    "#b34700", "#0072b2", "#00795a", "#a3497a", "#946300", "#2b7fa8", "#7a6a00", "#5f5f5f", "#7d551c", "#6a51a3",
)  # fmt: skip
PALE = "rgba(225, 225, 225, 0.8)"
ALL = "all"
DIGITS = [str(digit) for digit in range(10)]
HOVER = "%{customdata:,} × label %{y}, answer %{x}<extra></extra>"


def confusion_matrix(
    counts: NDArray[np.int64],
    text_colour: str | None = None,
    *,
    in_percent: bool = False,
    hides_correct: bool = False,
    is_selectable: bool = False,
) -> go.Figure:
    """The counts of `metrics.confusion` as a matrix; its diagonal, what is correct, stays without colour.

    Parameters
    ----------
    in_percent : write each count as a percentage of its row.
    hides_correct : write nothing on the diagonal.
    is_selectable : add a row and a column for all errors of a digit, and a last trace with a point for each cell to be
        clicked, its `customdata` the label and the predicted digit, -1 for any.
    """
    percent = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    errors = np.where(np.eye(10, dtype=bool), np.nan, percent if in_percent else counts)
    figure = go.Figure()
    figure.add_heatmap(
        z=errors,
        x=DIGITS,
        y=DIGITS,
        customdata=counts,
        colorscale=[[0, f"rgba({ORANGE}, 0)"], [1, f"rgba({ORANGE}, 1)"]],
        showscale=False,
        hoverongaps=False,
        **({"hoverinfo": "skip"} if is_selectable else {"hovertemplate": HOVER}),
        xgap=2,
        ygap=2,
    )
    for row, column in np.argwhere(counts > 0).tolist():
        if row != column or not hides_correct:
            text = f"{percent[row, column]:.1f}" if in_percent else f"{counts[row, column]:,}"
            _write(figure, str(column), str(row), text, text_colour)
    if is_selectable:
        _add_totals(figure, counts, text_colour)
        figure.add_trace(_targets(counts))
    _lay_out_matrix(figure, [*DIGITS, ALL] if is_selectable else DIGITS)
    return figure


def _add_totals(figure: go.Figure, counts: NDArray[np.int64], text_colour: str | None) -> None:
    """All errors of each digit, beside its row and below its column."""
    for digit in range(10):
        missed, mistaken = (int(side.sum() - counts[digit, digit]) for side in (counts[digit], counts[:, digit]))
        _write(figure, ALL, str(digit), f"<i>{missed:,}</i>", text_colour)
        _write(figure, str(digit), ALL, f"<i>{mistaken:,}</i>", text_colour)


def _write(figure: go.Figure, x: str, y: str, text: str, colour: str | None) -> None:
    figure.add_annotation(x=x, y=y, text=text, showarrow=False, font={"size": 12, "color": colour})


def _lay_out_matrix(figure: go.Figure, order: list[str]) -> None:
    figure.update_layout(
        height=50 + 38 * len(order),
        margin={"l": 0, "r": 10, "t": 30, "b": 0},
        showlegend=False,
        clickmode="event+select",
    )
    axis = {"type": "category", "showgrid": False, "categoryarray": order, "fixedrange": True}
    figure.update_xaxes(title="read as", side="top", range=[-0.5, len(order) - 0.5], **axis)
    figure.update_yaxes(title="label", range=[len(order) - 0.5, -0.5], **axis)


def _targets(counts: NDArray[np.int64]) -> go.Scatter:
    """Invisible squares over the cells, which receive the clicks."""
    cells = [(row, column) for row in range(10) for column in range(10)]
    cells += [(digit, -1) for digit in range(10)] + [(-1, digit) for digit in range(10)]
    texts = []
    for row, column in cells:
        if column < 0:
            texts.append(f"all {row}s that are misread")
        elif row < 0:
            texts.append(f"all images misread as {column}")
        else:
            texts.append(f"{counts[row, column]:,} × label {row}, answer {column}")
    return go.Scatter(
        x=[ALL if column < 0 else str(column) for _, column in cells],
        y=[ALL if row < 0 else str(row) for row, _ in cells],
        customdata=cells,
        text=texts,
        hovertemplate="%{text}<extra></extra>",
        mode="markers",
        marker={"symbol": "square", "size": 34, "opacity": 0, "color": "gray"},
        selected={"marker": {"opacity": 0.35}},
        unselected={"marker": {"opacity": 0}},
    )


def group_dots(table: pd.DataFrame) -> go.Figure:
    """The error rate of each group with its interval, from `subgroups.compare_groups`; worse groups are filled dots."""
    rows = table.iloc[::-1]
    figure = go.Figure(
        go.Scatter(
            x=100 * rows["error_rate"],
            y=rows["group"].astype(str),
            error_x=error_bars(rows["error_rate"], rows["low"], rows["high"], 1),
            customdata=rows[["errors", "n"]],
            mode="markers",
            cliponaxis=False,  # a group without errors lies on the axis
            marker={"size": 11, "symbol": ["circle" if worse else "circle-open" for worse in rows["is_worse"]]},
            hovertemplate="%{customdata[0]:,} errors in %{customdata[1]:,}: %{x:.2f} %<extra></extra>",
        )
    )
    figure.update_layout(height=80 + 30 * len(rows), margin=FLAT)
    figure.update_xaxes(title="error rate, with 95 % interval", ticksuffix=" %", rangemode="tozero")
    figure.update_yaxes(type="category")
    return figure


def strength_curves(tables: dict[str, pd.DataFrame], unit: str) -> go.Figure:
    """Accuracy by strength of a corruption, one line per model, from `accuracy_by_strength`."""
    figure = go.Figure()
    for (name, table), dash in zip(tables.items(), cycle(DASHES), strict=False):
        figure.add_scatter(
            x=table["amount"],
            y=100 * table["accuracy"],
            error_y=error_bars(table["accuracy"], table["low"], table["high"], 1),
            mode="lines+markers",
            line={"dash": dash},
            name=escape(name),
            hovertemplate=f"%{{x}} {unit}: %{{y:.2f}} %<extra></extra>",
        )
    figure.update_layout(height=380, margin=FLAT, legend=BELOW, showlegend=True)
    figure.update_xaxes(title=unit)
    figure.update_yaxes(title="accuracy", ticksuffix=" %")
    return figure


def verdict_squares(
    probabilities: NDArray[np.float32],
    is_sure: NDArray[np.bool_],
    amounts: tuple[Sequence[float], Sequence[float]],
    titles: tuple[str, str],
) -> go.Figure:
    """The verdict for an image under two changes, from `robustness.verdict_map`: a square for each pair of amounts.

    Each digit has its own colour; a question mark in a pale square means "not sure".
    """
    digits, confidence = probabilities.argmax(axis=2), probabilities.max(axis=2)
    scale = [[at, colour] for k, colour in enumerate(COLOURS) for at in (k / 10, (k + 1) / 10)]
    figure = go.Figure()
    figure.add_heatmap(
        x=[f"{amount:g}" for amount in amounts[1]],
        y=[f"{amount:g}" for amount in amounts[0]],
        z=digits,
        zmin=-0.5,
        zmax=9.5,
        colorscale=scale,
        showscale=False,
        text=np.where(is_sure, digits.astype(str), ""),
        texttemplate="%{text}",
        textfont={"color": "#ffffff", "size": 13},
        customdata=100 * confidence,
        hovertemplate="%{y} and %{x}: %{z} at %{customdata:.0f} %<extra></extra>",
        opacity=0.9,
        xgap=1,
        ygap=1,
    )
    figure.add_heatmap(
        x=figure.data[0].x,
        y=figure.data[0].y,
        z=np.where(is_sure, np.nan, 1.0),
        colorscale=[[0, PALE], [1, PALE]],
        showscale=False,
        text=np.where(is_sure, "", "?"),
        texttemplate="%{text}",
        textfont={"color": "#111111", "size": 14},
        hoverinfo="skip",
        xgap=1,
        ygap=1,
    )
    figure.update_layout(height=520, margin=FLAT)
    figure.update_xaxes(title=titles[1], type="category", showgrid=False)
    figure.update_yaxes(title=titles[0], type="category", showgrid=False)
    return figure
