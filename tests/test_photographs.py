import io
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from digitrec.datasets import Dataset
from digitrec.datasets.sources.pen import PenDigit, split_by_writer
from digitrec.datasets.synthetic.composing import Settings, compose, pen_writers
from digitrec.errors import PictureError
from digitrec.ink.preprocessing import preprocess
from digitrec.networks.classifier import Classifier
from digitrec.reading.numbers.readers import PieceReader
from digitrec.reading.numbers.segmentation import FoundDigit
from digitrec.reading.photographs.components import (
    LARGEST,
    Candidate,
    Components,
    find_candidates,
    join_parts,
    usual_height,
)
from digitrec.reading.photographs.contrast import (
    FAINTEST,
    STRAY,
    faintest,
    find_strokes,
    is_dark_on_light,
    measure_contrast,
)
from digitrec.reading.photographs.page import find_digits, read_sheet
from digitrec.reading.photographs.reading_order import find_slope as find_row_slope
from digitrec.reading.photographs.reading_order import order, trace_rows
from digitrec.reading.photographs.ruling import find_slope, remove_ruling
from tests.sheets import Look, Rendered, handwriting, match, overlap, random_sheet, render

Picture = NDArray[np.uint8]
PAPER, PEN = 235, 40


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return handwriting()


@pytest.fixture(scope="module")
def page(digits: Dataset) -> Rendered:
    return render(digits, Look(noise=2), 3, rows=2, columns=4, side=50)


def drawn(size: tuple[int, int] = (400, 300)) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", size, PAPER)
    return image, ImageDraw.Draw(image)


def rings(boxes: list[tuple[int, int, int, int]], size: tuple[int, int] = (400, 300)) -> Picture:
    image, pen = drawn(size)
    for top, bottom, left, right in boxes:
        pen.ellipse((left, top, right - 1, bottom - 1), outline=PEN, width=6)
    return np.asarray(image)


def pieces_of(picture: Picture) -> tuple[list[str], int]:
    sheet = find_digits(picture)
    return sorted(one.reason for one in sheet.left_out), len(sheet.digits)


# Contrast


@settings(max_examples=15, deadline=None)
@given(st.floats(0.3, 1), st.floats(0.3, 1), st.integers(10, 120))
def test_contrast_is_the_pens_in_any_light(left: float, right: float, pen: int) -> None:
    reflects = np.full((260, 300), PAPER, float)
    reflects[100:160, 60:70] = reflects[100:160, 220:230] = pen
    grey = (reflects + STRAY) * np.linspace(left, right, 300) - STRAY
    contrast = measure_contrast(grey.astype(np.float32))
    expected = 1 - (pen + STRAY) / (PAPER + STRAY)
    np.testing.assert_allclose(contrast[110:150, 63:67], expected, atol=0.03)
    np.testing.assert_allclose(contrast[110:150, 223:227], expected, atol=0.03)
    assert contrast[:, 100:200].max() < 0.04


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 99), st.integers(20, 90))
def test_polarity_turns_with_the_picture(digits: Dataset, seed: int, side: int) -> None:
    page = render(digits, Look(), seed, rows=1, columns=2, side=side)
    grey = page.picture[..., 1].astype(np.float32)
    assert is_dark_on_light(grey)
    assert not is_dark_on_light(255 - grey)


@pytest.mark.parametrize("deviation", [0.001, 0.03, 0.06])
def test_what_is_fainter_than_six_deviations_of_the_noise_is_paper(deviation: float) -> None:
    noise = np.random.default_rng(0).normal(0, deviation, (400, 500)).astype(np.float32)
    assert faintest(noise) == pytest.approx(max(FAINTEST, 6 * deviation), rel=0.03)


def test_a_pale_pen_is_ink_where_it_is_alone_but_not_beside_a_dark_one() -> None:
    contrast = np.zeros((500, 1500), np.float32)
    contrast[200:230, 100:106] = 0.8
    contrast[200:230, 130:136] = contrast[200:230, 1300:1306] = 0.25
    strokes = find_strokes(contrast)
    assert strokes[215, 103]
    assert not strokes[215, 133]
    assert strokes[215, 1303]


# Ruling


