"""The catalogue of networks: plain data, a tuple of layers for each name.

A network takes (28, 28, 1) images, scaled as its recipe says, and ends in ten probabilities. One that reads numbers
takes (28, 256, 1) strips, and ends in eleven probabilities for each of 64 frames. Layers stand for those of Keras;
`outline` gives shapes and parameters without Keras. An entry here is all that a new network needs: without a recipe in
`digitrec.training.published` it is trained with the defaults.
"""

from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np

from digitrec.ink.preprocessing import SIDE
from digitrec.ink.strips import WIDTH
from digitrec.networks.ctc import BLANK


@dataclass(frozen=True)
class Convolution:
    """`filters` of `size` x `size`, or of (height, width).

    With the activation "later", which a `Normalisation` after it applies, it has no bias.
    """

    filters: int
    size: int | tuple[int, int] = 3
    padding: Literal["same", "valid"] = "same"
    activation: Literal["relu", "later"] = "relu"


@dataclass(frozen=True)
class Normalisation:
    """Batch normalisation, then ReLU. `momentum` is that of its running statistics: a lower one adapts faster."""

    momentum: float = 0.99


@dataclass(frozen=True)
class MaxPooling:
    """The maximum of each `size` x `size` pixels."""

    size: int = 2


@dataclass(frozen=True)
class Dropout:
    """Set this fraction of the values to 0 during training, at random."""

    rate: float


@dataclass(frozen=True)
class Flatten:
    """All values as one vector."""


@dataclass(frozen=True)
class Dense:
    """A fully connected layer of `units`; the activation as in `Convolution`."""

    units: int
    activation: Literal["relu", "softmax", "later"] = "relu"


@dataclass(frozen=True)
class Frames:
    """A softmax layer of `units`, applied to each frame (column) of an image one pixel high with the same weights."""

    units: int


@dataclass(frozen=True)
class Sharing:
    """Reduces eleven probabilities to ten: that of a non-digit is divided evenly among the digits.

    A non-digit gets a tenth for each digit, the most uncertain answer, and only the first ten probabilities say which
    digits look alike.
    """


Layer = Convolution | Normalisation | MaxPooling | Dropout | Flatten | Dense | Frames | Sharing
Reads = Literal["digit", "number"]


@dataclass(frozen=True)
class Outline:
    """One layer in its network.

    Attributes
    ----------
    title : what it is, in a few words.
    shape : of its output: (height, width, channels) or (units,).
    parameters : how many it has, trainable or not.
    """

    title: str
    shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True)
class Architecture:
    """A network of the catalogue.

    Attributes
    ----------
    layers : from the scaled image to the ten probabilities.
    about : one sentence for people.
    reported : the figure that its authors report, and on which data; empty where they report none.
    reads : single digits, or whole numbers.
    """

    layers: tuple[Layer, ...]
    about: str
    reported: str = ""
    reads: Reads = "digit"

    @property
    def width(self) -> int:
        """Width of its input, in pixels."""
        return WIDTH if self.reads == "number" else SIDE


def normalised(
    filters: int,
    padding: Literal["same", "valid"] = "same",
    size: int | tuple[int, int] = 3,
    momentum: float = 0.99,
) -> tuple[Convolution, Normalisation]:
    """A convolution with batch normalisation before its ReLU."""
    return Convolution(filters, size, padding, "later"), Normalisation(momentum)


END = Dense(10, "softmax")
END_WITH_NONE = (Dense(11, "softmax"), Sharing())
SHARES = np.vstack([np.eye(10), np.full(10, 0.1)])  # how much of each of eleven probabilities goes to each digit
ENDINGS = {"relu": ", ReLU", "softmax": ", softmax", "later": ""}

