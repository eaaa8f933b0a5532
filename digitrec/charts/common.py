"""What several charts share: error bars, symbols, legends, and text that plotly shows as it is."""

from collections.abc import Iterable
from html import escape
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go

FLAT = {"l": 0, "r": 10, "t": 10, "b": 0}
BELOW = {"orientation": "h", "y": -0.25, "yanchor": "top"}

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
# One more than the theme has colours, so that the same pair returns only after 110 series.
SYMBOLS = (
    "circle", "diamond", "square", "triangle-up", "cross", "star", "hexagon", "triangle-down", "bowtie", "pentagon",
    "hourglass",
)  # fmt: skip
GREY = "gray"  # of lines that are not data; visible on light and dark
NAME = 40  # characters in a line of the legend, so that it fits on a phone
LEGEND_LINE = 22  # pixels
# At the bottom, as high as it needs to be; the plot gets the rest.
LEGEND: dict[str, Any] = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "itemwidth": 40}


def error_bars(
    values: Iterable[float], lows: Iterable[float], highs: Iterable[float], thickness: float = 2
) -> dict[str, Any]:
    """Error bars in percent from proportions, 0 to 1, and the ends of their intervals."""
    rows = list(zip(values, lows, highs, strict=True))
    return {
        "type": "data",
        "array": [100 * (high - value) for value, _, high in rows],
        "arrayminus": [100 * (value - low) for value, low, _ in rows],
        "thickness": thickness,
    }


def plain(text: str) -> str:
    """Escaped text, so that plotly shows no tag in it."""
    return escape(text, quote=False)


def legend_name(text: str) -> str:
    """A name for the legend, in lines that fit on a phone."""
    return "<br>".join(plain(line) for line in wrap(text, NAME))


def legend_lines(figure: go.Figure) -> int:
    """The number of lines in the legend if its entries are below each other."""
    return sum(1 + trace.name.count("<br>") for trace in figure.data)


def lay_out_curves(figure: go.Figure) -> None:
    """For all charts of curves: both axes in percent, the legend below."""
    figure.update_layout(
        height=350 + LEGEND_LINE * legend_lines(figure),
        margin={"l": 0, "r": 10, "t": 26, "b": 0},
        legend=LEGEND | {"itemsizing": "constant"},
        showlegend=True,
    )
    figure.update_xaxes(ticksuffix=" %", zeroline=False)
    figure.update_yaxes(ticksuffix=" %", range=[-3, 103], zeroline=False)
