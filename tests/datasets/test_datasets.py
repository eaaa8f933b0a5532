import gzip
import hashlib
import io
import struct
from pathlib import Path

import numpy as np
import pytest

from digitrec.datasets import SOURCES, Dataset, benchmark_for, data_folder, is_available, load_dataset, titles
from digitrec.datasets.sources import mnist, pen
from digitrec.datasets.sources.download import read_checked
from digitrec.datasets.sources.mnist import HASHES, WRITER_HASHES, read_idx
from digitrec.datasets.sources.pen import HELD_OUT_WRITERS, PenDigit, draw_pen_digits, parse_unipen, split_by_writer
from digitrec.datasets.synthetic.stroke_variation import draw_at_random
from digitrec.errors import DataError, DrawingError
from digitrec.ink.drawings import CANVAS, Drawing, to_image

TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
SEVEN = """.SEGMENT DIGIT    0 ? "7"
.COMMENT 7 12  224
.PEN_DOWN
 100 200
 150 200
 120 100
.PEN_UP
.PEN_DOWN
 110  150
 140  150
.PEN_UP
"""
ONE = '.SEGMENT DIGIT 1 ? "1"\n.COMMENT 1 3 5\n.PEN_DOWN\n 9 9\n 9 1\n.PEN_UP\n'
HEAD = ".INCLUDE dene.doc\n\n.HIERARCHY DIGIT\n\n"


def idx(array: np.ndarray, kind: int) -> bytes:
    return bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.full_data
def test_mnist_has_its_digits_as_published(mnist: Dataset) -> None:
    assert mnist.train.images.shape == (60_000, 28, 28)
    assert mnist.test.images.shape == (10_000, 28, 28)
    assert np.bincount(mnist.train.labels).tolist() == TRAIN_COUNTS
    assert np.bincount(mnist.test.labels).tolist() == TEST_COUNTS
    assert (len(mnist.train), len(mnist.test)) == (60_000, 10_000)


@pytest.mark.full_data
def test_mnist_is_uint8_with_ink_255_on_0(mnist: Dataset) -> None:
    for split in (mnist.train, mnist.test):
        assert split.images.dtype == split.labels.dtype == np.uint8
        assert (split.images.min(), split.images.max()) == (0, 255)
        assert split.images[:, 0, 0].max() == 0
    assert mnist.train.images.mean() / 255 == pytest.approx(0.1307, abs=5e-5)


@pytest.mark.full_data
def test_mnist_training_digits_know_their_writers(mnist: Dataset) -> None:
    assert len(set(mnist.train.writers.tolist())) == 539
    assert mnist.train.writers.shape == mnist.train.labels.shape
    assert mnist.train.writers.dtype == np.int32


@pytest.mark.full_data
@pytest.mark.parametrize("part", ["train", "test"])
def test_qmnist_rows_begin_with_the_digits_of_mnist(part: str, mnist: Dataset) -> None:
    path = f"qmnist/qmnist-{part}-labels-idx2-int.gz"
    table, labels = read_idx(read_checked(path, WRITER_HASHES[path]), path), getattr(mnist, part).labels
    np.testing.assert_array_equal(table[: len(labels), 0], labels)


def test_mnist_cannot_be_written_to(mnist: Dataset) -> None:
    for array in (mnist.train.images, mnist.test.labels, mnist.train.writers):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.full_data
def test_mnist_names_the_hash_of_each_file_read(mnist: Dataset) -> None:
    assert mnist.hashes == HASHES | WRITER_HASHES
    for path, sha256 in mnist.hashes.items():
        assert hashlib.sha256((data_folder() / path).read_bytes()).hexdigest() == sha256


def test_mnist_without_qmnist_has_no_writers(mnist: Dataset, folder: Path) -> None:
    (folder / "mnist").mkdir()
    pixels, labels = np.zeros((2, 28, 28), np.uint8), np.array([3, 4], np.uint8)
    contents = [idx(pixels, 8), idx(labels, 8)] * 2
    published = {}
    for path, content in zip(HASHES, contents, strict=True):
        (folder / path).write_bytes(gzip.compress(content))
        published[path] = hashlib.sha256((folder / path).read_bytes()).hexdigest()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("digitrec.datasets.sources.mnist.HASHES", published)
        data = load_dataset("mnist")
    assert data.train.writers is None
    assert data.test.labels.tolist() == [3, 4]
    assert data.hashes == published
    assert mnist.train.writers is not None


