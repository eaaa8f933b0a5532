"""The types that several rooms share."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float32]  # (n, 28, 28), 0 to 255, on their way through augmentation or corruption
Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]  # (n, 28, 28) uint8 -> (n, 10) probabilities
Strokes = Sequence[NDArray[Any]]  # (k, 2) points x, y of each stroke, y down, in the order drawn
