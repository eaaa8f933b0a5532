"""Charts of a model card as plotly figures: accuracies, rejection rates, other networks. Colours: the page's theme."""

from collections.abc import Sequence
from itertools import cycle
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go

from digitrec.charts.common import (
    GREY,
    LEGEND,
    LEGEND_LINE,
    SYMBOLS,
    error_bars,
    lay_out_curves,
    legend_lines,
    legend_name,
    plain,
)
from digitrec.evaluation.metrics import Measurement
from digitrec.networks.card import Rejection, Rival

ROW = 46  # pixels
ABOVE = 6  # pixels between a dot and its label

SHORT = 3  # characters of a label that fits beside its row; a longer one stands above it
LETTERS = 48  # characters of a line above a row, so that it fits on a phone
LINE, SERIES, EDGE = 18, 14, 12  # pixels: height of a line of a label, of a series in a row, and between rows
SCANS, PREPARED, NAIVE = "MNIST test set", "drawings, preprocessed", "drawings, naive"


def group_figures(figures: Sequence[Measurement], text_colour: str | None = None) -> go.Figure:
    """Figures of a model card in percent with 95 % intervals: a row for each `what`, a symbol for each `on`.

    Rows and series are in the order of first appearance. At least one figure.
    """
    rows = list(dict.fromkeys(figure.what for figure in figures))
    series = list(dict.fromkeys(figure.on for figure in figures))
    labels = [_wrapped(row) for row in rows]
    is_above = max(map(len, rows)) > SHORT
    band = SERIES * len(series)
    lines = max(map(len, labels)) if is_above else 0
    height = EDGE + LINE * lines + band
    figure = go.Figure()
    for number, (on, symbol) in enumerate(zip(series, cycle(SYMBOLS), strict=False)):
        part = [one for one in figures if one.on == on]
        offset = (SERIES * (number + 0.5) - band / 2) / height
        figure.add_trace(
            _dots(part, [rows.index(one.what) + offset for one in part], on, symbol, [one.what for one in part])
        )
    if is_above:
        for place, label in enumerate(labels):
            _put_label(figure, "<br>".join(label), place, band / 2, text_colour)
    else:
        figure.update_yaxes(
            tickvals=list(range(len(rows))),
            ticktext=[label[0] for label in labels],
            tickfont={"size": 14, "color": text_colour},
        )
    _lay_out_rows(figure, len(rows), height, above=LINE * lines, legend=legend_lines(figure) if len(series) > 1 else 0)
    _show_range(figure, figures)
    return figure


def _dots(figures: Sequence[Measurement], places: list[float], name: str, symbol: str, rows: list[str]) -> go.Scatter:
    """One series: a dot with its interval at each place; its hover text names the row."""
    return go.Scatter(
        x=[100 * one.value for one in figures],
        y=places,
        error_x=_intervals(figures),
        mode="markers",
        marker={"size": 10, "symbol": symbol},
        name=legend_name(name),
        customdata=[[100 * one.low, 100 * one.high, one.n, plain(row)] for one, row in zip(figures, rows, strict=True)],
        hovertemplate="%{customdata[3]}: %{x:.2f} % of %{customdata[2]:,}, 95 % interval %{customdata[0]:.2f} to "
        f"%{{customdata[1]:.2f}} %<extra>{plain(name)}</extra>",
    )


def _intervals(figures: Sequence[Measurement]) -> dict[str, Any]:
    return error_bars([one.value for one in figures], [one.low for one in figures], [one.high for one in figures])


def _put_label(figure: go.Figure, text: str, place: float, above: float, colour: str | None) -> None:
    """Put a label above the dots of a row, at the left edge, where there is room on a phone."""
    figure.add_annotation(
        text=text,
        x=0,
        xref="paper",
        xanchor="left",
        y=place,
        yanchor="bottom",
        yshift=above,
        showarrow=False,
        align="left",
        font={"size": 14, "color": colour},
    )


def _lay_out_rows(figure: go.Figure, rows: int, height: float, *, above: float, legend: int) -> None:
    """Lay out rows of `height` pixels, the first on top; the upper `above` pixels are for the label."""
    below = 0.5 * (height - above) / height  # fraction of the row below the middle of its dots
    figure.update_layout(
        height=round(rows * height + 40 + LEGEND_LINE * legend),
        margin={"l": 0, "r": 10, "t": 0, "b": 30},
        showlegend=legend > 0,
        legend=LEGEND,
    )
    figure.update_yaxes(
        range=[rows - 1 + below, below - 1],
        showticklabels=not above,
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )


def _show_range(figure: go.Figure, figures: Sequence[Measurement]) -> None:
    low, high = min(100 * one.low for one in figures), max(100 * one.high for one in figures)
    spare = 0.04 * (high - low) or 1.0
    figure.update_xaxes(ticksuffix=" %", range=[low - spare, high + spare], zeroline=False)


def _wrapped(text: str) -> list[str]:
    """Text in lines that fit on a phone, escaped."""
    return [plain(line) for line in wrap(text, LETTERS)] or [""]


