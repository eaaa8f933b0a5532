"""LiteRT interpreters of one .tflite file, each lent to one caller at a time.

bytes of the file -> `Interpreters` -> `borrow` -> `answers`, `values`
"""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from digitrec.errors import ModelError

# LiteRT warns that keeping every layer's output costs memory; for a small network that is 0.3 MB, and it is shown.
warnings.filterwarnings("ignore", message="Warning: Enabling `experimental_preserve_all_tensors`")

_signatures = WeakKeyDictionary[Any, tuple[list[dict[str, Any]], list[dict[str, Any]]]]()


class Interpreters:
    """A pool of interpreters, as many as were ever needed at once, since one serves one caller at a time.

    Each reads `size` images per call: 1 or `batch`.
    """

    def __init__(self, content: bytes, name: str, batch: int) -> None:
        """Take the bytes of a .tflite file; `name` is the model's name, for error messages."""
        self.name, self.batch = name, batch
        self._content = content
        self._free: dict[tuple[int, bool], SimpleQueue[Any]] = {
            (size, looks_inside): SimpleQueue() for size in (1, batch) for looks_inside in (False, True)
        }

    @contextmanager
    def borrow(self, size: int, *, looks_inside: bool = False) -> Iterator[Any]:
        """Lend an interpreter that reads `size` images per call, and keeps every layer's output if it `looks_inside`.

        Raises
        ------
        ModelError, if LiteRT cannot read the file.
        """
        free = self._free[size, looks_inside]
        try:
            interpreter = free.get_nowait()
        except Empty:
            interpreter = self._make(size, looks_inside)
        yield interpreter  # one that raised an error is not returned to the pool
        free.put(interpreter)

    def _make(self, size: int, looks_inside: bool) -> Any:
        try:
            interpreter = Interpreter(
                model_content=self._content,
                num_threads=1 if size == 1 else 2,
                experimental_preserve_all_tensors=looks_inside,
            )
            source = interpreter.get_input_details()[0]
            if size > 1:
                interpreter.resize_tensor_input(source["index"], (size, *source["shape"][1:]))
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError, IndexError):
            raise ModelError(
                f"Expected model.tflite of {self.name!r} to be a LiteRT model. "
                f"Received: {len(self._content):,} bytes that LiteRT cannot read. Export the model again."
            ) from None
        return interpreter


def signature(interpreter: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The inputs and outputs, as LiteRT describes them; asked once, since that takes as long as reading an image."""
    if interpreter not in _signatures:
        _signatures[interpreter] = interpreter.get_input_details(), interpreter.get_output_details()
    return _signatures[interpreter]


def check_signature(interpreter: Any, name: str, source: tuple[int, ...], target: tuple[int, ...]) -> None:
    """Check that a model has one float32 input and one float32 output of these shapes.

    Raises
    ------
    ModelError, naming the shapes and types that were found.
    """
    found = [
        [(tuple(map(int, d["shape"])), np.dtype(d["dtype"]).name) for d in side] for side in signature(interpreter)
    ]
    if found != [[((1, *source), "float32")], [((1, *target), "float32")]]:
        what = "digits" if target == (10,) else "numbers"
        raise ModelError(
            f"Expected model.tflite of {name!r} to take {(1, *source)} float32 and give {(1, *target)} float32. "
            f"Received: a model that takes {found[0]} and gives {found[1]}. It cannot read {what}: use another."
        )


def answers(interpreter: Any, images: NDArray[Any], size: int, target: int) -> NDArray[np.float32]:
    """The values of the tensor `target` for each of (n, height, width) images, flattened, `size` images per call."""
    source = signature(interpreter)[0][0]["index"]
    parts = []
    for start in range(0, len(images), size):
        chunk = images[start : start + size]
        padded = np.zeros((size, *images.shape[1:], 1), np.float32)
        padded[: len(chunk), ..., 0] = chunk
        interpreter.set_tensor(source, padded)
        interpreter.invoke()
        parts.append(values(interpreter, target).reshape(size, -1)[: len(chunk)])
    if parts:
        return np.concatenate(parts)
    shapes = {one["index"]: one["shape"] for one in interpreter.get_tensor_details()}
    return np.empty((0, math.prod(map(int, shapes[target][1:]))), np.float32)


def values(interpreter: Any, index: int) -> NDArray[np.float32]:
    """A copy of a tensor as float32; an 8-bit tensor is dequantised."""
    tensor = interpreter.get_tensor(index)
    if tensor.dtype == np.float32:
        return tensor.copy()
    steps = next(one for one in interpreter.get_tensor_details() if one["index"] == index)["quantization_parameters"]
    shape = [1] * tensor.ndim
    if tensor.ndim:
        shape[steps["quantized_dimension"]] = -1
    zero, scale = (np.asarray(steps[name], np.float32).reshape(shape) for name in ("zero_points", "scales"))
    return (tensor.astype(np.float32) - zero) * scale
