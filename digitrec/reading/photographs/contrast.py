"""How much each point of a picture differs from the paper around it, whatever light falls on it.

grey -> the paper without its ink -> contrast -> strokes

Light is a factor, so contrast is a quotient: the same pen has the same contrast in a shadow. The paper under dark ink
is the grey-scale closing of the picture by a square that no stroke fills, under light ink the opening (Serra, "Image
Analysis and Mathematical Morphology", 1982).
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Picture = NDArray[np.float32]

COARSE = 250  # pixels of the shorter side of the picture that paper is looked for in
COARSEST = 50  # pixels of the one in which medians are taken
WIDEST = 0.2  # of the shorter side; no stroke is so wide
STRAY = 16  # of 255, light that even black gives back: black on nearly black is no contrast
FAINTEST = 0.12  # a contrast below it is paper
NOISE = 6.0  # standard deviations of the noise are still paper
SHARE = 0.4  # of the strongest contrast nearby is ink


def measure_contrast(grey: Picture) -> Picture:
    """Contrast with the paper of an (H, W) float32 picture of 0 to 255: the same shape, 0 on paper, below 1 on ink.

    Ink is dark or light, whichever stands out more.
    """
    coarse, window = _reduce(grey), _window(grey)
    if is_dark_on_light(coarse):
        contrast = _relative(_enlarge(ndimage.grey_closing(coarse, window), grey), grey)
    else:
        contrast = _relative(grey, _enlarge(ndimage.grey_opening(coarse, window), grey))
    return ndimage.gaussian_filter(contrast, 0.7)


def is_dark_on_light(coarse: Picture) -> bool:
    """Whether what differs from the median around it is darker rather than lighter: (H, W) float32 of 0 to 255."""
    small = np.asarray(Image.fromarray(coarse).reduce(max(1, min(coarse.shape) // COARSEST)))
    paper = _enlarge(ndimage.median_filter(small, max(3, min(small.shape) // 3)), coarse)
    return bool((_relative(paper, coarse) ** 2).sum() >= (_relative(coarse, paper) ** 2).sum())


def find_strokes(contrast: Picture) -> NDArray[np.bool_]:
    """What is ink: (H, W) bool, where the contrast is above the noise and a good share of the strongest nearby."""
    factor = _factor(contrast)
    high, wide = (length // factor * factor for length in contrast.shape)
    blocks = contrast[:high, :wide].reshape(high // factor, factor, wide // factor, factor).max(axis=(1, 3))
    nearby = ndimage.uniform_filter(ndimage.maximum_filter(blocks, _window(contrast)), _window(contrast) // 2)
    return contrast > np.maximum(SHARE * _enlarge(nearby, contrast), faintest(contrast))


def faintest(contrast: Picture) -> float:
    """The contrast below which all is paper and noise."""
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
