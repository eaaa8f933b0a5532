"""Image files of single digits to ink, whatever their size, colours and polarity.

file -> decoded within bounds -> grey -> paper told from ink by the border -> (H, W) uint8, ink 255 on 0
"""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from digitrec.errors import PictureError

MAX_BYTES = 25_000_000
MAX_PIXELS = 50_000_000  # a phone's photograph has 12 to 48 million
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "ICO")
SIDE = 1000  # pixels; larger pictures are reduced to it, a digit needs no more
NOISE = 0.12  # of the contrast; less is paper grain or JPEG noise
MIN_CONTRAST = 30  # of 255 between paper and the darkest ink


def load_ink(path: Path) -> NDArray[np.uint8]:
    """Read a picture of one digit as ink.

    The paper is the median grey of the border, and whichever is farther from it, dark or light, is the ink.

    Returns
    -------
    (H, W) uint8, ink 255 on 0, neither side over 1000; all 0 where the picture has no contrast.

    Raises
    ------
    PictureError, where the file is missing, too large, damaged or no picture.
    """
    grey = open_grey(path)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(border))
    darker, lighter = paper - grey.min(), grey.max() - paper
    contrast = max(darker, lighter)
    if contrast < MIN_CONTRAST:
        return np.zeros(grey.shape, np.uint8)
    share = (paper - grey if darker >= lighter else grey - paper) / contrast
    return np.rint(255 * np.where(share < NOISE, 0, np.clip(share, 0, 1))).astype(np.uint8)


def open_grey(path: Path) -> NDArray[np.float32]:
    """Decode a picture file: (H, W) float32 of 0 to 255; transparent parts become white, or black under white ink."""
    try:
        size = path.stat().st_size if path.is_file() else None
    except OSError:  # a name too long for the disk, or a folder that may not be looked into
        size = None
    if size is None:
        raise PictureError(
            f"Expected a picture file. Received: {path.name!r}, which is not there, or no file. Check its name."
        )
    if size > MAX_BYTES:
        raise PictureError(
            f"Expected a file of at most {MAX_BYTES // 1_000_000} MB. "
            f"Received: {path.name!r} of {size / 1e6:,.0f} MB. Save it smaller."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own bound below is stricter
            with Image.open(path, formats=FORMATS) as picture:
                _check_pixels(picture, path)
                picture.draft("L", (SIDE, SIDE))
                return _to_grey(ImageOps.exif_transpose(picture))
    except Image.DecompressionBombError:
        raise _too_many_pixels(path, "far more") from None
    except UnidentifiedImageError:
        raise PictureError(
            f"Expected a picture such as PNG, JPEG, WebP, BMP or TIFF. Received: {path.name!r}, which is none. "
            "Open it elsewhere and save it as PNG."
        ) from None
    except PictureError:
        raise
    except Exception:  # noqa: BLE001  Pillow's decoders raise whatever a damaged file leads them to
        raise PictureError(
            f"Expected a whole picture. Received: {path.name!r}, which breaks off or is damaged. Save or copy it again."
        ) from None


def _check_pixels(picture: Image.Image, path: Path) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(path, f"{width:,} × {height:,} pixels")


def _too_many_pixels(path: Path, received: str) -> PictureError:
    return PictureError(
        f"Expected a picture of at most {MAX_PIXELS // 1_000_000} million pixels. "
        f"Received: {path.name!r} with {received}. Reduce it first."
    )


def _to_grey(picture: Image.Image) -> NDArray[np.float32]:
    picture.thumbnail((SIDE, SIDE))
    if picture.mode.startswith("I") or picture.mode == "F":
        deep = np.asarray(picture, np.float32)
        return deep * (255 / max(float(deep.max()), 1.0))
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("L"), np.float32)
    grey, opacity = (np.asarray(band, np.float32) for band in picture.convert("LA").split())
    seen = grey[opacity > 127]
    behind = 0 if seen.size and seen.mean() > 127 else 255
    return (behind + (grey - behind) * opacity / 255).astype(np.float32)
