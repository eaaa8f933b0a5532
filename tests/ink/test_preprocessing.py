import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.datasets import Dataset
from digitrec.errors import InkError
from digitrec.ink.preprocessing import (
    BOX,
    MIN_CONTRAST,
    SIDE,
    STEPS,
    average_areas,
    border_colour,
    centring_shift,
    find_box,
    find_ink,
    pad_to_square,
    pick_pixels,
    preprocess,
    stretch,
)
from digitrec.ink.types import Box
from digitrec.networks.classifier import Classifier

Picture = NDArray[np.uint8]
seeds = st.integers(0, 2**32 - 1)
colours = st.tuples(*[st.integers(0, 255)] * 3)


def blob(seed: int, longest: int = 33) -> Picture:
    rng = np.random.default_rng(seed)
    shape = rng.integers(4, longest + 1, 2)
    return (rng.integers(1, 256, shape) * (rng.random(shape) < rng.uniform(0.5, 1))).astype(np.uint8)


def paint(ink: Picture, pen: tuple[int, int, int], paper: tuple[int, int, int]) -> Picture:
    share = ink[..., None] / 255
    colour = np.rint(np.array(paper) + share * (np.array(pen) - np.array(paper)))
    return np.concatenate([colour, np.full((*ink.shape, 1), 255)], axis=2).astype(np.uint8)


def box_by_loops(ink: Picture) -> Box | None:
    places = [(y, x) for y in range(ink.shape[0]) for x in range(ink.shape[1]) if ink[y, x]]
    if not places:
        return None
    rows, columns = zip(*places, strict=True)
    return Box(min(columns), min(rows), max(columns) + 1, max(rows) + 1)


