"""A picture of a network's layers, one row each, from the image down to the ten probabilities."""

from dataclasses import dataclass
from math import sqrt

import plotly.graph_objects as go

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
GAP = 14  # between the blocks and what is written beside them
THIN = 3  # the side of what is no picture
DEPTH = 1.2  # of one channel; more of them go back by the square root of their number
LIFT = 0.3  # how far up for each pixel back
IMAGE = "#7f7f7f"
# Shapes get no colours from the theme: these are the ones of .streamlit/config.toml.
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
    """What comes out of a layer, seen from the front: a picture is a square, and its channels go back from there.

    Attributes
    ----------
    side : of the square: one pixel for each of the picture's.
    back : how far to the right its channels reach.
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
        """From its left edge to its right."""
        return self.side + self.back

    @property
    def height(self) -> float:
        """From its lower edge to its upper."""
        return self.side + LIFT * self.back


def layer_picture(layers: tuple[Layer, ...], text_colour: str | None = None, width: int = SIDE) -> go.Figure:
    """The image and what comes out of each layer as blocks below each other, with shapes and parameters.

    `text_colour` is for what the theme would make too pale to read; None leaves it to the theme. `width` is that of the
    picture that goes in, in pixels.
    """
    blocks = to_blocks(layers, width)
    column = max(block.width for block in blocks)
    figure = go.Figure(
        go.Scatter(
            x=[1] * len(blocks),  # the far end, where what is told covers the least
            y=list(range(len(blocks))),
            mode="markers",
            marker={"opacity": 0},
            customdata=[[block.title, _size(block.shape), block.parameters] for block in blocks],
            hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<br>%{customdata[2]:,} numbers<extra></extra>",
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
        hoverdistance=-1,  # all of a row is about its layer
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
    """The front on its body; plotly counts pixels to the right and up from the row's place."""
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
    return f" · {parameters:,} numbers" if parameters else ""