def ruled(slope: float, thickness: int = 2, grey: float = 0.3) -> NDArray[np.float32]:
    contrast = np.zeros((500, 600), np.float32)
    for start in range(-200, 700, 60):
        rows = np.rint(start + slope * np.arange(600)).astype(int)
        for extra in range(thickness):
            inside = (rows + extra >= 0) & (rows + extra < 500)
            contrast[(rows + extra)[inside], np.arange(600)[inside]] = grey
    return contrast


@settings(max_examples=12, deadline=None)
@given(st.floats(-15, 15))
def test_the_slope_of_ruling_is_found(degrees: float) -> None:
    found = find_slope(ruled(np.tan(np.deg2rad(degrees))) > 0)
    assert np.rad2deg(np.arctan(found)) == pytest.approx(degrees, abs=0.4)


@pytest.mark.parametrize("degrees", [-14, -3, 0, 5, 15])
@pytest.mark.parametrize("is_squared", [False, True])
def test_nothing_is_left_of_empty_ruled_paper(degrees: float, is_squared: bool) -> None:
    slope = np.tan(np.deg2rad(degrees))
    contrast = ruled(slope)
    if is_squared:
        turned = ruled(-slope).T
        contrast[:, :500] = np.maximum(contrast[:, :500], turned[:500])
    left, taken = remove_ruling(contrast > 0.1, contrast)
    assert left.mean() < 0.01 * taken.mean()


@pytest.mark.parametrize("grey", [0.3, 0.7], ids=["paler than the pen", "as dark as the pen"])
@pytest.mark.parametrize("degrees", [0, 6])
def test_a_ring_on_ruling_is_not_cut(grey: float, degrees: float) -> None:
    ring = rings([(140, 230, 250, 320)], (600, 500)) < 128
    contrast = np.maximum(ruled(np.tan(np.deg2rad(degrees)), grey=grey), np.where(ring, np.float32(0.7), 0))
    left, taken = remove_ruling(contrast > 0.1, contrast)
    assert left[ring].mean() > 0.97
    assert left[~ring].sum() < 0.15 * ring.sum()
    assert ndimage.label(left & ring, np.ones((3, 3)))[1] == 1
    assert not (left & taken).any()


@pytest.mark.parametrize("lean", [0, 0.5])
def test_a_thin_stroke_as_dark_as_the_lines_that_it_crosses_is_whole(lean: float) -> None:
    contrast = ruled(0)
    for row in range(190, 310):
        left = round(300 + lean * (row - 250))
        contrast[row, left : left + 3] = 0.3
    left, _ = remove_ruling(contrast > 0.1, contrast)
    assert ndimage.label(left, np.ones((3, 3)))[1] == 1
    assert left[190:310].any(axis=1).all()


def test_the_foot_of_a_digit_that_lies_on_a_line_stays() -> None:
    contrast = ruled(0)
    contrast[280:282, 200:240] = 0.7  # a line lies at 280
    left, _ = remove_ruling(contrast > 0.1, contrast)
    assert left[280:282, 200:240].all()
    assert left.sum() == 80


def test_a_short_bar_is_no_ruling() -> None:
    contrast = np.zeros((500, 600), np.float32)
    contrast[280:282, 200:260] = 0.7
    assert remove_ruling(contrast > 0.1, contrast)[0].sum() == 120


def test_where_there_is_no_ruling_nothing_is_taken(page: Rendered) -> None:
    contrast = measure_contrast(page.picture[..., 1].astype(np.float32))
    strokes = find_strokes(contrast)
    left, taken = remove_ruling(strokes, contrast)
    np.testing.assert_array_equal(left, strokes)
    assert not taken.any()


# Pieces


def test_the_usual_height_is_that_of_most_ink() -> None:
    digits = [(100, 150, left, left + 30) for left in range(100, 800, 60)]
    dust = [(300, 303, left, left + 3) for left in range(10, 900, 5)]
    table = [(0, 700, 0, 60)]
    line = [(400, 402, 5, 900)]
    boxes = np.array(digits + dust + table + line)
    areas = np.array([400] * len(digits) + [6] * len(dust) + [30_000, 1_700])
    components = Components(boxes, areas, areas * 0.5, (1000, 1000))
    assert usual_height(components, np.arange(len(boxes))) == 50
    assert usual_height(components, np.arange(0)) == 1


BOXES = st.lists(st.tuples(*[st.integers(0, 300), st.integers(1, 90)] * 2), max_size=25).map(
    lambda sizes: np.array([(y, y + high, x, x + wide) for y, high, x, wide in sizes], np.intp).reshape(-1, 4)
)


