import io

import numpy as np
import pytest
from PIL import Image

from digitrec.pictures import AGAINST, FAINT, FOR, as_paper, colour_by_weight, enlarge, tile, to_png

GREYS = np.array([[0, 10], [200, 255]], np.uint8)


def test_ink_becomes_dark_on_white() -> None:
    assert as_paper(GREYS).tolist() == [[255, 245], [55, 0]]
    assert as_paper(GREYS).dtype == np.uint8


@pytest.mark.parametrize("factor", [1, 2, 5])
def test_enlarging_is_krons(factor: int) -> None:
    np.testing.assert_array_equal(enlarge(GREYS, factor), np.kron(GREYS, np.ones((factor, factor), np.uint8)))


def test_the_strongest_weights_get_the_full_colours() -> None:
    weight = np.array([[2, -2, 0, 2]], np.float32)
    coloured = colour_by_weight(np.array([[255, 255, 255, 0]], np.uint8), weight)
    assert coloured.shape == (1, 4, 3)
    assert coloured.dtype == np.uint8
    assert coloured.tolist() == [[FOR.tolist(), AGAINST.tolist(), FAINT.tolist(), [255, 255, 255]]]


def test_a_stronger_weight_is_nearer_to_its_colour() -> None:
    weight = np.linspace(0, 1, 6, dtype=np.float32)[None]
    coloured = colour_by_weight(np.full((1, 6), 255, np.uint8), weight)[0].astype(float)
    distance = np.abs(coloured - FOR).sum(axis=1)
    assert (np.diff(distance) < 0).all()


def test_fainter_ink_is_nearer_to_paper() -> None:
    coloured = colour_by_weight(np.array([[255, 128, 0]], np.uint8), np.ones((1, 3), np.float32))[0].astype(int)
    np.testing.assert_allclose(coloured[1], (coloured[0] + 255) / 2, atol=1)


def test_no_weight_at_all_is_faint_ink() -> None:
    coloured = colour_by_weight(np.full((2, 2), 255, np.uint8), np.zeros((2, 2), np.float32))
    assert (coloured == FAINT).all()


def test_channels_are_tiled_row_by_row() -> None:
    channels = np.stack([np.full((3, 3), value, np.float32) for value in (0, 1, 2, 3, 4)], axis=2)
    sheet = tile(channels, columns=3, side=6)
    assert sheet.shape == (6 * 2 + 2, 6 * 3 + 4)
    assert sheet.dtype == np.uint8
    corners = [sheet[top, left] for top in (0, 8) for left in (0, 8, 16)]
    assert corners == [255, 191, 128, 64, 0, 255]
    assert (sheet[6:8] == 225).all()
    assert (sheet[:, 14:16] == 225).all()


def test_tiles_keep_what_is_where() -> None:
    channels = np.random.default_rng(0).random((7, 5, 4)).astype(np.float32)
    sheet = tile(channels, columns=2, side=14)
    for index in range(4):
        top, left = index // 2 * 16, index % 2 * 12
        shown = sheet[top : top + 14, left : left + 10]
        expected = 255 - 255 * channels[..., index] / channels.max()
        np.testing.assert_allclose(shown, np.kron(expected, np.ones((2, 2))), atol=0.51)


@pytest.mark.parametrize("value", [0, -3])
def test_channels_that_answer_nothing_are_white(value: float) -> None:
    assert (tile(np.full((4, 4, 1), value, np.float32), columns=1, side=4) == 255).all()


@pytest.mark.parametrize("picture", [GREYS, np.stack([GREYS] * 3, axis=2)], ids=["grey", "RGB"])
def test_a_png_is_opened_as_it_was_written(picture: np.ndarray) -> None:
    with Image.open(io.BytesIO(to_png(picture))) as opened:
        assert opened.format == "PNG"
        np.testing.assert_array_equal(np.asarray(opened), picture)
