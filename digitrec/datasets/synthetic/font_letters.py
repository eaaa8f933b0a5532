"""`python -m digitrec.datasets.synthetic.font_letters FONT ...`: letters of handwriting fonts.

font file -> glyph in ink on a canvas -> 28 x 28

They are never trained on: they measure whether a model rejects letters and handwriting that are new to it. Glyphs that
can be read as digits are left out, as in `letters`. The stored file, font_letters.npz, is made from these fonts in
Debian's packages: fonts-breip, -bwht, -comic-neue (regular and italic), -dancingscript, -dkg-handwriting (regular and
italic), -ecolier-court, -havana, -humor-sans, -klee, -kristi, -rufscript, -sjfonts, -tomsontalks and -yusei-magic.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from digitrec.ink.drawings import CANVAS
from digitrec.ink.preprocessing import find_box, preprocess
from digitrec.storage import StrPath, read_arrays, replace_file

FILE = Path(__file__).with_name("font_letters.npz")
CAPITALS = "ACEFHKLMNPRUVWXY"
SMALL = "acdefhkmnprtuvwx"
SIGNS = "?&@#%=+*<>~"
SIZE = 190  # of the font, in pixels
MAX_X_HEIGHT = 0.85  # of the height of a capital; in a font with small capitals instead of small letters it is larger


def draw_glyph(font: StrPath, glyph: str) -> NDArray[np.uint8] | None:
    """A preprocessed glyph, (28, 28) uint8; None if the font does not have it."""
    typeface = ImageFont.truetype(font, SIZE)
    picture = _draw(typeface, glyph)
    if find_box(picture) is None or np.array_equal(picture, _draw(typeface, "\ufffe")):
        return None
    return preprocess(picture).image


def _draw(font: ImageFont.FreeTypeFont, glyph: str) -> NDArray[np.uint8]:
    canvas = Image.new("L", (CANVAS, CANVAS))
    ImageDraw.Draw(canvas).text((CANVAS / 2, CANVAS / 2), glyph, fill=255, font=font, anchor="mm")
    return np.asarray(canvas)


def has_small_letters(font: StrPath) -> bool:
    """Whether a font's small letters differ from its capitals; otherwise its d is a D, which can be read as a 0."""
    typeface = ImageFont.truetype(font, SIZE)
    (_, top, _, bottom), (_, high, _, low) = (typeface.getbbox(glyph) for glyph in "xX")
    return bool(bottom - top < MAX_X_HEIGHT * (low - high))


def draw_fonts(fonts: list[Path]) -> dict[str, NDArray[np.generic]]:
    """Draw all letters and signs of these fonts: images, (n, 28, 28) uint8, and the glyph and font of each, (n,)."""
    rows = [
        (image, glyph, font.stem)
        for font in fonts
        for glyph in CAPITALS + SMALL * has_small_letters(font) + SIGNS
        if (image := draw_glyph(font, glyph)) is not None
    ]
    images, glyphs, names = zip(*rows, strict=True)
    return {"images": np.stack(images), "glyphs": np.array(glyphs), "fonts": np.array(names)}


def read_letters() -> dict[str, NDArray[np.uint8]]:
    """Read the stored images by kind, (n, 28, 28) uint8 each."""
    arrays = read_arrays(FILE)
    images, is_letter = arrays["images"].astype(np.uint8), np.isin(arrays["glyphs"], list(CAPITALS + SMALL))
    return {"letters of handwriting fonts": images[is_letter], "signs of handwriting fonts": images[~is_letter]}


if __name__ == "__main__":
    letters = draw_fonts([Path(name) for name in sys.argv[1:]])
    replace_file(FILE, lambda file: np.savez_compressed(file, **letters))  # type: ignore[arg-type]
