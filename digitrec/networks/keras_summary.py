"""What Keras's `model.summary()` prints of a network, made from the catalogue without loading Keras.

layers -> rows (name, class, output shape, parameters) -> a table
"""

import io
from dataclasses import dataclass
from math import prod

from rich.console import Console
from rich.table import Column, Table

from digitrec.ink.preprocessing import SIDE
from digitrec.ink.strips import FRAMES
from digitrec.networks.architectures import (
    ARCHITECTURES,
    Architecture,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Frames,
    Layer,
    MaxPooling,
    Normalisation,
    Outline,
    Sharing,
    outline,
)

WIDTH = 68  # characters of a line
COLUMNS = (30, 24, 14)  # characters of each column, as Keras divides them
UNITS = ("B", "KB", "MB", "GB")


@dataclass(frozen=True)
class Row:
    """A Keras layer: its name and class, its output shape without the batch, its parameters and how many it learns."""

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int = 0
    trainable: int = 0


def keras_summary(network: str, scaling: str) -> str:
    """The summary of a network of the catalogue whose first layer scales pixel values as a recipe says."""
    rows = _rows(ARCHITECTURES[network], scaling)
    columns = zip(("Layer (type)", "Output Shape", "Param #"), COLUMNS, ("left", "left", "right"), strict=True)
    headers = [Column(title, width=width, justify=side) for title, width, side in columns]  # type: ignore[arg-type]
    table = Table(*headers, width=WIDTH, show_lines=True)
    for row in rows:
        table.add_row(f"{row.name} ({row.kind})", f"(None, {', '.join(map(str, row.shape))})", f"{row.parameters:,}")
    console = Console(file=io.StringIO(), width=WIDTH, color_system=None, legacy_windows=False, _environ={})
    console.print(f'Model: "{network.replace("-", "_")}"', table, sep="\n", highlight=False, markup=False)
    every, trainable = sum(row.parameters for row in rows), sum(row.trainable for row in rows)
    totals = (("Total", every), ("Trainable", trainable), ("Non-trainable", every - trainable))
    lines = [f" {title} params: {count:,} ({_memory(count)})\n" for title, count in totals]
    return console.file.getvalue() + "".join(lines)  # type: ignore[attr-defined]


def _memory(count: int) -> str:
    """The memory of so many float32 numbers."""
    size, unit = 4.0 * count, 0
    while size >= 1024 and unit < len(UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.2f} {UNITS[unit]}"


def _rows(architecture: Architecture, scaling: str) -> list[Row]:
    rows = _scaling_rows(scaling, architecture.width)
    before: tuple[int, ...] = (SIDE, architecture.width, 1)
    outlines = outline(architecture.layers, architecture.width)
    for index, (layer, one) in enumerate(zip(architecture.layers, outlines, strict=True), 1):
        rows += _layer_rows(layer, one, before, index)
        before = one.shape
    return rows


def _scaling_rows(scaling: str, width: int) -> list[Row]:
    image, padded = (SIDE, width, 1), (SIDE + 1, width, 1)
    match scaling:
        case "raw":
            return []
        case "unit-norm":
            return [
                Row("below", "ZeroPadding2D", padded),
                Row("specks", "Rescaling", padded),
                Row("scale", "UnitNormalization", padded),
                Row("above", "Cropping2D", image),
            ]
        case _:
            return [Row("scale", "Rescaling", image)]


def _layer_rows(layer: Layer, one: Outline, before: tuple[int, ...], index: int) -> list[Row]:  # noqa: PLR0911  one for each kind of layer
    shape, count = one.shape, one.parameters
    match layer:
        case Convolution():
            return [Row(f"convolution_{index}", "Conv2D", shape, count, count)]
        case Normalisation():
            normalisation = Row(f"normalization_{index}", "BatchNormalization", shape, count, count // 2)
            return [normalisation, Row(f"relu_{index}", "ReLU", shape)]
        case MaxPooling():
            return [Row(f"pooling_{index}", "MaxPooling2D", shape)]
        case Dropout():
            return [Row(f"dropout_{index}", "Dropout", shape)]
        case Flatten():
            return [Row(f"flatten_{index}", "Flatten", shape)]
        case Dense():
            return [Row(f"dense_{index}", "Dense", shape, count, count)]
        case Sharing():
            return [Row(f"sharing_{index}", "Dense", shape, count)]
        case Frames():
            frames = Row(f"frames_{index}", "Reshape", (FRAMES, prod(before) // FRAMES))
            return [frames, Row(f"dense_{index}", "Dense", shape, count, count)]
