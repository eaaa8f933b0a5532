"""A diagram of a network's layers, one row each, from the image down to the ten probabilities."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from digitrec.charts.pictures import enlarge
from digitrec.ink.preprocessing import SIDE
from digitrec.networks.architectures import (
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Frames,
    Layer,
    MaxPooling,
    Normalisation,
    Sharing,
    outline,
)

ROW = 38  # pixels, as all that follow
GAP = 14  # between the blocks and their text
THIN = 3  # side of a block that is not an image
DEPTH = 1.2  # of one channel; several have this times the square root of their number
LIFT = 0.3  # pixels up for each pixel of depth
IMAGE = "#7f7f7f"
# Shapes get no colours from the theme: these are the colours in .streamlit/config.toml.
COLOURS: dict[type[Layer], str] = {
    Convolution: "#0072b2",
    Normalisation: "#56b4e9",
    MaxPooling: "#d55e00",
    Dropout: "#cc79a7",
    Flatten: "#e69f00",
    Dense: "#009e73",
    Frames: "#009e73",
    Sharing: "#009e73",
}


@dataclass(frozen=True)
class Block:
    """The output of a layer as a block: its front is a square, and its depth shows the number of channels.

    Attributes
    ----------
    side : of the square, in pixels: one for each pixel of the output.
    back : how far to the right the depth reaches, in pixels.
    colour : by kind of layer.
    title, shape, parameters : as in `digitrec.networks.architectures.Outline`.
    """

    side: float
    back: float
    colour: str
    title: str
    shape: tuple[int, ...]
    parameters: int

    @property
    def width(self) -> float:
        """Width in pixels."""
        return self.side + self.back

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.side + LIFT * self.back


def layer_picture(layers: tuple[Layer, ...], text_colour: str | None = None, width: int = SIDE) -> go.Figure:
    """The image and the output of each layer as blocks below each other, with shapes and parameters.

    `text_colour` is for labels that the theme would make too pale to read; None leaves it to the theme. `width` is that
    of the input image, in pixels.
    """
    blocks = to_blocks(layers, width)
    column = max(block.width for block in blocks)
    figure = go.Figure(
        go.Scatter(
            x=[1] * len(blocks),  # the right end, where the hover text covers the least
            y=list(range(len(blocks))),
            mode="markers",
            marker={"opacity": 0},
            customdata=[[block.title, _size(block.shape), block.parameters] for block in blocks],
            hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<br>%{customdata[2]:,} parameters<extra></extra>",
        )
    )
    shapes, texts = [], []
    for row, block in enumerate(blocks):
        shapes += _draw(block, row, (column - block.width) / 2)
        texts.append(
            {
                "text": f"{block.title}<br><b>{_size(block.shape)}</b>{_count(block.parameters)}",
                "x": 0,
                "xanchor": "left",
                "xshift": column + GAP,
                "y": row,
                "showarrow": False,
                "align": "left",
                "font": {"size": 13, "color": text_colour},
            }
        )
    figure.update_layout(
        height=ROW * len(blocks),
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        showlegend=False,
        dragmode=False,
        hoverdistance=-1,  # the whole row shows the hover text of its layer
        shapes=shapes,
        annotations=texts,
    )
    figure.update_xaxes(visible=False, range=[0, 1], fixedrange=True)
    figure.update_yaxes(visible=False, range=[len(blocks) - 0.5, -0.5], fixedrange=True)
    return figure


def to_blocks(layers: tuple[Layer, ...], width: int = SIDE) -> tuple[Block, ...]:
    """The image, then a block for each layer."""
    image = Block(SIDE, DEPTH, IMAGE, "The image" if width == SIDE else "The strip", (SIDE, width, 1), 0)
    return (
        image,
        *(
            Block(*_measure(row.shape), COLOURS[type(layer)], row.title, row.shape, row.parameters)
            for layer, row in zip(layers, outline(layers, width), strict=True)
        ),
    )


def _measure(shape: tuple[int, ...]) -> tuple[float, float]:
    return max(THIN, shape[0] if len(shape) == 3 else 0), DEPTH * sqrt(shape[-1])


def _draw(block: Block, row: int, left: float) -> list[dict[str, object]]:
    """The body and the front; plotly counts pixels to the right and up from the row's position."""
    bottom = -block.height / 2
    right, top, rise = left + block.side, bottom + block.side, LIFT * block.back
    front = [(left, bottom), (right, bottom), (right, top), (left, top)]
    body = [
        (left, bottom),
        (right, bottom),
        (right + block.back, bottom + rise),
        (right + block.back, top + rise),
        (left + block.back, top + rise),
        (left, top),
    ]
    return [
        {
            "type": "path",
            "path": f"M {' L '.join(f'{x:.1f} {y:.1f}' for x, y in corners)} Z",
            "xsizemode": "pixel",
            "ysizemode": "pixel",
            "xanchor": 0,
            "yanchor": row,
            "fillcolor": block.colour,
            "opacity": opacity,
            "line": {"width": 0},
        }
        for corners, opacity in ((body, 0.55), (front, 1))
    ]


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def _count(parameters: int) -> str:
    """Short, so that a row fits on a phone."""
    return f" · {parameters:,} params" if parameters else ""


def tile_channels(channels: NDArray[np.float32], columns: int, side: int) -> NDArray[np.uint8]:
    """The channels of a layer's (h, w, c) activation side by side, all scaled by the largest; dark is strong."""
    h, w, count = channels.shape
    rows = -(-count // columns)
    factor = max(1, side // max(h, w))
    strongest = float(channels.max()) or 1.0
    grey = np.rint(255 * (1 - np.clip(channels, 0, None) / strongest)).astype(np.uint8)
    sheet = np.full((rows * (h * factor + 2) - 2, columns * (w * factor + 2) - 2), 225, np.uint8)
    for index in range(rows * columns):
        top, left = (index // columns) * (h * factor + 2), (index % columns) * (w * factor + 2)
        cell = enlarge(grey[..., index], factor) if index < count else 255
        sheet[top : top + h * factor, left : left + w * factor] = cell
    return sheet
