import os
from pathlib import Path

import numpy as np
import pytest
import streamlit
from PIL import Image, ImageDraw, ImageFont

from digitrec.datasets.synthetic.font_letters import (
    CAPITALS,
    FILE,
    SIGNS,
    SMALL,
    draw_fonts,
    draw_glyph,
    has_small_letters,
    read_letters,
)
from digitrec.networks.classifier import Classifier

# Written quickly, each of them is some digit.
LIKE_DIGITS = set("BDGIJOQSTZbgijloqsyz|/\\()[]{}-_0123456789")


def find_font(name: str) -> Path:
    """One of the fonts that come with Streamlit."""
    found = sorted((Path(streamlit.__file__).parent / "static").rglob(f"{name}*.woff2"))
    if found:
        return found[0]
    told = f"Streamlit comes without {name} now: test with another font."
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told)


@pytest.fixture(scope="module")
def sans() -> Path:
    return find_font("SourceSansVF-Upright")


@pytest.fixture(scope="module")
def plain() -> Path:
    return find_font("KaTeX_Main-Regular")


@pytest.fixture(scope="module")
def tall() -> Path:
    """One whose small x is nearly as high as its capital."""
    return find_font("KaTeX_Fraktur-Regular")


def test_nothing_that_can_be_read_as_a_digit_is_among_the_glyphs() -> None:
    glyphs = CAPITALS + SMALL + SIGNS
    assert not set(glyphs) & LIKE_DIGITS
    assert len(set(glyphs)) == len(glyphs)
    assert CAPITALS.isupper()
    assert SMALL.islower()


def test_kept_images_are_as_a_network_reads_them_and_none_is_empty() -> None:
    for images in read_letters().values():
        assert images.shape[1:] == (28, 28)
        assert images.dtype == np.uint8
        assert (images.max(axis=(1, 2)) == 255).all()
        assert (images == 0).mean(axis=(1, 2)).min() > 0.1
        rows, columns = (images.max(axis=axis) > 0 for axis in (2, 1))
        assert max(rows.sum(axis=1).max(), columns.sum(axis=1).max()) <= 20


def test_kept_letters_and_signs_are_told_apart_and_all_of_them_are_read() -> None:
    with np.load(FILE, allow_pickle=False) as kept:
        images, glyphs, fonts = kept["images"], kept["glyphs"], kept["fonts"]
    assert len(images) == len(glyphs) == len(fonts) > 500
    assert set(glyphs) <= set(CAPITALS + SMALL + SIGNS)
    assert len(set(fonts)) > 10
    found = read_letters()
    assert list(found) == ["letters of handwriting fonts", "signs of handwriting fonts"]
    for is_letter, name in ((True, "letters of handwriting fonts"), (False, "signs of handwriting fonts")):
        expected = [image for image, glyph in zip(images, glyphs, strict=True) if str(glyph).isalpha() == is_letter]
        np.testing.assert_array_equal(found[name], expected)
        assert len(expected) > 100


def test_no_glyph_of_a_font_is_kept_twice_nor_small_letters_of_some_only() -> None:
    with np.load(FILE, allow_pickle=False) as kept:
        pairs = [(str(font), str(glyph)) for font, glyph in zip(kept["fonts"], kept["glyphs"], strict=True)]
    assert len(set(pairs)) == len(pairs)
    for font in {font for font, _ in pairs}:
        assert {glyph for name, glyph in pairs if name == font and glyph.islower()} in (set(), set(SMALL))


@pytest.mark.parametrize("glyph", ["0", "2", "3", "4", "5", "6", "7", "8", "9"])
def test_a_glyph_is_drawn_so_that_a_network_reads_it(glyph: str, sans: Path, classifier: Classifier) -> None:
    image = draw_glyph(sans, glyph)
    assert image is not None
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8
    assert classifier.predict_proba(image[None]).argmax() == int(glyph)


@pytest.mark.parametrize("glyph", "AHMUVWXY")
def test_a_glyph_that_is_its_own_mirror_image_is_drawn_whole(glyph: str, sans: Path) -> None:
    image = draw_glyph(sans, glyph)
    assert image is not None
    rows, columns = (np.flatnonzero(image.max(axis=axis)) for axis in (1, 0))
    box = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(int)
    assert max(box.shape) == 20
    assert np.abs(box - box[:, ::-1]).mean() < 40


@pytest.mark.parametrize("glyph", ["☃", "é", "Я", " "])
def test_a_glyph_that_the_font_lacks_is_none(glyph: str, plain: Path) -> None:
    assert draw_glyph(plain, glyph) is None


def test_what_a_font_draws_instead_of_a_glyph_that_it_lacks_is_none_too(sans: Path) -> None:
    picture = Image.new("L", (280, 280))
    ImageDraw.Draw(picture).text((140, 140), "☃", fill=255, font=ImageFont.truetype(sans, 190), anchor="mm")
    assert np.asarray(picture).any()
    assert draw_glyph(sans, "☃") is None
    assert draw_glyph(sans, "é") is not None


def test_small_letters_are_there_where_an_x_is_lower_than_its_capital(plain: Path, sans: Path, tall: Path) -> None:
    assert has_small_letters(plain)
    assert has_small_letters(sans)
    assert not has_small_letters(tall)


def test_fonts_give_an_image_for_each_glyph_that_they_have(plain: Path, tall: Path) -> None:
    drawn = draw_fonts([plain, tall])
    images, glyphs, fonts = (drawn[name] for name in ("images", "glyphs", "fonts"))
    assert images.shape == (len(glyphs), 28, 28)
    assert images.dtype == np.uint8
    assert set(fonts) == {plain.stem, tall.stem}
    assert set(CAPITALS + SMALL) <= set(glyphs[fonts == plain.stem])
    assert set(CAPITALS) == {glyph for glyph in glyphs[fonts == tall.stem] if glyph.isalpha()}
    for place in range(0, len(glyphs), 7):
        font = plain if fonts[place] == plain.stem else tall
        np.testing.assert_array_equal(images[place], draw_glyph(font, str(glyphs[place])))
