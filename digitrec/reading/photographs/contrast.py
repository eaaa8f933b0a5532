"""The contrast of each pixel with the paper around it, in any light.

grey -> paper without ink -> contrast -> strokes

Illumination is a factor, so contrast is a ratio: a pen has the same contrast in a shadow. The paper under dark ink is
the grey-scale closing of the picture by a square wider than any stroke, under light ink the opening (Serra, "Image
Analysis and Mathematical Morphology", 1982).
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Picture = NDArray[np.float32]

COARSE = 250  # pixels, shorter side of the reduced picture for estimating the paper
COARSEST = 50  # pixels, shorter side of the reduced picture for medians
WIDEST = 0.2  # of the shorter side; strokes are narrower
STRAY = 16  # of 255, added to both greys of a ratio, so that black on nearly black has no contrast
FAINTEST = 0.12  # contrast below this is paper
NOISE = 6.0  # standard deviations of the noise below which contrast is paper
FRACTION = 0.4  # of the strongest contrast nearby, from which contrast is ink


def measure_contrast(grey: Picture) -> Picture:
    """Measure the contrast with the paper: (H, W) float32 of 0 to 255 -> (H, W) float32, 0 on paper, below 1 on ink.

    Dark or light pixels are the ink, whichever stand out more.
    """
    coarse, window = _reduce(grey), _window(grey)
    if is_dark_on_light(coarse):
        contrast = _relative(_enlarge(ndimage.grey_closing(coarse, window), grey), grey)
    else:
        contrast = _relative(grey, _enlarge(ndimage.grey_opening(coarse, window), grey))
    return ndimage.gaussian_filter(contrast, 0.7)


def is_dark_on_light(coarse: Picture) -> bool:
    """Whether ink is darker than the local median, not lighter, in an (H, W) float32 picture of 0 to 255."""
    small = np.asarray(Image.fromarray(coarse).reduce(max(1, min(coarse.shape) // COARSEST)))
    paper = _enlarge(ndimage.median_filter(small, max(3, min(small.shape) // 3)), coarse)
    return bool((_relative(paper, coarse) ** 2).sum() >= (_relative(coarse, paper) ** 2).sum())


def find_strokes(contrast: Picture) -> NDArray[np.bool_]:
    """Find ink: (H, W) bool, contrast above the noise and above a fraction of the strongest contrast nearby."""
    factor = _factor(contrast)
    high, wide = (length // factor * factor for length in contrast.shape)
    blocks = contrast[:high, :wide].reshape(high // factor, factor, wide // factor, factor).max(axis=(1, 3))
    nearby = ndimage.uniform_filter(ndimage.maximum_filter(blocks, _window(contrast)), _window(contrast) // 2)
    return contrast > np.maximum(FRACTION * _enlarge(nearby, contrast), faintest(contrast))


def faintest(contrast: Picture) -> float:
    """The contrast below which there is only paper and noise."""
    differences = np.abs(contrast[::3, 4:] - contrast[::3, :-4])
    noise = float(np.median(differences)) / (0.6745 * np.sqrt(2)) if differences.size else 0.0
    return max(FAINTEST, NOISE * noise)


def _relative(bright: Picture, dark: Picture) -> Picture:
    return np.clip(1 - (dark + STRAY) / (bright + STRAY), 0, 1)


def _factor(picture: Picture) -> int:
    return max(1, min(picture.shape) // COARSE)


def _window(picture: Picture) -> int:
    return max(3, round(WIDEST * min(picture.shape) / _factor(picture)))


def _reduce(picture: Picture) -> Picture:
    reduced = np.asarray(Image.fromarray(picture).reduce(_factor(picture)))
    return ndimage.gaussian_filter(reduced, 1)


def _enlarge(coarse: Picture, like: Picture) -> Picture:
    return np.asarray(Image.fromarray(coarse).resize(like.shape[::-1], Image.Resampling.BILINEAR))
