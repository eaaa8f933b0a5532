import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from digitrec.datasets import Dataset
from digitrec.datasets.sources.pen import PenDigit, split_by_writer
from digitrec.datasets.synthetic.composing import Settings, compose, pen_writers
from digitrec.errors import PictureError
from digitrec.ink.preprocessing import preprocess
from digitrec.ink.types import Box
from digitrec.networks.classifier import Classifier
from digitrec.reading.numbers.readers import PieceReader
from digitrec.reading.numbers.segmentation import FoundDigit
from digitrec.reading.photographs.page import find_digits, read_sheet
from tests.reading.photographs.helpers import PEN, Picture, drawn, rings
from tests.sheets import Rendered, match, overlap, random_sheet
from tests.touching import find_touching


def test_a_box_is_the_ink_and_the_ink_is_the_pieces_alone() -> None:
    boxes = [(100, 100, 140, 150), (146, 102, 186, 152)]
    sheet = find_digits(rings(boxes))
    assert [digit.ink.dtype for digit in sheet.digits] == [np.uint8] * 2
    for digit, box in zip(sheet.digits, boxes, strict=True):
        np.testing.assert_allclose(digit.box, box, atol=1)
        assert digit.ink.shape == (digit.box.height + 6, digit.box.width + 6)
        assert digit.ink.max() == 255
        assert len(np.unique(digit.ink)) > 10
        across = digit.ink[digit.ink.shape[0] // 2].astype(int)
        assert (np.diff((across > 127).astype(int)) == 1).sum() == 2  # a ring is crossed twice, its neighbour never


def test_the_page_shows_each_digit_where_it_stands(page: Rendered) -> None:
    sheet = find_digits(page.picture)
    assert sheet.ink.shape == sheet.size == page.picture.shape[:2]
    for digit in sheet.digits:
        inside = sheet.ink[digit.box.slices]
        assert (inside >= digit.ink[3:-3, 3:-3]).all()
    outside = sheet.ink.copy()
    for left, top, right, bottom in page.boxes:
        outside[top - 5 : bottom + 5, left - 5 : right + 5] = 0
    assert not outside.any()


def test_digits_that_touch_stay_one_wide_piece() -> None:
    sheet = find_digits(rings([(100, 100, 140, 150), (137, 100, 177, 150), (250, 100, 290, 150)]))
    assert [digit.is_wide for digit in sheet.digits] == [True, False]


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
    truth = [Box(*(6 * side for side in box)) for box in page.boxes]
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
    summary = find_digits(rings([(100, 100, 140, 150), (200, 100, 240, 150), (100, 200, 110, 210)])).summary
    assert summary == "2 digits in 1 row. Left out: 1 (too small)."
    assert find_digits(rings([(100, -30, 190, 60)])).summary == "No digit was found. Left out: 1 (touches the border)."


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
        (Path("nowhere.png"), "which does not exist"),
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
    with pytest.raises(PictureError, match="is cut short or damaged"):
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


def test_what_is_too_wide_for_a_digit_is_taken_apart(pen_digits: tuple[PenDigit, ...], classifier: Classifier) -> None:
    hands = pen_writers(split_by_writer(pen_digits)[1])
    kind = Settings(length=(3, 4), gap=(-0.03, -0.01), height=(110, 150), pen=(0.09, 0.12))
    numbers = [number for number in compose(hands, 20, kind, seed=3) if all(find_touching(number))]
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
            inside = [box for box in edges if box.left - 1 <= one.box.left and one.box.right <= box.right + 1]
            assert one.box in whole or inside
            assert one.box.top < one.box.bottom
        assert [one.box.left + one.box.right for one in apart] == sorted(one.box.left + one.box.right for one in apart)
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
