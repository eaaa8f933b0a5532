"""LiteRT's interpreters of one .tflite file, lent to one caller at a time.

bytes of the file -> `Interpreters` -> `borrow` -> `answers`, `values`
"""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from digitrec.errors import ModelError

# LiteRT warns that keeping every layer's answer costs memory; one small network's are 0.3 MB, and they are shown.
warnings.filterwarnings("ignore", message="Warning: Enabling `experimental_preserve_all_tensors`")


class Interpreters:
    """As many interpreters as were ever needed at once: one serves one caller at a time.

    Each reads `size` images in a call: 1, or so many as `batch` says.
    """

    def __init__(self, content: bytes, name: str, batch: int) -> None:
        """From the bytes of a .tflite file; `name` is the model's, for errors."""
        self.name, self.batch = name, batch
        self._content = content
        self._free: dict[tuple[int, bool], SimpleQueue[Any]] = {
            (size, looks_inside): SimpleQueue() for size in (1, batch) for looks_inside in (False, True)
        }

    @contextmanager
    def borrow(self, size: int, *, looks_inside: bool = False) -> Iterator[Any]:
        """Lend one that reads `size` images in a call, and that keeps every layer's answer if it `looks_inside`.

        Raises
        ------
        ModelError, where the file is none that LiteRT can read.
        """
        free = self._free[size, looks_inside]
        try:
            interpreter = free.get_nowait()
        except Empty:
            interpreter = self._make(size, looks_inside)
        yield interpreter  # one that failed on the way is not given back
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
    """What goes in and what comes out, as LiteRT describes it."""
    return interpreter.get_input_details(), interpreter.get_output_details()


def check_signature(interpreter: Any, name: str, source: tuple[int, ...], target: tuple[int, ...]) -> None:
    """Refuse a model that takes or gives something else than one array of these shapes, float32.

    Raises
    ------
    ModelError, naming what it takes and gives.
    """
    found = [
        [(tuple(map(int, d["shape"])), np.dtype(d["dtype"]).name) for d in side] for side in signature(interpreter)
    ]
    if found != [[((1, *source), "float32")], [((1, *target), "float32")]]:
        what = "digits" if target == (10,) else "numbers"
        raise ModelError(
            f"Expected model.tflite of {name!r} to take {(1, *source)} float32 and give {(1, *target)} float32. "
            f"Received: a model that takes {found[0]} and gives {found[1]}. It is no reader of {what}: use another."
        )


def answers(interpreter: Any, images: NDArray[Any], size: int, target: int) -> NDArray[np.float32]:
    """The values of the tensor `target` for each of (n, height, width) images, flat, `size` images at once."""
    source = signature(interpreter)[0][0]["index"]
    parts = []
    for start in range(0, len(images), size):
        chunk = images[start : start + size]
        padded = np.zeros((size, *images.shape[1:], 1), np.float32)
        padded[: len(chunk), ..., 0] = chunk
        interpreter.set_tensor(source, padded)
        interpreter.invoke()
        parts.append(values(interpreter, target).reshape(size, -1)[: len(chunk)])
    shapes = {one["index"]: one["shape"] for one in interpreter.get_tensor_details()}
    width = math.prod(map(int, shapes[target][1:]))
    return np.concatenate([np.empty((0, width), np.float32), *parts])


def values(interpreter: Any, index: int) -> NDArray[np.float32]:
    """A copy of a tensor as float32; one that was rounded to 8 bits says what its steps are."""
    tensor = interpreter.get_tensor(index)
    if tensor.dtype == np.float32:
        return tensor.copy()
    steps = next(one for one in interpreter.get_tensor_details() if one["index"] == index)["quantization_parameters"]
    shape = [1] * tensor.ndim
    if tensor.ndim:
        shape[steps["quantized_dimension"]] = -1
    zero, scale = (np.asarray(steps[name], np.float32).reshape(shape) for name in ("zero_points", "scales"))
    return (tensor.astype(np.float32) - zero) * scale