@pytest.mark.parametrize("name", [name for name in SOURCES if SOURCES[name].needs])
def test_a_missing_file_is_named_with_where_to_put_it(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "MIRRORS", ("http://127.0.0.1:1/",))
    assert not is_available(name)
    with pytest.raises(
        DataError, match=r"Expected .* Received: .*(no such file|connection failed).* ([Cc]opy|Put)"
    ) as caught:
        load_dataset(name)
    assert str(folder) in str(caught.value)
    assert Path(SOURCES[name].needs[0]).name in str(caught.value)


def test_what_needs_no_file_is_always_there(folder: Path) -> None:
    assert is_available("uci")
    assert not any(folder.iterdir())


def test_mnist_as_keras_packs_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    packed = io.BytesIO()
    images, labels = rng.integers(0, 256, (30, 28, 28), dtype=np.uint8), np.arange(30, dtype=np.uint8) % 10
    np.savez(packed, x_train=images[:20], y_train=labels[:20], x_test=images[20:], y_test=labels[20:])
    monkeypatch.setattr(mnist, "KERAS_HASH", hashlib.sha256(packed.getvalue()).hexdigest())
    (folder / "mnist").mkdir()
    (folder / mnist.KERAS_FILE).write_bytes(packed.getvalue())
    assert is_available("mnist")
    assert not is_available("both")  # for want of the pen digits
    (folder / pen.PATH).parent.mkdir()
    (folder / pen.PATH).touch()
    assert is_available("both")
    data = load_dataset("mnist")
    np.testing.assert_array_equal(data.train.images, images[:20])
    np.testing.assert_array_equal(data.test.labels, labels[20:])


@pytest.mark.parametrize("path", [next(iter(HASHES)), pen.PATH])
def test_a_damaged_file_is_refused(path: str, folder: Path) -> None:
    for name in (*HASHES, path):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"half a download")
    with pytest.raises(
        DataError, match=r"Expected .*sha256 .*Received: 15 bytes .* delete it and download it again"
    ) as caught:
        load_dataset("mnist" if "mnist" in path else "pen")
    assert path in str(caught.value)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(DataError, match=r"mnist, pen, both, kaggle, uci.*Received: 'letters'"):
        load_dataset("letters")


def test_without_the_variable_data_is_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITREC_DATA", "")
    assert data_folder().parts[-2:] == ("digitrec", "data")


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_idx_comes_back_as_it_was_written(pack: type[bytes]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, 4), dtype=np.uint8)
    numbers = np.array([[1, -2], [70_000, 4]], ">i4")
    np.testing.assert_array_equal(read_idx(pack(idx(pixels, 0x08)), "x"), pixels)
    np.testing.assert_array_equal(read_idx(pack(idx(numbers, 0x0C)), "x"), numbers)


PIXELS = idx(np.arange(12, dtype=np.uint8).reshape(3, 4), 0x08)
BROKEN_IDX = {
    "empty": (b"", "Received: nothing"),
    "three bytes": (PIXELS[:3], "Received: 00 00 08"),
    "text": (b"label,pixel0,pixel1", "Received: 6c 61 62 65"),
    "wrong magic": (b"\0\1" + PIXELS[2:], "Received: 00 01 08 02"),
    "doubles": (b"\0\0\x0e" + PIXELS[3:], "Received: 00 00 0e 02"),
    "no dimensions": (b"\0\0\x08\0", "Received: 00 00 08 00"),
    "many dimensions": (b"\0\0\x08\x05" + PIXELS[4:], "Received: 00 00 08 05"),
    "header alone": (PIXELS[:12], "hold 12 bytes .* Received: 0"),
    "header without its lengths": (PIXELS[:4], "truncated"),
    "one byte short": (PIXELS[:-1], "hold 12 bytes .* Received: 11"),
    "one byte more": (PIXELS + b"\0", "hold 12 bytes .* Received: 13"),
    "cut gzip": (gzip.compress(PIXELS)[:-9], "complete gzip file"),
    "gzip header alone": (b"\x1f\x8b", "complete gzip file"),
    "gzip with a wrong sum": (gzip.compress(PIXELS)[:-8] + b"12345678", "complete gzip file"),
    "gzip of nothing": (gzip.compress(b""), "Received: nothing"),
}


