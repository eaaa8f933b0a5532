"""Learning curves of one run, and of several runs together."""

import math
from collections.abc import Mapping
from html import escape
from itertools import cycle

import pandas as pd
import plotly.graph_objects as go

from digitrec.charts.common import DASHES

START = 0.25  # epochs that the axis shows at first
SMOOTH = 4  # span of the moving average, in rows of steps


def learning_curves(history: pd.DataFrame, steps: pd.DataFrame, epochs: int, what: str) -> go.Figure:
    """The learning curve of `what`, "loss" or "accuracy": a line within the epochs, and a dot after each.

    The frames are those of `digitrec.training.run_folders.runs.Run`. Before the first step there are only the axes.
    """
    figure = go.Figure()
    percent = 100 if what == "accuracy" else 1
    ending = " %" if what == "accuracy" else ""
    figure.add_scatter(
        x=steps["done"],
        y=percent * steps[what].ewm(span=SMOOTH).mean(),
        mode="lines" if len(steps) > 1 else "markers",  # one point makes no line
        name="training, moving average",
        line={"width": 2},
        hoverinfo="skip",
    )
    for column, name, symbol in (
        (what, "training, per epoch", "circle"),
        (f"val_{what}", "validation", "diamond"),
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
    if not len(steps):  # with room for the loss of a guess
        figure.update_yaxes(range=[0, 100] if what == "accuracy" else [0, 1.1 * math.log(10)])
    return figure


def _reach(done: float, epochs: int) -> float:
    """The last epoch on the axis; it doubles as needed, so that the first second is visible."""
    reach = START
    while reach < done:
        reach *= 2
    return min(reach, epochs)


def compared_curves(histories: Mapping[str, pd.DataFrame], what: str, against: str) -> go.Figure:
    """Learning curves of several trainings: `what` is "val_loss" or "val_accuracy", `against` is "epoch" or "seconds".

    The frames have a row per epoch and these columns; their names are the legend.
    """
    percent, ending = (100, " %") if what.endswith("accuracy") else (1, "")
    figure = go.Figure()
    for (name, history), dash in zip(histories.items(), cycle(DASHES), strict=False):
        figure.add_scatter(
            x=history[against],
            y=percent * history[what],
            mode="lines+markers",
            name=escape(name),
            line={"dash": dash},  # so that colour is never the only cue
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
