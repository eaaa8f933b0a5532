import tomllib
from math import sqrt
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from digitrec.charts.layers import COLOURS, IMAGE, ROW, layer_picture, tile_channels, to_blocks
from digitrec.ink.preprocessing import SIDE
from digitrec.networks.architectures import ARCHITECTURES, Layer, outline

CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"
PHONE = 260  # pixels that a phone 360 wide has for a picture within two expanders
CHARACTER = 5.6  # pixels, as measured in this text


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_layer_is_a_row_with_its_title_shape_and_parameters(name: str) -> None:
    layers = ARCHITECTURES[name].layers
    image, *texts = [annotation.text for annotation in layer_picture(layers).layout.annotations]
    assert image == f"The image<br><b>{SIDE} × {SIDE} × 1</b>"
    for text, row in zip(texts, outline(layers), strict=True):
        title, numbers = text.split("<br>")
        assert title == row.title
        assert numbers.startswith(f"<b>{' × '.join(map(str, row.shape))}</b>")
        assert numbers.endswith(f" · {row.parameters:,} params") == bool(row.parameters)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_hover_anywhere_in_a_row_tells_of_its_layer(name: str) -> None:
    layers = ARCHITECTURES[name].layers
    figure = layer_picture(layers)
    (points,) = figure.data
    assert [row[0] for row in points.customdata[1:]] == [row.title for row in outline(layers)]
    assert sum(row[2] for row in points.customdata) == sum(row.parameters for row in outline(layers))
    assert list(points.y) == [annotation.y for annotation in figure.layout.annotations]
    assert figure.layout.hoverdistance == -1


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_blocks_are_as_large_as_pictures_and_go_back_as_far_as_the_root_of_their_channels(name: str) -> None:
    image, *blocks = to_blocks(ARCHITECTURES[name].layers)
    assert image.side == SIDE
    for block in blocks:
        assert block.back / image.back == pytest.approx(sqrt(block.shape[-1]))
        if len(block.shape) == 3:
            assert block.side == max(3, block.shape[0])
        else:
            assert block.side < block.back or block.shape[0] <= 10


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_rows_keep_to_themselves_and_fit_a_phone(name: str) -> None:
    layers = ARCHITECTURES[name].layers
    figure, blocks = layer_picture(layers), to_blocks(layers)
    assert max(block.height for block in blocks) < ROW
    assert figure.layout.height == ROW * len(blocks)
    lines = [line for annotation in figure.layout.annotations for line in annotation.text.split("<br>")]
    written = max(len(line.removeprefix("<b>").replace("</b>", "")) for line in lines)
    assert figure.layout.annotations[0].xshift + written * CHARACTER < PHONE


def test_each_kind_of_layer_has_a_colour_of_the_theme() -> None:
    theme = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"]
    assert set(COLOURS) == set(get_args(Layer))
    assert set(COLOURS.values()) == set(theme["chartCategoricalColors"][:6])  # those told apart by everybody
    assert IMAGE in theme["chartCategoricalColors"][6:]


def test_channels_are_tiled_row_by_row() -> None:
    channels = np.stack([np.full((3, 3), value, np.float32) for value in (0, 1, 2, 3, 4)], axis=2)
    sheet = tile_channels(channels, columns=3, side=6)
    assert sheet.shape == (6 * 2 + 2, 6 * 3 + 4)
    assert sheet.dtype == np.uint8
    corners = [sheet[top, left] for top in (0, 8) for left in (0, 8, 16)]
    assert corners == [255, 191, 128, 64, 0, 255]
    assert (sheet[6:8] == 225).all()
    assert (sheet[:, 14:16] == 225).all()


def test_tiles_keep_what_is_where() -> None:
    channels = np.random.default_rng(0).random((7, 5, 4)).astype(np.float32)
    sheet = tile_channels(channels, columns=2, side=14)
    for index in range(4):
        top, left = index // 2 * 16, index % 2 * 12
        shown = sheet[top : top + 14, left : left + 10]
        expected = 255 - 255 * channels[..., index] / channels.max()
        np.testing.assert_allclose(shown, np.kron(expected, np.ones((2, 2))), atol=0.51)