def average_by_blocks(picture: Picture) -> NDArray[np.float64]:
    side = len(picture)
    fine = math.lcm(side, BOX)
    enlarged = np.kron(picture.astype(float), np.ones((fine // side, fine // side)))
    return enlarged.reshape(BOX, fine // BOX, BOX, fine // BOX).mean(axis=(1, 3))


def shift_by_scipy(picture: NDArray[np.float64]) -> tuple[int, int]:
    down, right = (min(max(math.floor(14 - c + 0.5), 0), 8) for c in ndimage.center_of_mass(picture))
    return down, right


def preprocess_by_hand(ink: Picture) -> Picture:
    left, top, right, bottom = box_by_loops(ink)
    height, width = bottom - top, right - left
    side = max(height, width)
    square = np.zeros((side, side), np.uint8)
    for y in range(height):
        for x in range(width):
            square[y + (side - height) // 2, x + (side - width) // 2] = ink[top + y, left + x]
    small = average_by_blocks(square)
    small = small / small.max() * 255
    down, across = shift_by_scipy(small)
    image = np.zeros((28, 28))
    image[down : down + 20, across : across + 20] = small
    return np.rint(image).astype(np.uint8)


def difference(one: Picture, other: Picture) -> int:
    return int(np.abs(one.astype(int) - other).max())


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_whole_recipe_agrees_with_one_in_plain_loops(seed: int) -> None:
    ink = np.pad(blob(seed), 3)
    assert difference(preprocess(ink).image, preprocess_by_hand(ink)) <= 1


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_box_agrees_with_loops(seed: int) -> None:
    ink = np.pad(blob(seed, 9), ((2, 0), (0, 3)))
    assert find_box(ink) == box_by_loops(ink)


@pytest.mark.parametrize("side", [1, 2, 7, 19, 20, 21, 40, 77])
def test_area_average_agrees_with_blocks_of_the_least_common_multiple(side: int) -> None:
    picture = np.random.default_rng(side).integers(0, 256, (side, side), dtype=np.uint8)
    np.testing.assert_allclose(average_areas(picture), average_by_blocks(picture), atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_centring_agrees_with_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.random((BOX, BOX)) * np.outer(*rng.random((2, BOX)) ** 6)
    assert centring_shift(picture) == shift_by_scipy(picture)


@pytest.mark.parametrize(("corner", "expected"), [((0, 0), (8, 8)), ((19, 19), (0, 0)), ((0, 19), (8, 0))])
def test_centring_keeps_the_box_inside(corner: tuple[int, int], expected: tuple[int, int]) -> None:
    picture = np.zeros((BOX, BOX))
    picture[corner] = 255
    assert centring_shift(picture) == expected


def test_paper_is_the_commonest_colour_on_the_border() -> None:
    canvas = np.random.default_rng(0).integers(0, 4, (9, 7, 4), dtype=np.uint8)
    canvas[:, 0] = (3, 1, 2, 255)
    canvas[-1, 1:5] = (3, 1, 2, 255)
    edges = Counter(
        tuple(canvas[y, x].tolist()) for y in range(9) for x in range(7) if y in (0, 8) or x in (0, 6)
    ).most_common(1)
    assert tuple(border_colour(canvas).tolist()) == edges[0][0]


@settings(max_examples=50, deadline=None)
@given(seeds, st.tuples(*[st.integers(0, 40)] * 4))
def test_shifting_the_ink_changes_nothing(seed: int, margins: tuple[int, int, int, int]) -> None:
    ink = blob(seed)
    top, bottom, left, right = margins
    moved = np.pad(ink, ((top, bottom), (left, right)))
    np.testing.assert_array_equal(preprocess(moved).image, preprocess(ink).image)


@settings(max_examples=50, deadline=None)
@given(seeds, st.integers(2, 7))
def test_enlarging_by_a_whole_factor_changes_next_to_nothing(seed: int, factor: int) -> None:
    ink = blob(seed, 17)
    ink = ink[: len(ink) - sum(ink.shape) % 2]  # of an odd rest, the half pixel falls to another side when enlarged
    ink[0, 0], ink[-1, -1] = 90, 90  # nor does cropping make the rest odd
    large = np.kron(ink, np.ones((factor, factor), np.uint8))
    assert difference(preprocess(large).image, preprocess(ink).image) <= 1


@settings(max_examples=50, deadline=None)
@given(seeds, colours, colours)
def test_any_colours_of_enough_contrast_read_as_grey(
    seed: int, pen: tuple[int, int, int], paper: tuple[int, int, int]
) -> None:
    if max(abs(a - b) for a, b in zip(pen, paper, strict=True)) < MIN_CONTRAST:
        pen = tuple((value + 128) % 256 for value in paper)
    ink = np.pad(np.where(blob(seed) > 0, 255, 0).astype(np.uint8), 40)
    np.testing.assert_array_equal(preprocess(paint(ink, pen, paper)).image, preprocess(ink).image)


@pytest.mark.parametrize(
    ("pen", "paper"), [((0, 0, 0), (255,) * 3), ((255, 0, 90), (0, 0, 80)), ((31, 41, 55), (255,) * 3)]
)
def test_smooth_edges_in_colour_read_as_grey(
    ink: Picture, pen: tuple[int, int, int], paper: tuple[int, int, int]
) -> None:
    assert difference(preprocess(paint(ink, pen, paper)).image, preprocess(ink).image) <= 2


def test_opacity_is_the_ink_on_transparent_paper(ink: Picture) -> None:
    canvas = np.zeros((*ink.shape, 4), np.uint8)
    canvas[..., 0], canvas[..., 3] = 200, ink
    np.testing.assert_array_equal(find_ink(canvas), ink)


def test_too_little_contrast_is_no_ink() -> None:
    canvas = np.full((30, 30, 4), 200, np.uint8)
    canvas[10:20, 10:20, :3] = 200 - MIN_CONTRAST + 1
    assert preprocess(canvas).image is None
    canvas[10:20, 10:20, 1] -= 1
    assert preprocess(canvas).image is not None


def test_given_paper_tells_a_canvas_full_of_ink_from_an_empty_one() -> None:
    full = paint(np.full((8, 8), 255, np.uint8), (0, 0, 0), (255, 255, 255))
    assert find_ink(full).max() == 0
    assert find_ink(full, (255, 255, 255)).min() == 255


@pytest.mark.parametrize(
    "canvas",
    [
        np.zeros((280, 280), np.uint8),
        np.zeros((1, 1), np.uint8),
        np.zeros((9, 9, 4), np.uint8),
        np.full((9, 9, 4), 255, np.uint8),
    ],
    ids=["grey", "one pixel", "transparent", "white"],
)
def test_no_ink_gives_no_image(canvas: Picture) -> None:
    result = preprocess(canvas)
    assert result.image is None
    assert result.box is None
    assert result.ink.shape == canvas.shape[:2]


def lone_pixel() -> Picture:
    canvas = np.zeros((280, 280), np.uint8)
    canvas[3, 270] = 1
    return canvas


def line_at_the_edge() -> Picture:
    canvas = np.zeros((280, 280), np.uint8)
    canvas[:, 279] = 255
    return canvas


@pytest.mark.parametrize("skip", [None, "crop", "square", "centre"])
@pytest.mark.parametrize(
    "canvas",
    [
        np.full((1, 1), 7, np.uint8),
        lone_pixel(),
        line_at_the_edge(),
        line_at_the_edge().T,
        np.full((280, 280), 255, np.uint8),
        np.full((1, 700), 90, np.uint8),
        np.full((700, 1), 90, np.uint8),
        np.pad(np.full((1, 5, 4), 255, np.uint8), ((0, 0), (9, 9), (0, 0))),
    ],
    ids=["one pixel", "lone pixel", "edge", "top edge", "full", "1 x N", "N x 1", "1 x N RGBA"],
)
def test_strange_canvases_become_images(canvas: Picture, skip: str | None) -> None:
    image = preprocess(canvas, skip).image
    assert image.shape == (SIDE, SIDE)
    assert image.dtype == np.uint8
    assert image.max() == 255


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_image_is_full_ink_inside_twenty_pixels(seed: int) -> None:
    result = preprocess(blob(seed, 80))
    assert result.image.shape == (28, 28)
    assert result.image.dtype == np.uint8
    assert result.image.max() == 255
    left, top, right, bottom = box_by_loops(result.image)
    assert max(bottom - top, right - left) <= BOX
    assert 0 <= result.shift[0] <= 8
    assert 0 <= result.shift[1] <= 8


def test_every_picture_on_the_way_is_kept(ink: Picture) -> None:
    result = preprocess(ink)
    left, top, right, bottom = result.box
    assert result.ink is ink
    np.testing.assert_array_equal(result.cropped, ink[top:bottom, left:right])
    np.testing.assert_array_equal(result.square, pad_to_square(result.cropped))
    np.testing.assert_array_equal(result.small, np.rint(average_areas(result.square)))
    np.testing.assert_array_equal(result.stretched, np.rint(stretch(average_areas(result.square))))
    down, across = result.shift
    np.testing.assert_array_equal(result.image[down : down + 20, across : across + 20], result.stretched)
    assert {getattr(result, name).dtype for name in ("cropped", "square", "small", "stretched", "image")} == {
        np.dtype(np.uint8)
    }


def test_the_canvas_is_left_as_it_was(ink: Picture) -> None:
    before = ink.copy()
    for skip in (None, *STEPS):
        preprocess(ink, skip)
    np.testing.assert_array_equal(ink, before)


def narrow_ink() -> Picture:
    canvas = np.zeros((200, 200), np.uint8)
    canvas[20:120, 30:33] = 180
    canvas[20, 30:60] = 180
    return canvas


def test_skipping_crop_keeps_the_whole_canvas() -> None:
    result = preprocess(narrow_ink(), skip="crop")
    np.testing.assert_array_equal(result.cropped, narrow_ink())
    assert box_by_loops(result.stretched).bottom < BOX


def test_skipping_square_distorts_to_twenty_by_twenty() -> None:
    result = preprocess(narrow_ink(), skip="square")
    assert result.square.shape == result.cropped.shape == (100, 30)
    assert box_by_loops(result.stretched) == (0, 0, BOX, BOX)
    assert preprocess(narrow_ink()).square.shape == (100, 100)


def test_skipping_average_keeps_one_pixel_of_each_area() -> None:
    result = preprocess(narrow_ink(), skip="average")
    for y in range(BOX):
        for x in range(BOX):
            assert result.small[y, x] == result.square[int((y + 0.5) * 5), int((x + 0.5) * 5)]


def test_skipping_average_may_lose_thin_ink_without_failing() -> None:
    canvas = np.zeros((280, 280), np.uint8)
    canvas[0], canvas[-1] = 255, 255
    result = preprocess(canvas, skip="average")
    assert result.image.max() == 0
    assert result.shift == (4, 4)


def test_skipping_stretch_keeps_the_greys() -> None:
    result = preprocess(narrow_ink(), skip="stretch")
    np.testing.assert_array_equal(result.stretched, result.small)
    assert 0 < result.image.max() < 255


def test_skipping_centre_puts_the_box_in_the_middle() -> None:
    result = preprocess(narrow_ink(), skip="centre")
    assert result.shift == (4, 4)
    assert preprocess(narrow_ink()).shift != (4, 4)
    np.testing.assert_array_equal(result.image[4:24, 4:24], result.stretched)


def test_small_pictures_are_enlarged_by_picking_too() -> None:
    np.testing.assert_array_equal(
        pick_pixels(np.array([[1, 2], [3, 4]], np.uint8)), np.kron([[1, 2], [3, 4]], np.ones((10, 10)))
    )


@pytest.mark.parametrize(
    "canvas",
    [
        np.zeros((28, 28)),
        np.zeros((28, 28), bool),
        np.zeros((28, 28), np.int64),
        np.zeros(28, np.uint8),
        np.zeros((28, 28, 3), np.uint8),
        np.zeros((2, 28, 28, 4), np.uint8),
        np.zeros((0, 28), np.uint8),
        np.zeros((28, 0, 4), np.uint8),
        [[0.5]],
        None,
        "ink",
    ],
    ids=lambda canvas: f"{np.asarray(canvas).shape} {np.asarray(canvas).dtype}",
)
def test_anything_else_is_refused_with_rule_and_remedy(canvas: object) -> None:
    with pytest.raises(InkError, match=r"Expected .*uint8.* Received: shape .* dtype .* Convert it first") as caught:
        preprocess(canvas)
    assert str(np.asarray(canvas).shape) in str(caught.value)
    assert str(np.asarray(canvas).dtype) in str(caught.value)


@pytest.fixture(scope="module")
def again(mnist: Dataset) -> Picture:
    return np.stack([preprocess(image).image for image in mnist.test.images])


@pytest.mark.full_data
def test_mnist_is_preprocessed_already(mnist: Dataset, again: Picture) -> None:
    differences = np.abs(again.astype(int) - mnist.test.images).max(axis=(1, 2))
    assert (differences <= 2).mean() >= 0.9995


def test_preprocessing_mnist_again_leaves_the_accuracy(mnist: Dataset, again: Picture, classifier: Classifier) -> None:
    changed = (again != mnist.test.images).any(axis=(1, 2))  # the others are read as before
    assert changed.any()
    before, after = (
        (classifier.predict_proba(images[changed]).argmax(axis=1) == mnist.test.labels[changed]).sum()
        for images in (mnist.test.images, again)
    )
    assert abs(int(before) - int(after)) / len(mnist.test) <= 0.001


@pytest.mark.parametrize("side", range(1, 41))
def test_ink_that_is_its_own_mirror_image_is_centred_alike_at_every_size(side: int) -> None:
    assert preprocess(np.full((side, side), 255, np.uint8)).shift == (5, 5)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 7))
def test_enlarging_symmetric_ink_changes_next_to_nothing(seed: int, factor: int) -> None:
    quarter = np.random.default_rng(seed).integers(0, 256, (6, 4), dtype=np.uint8)
    quarter[0, 0] = 90
    half = np.concatenate([quarter, quarter[::-1]])
    ink = np.concatenate([half, half[:, ::-1]], axis=1)
    large = np.kron(ink, np.ones((factor, factor), np.uint8))
    assert np.abs(preprocess(large).image.astype(int) - preprocess(ink).image).max() <= 1


def test_what_an_eraser_left_too_faint_to_be_seen_is_paper() -> None:
    canvas = np.full((280, 280, 4), 255, np.uint8)
    canvas[60:200, 120:140, :3] = 30
    before = preprocess(canvas)
    canvas[10:20, 5:15, :3] = 255 - 15
    assert find_box(find_ink(canvas)) == before.box


@pytest.mark.parametrize("opacity", [17, 100, 200])
def test_the_strongest_ink_is_255_on_paper_that_is_given_whatever_its_opacity(opacity: int) -> None:
    """A difference that is no whole number was cut off, and greys beyond 255 began again at 0."""
    picture = np.full((4, 4, 4), 255, np.uint8)
    picture[1, 2] = (1, 1, 1, opacity)
    ink = find_ink(picture, (255, 255, 255))
    assert ink[1, 2] == 255
    assert np.count_nonzero(ink) == 1
