from typing import Any

import numpy as np
import pytest
from PIL import Image

from digitrec.ink.image_files import to_png
from digitrec.ui.canvas.live import MAX_PICTURE, decode, decode_url


def test_a_picture_of_the_canvas_is_decoded() -> None:
    picture = np.full((280, 280), 255, np.uint8)
    picture[50:200, 100:120] = 0
    np.testing.assert_array_equal(decode(to_png(picture)), 255 - picture)


@pytest.mark.parametrize(
    "png",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        to_png(np.zeros((28, 28), np.uint8)),
        to_png(np.zeros((280, 280), np.uint8))[:60],
        b"x" * (MAX_PICTURE + 1),
    ],
    ids=["nothing", "head", "small", "cut", "huge"],
)
def test_what_is_no_picture_of_the_canvas_is_none(png: bytes) -> None:
    assert decode(png) is None


def test_a_bomb_of_a_picture_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert decode(to_png(np.zeros((280, 280), np.uint8))) is None


@pytest.mark.parametrize(
    "url", [None, 7, "", "data:image/png;base64,!", "data:text/html;base64,AAAA", "http://x/y.png"]
)
def test_what_is_no_data_url_of_a_picture_is_none(url: Any) -> None:
    assert decode_url(url) is None