@pytest.mark.parametrize(("content", "told"), BROKEN_IDX.values(), ids=BROKEN_IDX)
def test_a_broken_idx_is_refused_by_name(content: bytes, told: str) -> None:
    with pytest.raises(DataError, match=f"Expected some-file .*{told}"):
        read_idx(content, "some-file")


@pytest.mark.full_data
def test_pen_file_has_its_digits_and_writers(pen_digits: tuple[PenDigit, ...]) -> None:
    assert len(pen_digits) == 7494
    assert {digit.writer for digit in pen_digits} == set(range(1, 31))
    assert {digit.label for digit in pen_digits} == set(range(10))
    assert np.bincount([digit.label for digit in pen_digits]).min() > 700
    assert all(len(stroke) and stroke.shape[1] == 2 for digit in pen_digits for stroke in digit.strokes)


def test_pen_strokes_have_y_down(pen_digits: tuple[PenDigit, ...]) -> None:
    # A 7 is begun at its top.
    falls = [d.strokes[0][-1, 1] - d.strokes[0][0, 1] for d in pen_digits if d.label == 7]
    assert np.median(falls) > 100


@pytest.mark.full_data
def test_pen_split_is_by_writer(pen_digits: tuple[PenDigit, ...]) -> None:
    train, test = split_by_writer(pen_digits)
    assert {digit.writer for digit in test} == HELD_OUT_WRITERS
    assert {digit.writer for digit in train} == set(range(1, 31)) - HELD_OUT_WRITERS
    assert len(train) + len(test) == 7494


