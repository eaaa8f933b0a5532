"""Rendered scans and photographs of pages with real handwritten digits, and their ground truth."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from digitrec.datasets import Dataset, is_available, load_dataset
from digitrec.ink.types import Box
from tests.data import sample

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Look:
    """The appearance of a page. Fractions and contrasts are from 0 to 1."""

    paper: str = "plain"  # plain, ruled or squared
    pitch: float = 1.7  # heights of a digit between ruling lines
    ruling: float = 0.25  # their contrast
    ink: tuple[int, int, int] = (30, 30, 35)
    paper_colour: tuple[int, int, int] = (250, 250, 248)
    uneven: float = 0.0  # fraction of the light that is missing in the darkest corner
    shadow: float = 0.0  # fraction of the light that a shadow takes
    tilt: float = 0.0  # degrees clockwise
    keystone: float = 0.0  # fraction of the side by which a corner is displaced
    blur: float = 0.0  # pixels
    noise: float = 0.0  # standard deviation, of 255
    quality: int = 0  # of JPEG; 0 for none
    dust: int = 0  # specks
    weight: float = 1.0  # of the pen: 1 for MNIST's broad strokes, 0 for about half as broad
    table: tuple[int, int, int] | None = None  # colour of the surface around the page, if it is visible


@dataclass(frozen=True, eq=False)
class Rendered:
    """A picture of a page and its digits in reading order."""

    picture: Picture
    boxes: tuple[Box, ...]
    labels: tuple[int, ...]
    rows: tuple[int, ...]

    def encoded(self, kind: str = "PNG") -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(self.picture).save(buffer, kind)
        return buffer.getvalue()


DIFFICULTIES = ("easy", "paper", "phone")


def random_look(difficulty: str, rng: np.random.Generator) -> Look:
    """easy: a clean scan. paper: a scan of plain, ruled or squared paper. phone: a photograph of paper or a board."""
    if difficulty == "easy":
        return Look(tilt=rng.uniform(-3, 3), noise=2)
    inks = [(25, 25, 30), (30, 45, 140), (20, 30, 90), (115, 115, 120)]  # black, blue, dark blue, pencil
    tables = [None, (70, 50, 40), (150, 120, 95)]
    scan = Look(
        paper=str(rng.choice(["plain", "ruled", "squared"])),
        pitch=rng.uniform(1.5, 2.1),
        ruling=rng.uniform(0.12, 0.4),
        ink=inks[int(rng.integers(len(inks)))],
        paper_colour=(245, 244, 236),
        tilt=rng.uniform(-6, 6),
        blur=rng.uniform(0.3, 0.8),
        noise=rng.uniform(2, 5),
        quality=90,
        dust=15,
        weight=rng.uniform(0.3, 1),
    )
    if difficulty == "paper":
        return scan
    is_board = rng.random() < 0.2
    return replace(
        scan,
        paper="plain" if is_board else scan.paper,
        ink=(225, 225, 220) if is_board else scan.ink,
        paper_colour=(45, 60, 52) if is_board else (238, 235, 226),
        uneven=rng.uniform(0.2, 0.55),
        shadow=rng.uniform(0, 0.45),
        tilt=rng.uniform(-12, 12),
        keystone=rng.uniform(0, 0.03),
        blur=rng.uniform(0.6, 1.3),
        noise=rng.uniform(4, 9),
        quality=int(rng.integers(60, 90)),
        table=tables[int(rng.integers(3))],
    )


def handwriting() -> Dataset:
    """Real digits: MNIST, or its sample in tests/data if it is missing."""
    return load_dataset("mnist") if is_available("mnist") else sample.load_mnist()


def random_sheet(data: Dataset, difficulty: str, seed: int) -> Rendered:
    """A page of 1 to 6 rows of 2 to 7 digits, each 34 to 79 pixels high, with a random appearance."""
    rng = np.random.default_rng(seed)
    look, side = random_look(difficulty, rng), int(rng.integers(34, 80))
    rows, columns = int(rng.integers(1, 7)), int(rng.integers(2, 8))
    return render(data, look, seed, rows=rows, columns=columns, side=side, room=rng.uniform(0.25, 1.2))


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    width = min(one.right, other.right) - max(one.left, other.left)
    common = max(height, 0) * max(width, 0)
    return common / (one.width * one.height + other.width * other.height - common)


def match(found: Sequence[Box], truth: Sequence[Box]) -> list[int | None]:
    """Match found boxes to true digits, greedily, by an intersection over union above 0.5; None if unmatched."""
    scores = np.array([[overlap(box, true) for true in truth] for box in found]).reshape(len(found), len(truth))
    matched: list[int | None] = [None] * len(found)
    while scores.size and scores.max() > 0.5:
        place, true = divmod(int(scores.argmax()), len(truth))
        matched[place] = true
        scores[place], scores[:, true] = 0, 0
    return matched


def render(
    data: Dataset,
    look: Look = Look(),
    seed: int = 0,
    *,
    rows: int = 5,
    columns: int = 6,
    side: int = 56,
    room: float = 1.0,
    digits: tuple[int, ...] | None = None,
) -> Rendered:
    """Render a page with digits of the test set.

    Parameters
    ----------
    side : height of a digit in pixels; each is between 0.85 and 1.15 of it.
    room : between digits, in heights.
    digits : rows x columns indices in the test set; random ones if not given.
    """
    rng = np.random.default_rng(seed)
    places = rng.integers(len(data.test.labels), size=rows * columns) if digits is None else np.array(digits)
    line = look.pitch * side
    row_step = line * int(np.ceil(1.5 * side / line)) if look.paper != "plain" else 1.9 * side
    column_step = side * (1 + room)
    height, width = int((rows + 1.5) * row_step), int((columns + 1.5) * column_step)
    if look.paper != "plain":
        height, width = height + int(line), width + int(line)
    owner, ink = np.zeros((height, width), np.int32), np.zeros((height, width), np.float32)
    for number, place in enumerate(places.tolist()):
        row, column = divmod(number, columns)
        digit = enlarge(data.test.images[place], side * rng.uniform(0.85, 1.15), look.weight)
        base = (row + 1) * row_step + rng.uniform(-0.12, 0.12) * side + 0.75 * side
        left = (0.75 + column) * column_step + rng.uniform(-0.1, 0.1) * side * room
        _write(ink, owner, digit, (round(base) - len(digit), round(left)), number + 1)
    darkness = np.maximum(ink * (1 - 0.15 * _cloud(ink.shape, side, rng)), _specks(ink.shape, look.dust, rng))
    ruling = _ruling(look, ink.shape, row_step, side, line)
    paper, pen = np.array(look.paper_colour, np.float32), np.array(look.ink, np.float32)
    page = paper * (1 - ruling[..., None] * np.array([0.9, 0.75, 0.55], np.float32))
    page = page + (pen - page) * darkness[..., None]
    seen, owner = _look_at(page, owner, look, rng)
    seen = seen * _light(seen.shape[:2], look, rng)[..., None]
    seen = ndimage.gaussian_filter(seen, (look.blur, look.blur, 0)) + rng.normal(0, look.noise, seen.shape)
    picture = _compress(np.clip(np.rint(seen), 0, 255).astype(np.uint8), look.quality)
    boxes = tuple(Box(x.start, y.start, x.stop, y.stop) for y, x in ndimage.find_objects(owner))
    labels = tuple(int(label) for label in data.test.labels[places])
    return Rendered(picture, boxes, labels, tuple(number // columns for number in range(len(places))))


def enlarge(image: Picture, height: float, weight: float = 1.0) -> NDArray[np.float32]:
    """Crop a (28, 28) digit and enlarge it to `height` pixels on its longer side, as pen strokes: (h, w), 0 to 1."""
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    cut = Image.fromarray(np.pad(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1))
    factor = height / (max(cut.size) - 2)
    large = cut.resize((round(cut.width * factor), round(cut.height * factor)), Image.Resampling.BICUBIC)
    smooth = np.asarray(large.filter(ImageFilter.GaussianBlur(factor / 3)), np.float32) / 255
    return np.clip((smooth - 0.5 + 0.3 * weight) / 0.3, 0, 1)


def _write(
    ink: NDArray[np.float32], owner: NDArray[np.int32], digit: NDArray[np.float32], corner: tuple[int, int], n: int
) -> None:
    top, left = corner
    place = np.s_[top : top + digit.shape[0], left : left + digit.shape[1]]
    np.maximum(ink[place], digit, out=ink[place])
    owner[place][digit > 0.5] = n


def _cloud(shape: tuple[int, int], size: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Smooth noise of 0 to 1, to vary the pressure of the pen."""
    small = rng.random((max(2, shape[0] // int(size)) * 2, max(2, shape[1] // int(size)) * 2), np.float32)
    return np.asarray(Image.fromarray(small).resize(shape[::-1], Image.Resampling.BICUBIC)).clip(0, 1)


def _specks(shape: tuple[int, int], count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    specks = np.zeros(shape, np.float32)
    for y, x in zip(rng.integers(4, shape[0] - 8, count), rng.integers(4, shape[1] - 8, count), strict=True):
        specks[y : y + rng.integers(1, 5), x : x + rng.integers(1, 5)] = 0.7
    return specks


def _ruling(look: Look, shape: tuple[int, int], row_step: float, side: int, line: float) -> NDArray[np.float32]:
    """Lines under each row, and vertical ones on squared paper."""
    ruling, width = np.zeros(shape, np.float32), max(1, round(side / 28))
    if look.paper == "plain":
        return ruling
    pitch = line if look.paper == "ruled" else line / 2
    first = (row_step + 0.75 * side) % pitch
    for y in np.arange(first, shape[0] - width, pitch):
        ruling[round(y) : round(y) + width] = look.ruling
    if look.paper == "squared":
        for x in np.arange(pitch / 3, shape[1] - width, pitch):
            ruling[:, round(x) : round(x) + width] = look.ruling
    return ruling


def _look_at(
    page: NDArray[np.float32], owner: NDArray[np.int32], look: Look, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Rotate the page, with perspective, in a picture that contains all of it."""
    if not look.tilt and not look.keystone and look.table is None:
        return page, owner
    cos, sin = np.cos(np.deg2rad(look.tilt)), np.sin(np.deg2rad(look.tilt))
    high, wide = owner.shape
    room = 1.03 + look.keystone
    size = round(room * (high * cos + wide * abs(sin))), round(room * (wide * cos + high * abs(sin)))
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    u, v = x - size[1] / 2, y - size[0] / 2
    depth = 1 + look.keystone * (u / wide + v / high)
    places = np.stack([(-sin * u + cos * v) / depth + high / 2, (cos * u + sin * v) / depth + wide / 2])
    seen = np.stack(
        [ndimage.map_coordinates(page[..., band], places, order=1, mode="nearest") for band in range(3)], -1
    )
    if look.table is not None:
        is_off = ((places < 0) | (places > np.array(owner.shape)[:, None, None] - 1)).any(axis=0)
        seen[is_off] = (np.array(look.table) * (0.8 + 0.4 * _cloud(size, 20, rng)[..., None]))[is_off]
    return seen, ndimage.map_coordinates(owner, places, order=0)


def _light(shape: tuple[int, int], look: Look, rng: np.random.Generator) -> NDArray[np.float32]:
    """Light that falls off to one side, and a shadow with a soft edge: (H, W), at most 1."""
    high, wide = shape
    y, x = np.mgrid[:high, :wide].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * x / wide + np.sin(angle) * y / high
    along = (along - along.min()) / (along.max() - along.min())
    turned = np.cos(angle + 1) * x / wide + np.sin(angle + 1) * y / high
    edge = np.quantile(turned[::20, ::20], rng.uniform(0.2, 0.6))
    shade = 1 / (1 + np.exp(np.clip((turned - edge) / 0.008, -50, 50)))
    return (1 - look.uneven * along) * (1 - look.shadow * shade)


def _compress(picture: Picture, quality: int) -> Picture:
    if not quality:
        return picture
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))