ARCHITECTURES: dict[str, Architecture] = {
    "digitrec-fast": Architecture(
        (
            # Few filters where the image is large, and batch normalisation only where it is small, to save time.
            Convolution(10, 3, "valid"),
            MaxPooling(),
            Convolution(32, 3, "valid", "later"),
            MaxPooling(),
            Normalisation(momentum=0.9),
            Flatten(),
            Dense(320, "later"),
            Normalisation(momentum=0.9),
            END,
        ),
        "Made to be trained while a class watches.",
    ),
    "digitrec": Architecture(
        (
            *normalised(32),
            *normalised(32),
            MaxPooling(),
            Dropout(0.1),
            *normalised(64),
            *normalised(64),
            MaxPooling(),
            Dropout(0.2),
            # 7 x 7 -> 5 x 5 -> 3 x 3: unlike a third pooling, it loses no edge.
            *normalised(128, "valid"),
            *normalised(128, "valid"),
            Flatten(),
            Dropout(0.3),
            *END_WITH_NONE,
        ),
        "The network of the shipped model: wide enough for many handwritings, small enough for live answers.",
    ),
    "dense-128": Architecture(
        (Flatten(), Dense(128), Dense(128), END),
        "No convolutions: every pixel is connected to every unit, as in the shortest tutorials.",
        "test accuracy 0.9694, loss 0.1026, after 3 epochs on MNIST's 60,000",
    ),
    "dense-300-100": Architecture(
        (Flatten(), Dense(300), Dense(100), END),
        "Two wide layers and patience: 50 epochs of plain gradient descent.",
        "validation accuracy 0.9738 on 8,400 of Kaggle's 42,000, after 50 epochs",
    ),
    "cnn-tiny": Architecture(
        (
            Convolution(4, 5),
            MaxPooling(),
            Dropout(0.1),
            Convolution(4, 5, "valid"),
            Flatten(),
            END,
        ),
        "Eight filters in all: about as few parameters as digits need.",
        "training accuracy 0.9893 on Kaggle's 42,000, after 150 epochs (20 min 18 s for its authors)",
    ),
    "cnn-three-blocks": Architecture(
        (
            Convolution(32, 3, "valid"),
            MaxPooling(),
            Convolution(64, 3, "same"),
            MaxPooling(),
            Convolution(128, 3, "valid"),
            MaxPooling(),
            Flatten(),
            Dense(64),
            Dropout(0.2),
            Dense(128),
            Dropout(0.2),
            END,
        ),
        "Three blocks of convolution and pooling, the tutorials' favourite.",
        "validation accuracy 0.9865, loss 0.0511, on 8,400 of Kaggle's 42,000, after 8 epochs of about 24 s",
    ),
    "cnn-deep": Architecture(
        (
            Convolution(64, 7),
            MaxPooling(),
            Convolution(128),
            Convolution(128),
            MaxPooling(),
            Convolution(256),
            Convolution(256),
            MaxPooling(),
            Flatten(),
            Dense(128),
            Dropout(0.5),
            Dense(64),
            Dropout(0.5),
            END,
        ),
        "Five convolutions of up to 256 filters: slow to train without a graphics card.",
        "validation accuracy 0.9871 to 0.9890 on 8,400 of Kaggle's 42,000, after 15 epochs of about 500 s",
    ),
    "cnn-augmented": Architecture(
        (
            Convolution(32),
            Convolution(32),
            MaxPooling(),
            Dropout(0.25),
            Convolution(64),
            Convolution(64),
            MaxPooling(),
            Dropout(0.25),
            Flatten(),
            Dense(256),
            Dropout(0.5),
            END,
        ),
        "Two pairs of convolutions, trained with augmentation: they never see the same image twice.",
    ),
    "digitrec-numbers": Architecture(
        (
            *normalised(16, momentum=0.9),
            MaxPooling(),
            *normalised(32, momentum=0.9),
            *normalised(32, momentum=0.9),
            MaxPooling(),
            *normalised(64, momentum=0.9),
            *normalised(64, momentum=0.9),
            # The whole height becomes one row: from here on there are only frames, from left to right.
            *normalised(96, "valid", (7, 1), momentum=0.9),
            Dropout(0.2),
            *normalised(128, "same", (1, 3), momentum=0.9),
            Dropout(0.2),
            Frames(BLANK + 1),
        ),
        "Reads a whole number at once, without segmentation: convolutions and CTC.",
        reads="number",
    ),
}


def outline(layers: tuple[Layer, ...], width: int = SIDE) -> tuple[Outline, ...]:
    """Each layer's output shape and parameters for images of that width, without Keras."""
    shape: tuple[int, ...] = (SIDE, width, 1)
    rows = []
    for layer in layers:
        title, shape, parameters = _describe(layer, shape)
        rows.append(Outline(title, shape, parameters))
    return tuple(rows)


def count_parameters(layers: tuple[Layer, ...]) -> int:
    """The parameters of a network, trainable or not, as Keras's `count_params` counts them."""
    return sum(row.parameters for row in outline(layers))


def _describe(layer: Layer, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...], int]:  # noqa: PLR0911  one for each kind of layer
    match layer:
        case Convolution(filters, size, padding, activation):
            high, wide = size if isinstance(size, tuple) else (size, size)
            cut = (0, 0) if padding == "same" else (high - 1, wide - 1)
            height, width = (side - less for side, less in zip(shape[:2], cut, strict=True))
            parameters = filters * (high * wide * shape[2] + (activation == "relu"))
            title = f"Convolution, {filters} of {high} × {wide}{ENDINGS[activation]}"
            return title, (height, width, filters), parameters
        case Normalisation():
            return "Batch normalisation, ReLU", shape, 4 * shape[-1]  # half of them trainable
        case MaxPooling(size):
            return f"Max pooling, {size} × {size}", (shape[0] // size, shape[1] // size, shape[2]), 0
        case Dropout(rate):
            return f"Dropout, {rate:.0%}", shape, 0
        case Flatten():
            return "Flatten", (prod(shape),), 0
        case Dense(units, activation):
            title = f"Dense, {units}{ENDINGS[activation]}"
            return title, (units,), units * (shape[0] + (activation != "later"))
        case Sharing():
            return "Non-digits, divided among the ten", (10,), 10 * shape[0]  # none of them trainable
        case Frames(units):
            return f"Dense, {units} for each column, softmax", (shape[1], units), units * (shape[2] + 1)