def test_pen_dataset_keeps_writers_apart(pen_digits: tuple[PenDigit, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pen, "load_pen_digits", lambda: pen_digits[::150])
    data = load_dataset("pen")
    assert not set(data.train.writers.tolist()) & set(data.test.writers.tolist())
    assert len(data.train) + len(data.test) == len(pen_digits[::150])
    assert data.train.images.shape[1:] == (28, 28)
    assert (data.train.images.max(axis=(1, 2)) == 255).all()


def test_unipen_is_read_with_label_writer_and_strokes() -> None:
    seven, one = parse_unipen(HEAD + SEVEN + "\n" + ONE)
    assert (seven.label, seven.writer) == (7, 12)
    assert [stroke.tolist() for stroke in seven.strokes] == [
        [[100, -200], [150, -200], [120, -100]],
        [[110, -150], [140, -150]],
    ]
    assert (one.label, one.writer, len(one.strokes)) == (1, 3, 1)


def test_unipen_without_digits_has_none() -> None:
    assert parse_unipen(HEAD) == ()


DAMAGE = {
    "label that is a letter": ('"1"', '"x"'),
    "label beyond 9": ('"1"', '"10"'),
    "no label": ('"1"', "1"),
    "no comment": (".COMMENT 1 3 5\n", "\n"),
    "no writer": (".COMMENT 1 3 5", ".COMMENT 1"),
    "writer that is a word": (".COMMENT 1 3 5", ".COMMENT 1 me 5"),
    "half a point": (" 9 1\n", " 9\n"),
    "letters among the numbers": (" 9 1\n", " 9 one\n"),
    "no ink": (" 9 9\n 9 1\n", ""),
    "no pen down": (".PEN_DOWN", ""),
}


@pytest.mark.parametrize(("whole", "broken"), DAMAGE.values(), ids=DAMAGE)
def test_damaged_unipen_is_refused_with_its_line(whole: str, broken: str) -> None:
    before = HEAD + SEVEN
    line = before.count("\n") + 1
    assert len(parse_unipen(before + ONE)) == 2
    with pytest.raises(DataError, match=rf"Received: something else at line {line}\. Correct"):
        parse_unipen(before + ONE.replace(whole, broken) + SEVEN)


def some_digits(n: int) -> tuple[PenDigit, ...]:
    return tuple(
        PenDigit(tuple(parse_unipen(SEVEN)[0].strokes), label=index % 10, writer=index + 1) for index in range(n)
    )


def test_drawing_all_is_the_same_for_the_same_seed_alone() -> None:
    digits = some_digits(6)
    first, again, other = (draw_pen_digits(digits, np.random.default_rng(seed)) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.images, again.images)
    assert (first.images != other.images).any()
    assert first.labels.tolist() == list(range(6))
    assert first.writers.tolist() == [1, 2, 3, 4, 5, 6]
    assert (first.images[0] != first.images[1]).any()


def test_random_drawings_stay_on_the_canvas_and_their_pens_below_a_fifth() -> None:
    rng = np.random.default_rng(0)
    (digit,) = some_digits(1)
    for _ in range(50):
        drawing = draw_at_random(digit.strokes, rng)
        points = np.concatenate([stroke.points for stroke in drawing.strokes])
        width = drawing.strokes[0].width
        longest = np.ptp(points, axis=0).max()
        assert points.min() >= width / 2
        assert points.max() <= CANVAS - width / 2
        assert 89 < longest < 251
        assert 6 <= width <= min(32, 0.2 * longest) + 0.01


def test_a_drawing_without_ink_is_no_image() -> None:
    with pytest.raises(DrawingError, match=r"Expected a drawing with ink. Received: none. Draw"):
        to_image(Drawing())


@pytest.mark.full_data
def test_mnist_writers_of_training_and_test_are_other_people(mnist: Dataset) -> None:
    train, test = set(mnist.train.writers.tolist()), set(mnist.test.writers.tolist())
    assert mnist.test.writers.shape == mnist.test.labels.shape
    assert (len(train), len(test)) == (539, 297)
    assert not train & test


@pytest.mark.parametrize("length", [5, 6, 7])
def test_a_header_cut_inside_a_length_is_refused(length: int) -> None:
    with pytest.raises(DataError, match="some-file"):
        read_idx(b"\0\0\x08\x03\0\0\0\1"[:length], "some-file")


def test_gzip_with_damaged_content_is_refused_by_name() -> None:
    noise = np.random.default_rng(0).integers(0, 20, 5000, dtype=np.uint8).tobytes()
    whole = gzip.compress(noise)
    for place_ in range(10, 400):
        broken = bytearray(whole)
        broken[place_] ^= 0xFF
        with pytest.raises(DataError, match="some-file"):
            read_idx(bytes(broken), "some-file")


@pytest.mark.full_data
def test_other_data_are_measured_against_mnists_test_images(mnist: Dataset) -> None:
    benchmark = benchmark_for(load_dataset("uci"))
    assert benchmark is not None
    np.testing.assert_array_equal(benchmark.images, mnist.test.images)
    assert benchmark_for(mnist) is None


def test_without_mnist_there_is_no_benchmark(folder: Path) -> None:
    assert benchmark_for(load_dataset("uci")) is None


def test_titles_are_of_what_can_be_loaded_at_once(folder: Path) -> None:
    assert titles() == {"uci": "UCI digits"}
    (folder / "own").mkdir()
    np.savez(folder / "own" / "mine.npz", images=np.zeros((9, 28, 28), np.uint8), labels=np.arange(9))
    assert titles() == {"uci": "UCI digits", "own/mine.npz": "mine.npz"}
    for name in titles():
        assert load_dataset(name).name == name


def test_a_part_is_found_by_its_name() -> None:
    data = load_dataset("uci")
    assert data.part("train") is data.train
    assert data.part("test") is data.test
    with pytest.raises(DataError, match=r"Expected train or test as part\. Received: 'validation'\."):
        data.part("validation")