@settings(max_examples=60, deadline=None)
@given(BOXES, st.integers(10, 80), st.sampled_from([2, 4]))
def test_joining_is_a_partition_and_knows_no_scale(boxes: NDArray[np.intp], usual: int, factor: int) -> None:
    groups = [sorted(group.tolist()) for group in join_parts(boxes, usual)]
    assert sorted(chain(*groups)) == list(range(len(boxes)))
    assert [sorted(group.tolist()) for group in join_parts(boxes * factor, usual * factor)] == groups
    for group in groups:
        assert sum(boxes[place, 1] - boxes[place, 0] >= 0.65 * usual for place in group) <= 1


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([(110, 150, 100, 130), (100, 105, 125, 150)], 1),  # the bar of a 5
        ([(100, 125, 100, 130), (128, 150, 100, 130)], 1),  # broken in the middle
        ([(100, 150, 100, 130), (100, 150, 132, 162)], 2),  # two digits
        ([(100, 120, 100, 115), (100, 120, 118, 133)], 2),  # two small ones
        ([(100, 150, 100, 130), (110, 120, 170, 185)], 2),  # far apart
        ([(100, 150, 100, 130), (151, 201, 100, 130)], 2),  # one above the other
    ],
)
def test_parts_of_one_digit_are_joined_and_digits_are_not(boxes: list[tuple[int, ...]], expected: int) -> None:
    assert len(join_parts(np.array(boxes), 50)) == expected


def test_every_reason_for_leaving_out() -> None:
    image, pen = drawn((900, 700))
    for left in (100, 200, 300, 400):
        pen.ellipse((left, 100, left + 40, 150), outline=PEN, width=6)
    pen.ellipse((500, 120, 510, 130), fill=PEN)
    pen.rectangle((200, 250, 260, 257), fill=PEN)
    pen.line((100, 300, 400, 420), fill=PEN, width=6)
    pen.rectangle((500, 250, 545, 300), fill=PEN)
    pen.ellipse((600, 250, 770, 420), outline=PEN, width=6)
    pen.ellipse((-20, 500, 30, 560), outline=PEN, width=6)
    pen.ellipse((200, 500, 240, 550), outline=PAPER - 65, width=6)
    expected = ["a blot", "a line", "a line", "too large", "too pale", "too small", "touches the border"]
    assert pieces_of(np.asarray(image)) == (expected, 4)


def test_a_box_is_the_ink_and_the_ink_is_the_pieces_alone() -> None:
    boxes = [(100, 150, 100, 140), (102, 152, 146, 186)]
    sheet = find_digits(rings(boxes))
    assert [digit.ink.dtype for digit in sheet.digits] == [np.uint8] * 2
    for digit, box in zip(sheet.digits, boxes, strict=True):
        np.testing.assert_allclose(digit.box, box, atol=1)
        assert digit.ink.shape == (digit.box[1] - digit.box[0] + 6, digit.box[3] - digit.box[2] + 6)
        assert digit.ink.max() == 255
        assert len(np.unique(digit.ink)) > 10
        across = digit.ink[digit.ink.shape[0] // 2].astype(int)
        assert (np.diff((across > 127).astype(int)) == 1).sum() == 2  # a ring is crossed twice, its neighbour never


def test_the_page_shows_each_digit_where_it_stands(page: Rendered) -> None:
    sheet = find_digits(page.picture)
    assert sheet.ink.shape == sheet.size == page.picture.shape[:2]
    for digit in sheet.digits:
        top, bottom, left, right = digit.box
        inside = sheet.ink[top:bottom, left:right]
        assert (inside >= digit.ink[3:-3, 3:-3]).all()
    outside = sheet.ink.copy()
    for top, bottom, left, right in page.boxes:
        outside[top - 5 : bottom + 5, left - 5 : right + 5] = 0
    assert not outside.any()


def test_digits_that_touch_stay_one_wide_piece() -> None:
    sheet = find_digits(rings([(100, 150, 100, 140), (100, 150, 137, 177), (100, 150, 250, 290)]))
    assert [digit.is_wide for digit in sheet.digits] == [True, False]


def test_of_very_many_pieces_the_largest_are_looked_at() -> None:
    strokes = np.zeros((700, 700), bool)
    for top in range(5, 600, 12):
        strokes[top : top + 7, 5:690:12] = strokes[top, 5:690] = False
        for left in range(5, 690, 12):
            strokes[top : top + 7, left : left + 2] = True
    strokes[620:680, 100:600] = rings([(0, 60, left, left + 50) for left in range(0, 500, 60)], (500, 60)) < 128
    found = find_candidates(strokes, strokes.astype(np.float32))
    assert found.uncounted == 50 * 58 + 9 - LARGEST
    assert len(found.digits) == 9
    assert len(found.left_out) == LARGEST - 9


# Rows


def grid(rows: int, columns: int, degrees: float, seed: int, across: int = 70) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :columns].reshape(2, -1) * np.array([[90], [across]]) + rng.uniform(
        -6, 6, (2, rows * columns)
    )
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.stack([y * cos + x * sin, x * cos - y * sin], axis=1) + 1000


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 7), st.integers(3, 8), st.floats(-14, 14), st.integers(0, 99))
def test_rows_are_read_in_order_at_any_tilt(rows: int, columns: int, degrees: float, seed: int) -> None:
    middles = grid(rows, columns, degrees, seed)
    mixed = np.random.default_rng(seed).permutation(len(middles))
    slope = find_row_slope(middles[mixed], 50)
    levels = middles[mixed][:, 0] - slope * middles[mixed][:, 1]
    traced = trace_rows(levels, middles[mixed][:, 1], 30)
    assert mixed[np.concatenate(traced)].tolist() == list(range(len(middles)))
    assert [len(row) for row in traced] == [columns] * rows


