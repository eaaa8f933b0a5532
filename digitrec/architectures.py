"""The catalogue of networks by name: plain data, a tuple of layers each.

A network takes (28, 28, 1) images with greys of 0 to 255, and ends in ten probabilities.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Rescale:
    """Multiply every value."""

    factor: float


@dataclass(frozen=True)
class Convolution:
    """`filters` of `size` x `size`, then batch normalisation, then ReLU."""

    filters: int
    size: int = 3
    padding: Literal["same", "valid"] = "same"


@dataclass(frozen=True)
class MaxPooling:
    """The largest of each `size` x `size` pixels."""

    size: int = 2


@dataclass(frozen=True)
class Dropout:
    """While training, forget this share of the values."""

    share: float


@dataclass(frozen=True)
class Flatten:
    """All values in one row."""


@dataclass(frozen=True)
class Dense:
    """Every value to each of `units`."""

    units: int
    activation: Literal["relu", "softmax"]


Layer = Rescale | Convolution | MaxPooling | Dropout | Flatten | Dense

ARCHITECTURES: dict[str, tuple[Layer, ...]] = {
    # What the shipped model uses: wide enough for many hands, small enough to be read ten times a second.
    "digitrec": (
        Rescale(1 / 255),
        Convolution(32),
        Convolution(32),
        MaxPooling(),
        Dropout(0.1),
        Convolution(64),
        Convolution(64),
        MaxPooling(),
        Dropout(0.2),
        Convolution(96, padding="valid"),  # 7 x 7 -> 5 x 5: unlike a third pooling, it loses no edge
        Convolution(96, padding="valid"),
        Flatten(),
        Dropout(0.3),
        Dense(10, "softmax"),
    ),
}
