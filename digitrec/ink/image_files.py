"""Image files of single digits to ink, whatever their size, colours and polarity.

file -> decoded within bounds -> grey -> paper told from ink by the border -> (H, W) uint8, ink 255 on 0
"""

import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from digitrec.errors import PictureError
from digitrec.storage import StrPath

MAX_BYTES = 25_000_000
MAX_PIXELS = 50_000_000  # a phone's photograph has 12 to 48 million
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "ICO")
UNNAMED = "the picture"  # where there is no file name to tell
SIDE = 1000  # pixels; larger pictures are reduced to it, a digit needs no more
NOISE = 0.12  # of the contrast; less is paper grain or JPEG noise
MIN_CONTRAST = 30  # of 255 between paper and the darkest ink


def load_ink(picture: StrPath | bytes) -> NDArray[np.uint8]:
    """Read a picture of one digit, a file or its bytes, as ink.

    The paper is the median grey of the border, and whichever is farther from it, dark or light, is the ink.

    Returns
    -------
    (H, W) uint8, ink 255 on 0, neither side over 1000; all 0 where the picture has no contrast.

    Raises
    ------
    PictureError, where the file is missing, too large, damaged or no picture.
    """
    grey = decode_grey(picture, SIDE)[0]
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(border))
    darker, lighter = paper - grey.min(), grey.max() - paper
    contrast = max(darker, lighter)
    if contrast < MIN_CONTRAST:
        return np.zeros(grey.shape, np.uint8)
    share = (paper - grey if darker >= lighter else grey - paper) / contrast
    return np.rint(255 * np.where(share < NOISE, 0, np.clip(share, 0, 1))).astype(np.uint8)


def decode_grey(picture: StrPath | bytes | NDArray[np.uint8], side: int) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Decode a picture from a file, from a file's bytes or from an array, reduced so that no side is over `side`.

    Parameters
    ----------
    picture : a path, bytes, or (H, W), (H, W, 3) RGB or (H, W, 4) RGBA uint8.

    Returns
    -------
    The picture, upright, as (h, w) float32 of 0 to 255, and its height and width before the reduction. Transparent
    parts become white, or black under white ink.

    Raises
    ------
    PictureError, as `load_ink` does, and where an array is no such picture.
    """
    if isinstance(picture, np.ndarray):
        return _from_array(picture, side)
    if isinstance(picture, bytes):
        _check_size(len(picture), UNNAMED)
        return _decode(io.BytesIO(picture), UNNAMED, side)
    path = Path(picture)
    _check_file(path)
    return _decode(path, path.name, side)


def _from_array(picture: NDArray[np.uint8], side: int) -> tuple[NDArray[np.float32], tuple[int, int]]:
    is_coloured = picture.ndim == 3 and picture.shape[2] in (3, 4)
    if picture.dtype != np.uint8 or not (picture.ndim == 2 or is_coloured) or picture.size == 0:
        raise PictureError(
            "Expected a picture as a non-empty array of uint8: (height, width) grey, (height, width, 3) RGB or "
            f"(height, width, 4) RGBA. Received: shape {picture.shape}, dtype {picture.dtype}. Convert it first."
        )
    image = Image.fromarray(np.ascontiguousarray(picture))
    _check_pixels(image, UNNAMED)
    return _to_grey(image, side), picture.shape[:2]


def _check_file(path: Path) -> None:
    try:
        size = path.stat().st_size if path.is_file() else None
    except OSError:  # a name too long for the disk, or a folder that may not be looked into
        size = None
    if size is None:
        raise PictureError(
            f"Expected a picture file. Received: {path.name!r}, which is not there, or no file. Check its name."
        )
    _check_size(size, path.name)


def _check_size(size: int, name: str) -> None:
    if size > MAX_BYTES:
        raise PictureError(
            f"Expected a file of at most {MAX_BYTES // 1_000_000} MB. "
            f"Received: {name!r} of {size / 1e6:,.0f} MB. Save it smaller."
        )


def _decode(file: Path | io.BytesIO, name: str, side: int) -> tuple[NDArray[np.float32], tuple[int, int]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own bound below is stricter
            with Image.open(file, formats=FORMATS) as picture:
                _check_pixels(picture, name)
                longer, shorter = max(picture.size), min(picture.size)
                picture.draft("L", (side, side))
                upright = ImageOps.exif_transpose(picture)
                size = (longer, shorter) if upright.height > upright.width else (shorter, longer)
                return _to_grey(upright, side), size
    except Image.DecompressionBombError:
        raise _too_many_pixels(name, "far more") from None
    except UnidentifiedImageError:
        raise PictureError(
            f"Expected a picture such as PNG, JPEG, WebP, BMP or TIFF. Received: {name!r}, which is none. "
            "Open it elsewhere and save it as PNG."
        ) from None
    except PictureError:
        raise
    except Exception:  # noqa: BLE001  Pillow's decoders raise whatever a damaged file leads them to
        raise PictureError(
            f"Expected a whole picture. Received: {name!r}, which breaks off or is damaged. Save or copy it again."
        ) from None


def _check_pixels(picture: Image.Image, name: str) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(name, f"{width:,} × {height:,} pixels")


def _too_many_pixels(name: str, received: str) -> PictureError:
    return PictureError(
        f"Expected a picture of at most {MAX_PIXELS // 1_000_000} million pixels. "
        f"Received: {name!r} with {received}. Reduce it first."
    )


def _to_grey(picture: Image.Image, side: int) -> NDArray[np.float32]:
    if picture.mode == "1":  # black and white cannot be averaged, and thin strokes would be skipped
        picture = picture.convert("L")
    picture.thumbnail((side, side))
    if picture.mode.startswith("I") or picture.mode == "F":
        deep = np.asarray(picture, np.float32)
        return deep * (255 / max(float(deep.max()), 1.0))
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("L"), np.float32)
    grey, opacity = (np.asarray(band, np.float32) for band in picture.convert("LA").split())
    seen = grey[opacity > 127]
    behind = 0 if seen.size and seen.mean() > 127 else 255
    return (behind + (grey - behind) * opacity / 255).astype(np.float32)