@pytest.mark.parametrize("degrees", [-14, -5, 0, 9, 14])
def test_pieces_of_a_tilted_page_come_in_order(degrees: float) -> None:
    middles = grid(4, 8, degrees, 0, across=140)
    pieces = [
        Candidate((int(y) - 25, int(y) + 25, int(x) - 15, int(x) + 15), (n,), 9, 0.5)
        for n, (y, x) in enumerate(middles)
    ]
    assert [(piece.numbers[0], row) for piece, row in order(pieces[::-1])] == [(n, n // 8) for n in range(32)]
    assert np.rad2deg(np.arctan(find_row_slope(middles, 50))) == pytest.approx(degrees, abs=1.5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), max_size=30))
def test_rows_are_a_partition_each_from_left_to_right(places: list[tuple[float, float]]) -> None:
    levels, across = np.array(places, float).reshape(-1, 2).T
    rows = trace_rows(levels, across, 30)
    assert sorted(chain(*rows)) == list(range(len(places)))
    assert all((np.diff(across[row]) >= 0).all() for row in rows)
    means = [levels[row].mean() for row in rows]
    assert means == sorted(means)


def test_two_digits_are_level_and_none_have_no_rows() -> None:
    assert find_row_slope(np.array([[0.0, 0.0], [20.0, 100.0]]), 50) == 0
    assert order([]) == []


# From a picture to digits


def as_file(picture: Picture, mode: str, kind: str, **settings: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).convert(mode).save(buffer, kind, **settings)
    return buffer.getvalue()


def sixteen_bits(picture: Picture) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture[..., 1].astype(np.uint16) * 257).save(buffer, "PNG")
    return buffer.getvalue()


def transparent(picture: Picture) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([np.zeros_like(picture), 255 - picture[..., 1]])).save(buffer, "PNG")
    return buffer.getvalue()


KINDS: dict[str, Callable[[Picture], bytes | Picture]] = {
    "JPEG": lambda picture: as_file(picture, "RGB", "JPEG", quality=90),
    "CMYK": lambda picture: as_file(picture, "CMYK", "TIFF"),
    "palette": lambda picture: as_file(picture, "P", "GIF"),
    "black and white": lambda picture: as_file(picture, "1", "TIFF"),
    "16 bits": sixteen_bits,
    "transparent": transparent,
    "grey array": lambda picture: picture[..., 1],
    "RGB array": lambda picture: picture,
    "RGBA array": lambda picture: np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)]),
    "light on dark": lambda picture: 255 - picture,
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_every_kind_of_picture_shows_the_same_digits(
    make: Callable[[Picture], bytes | Picture], page: Rendered, classifier: Classifier
) -> None:
    reading = read_sheet(make(page.picture), classifier.predict_proba)
    assert [digit.row for digit in reading.page.digits] == list(page.rows)
    assert all(overlap(*pair) > 0.75 for pair in zip((d.box for d in reading.page.digits), page.boxes, strict=True))
    assert (reading.probabilities.argmax(axis=1) == page.labels).sum() >= 7
    assert reading.page.summary.startswith("8 digits in 2 rows.")


