"""A model folder becomes a reader of digits: probabilities, activations, and verdicts with their doubt.

model folder -> LiteRT -> (n, 28, 28) images -> probabilities          canvas -> preprocess -> `Reading`
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitrec.errors import InkError, ModelError
from digitrec.ink.pen_paths import FEATURES, POINTS, to_path
from digitrec.ink.preprocessing import SIDE, preprocess
from digitrec.networks.card import Card, read_card, read_file
from digitrec.networks.interpreters import Interpreters, answers, check_signature, signature, values
from digitrec.networks.registry import SHIPPED_NAME, find_model
from digitrec.networks.verdict import (
    FULL,
    FULL_REASON,
    Reading,
    combine,
    give_reason,
    share_found_by_both,
    share_of_digits,
)

BATCH = 64  # images at once; larger batches are no faster on 2 cores
FEW = 8  # up to so many images are read one by one
LAYERS = {"CONV_2D": "Convolution", "MAX_POOL_2D": "Pooling", "FULLY_CONNECTED": "Dense", "SOFTMAX": "Softmax"}


@dataclass(frozen=True, eq=False)
class Activation:
    """What one layer answered to an image: `values` (height, width, channels) float32, or (units,) where it is flat."""

    layer: str
    values: NDArray[np.float32]


class Classifier:
    """Reads digits with a model's .tflite file. Safe to call from several threads at once."""

    def __init__(self, content: bytes, card: Card, path_content: bytes | None = None) -> None:
        """From the bytes of a .tflite file, and of the one that reads the pen's path, if there is one.

        Raises
        ------
        ModelError, where they are no readers of 28 x 28 images, and of paths.
        """
        self.card = card
        self._interpreters = Interpreters(content, card.name, BATCH)
        with self._interpreters.borrow(1) as interpreter:
            check_signature(interpreter, card.name, (SIDE, SIDE, 1), (10,))
        self._path_interpreters = None
        if path_content is not None and card.path is not None:
            self._path_interpreters = Interpreters(path_content, f"the path of {card.name}", BATCH)
            with self._path_interpreters.borrow(1) as interpreter:
                check_signature(interpreter, f"the path of {card.name}", (POINTS, FEATURES, 1), (10,))

    def predict_proba(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, 28, 28) uint8, ink 255 on 0 -> (n, 10) float32, each row sums to 1.

        Raises
        ------
        InkError, where `images` is of another shape or type.
        """
        return self._answer(images, lambda interpreter: int(signature(interpreter)[1][0]["index"]))

    @property
    def reads_paths(self) -> bool:
        """Whether it reads the pen's path, too."""
        return self._path_interpreters is not None

    def predict_from_paths(self, paths: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the pen's paths alone say: (n, 64, 5) float32, as `pen_paths.to_path` gives them -> (n, 10).

        Raises
        ------
        ModelError, where it reads no paths; InkError, where `paths` is of another shape.
        """
        if self._path_interpreters is None:
            raise self._reads_no_paths()
        if paths.ndim != 3 or paths.shape[1:] != (POINTS, FEATURES):
            raise InkError(
                f"Expected paths of shape (n, {POINTS}, {FEATURES}). Received: {paths.shape}. Make them with `to_path`."
            )
        size = 1 if len(paths) <= FEW else BATCH
        with self._path_interpreters.borrow(size) as interpreter:
            return answers(interpreter, paths, size, int(signature(interpreter)[1][0]["index"]))

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the last layer sees of (n, 28, 28) uint8 images, (n, d) float32: alike where the network finds them so.

        Raises
        ------
        InkError, where `images` is of another shape or type.
        """

        def find_target(interpreter: Any) -> int:
            return _last_dense(interpreter, self.card.name)[0]

        return self._answer(images, find_target, looks_inside=True)

    def last_layer(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Its weights (k, d) and biases (k,), float32: probabilities are softmax(`features` @ weights.T + biases).

        k is 10, or 11 where the network has one more for what is no digit, which it then shares out among the ten.

        Raises
        ------
        ModelError, where there is no such layer.
        """
        with self._interpreters.borrow(1) as interpreter:
            kept = _last_dense(interpreter, self.card.name)[1:]
            weights, *biases = (values(interpreter, index) for index in kept)
        return weights, biases[0] if biases else np.zeros(len(weights), np.float32)

    def activations(self, image: NDArray[np.uint8]) -> tuple[Activation, ...]:
        """What each layer answers to a (28, 28) uint8 image, from the first to the probabilities."""
        images = _check_images(np.asarray(image)[None])
        with self._interpreters.borrow(1, looks_inside=True) as interpreter:
            source = signature(interpreter)[0][0]["index"]
            interpreter.set_tensor(source, images[..., None].astype(np.float32))
            interpreter.invoke()
            return tuple(Activation(name, values(interpreter, index)[0]) for name, index in _layer_outputs(interpreter))

    def count_parameters(self) -> int:
        """How many numbers the file holds, those of shapes left out."""
        with self._interpreters.borrow(1) as interpreter:
            operations = interpreter._get_ops_details()  # noqa: SLF001  there is no public way
            made = {int(index) for one in operations for index in one["outputs"]} | {
                signature(interpreter)[0][0]["index"]
            }
            used = {int(index) for one in operations for index in one["inputs"]} - made
            tensors = {one["index"]: one for one in interpreter.get_tensor_details()}
            kept = [tensors[index] for index in used if index in tensors]
        numbers = [one for one in kept if one["dtype"] != np.int32 or len(one["quantization_parameters"]["scales"])]
        return sum(math.prod(map(int, one["shape"])) for one in numbers)

    @property
    def is_rounded(self) -> bool:
        """Whether it calculates in 8 bits anywhere."""
        with self._interpreters.borrow(1) as interpreter:
            return any(one["dtype"] == np.int8 for one in interpreter.get_tensor_details())

    def read(self, canvas: NDArray[np.uint8], strokes: Sequence[NDArray[Any]] | None = None) -> Reading:
        """Read a drawing.

        Parameters
        ----------
        canvas : (H, W) uint8, ink 255 on 0, or (H, W, 4) uint8 RGBA.
        strokes : (k, 2) arrays, x and y in canvas pixels, y down, in the order drawn, where they are known and are all
            that is on the canvas. A model that reads the pen's path reads both.

        Raises
        ------
        InkError, where `canvas` is not such an array, or `strokes` are not.
        """
        preprocessed = preprocess(canvas)
        if preprocessed.image is None:
            nothing = np.full(10, 0.1, np.float32)
            return Reading(None, nothing, True, "There is no ink to read yet.", preprocessed)
        by_ink = self.predict_proba(preprocessed.image[None])[0]
        probabilities, by_path, unsure = by_ink, None, self.is_unsure(by_ink)
        if self.card.path is not None and self.reads_paths and 1 <= len(strokes or ()) <= POINTS:
            by_path = self.predict_from_paths(to_path(strokes or ())[None])[0]
            probabilities = combine(by_ink, by_path, self.card.path.powers)
            unsure = bool(self.are_unsure_of_both(by_ink[None], by_path[None])[0])
        is_full = bool(preprocessed.ink.mean() > FULL * 255)
        reason = FULL_REASON if is_full else give_reason(probabilities, unsure)
        unsure = unsure or is_full
        return Reading(int(probabilities.argmax()), probabilities, unsure, reason, preprocessed, by_ink, by_path)

    def is_unsure(self, probabilities: NDArray[np.float32]) -> bool:
        """Whether ten probabilities are too weak for a verdict."""
        return bool(self.are_unsure(probabilities[None])[0])

    def are_unsure(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which of (n, 10) probabilities are too weak for a verdict, (n,) bool: for any one digit, or for all ten."""
        confidence = probabilities.max(axis=1).astype(np.float64)
        return (confidence < self.card.unsure_below) | (share_of_digits(probabilities) < self.card.digit_below)

    def are_unsure_of_both(self, by_ink: NDArray[np.float32], by_path: NDArray[np.float32]) -> NDArray[np.bool_]:
        """As `are_unsure`, for what ink and path say together, (n, 10) probabilities each.

        Raises
        ------
        ModelError, where it reads no paths.
        """
        if (path := self.card.path) is None:
            raise self._reads_no_paths()
        confidence = combine(by_ink, by_path, path.powers).max(axis=1).astype(np.float64)
        return (confidence < path.unsure_below) | (share_found_by_both(by_ink, by_path) < path.digit_below)

    def _reads_no_paths(self) -> ModelError:
        return ModelError(f"Expected a model that reads paths. Received: {self.card.name!r}. Use the shipped one.")

    def _answer(
        self, images: NDArray[np.uint8], find_target: Callable[[Any], int], *, looks_inside: bool = False
    ) -> NDArray[np.float32]:
        """The values of the tensor that `find_target` names, for each image."""
        images = _check_images(images)
        size = 1 if len(images) <= FEW else BATCH
        with self._interpreters.borrow(size, looks_inside=looks_inside) as interpreter:
            return answers(interpreter, images, size, find_target(interpreter))


def load_classifier(name_or_folder: str | Path = SHIPPED_NAME) -> Classifier:
    """The classifier of a model, by name or folder; the shipped one unless told otherwise.

    Raises
    ------
    ModelError, where the folder, its card or its file is missing, damaged or foreign.
    """
    folder = find_model(name_or_folder)
    card = read_card(folder)
    content = read_file(folder, "model.tflite", card)
    return Classifier(content, card, read_file(folder, "path.tflite", card) if card.path is not None else None)


def _check_images(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise InkError(
            f"Expected images as uint8 of shape (n, {SIDE}, {SIDE}), ink 255 on 0. "
            f"Received: shape {images.shape}, dtype {images.dtype}. Make them with `preprocess`."
        )
    return images


def _last_dense(interpreter: Any, name: str) -> list[int]:
    """The tensors that go into the last dense layer: what it sees, its weights and, where it has any, its biases.

    What comes after the softmax adds up probabilities and is not meant.
    """
    operations = interpreter._get_ops_details()  # noqa: SLF001  there is no public way
    end = max((i for i, one in enumerate(operations) if one["op_name"] == "SOFTMAX"), default=len(operations))
    dense = [one for one in operations[:end] if one["op_name"] == "FULLY_CONNECTED"]
    if not dense:
        raise ModelError(
            f"Expected a network that ends in a dense layer. Received: {name!r}, which has none. Use another model."
        )
    return [int(index) for index in dense[-1]["inputs"]]


def _layer_outputs(interpreter: Any) -> list[tuple[str, int]]:
    """The name of each layer and the tensor with its answer, in order: pictures, and the flat ones at the end."""
    shapes = {details["index"]: tuple(details["shape"]) for details in interpreter.get_tensor_details()}
    layers: list[tuple[str, int]] = []
    for operation in interpreter._get_ops_details():  # noqa: SLF001  there is no public way
        kind, made = LAYERS.get(operation["op_name"]), int(operation["outputs"][0])
        if kind == "Dense" and layers and layers[-1][0].startswith("Softmax"):
            kind = "Sharing"  # of what the softmax gave to no digit
        if kind and (len(shapes[made]) == 4 or shapes[made] in ((1, 10), (1, 11))):
            number = 1 + sum(name.startswith(kind) for name, _ in layers)
            layers.append((f"{kind} {number}", made))
    return layers