def rejection_curves(rejection: Rejection, threshold: float, text_colour: str | None = None) -> go.Figure:
    """Rejection rates on a model card by threshold: digits as solid lines, non-digits as dashed ones.

    A vertical line marks the model's threshold.
    """
    figure = go.Figure()
    symbols = cycle(SYMBOLS)
    for curves, dash, width in ((rejection.digits, "solid", 3), (rejection.others, "dash", 2)):
        for name, rates in curves.items():
            points = list(zip(rejection.thresholds, rates, strict=False))
            figure.add_scatter(
                x=[100 * at for at, _ in points],
                y=[100 * rate for _, rate in points],
                mode="lines+markers",
                line={"dash": dash, "width": width},
                marker={"symbol": next(symbols), "size": 9, "maxdisplayed": 9},
                name=legend_name(name),
                hovertemplate=f"threshold %{{x:.1f}} %: %{{y:.1f}} % rejected<extra>{plain(name)}</extra>",
            )
    figure.add_vline(x=100 * threshold, line={"dash": "dot", "width": 2, "color": GREY})
    figure.add_annotation(
        text=f"threshold: {100 * threshold:.1f} %",
        x=100 * threshold,
        xanchor="right" if threshold > 0.5 else "left",
        y=1,
        yref="paper",
        yanchor="bottom",
        showarrow=False,
        font={"size": 14, "color": text_colour},
    )
    lay_out_curves(figure)
    figure.update_xaxes(title="threshold")
    figure.update_yaxes(title="rejection rate")
    return figure


def rival_dots(rivals: Sequence[Rival], text_colour: str | None = None) -> go.Figure:
    """The accuracies on a model card of other networks, on the MNIST test set and on drawings, preprocessed and naive.

    The first is on top; a line joins its two accuracies on drawings. At least one rival.
    """
    labels = [[f"<b>{plain(rival.name)}</b>", *_wrapped(rival.recipe)] for rival in rivals]
    lines = max(map(len, labels))
    height = 2 * EDGE + LINE * lines + SERIES
    figure = go.Figure()
    for place, rival in enumerate(rivals):
        ends = 100 * rival.naive.value, 100 * rival.prepared.value
        figure.add_shape(x0=ends[0], x1=ends[1], y0=place, y1=place, layer="below", line={"width": 1, "color": GREY})
    sets = (
        (
            SCANS,
            [rival.scans for rival in rivals],
            "square",
            -SERIES / 2 / height,
        ),  # a little higher, so that it is not hidden
        (PREPARED, [rival.prepared for rival in rivals], "circle", 0.0),
        (NAIVE, [rival.naive for rival in rivals], "x", 0.0),
    )
    for name, figures, symbol, offset in sets:
        places = [place + offset for place in range(len(rivals))]
        figure.add_trace(_dots(figures, places, name, symbol, [rival.name for rival in rivals]))
    for place, label in enumerate(labels):
        _put_label(figure, "<br>".join(label), place, SERIES, text_colour)
    _lay_out_rows(figure, len(rivals), height, above=LINE * lines, legend=legend_lines(figure))
    _show_range(figure, [one for _, figures, _, _ in sets for one in figures])
    return figure


def single_figures(figures: Sequence[Measurement], text_colour: str | None = None) -> go.Figure:
    """Figures of a model card in percent with 95 % intervals, one row each.

    `text_colour` is for labels that the theme would make too pale to read; None leaves it to the theme.
    """
    rows = list(reversed(figures))
    places = list(range(len(rows)))
    percent = [100 * figure.value for figure in rows]
    low, high = min(100 * figure.low for figure in rows), max(100 * figure.high for figure in rows)
    dots = go.Scatter(
        x=percent,
        y=places,
        error_x=_intervals(rows),
        mode="markers",
        marker={"size": 11},
        customdata=[[100 * figure.low, 100 * figure.high] for figure in rows],
        hovertemplate="%{x:.2f} %, 95 % interval %{customdata[0]:.2f} to %{customdata[1]:.2f} %<extra></extra>",
    )
    figure = go.Figure(dots)
    labels = [_label(row) for row in rows]
    for place, label in zip(places, labels, strict=True):
        _put_label(figure, "<br>".join(label), place, ABOVE, text_colour)
    height = ROW + LINE * (max(map(len, labels)) - 1)
    figure.update_layout(height=50 + height * len(rows), margin={"l": 0, "r": 10, "t": 0, "b": 30}, showlegend=False)
    spare = 0.04 * (high - low)
    figure.update_xaxes(ticksuffix=" %", range=[low - spare, high + spare])
    figure.update_yaxes(showticklabels=False, showgrid=False, range=[-0.5, len(rows) - 0.2], fixedrange=True)
    return figure


def _label(figure: Measurement) -> list[str]:
    """What was measured and its value, in lines that fit on a phone."""
    value = f"{100 * figure.value:.2f}\u00a0%"
    of = f"{value} of {figure.n:,}".replace(" ", "\u00a0")  # is not divided between two lines
    *lines, last = _wrapped(f"{figure.what}: {of}")
    return [*lines, f"<b>{value}</b>".join(last.rsplit(value, 1))]
