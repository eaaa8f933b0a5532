"""The classifier: a model folder, run by LiteRT, gives probabilities, activations and verdicts.

model folder -> LiteRT -> (n, 28, 28) images -> probabilities          canvas -> preprocess -> `Reading`
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitrec.errors import InkError, ModelError
from digitrec.ink.pen_paths import FEATURES, POINTS, to_path
from digitrec.ink.preprocessing import SIDE, preprocess
from digitrec.ink.types import Strokes
from digitrec.networks.card import Card, read_card, read_model_file
from digitrec.networks.interpreters import Interpreters, answers, check_signature, signature, values
from digitrec.networks.registry import SHIPPED_NAME, find_model
from digitrec.networks.verdict import (
    FULL,
    FULL_REASON,
    NO_INK,
    Reading,
    are_too_weak,
    combine,
    give_reason,
    mean_digit_score,
)
from digitrec.storage import StrPath

BATCH = 64  # images per call; larger batches are no faster on 2 cores
FEW = 8  # up to this many images are read one by one
LAYERS = {"CONV_2D": "Convolution", "MAX_POOL_2D": "Pooling", "FULLY_CONNECTED": "Dense", "SOFTMAX": "Softmax"}


@dataclass(frozen=True, eq=False)
class Activation:
    """The output of one layer for an image: `values` (height, width, channels) float32, or (units,) if it is flat."""

    layer: str
    values: NDArray[np.float32]


class Classifier:
    """Reads digits with a model's .tflite file. It can be called from several threads at once."""

    def __init__(self, content: bytes, card: Card, path_content: bytes | None = None) -> None:
        """Take the bytes of a .tflite file, and of the one for the pen's path, if there is one.

        Raises
        ------
        ModelError, if their inputs are not 28 x 28 images, and paths.
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
        InkError, if `images` has another shape or type.
        """
        return self._answer(images, lambda interpreter: int(signature(interpreter)[1][0]["index"]))

    @property
    def reads_paths(self) -> bool:
        """Whether it can read the pen's path as well."""
        return self._path_interpreters is not None

    def predict_from_paths(self, paths: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities from pen paths alone: (n, 64, 5) float32, made by `pen_paths.to_path` -> (n, 10) float32.

        Raises
        ------
        ModelError, if it cannot read paths; InkError, if `paths` has another shape.
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
        """The input of the last layer for (n, 28, 28) uint8 images: (n, d) float32, close together for similar images.

        Raises
        ------
        InkError, if `images` has another shape or type.
        """

        def find_target(interpreter: Any) -> int:
            return _last_dense(interpreter, self.card.name)[0]

        return self._answer(images, find_target, looks_inside=True)

    def last_layer(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weights (k, d) and biases (k,), float32: probabilities are softmax(`features` @ weights.T + biases).

        k is 10, or 11 where the network has an output for non-digits, which is spread over the ten afterwards.

        Raises
        ------
        ModelError, if there is no such layer.
        """
        with self._interpreters.borrow(1) as interpreter:
            kept = _last_dense(interpreter, self.card.name)[1:]
            weights, *biases = (values(interpreter, index) for index in kept)
        return weights, biases[0] if biases else np.zeros(len(weights), np.float32)

    def activations(self, image: NDArray[np.uint8]) -> tuple[Activation, ...]:
        """The output of each layer for a (28, 28) uint8 image, from the first layer to the probabilities."""
        images = _check_images(np.asarray(image)[None])
        with self._interpreters.borrow(1, looks_inside=True) as interpreter:
            source = signature(interpreter)[0][0]["index"]
            interpreter.set_tensor(source, images[..., None].astype(np.float32))
            interpreter.invoke()
            return tuple(Activation(name, values(interpreter, index)[0]) for name, index in _layer_outputs(interpreter))

    def count_parameters(self) -> int:
        """The number of parameters in the file, without those that only describe shapes."""
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
        """Whether any part of it calculates in 8 bits."""
        with self._interpreters.borrow(1) as interpreter:
            return any(one["dtype"] == np.int8 for one in interpreter.get_tensor_details())

    def read(self, canvas: NDArray[np.uint8], strokes: Strokes | None = None) -> Reading:
        """Read a drawing.

        Parameters
        ----------
        canvas : (H, W) uint8, ink 255 on 0, or (H, W, 4) uint8 RGBA.
        strokes : (k, 2) arrays, x and y in canvas pixels, y down, in the order drawn, if they are known and nothing
            else is on the canvas. A model that can read the pen's path uses both.

        Raises
        ------
        InkError, if `canvas` or `strokes` are not such arrays.
        """
        preprocessed = preprocess(canvas)
        if preprocessed.image is None:
            nothing = np.full(10, 0.1, np.float32)
            return Reading(None, nothing, True, NO_INK, preprocessed)
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
        """Whether (10,) probabilities mean "not sure"."""
        return bool(self.are_unsure(probabilities[None])[0])

    def are_unsure(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which of (n, 10) probabilities mean "not sure", (n,) bool: no digit, or none at all, is likely enough."""
        return are_too_weak(probabilities, self.card.unsure_below, self.card.digit_below)

    def are_unsure_of_both(self, by_ink: NDArray[np.float32], by_path: NDArray[np.float32]) -> NDArray[np.bool_]:
        """As `are_unsure`, for the combination of ink and path, (n, 10) probabilities each.

        Raises
        ------
        ModelError, if it cannot read paths.
        """
        if (path := self.card.path) is None:
            raise self._reads_no_paths()
        confidence = combine(by_ink, by_path, path.powers).max(axis=1).astype(np.float64)
        return (confidence < path.unsure_below) | (mean_digit_score(by_ink, by_path) < path.digit_below)

    def _reads_no_paths(self) -> ModelError:
        return ModelError(f"Expected a model that reads paths. Received: {self.card.name!r}. Use the shipped one.")

    def _answer(
        self, images: NDArray[np.uint8], find_target: Callable[[Any], int], *, looks_inside: bool = False
    ) -> NDArray[np.float32]:
        """The values of the tensor that `find_target` gives, for each image."""
        images = _check_images(images)
        size = 1 if len(images) <= FEW else BATCH
        with self._interpreters.borrow(size, looks_inside=looks_inside) as interpreter:
            return answers(interpreter, images, size, find_target(interpreter))


def load_classifier(name_or_folder: StrPath = SHIPPED_NAME) -> Classifier:
    """Load the classifier of a model by name or folder; the shipped model by default.

    Raises
    ------
    ModelError, if the folder, its card or a file is missing, damaged or not a digit classifier.
    """
    folder = find_model(name_or_folder)
    card = read_card(folder)
    content = read_model_file(folder, "model.tflite", card)
    return Classifier(content, card, read_model_file(folder, "path.tflite", card) if card.path is not None else None)


def _check_images(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise InkError(
            f"Expected images as uint8 of shape (n, {SIDE}, {SIDE}), ink 255 on 0. "
            f"Received: shape {images.shape}, dtype {images.dtype}. Make them with `preprocess`."
        )
    return images


def _last_dense(interpreter: Any, name: str) -> list[int]:
    """The input tensors of the last dense layer: its input, weights and, if there are any, biases.

    A layer after the softmax only adds up probabilities and does not count.
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
    """The name and output tensor of each layer in order: feature maps, then the flat layers."""
    shapes = {details["index"]: tuple(details["shape"]) for details in interpreter.get_tensor_details()}
    layers: list[tuple[str, int]] = []
    for operation in interpreter._get_ops_details():  # noqa: SLF001  there is no public way
        kind, made = LAYERS.get(operation["op_name"]), int(operation["outputs"][0])
        if kind == "Dense" and layers and layers[-1][0].startswith("Softmax"):
            kind = "Sharing"  # spreads the output for non-digits over the digits
        if kind and (len(shapes[made]) == 4 or shapes[made] in ((1, 10), (1, 11))):
            number = 1 + sum(name.startswith(kind) for name, _ in layers)
            layers.append((f"{kind} {number}", made))
    return layers
