"""Image files: a picture of a digit read as ink, whatever its size, colours and polarity; and pictures as PNG.

file -> decoded within limits -> grey -> paper from the border -> (H, W) uint8, ink 255 on 0
picture -> `to_png`, `to_data_url` -> a file, or an address that browsers show
"""

import base64
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
UNNAMED = "the picture"  # in errors about a picture without a file name
SIDE = 1000  # pixels; larger pictures are reduced to it, which is enough for one digit
NOISE = 0.12  # fraction of the contrast below which a pixel is paper grain or JPEG noise
MIN_CONTRAST = 30  # of 255, between paper and the strongest ink


def load_ink(picture: StrPath | bytes) -> NDArray[np.uint8]:
    """Read a picture of one digit, from a file or its bytes, as ink.

    The median grey of the border is the paper. Dark or light pixels are the ink, whichever differ from it more.

    Returns
    -------
    (H, W) uint8, ink 255 on 0, no side longer than 1000; all 0 if the picture has no contrast.

    Raises
    ------
    PictureError, if the file is missing, too large, damaged or not a picture.
    """
    grey = decode_grey(picture, SIDE)[0]
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(border))
    darker, lighter = paper - grey.min(), grey.max() - paper
    contrast = max(darker, lighter)
    if contrast < MIN_CONTRAST:
        return np.zeros(grey.shape, np.uint8)
    ink = (paper - grey if darker >= lighter else grey - paper) / contrast
    return np.rint(255 * np.where(ink < NOISE, 0, np.clip(ink, 0, 1))).astype(np.uint8)


def decode_grey(picture: StrPath | bytes | NDArray[np.uint8], side: int) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Decode a picture from a file, its bytes or an array, reduced so that no side is longer than `side`.

    Parameters
    ----------
    picture : a path, bytes, or (H, W), (H, W, 3) RGB or (H, W, 4) RGBA uint8.

    Returns
    -------
    The picture, upright, as (h, w) float32 of 0 to 255, and its height and width before the reduction. Transparent
    parts become white, or black under white ink.

    Raises
    ------
    PictureError, as `load_ink` does, and if an array is not such a picture.
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
    except OSError:  # a name too long for the disk, or a folder without read permission
        size = None
    if size is None:
        raise PictureError(
            f"Expected a picture file. Received: {path.name!r}, which does not exist or is not a file. Check its name."
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
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is stricter
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
            f"Expected a picture such as PNG, JPEG, WebP, BMP or TIFF. Received: {name!r}, which is not. "
            "Open it in another program and save it as PNG."
        ) from None
    except PictureError:
        raise
    except Exception:  # noqa: BLE001  Pillow's decoders raise many kinds of errors on damaged files
        raise PictureError(
            f"Expected a complete picture. Received: {name!r}, which is cut short or damaged. Save or copy it again."
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
    if picture.mode == "1":  # so that reducing averages: black and white would lose thin strokes
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


def to_png(picture: NDArray[np.uint8]) -> bytes:
    """A grey (h, w) or RGB (h, w, 3) picture as the bytes of a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def to_data_url(picture: NDArray[np.uint8]) -> str:
    """A grey or RGB picture as a data URL, for pictures that change often."""
    return "data:image/png;base64," + base64.b64encode(to_png(picture)).decode()