def test_a_path_its_bytes_and_its_pixels_are_one(page: Rendered, tmp_path: Path) -> None:
    (tmp_path / "page.png").write_bytes(page.encoded())
    sheets = [find_digits(source) for source in (tmp_path / "page.png", page.encoded(), page.picture)]
    for sheet in sheets[1:]:
        assert [digit.box for digit in sheet.digits] == [digit.box for digit in sheets[0].digits]
        np.testing.assert_array_equal(sheet.ink, sheets[0].ink)


def test_a_photograph_taken_sideways_is_turned_upright(page: Rendered) -> None:
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(page.picture)).save(buffer, "PNG", exif=exif)
    sheet = find_digits(buffer.getvalue())
    assert sheet.size == page.picture.shape[:2]
    assert [digit.box for digit in sheet.digits] == [digit.box for digit in find_digits(page.picture).digits]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "array"])
def test_boxes_of_a_large_picture_are_in_its_own_pixels(kind: str, page: Rendered) -> None:
    large = np.kron(page.picture, np.ones((6, 6, 1), np.uint8))
    sheet = find_digits(large if kind == "array" else as_file(large, "RGB", kind))
    assert sheet.size == large.shape[:2]
    assert max(sheet.ink.shape) == 2000
    truth = [tuple(6 * side for side in box) for box in page.boxes]
    assert all(overlap(digit.box, box) > 0.75 for digit, box in zip(sheet.digits, truth, strict=True))


def test_one_digit_cut_close_is_found(mnist: Dataset, classifier: Classifier) -> None:
    image = mnist.test.images[int(np.flatnonzero(mnist.test.labels == 2)[0])]
    rows, columns = np.flatnonzero(image.max(axis=1) > 90), np.flatnonzero(image.max(axis=0) > 90)
    cut = Image.fromarray(255 - image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    picture = np.asarray(cut.resize((cut.width * 20, cut.height * 20), Image.Resampling.BICUBIC))
    assert read_sheet(picture, classifier.predict_proba).probabilities.argmax(axis=1).tolist() == [2]


@pytest.mark.parametrize(("size", "grey"), [((300, 400), 255), ((300, 400), 0), ((1, 1), 99), ((2, 900), 200)])
def test_an_empty_page_says_so(size: tuple[int, int], grey: int) -> None:
    sheet = find_digits(np.full(size, grey, np.uint8))
    assert sheet.digits == sheet.left_out == ()
    assert sheet.summary == "No ink was found."


def test_noise_and_a_dark_half_are_no_digits() -> None:
    noise = np.random.default_rng(0).normal(190, 12, (500, 600)).clip(0, 255).astype(np.uint8)
    assert find_digits(noise).digits == ()
    half = np.full((500, 600), 240, np.uint8)
    half[:, 300:] = 60
    assert find_digits(half).digits == ()


def test_what_was_left_out_is_told() -> None:
    summary = find_digits(rings([(100, 150, 100, 140), (100, 150, 200, 240), (200, 210, 100, 110)])).summary
    assert summary == "2 digits in 1 row. Left out: 1 (too small)."
    assert find_digits(rings([(-30, 60, 100, 190)])).summary == "No digit was found. Left out: 1 (touches the border)."


def test_where_nothing_is_found_nobody_is_asked() -> None:
    def read(images: Picture) -> NDArray[np.float32]:
        raise AssertionError

    reading = read_sheet(np.full((90, 90), 255, np.uint8), read)
    assert (reading.images.shape, reading.probabilities.shape) == ((0, 28, 28), (0, 10))


def test_all_digits_are_read_at_once_as_drawings_are(page: Rendered) -> None:
    asked = []

    def read(images: Picture) -> NDArray[np.float32]:
        asked.append(images)
        return np.eye(10, dtype=np.float32)[np.arange(len(images)) % 10]

    reading = read_sheet(page.picture, read)
    assert len(asked) == 1
    np.testing.assert_array_equal(asked[0], [preprocess(digit.ink).image for digit in reading.page.digits])
    np.testing.assert_array_equal(reading.images, asked[0])
    assert reading.probabilities.argmax(axis=1).tolist() == list(range(8))


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        (b"\x00\x00\x00\x18ftypheic" + bytes(200), r"Expected a picture such as PNG.* save it as PNG"),
        (b"", "Expected a picture such as PNG"),
        (Path("nowhere.png"), "which is not there"),
        (np.zeros((20, 20)), r"Received: shape \(20, 20\), dtype float64\. Convert"),
        (np.zeros((20, 20, 2), np.uint8), r"Received: shape \(20, 20, 2\)"),
        (np.zeros((0, 20), np.uint8), r"Received: shape \(0, 20\)"),
        (np.broadcast_to(np.uint8(0), (8000, 8000)), "at most 50 million pixels"),
        (bytes(25_000_001), "at most 25 MB"),
    ],
)
def test_what_is_no_picture_is_told_so(picture: bytes | Path | Picture, told: str) -> None:
    with pytest.raises(PictureError, match=told):
        find_digits(picture)


