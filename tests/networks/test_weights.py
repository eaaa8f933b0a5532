import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from digitrec.errors import ModelError
from digitrec.networks.architectures import ARCHITECTURES, outline
from digitrec.networks.card import SHIPPED, read_card
from digitrec.networks.registry import NUMBERS_NAME, SHIPPED_NAME
from digitrec.networks.weights import (
    PATH_WEIGHTS,
    WEIGHTS,
    PlainNetwork,
    pack_weights,
    read_weights,
    unpack_weights,
)

DIGITREC = SHIPPED / SHIPPED_NAME


def some_network() -> PlainNetwork:
    rng = np.random.default_rng(0)
    layers = ({"kind": "dense", "name": "Dense 1", "shape": [1, 1, 3], "kernel": "k", "bias": "b"},)
    return PlainNetwork((1, 1, 4), layers, {"k": rng.normal(size=(4, 3)), "b": np.zeros(3)})


def test_what_is_packed_comes_back() -> None:
    network = some_network()
    back = unpack_weights(pack_weights(network, "float32"))
    assert (back.input, back.layers) == (network.input, network.layers)
    assert {name: tensor.dtype.name for name, tensor in back.tensors.items()} == {"k": "float32", "b": "float32"}
    np.testing.assert_array_equal(back.tensors["k"], np.float32(network.tensors["k"]))


def test_by_default_numbers_take_two_bytes_unless_they_are_too_large() -> None:
    network = some_network()
    network = PlainNetwork(network.input, network.layers, {**network.tensors, "b": np.array([0, 1, 7e4])})
    back = unpack_weights(pack_weights(network))
    assert {name: tensor.dtype.name for name, tensor in back.tensors.items()} == {"k": "float16", "b": "float32"}
    np.testing.assert_allclose(back.tensors["k"], network.tensors["k"], rtol=1e-3)


def test_the_same_network_gives_the_same_bytes() -> None:
    assert pack_weights(some_network()) == pack_weights(some_network())


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 7, b"\xff" * 100, b"\x02" + b"\x00" * 7 + b"{}", pack_weights(some_network())[:-1]],
    ids=["empty", "short", "long header", "no network", "cut"],
)
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"^Expected a \.safetensors file .* Received: .* Write it again"):
        unpack_weights(content)


@pytest.mark.parametrize("header", ["{}", '{"input":[1],"layers":3}', "nothing"])
def test_a_header_that_describes_no_network_is_refused(header: str) -> None:
    from safetensors.numpy import save

    with pytest.raises(ModelError, match=r"Expected a \.safetensors file"):
        unpack_weights(save({"k": np.zeros(1, np.float32)}, {"network": header}))


@pytest.mark.parametrize("name", [SHIPPED_NAME, NUMBERS_NAME])
def test_the_shipped_files_hold_the_networks_of_their_cards(name: str) -> None:
    folder = SHIPPED / name
    card = read_card(folder)
    files = read_weights(folder, card)
    assert set(files) == ({WEIGHTS, PATH_WEIGHTS} if card.path else {WEIGHTS})
    assert all(hashlib.sha256(content).hexdigest() == card.files[file] for file, content in files.items())
    network = unpack_weights(files[WEIGHTS])
    architecture = ARCHITECTURES[card.network]
    assert network.input == (28, architecture.width, 1)
    convolutions = [row.shape for row in outline(architecture.layers, architecture.width) if "Convolution" in row.title]
    assert [tuple(one["shape"]) for one in network.layers if one["kind"] == "conv"] == convolutions
    assert network.layers[-1]["shape"] == ([1, 1, 10] if name == SHIPPED_NAME else [1, 64, 11])
    named = {one[part] for one in network.layers for part in ("kernel", "bias") if part in one}
    assert named == set(network.tensors)
    assert all(np.isfinite(tensor).all() for tensor in network.tensors.values())


def test_a_model_without_them_has_none(model_folder: Path, change_card: object) -> None:
    card = read_card(model_folder)
    files = {name: digest for name, digest in card.files.items() if not name.endswith(".safetensors")}
    assert read_weights(model_folder, card.model_copy(update={"files": files})) == {}


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    card = read_card(DIGITREC)
    for name in (WEIGHTS, PATH_WEIGHTS):
        (tmp_path / name).write_bytes((DIGITREC / name).read_bytes())
    (tmp_path / PATH_WEIGHTS).write_bytes(b"other")
    with pytest.raises(ModelError, match=r"path\.safetensors with the sha256 in its card"):
        read_weights(tmp_path, card)


def test_the_header_can_be_read_without_the_library() -> None:
    content = (DIGITREC / WEIGHTS).read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert set(header["__metadata__"]) == {"network"}
