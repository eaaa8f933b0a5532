"""What a model's card says, as plotly figures, and what is picked from it. Colours are left to the page's theme.

measurements, a refusal, rivals -> figures          answers -> the drawings that readers part over
"""

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
LABEL = 15  # pixels above its row, where a phone has room for it

SHORT = 3  # letters of a label that fits beside its row; a longer one stands above it
LETTERS = 48  # of a line above a row that a phone has room for
LINE, SERIES, EDGE = 18, 14, 12  # pixels: of a line of a label, of each series in a row, and between rows
SCANS, PREPARED, CARELESS = "MNIST's scans", "drawings, prepared", "drawings, just shrunk"


def by_group(figures: Sequence[Measurement], text_colour: str | None = None) -> go.Figure:
    """Shares as dots with their 95 % intervals, a row for each `what` and a symbol for each `on`, in percent.

    Rows and series come in the order in which they are met first. At least one figure.
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
    """One series: a dot with its interval at each place; hovering names its row."""
    return go.Scatter(
        x=[100 * one.share for one in figures],
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
    return error_bars([one.share for one in figures], [one.low for one in figures], [one.high for one in figures])


def _put_label(figure: go.Figure, text: str, place: float, above: float, colour: str | None) -> None:
    """Above a row's dots, at the left edge, where a phone has room for it."""
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
    """Rows of so many pixels, the first on top; `above` of them are its label's."""
    below = 0.5 * (height - above) / height  # of the row, under its dots' middle
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
    """Text in lines that a phone has room for, safe to be shown."""
    return [plain(line) for line in wrap(text, LETTERS)] or [""]


def refusal_curves(refusal: Rejection, line: float, text_colour: str | None = None) -> go.Figure:
    """The share answered "not sure" by threshold: digits as solid lines, what is none as broken ones.

    A vertical line stands where the model draws it.
    """
    figure = go.Figure()
    symbols = cycle(SYMBOLS)
    for curves, dash, width in ((refusal.digits, "solid", 3), (refusal.others, "dash", 2)):
        for name, shares in curves.items():
            points = list(zip(refusal.thresholds, shares, strict=False))
            figure.add_scatter(
                x=[100 * threshold for threshold, _ in points],
                y=[100 * share for _, share in points],
                mode="lines+markers",
                line={"dash": dash, "width": width},
                marker={"symbol": next(symbols), "size": 9, "maxdisplayed": 9},
                name=legend_name(name),
                hovertemplate=f"below %{{x:.1f}} %: %{{y:.1f}} % not sure<extra>{plain(name)}</extra>",
            )
    figure.add_vline(x=100 * line, line={"dash": "dot", "width": 2, "color": GREY})
    figure.add_annotation(
        text=f"its line: {100 * line:.1f} %",
        x=100 * line,
        xanchor="right" if line > 0.5 else "left",
        y=1,
        yref="paper",
        yanchor="bottom",
        showarrow=False,
        font={"size": 14, "color": text_colour},
    )
    lay_out_curves(figure)
    figure.update_xaxes(title="not sure below")
    figure.update_yaxes(title="answered so")
    return figure


def rival_dots(rivals: Sequence[Rival], text_colour: str | None = None) -> go.Figure:
    """What each of several readers reads of MNIST's scans and of the same drawings, prepared and careless.

    The first stands on top; a line joins what it reads of the drawings. At least one rival.
    """
    labels = [[f"<b>{plain(rival.name)}</b>", *_wrapped(rival.recipe)] for rival in rivals]
    lines = max(map(len, labels))
    height = 2 * EDGE + LINE * lines + SERIES
    figure = go.Figure()
    for place, rival in enumerate(rivals):
        ends = 100 * rival.careless.share, 100 * rival.prepared.share
        figure.add_shape(x0=ends[0], x1=ends[1], y0=place, y1=place, layer="below", line={"width": 1, "color": GREY})
    sets = (
        (SCANS, [rival.scans for rival in rivals], "square", -SERIES / 2 / height),  # a little higher, to be seen
        (PREPARED, [rival.prepared for rival in rivals], "circle", 0.0),
        (CARELESS, [rival.careless for rival in rivals], "x", 0.0),
    )
    for name, figures, symbol, offset in sets:
        places = [place + offset for place in range(len(rivals))]
        figure.add_trace(_dots(figures, places, name, symbol, [rival.name for rival in rivals]))
    for place, label in enumerate(labels):
        _put_label(figure, "<br>".join(label), place, SERIES, text_colour)
    _lay_out_rows(figure, len(rivals), height, above=LINE * lines, legend=legend_lines(figure))
    _show_range(figure, [one for _, figures, _, _ in sets for one in figures])
    return figure


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
        error_x=_intervals(rows),
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
