"""Types used in several rooms."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float32]  # (n, 28, 28), 0 to 255, during augmentation or corruption
Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]  # (n, 28, 28) uint8 -> (n, 10) probabilities
Strokes = Sequence[NDArray[Any]]  # (k, 2) points x, y of each stroke, y down, in the order drawn


class Box(NamedTuple):
    """A rectangle of a picture in whole pixels; `right` and `bottom` lie just outside it."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def whole(cls, shape: tuple[int, int]) -> Self:
        """The box of a whole picture, from its height and width."""
        return cls(0, 0, shape[1], shape[0])

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns: `picture[box.slices]` is what lies in the box."""
        return slice(self.top, self.bottom), slice(self.left, self.right)