def test_half_a_file_is_told_so(page: Rendered) -> None:
    content = page.encoded("JPEG")
    with pytest.raises(PictureError, match="breaks off or is damaged"):
        find_digits(content[: len(content) // 2])


FLOORS = {"easy": (0.98, 0.98), "paper": (0.96, 0.95), "phone": (0.95, 0.9)}


@pytest.mark.parametrize("difficulty", FLOORS)
def test_most_digits_are_found_and_read(difficulty: str, digits: Dataset, classifier: Classifier) -> None:
    true = found = matched = right = 0
    for seed in range(5):
        page = random_sheet(digits, difficulty, seed)
        reading = read_sheet(page.picture, classifier.predict_proba)
        which = match([digit.box for digit in reading.page.digits], page.boxes)
        said = reading.probabilities.argmax(axis=1).tolist()
        true, found = true + len(page.boxes), found + len(which)
        matched += sum(place is not None for place in which)
        right += sum(
            place is not None and page.labels[place] == digit for place, digit in zip(which, said, strict=True)
        )
    recall, precision = FLOORS[difficulty]
    assert matched >= recall * true
    assert matched >= precision * found
    assert right >= (0.96 if digits.name == "mnist" else 0.9) * matched  # the UCI digits have 8 x 8 pixels


# Digits that touch


def test_what_is_too_wide_for_a_digit_is_taken_apart(pen_digits: tuple[PenDigit, ...], classifier: Classifier) -> None:
    hands = pen_writers(split_by_writer(pen_digits)[1])
    kind = Settings(length=(3, 4), gap=(-0.03, -0.01), height=(110, 150), pen=(0.09, 0.12))
    numbers = [number for number in compose(hands, 20, kind, seed=3) if all(number.touching)]
    reader = PieceReader(classifier)
    right = 0
    for number in numbers:
        picture = 255 - number.ink
        together = read_sheet(picture, classifier.predict_proba).page.digits
        reading = read_sheet(picture, classifier.predict_proba, lambda ink: reader.read(ink).digits)
        apart = reading.page.digits
        assert len(apart) >= len(together)
        assert len(apart) == len(reading.images) == len(reading.probabilities)
        edges = [one.box for one in together if one.is_wide]
        whole = [one.box for one in together]
        for one in apart:
            inside = [box for box in edges if box[2] - 1 <= one.box[2] and one.box[3] <= box[3] + 1]
            assert one.box in whole or inside
            assert one.box[0] < one.box[1]
        assert [one.box[2] + one.box[3] for one in apart] == sorted(one.box[2] + one.box[3] for one in apart)
        right += "".join(map(str, reading.probabilities.argmax(axis=1))) == number.text
    assert len(numbers) >= 10
    assert right >= 0.5 * len(numbers)


def test_a_wide_piece_stays_whole_where_there_is_only_one_digit_in_it(classifier: Classifier) -> None:
    picture, pen = drawn((500, 200))
    pen.ellipse((150, 60, 350, 150), outline=PEN, width=14)
    (whole,) = read_sheet(np.asarray(picture), classifier.predict_proba).page.digits
    assert whole.is_wide
    for few in ((), (FoundDigit(0, 0, whole.ink, classifier_image(whole.ink), np.eye(10, dtype=np.float32)[0]),)):
        (again,) = read_sheet(np.asarray(picture), classifier.predict_proba, lambda _, few=few: few).page.digits
        assert again.box == whole.box


def classifier_image(ink: Picture) -> Picture:
    image = preprocess(ink).image
    assert image is not None
    return image
