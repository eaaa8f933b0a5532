"""A network as plain layers and numbers, in a .safetensors file that a browser can read.

`PlainNetwork` -> `pack_weights` -> model.safetensors -> `unpack_weights` -> `PlainNetwork`

Every value in such a network is a block of numbers, height x width x channels; a vector is 1 x 1 x n. The layers are
data, each a dictionary with its `kind` and the settings of that kind:

    scale      factor, offset : multiply each number by a factor, and add an offset
    unit-norm  speck : divide each column by its length, sqrt(sum of squares + speck ** 2)
    conv       kernel, bias, strides, padding ("same" or "valid"), activation ("relu" or "linear")
    normalise  factor, offset : a factor and an offset for each channel; activation
    pool       size : the maximum of each height x width pixels
    reshape    the same numbers in another shape
    dense      kernel, bias, activation; the same for each pixel of the block
    softmax    numbers become probabilities, for each pixel of the block
    share      the eleventh of eleven probabilities is divided evenly among the ten digits

and for all of them `name`, by which people know the layer, and `shape`, (height, width, channels) of its output. What
`kernel`, `bias`, `factor` and `offset` name is a tensor: kernels (height, width, in, out) or (in, out), others (out,).
`digitrec/ui/reader/layers.js` runs them; `digitrec.training.worker.plain_layers` makes them from a Keras model.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import safetensors
from numpy.typing import NDArray
from safetensors.numpy import load, save

from digitrec.errors import ModelError
from digitrec.networks.card import Card, read_model_file
from digitrec.storage import StrPath

WEIGHTS, PATH_WEIGHTS = "model.safetensors", "path.safetensors"
KEY = "network"  # of the header's metadata; a single one, so that the same network gives the same bytes
HEADER = 8  # bytes that hold the length of the header

Precision = Literal["float16", "float32"]


@dataclass(frozen=True, eq=False)
class PlainNetwork:
    """A network as plain data.

    Attributes
    ----------
    input : (height, width, channels) of what it takes.
    layers : in the order in which they run; see the head of this module.
    tensors : by the names that the layers give.
    """

    input: tuple[int, ...]
    layers: tuple[dict[str, Any], ...]
    tensors: Mapping[str, NDArray[Any]]


def pack_weights(network: PlainNetwork, precision: Precision = "float16") -> bytes:
    """Pack the weights of a network as the bytes of a .safetensors file; what float16 cannot hold stays float32."""
    described = json.dumps({"input": network.input, "layers": network.layers}, separators=(",", ":"))
    tensors = {name: _round(tensor, precision) for name, tensor in network.tensors.items()}
    return save(tensors, {KEY: described})


def _round(tensor: NDArray[Any], precision: Precision) -> NDArray[Any]:
    fits = bool((np.abs(tensor) <= np.finfo(np.float16).max).all())
    return np.ascontiguousarray(tensor, np.dtype(precision) if fits else np.float32)


def unpack_weights(content: bytes) -> PlainNetwork:
    """Read the bytes of a .safetensors file that `pack_weights` wrote.

    Raises
    ------
    ModelError, if it is damaged or something else.
    """
    try:
        tensors = load(content)
        header = json.loads(content[HEADER : HEADER + int.from_bytes(content[:HEADER], "little")])
        described = json.loads(header["__metadata__"][KEY])
        return PlainNetwork(tuple(described["input"]), tuple(described["layers"]), tensors)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError):
        raise ModelError(
            f"Expected a .safetensors file with a network of digitrec. Received: {len(content):,} bytes of something "
            "else. Write it again with `digitrec weights`."
        ) from None


def read_weights(folder: StrPath, card: Card) -> dict[str, bytes]:
    """The .safetensors files of a model by their names: one for images, one for the pen's path, or fewer.

    Raises
    ------
    ModelError, if a file that is on the card is missing or damaged.
    """
    return {name: read_model_file(folder, name, card) for name in (WEIGHTS, PATH_WEIGHTS) if name in card.files}
