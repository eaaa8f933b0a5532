from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Split
from digitrec.datasets.sources.pen import PenDigit
from digitrec.datasets.synthetic import number_strips
from digitrec.datasets.synthetic.composing import (
    ImageWriter,
    Number,
    PenWriter,
    Settings,
    Writer,
    compose_one,
    image_writers,
    pen_writers,
)
from digitrec.datasets.synthetic.number_strips import KIND_PROBABILITIES, KINDS, NumberSet, compose_strips
from digitrec.ink.preprocessing import preprocess
from digitrec.networks.classifier import Classifier
from digitrec.reading.numbers.segmentation import read_number
from tests.touching import find_touching


def block(width: int) -> NDArray[np.uint8]:
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 4 : 4 + width] = 255
    return image


def blocks(labels: list[int], width: int = 10) -> ImageWriter:
    return ImageWriter(np.repeat(block(width)[None], len(labels), axis=0), np.array(labels, np.uint8))


@pytest.fixture(scope="module")
def images(mnist: Dataset) -> tuple[ImageWriter, ...]:
    first = mnist.test
    assert first.writers is not None
    return image_writers(Split(first.images[:1500], first.labels[:1500], first.writers[:1500]))


@pytest.fixture(scope="module")
def pens(pen_digits: tuple[PenDigit, ...]) -> tuple[PenWriter, ...]:
    return pen_writers(pen_digits[:1500])


@pytest.fixture(scope="module")
def numbers(images: tuple[ImageWriter, ...]) -> NumberSet:
    return compose_strips(images, 400, [3])


def test_the_same_seed_gives_the_same_numbers_and_another_others(
    images: tuple[ImageWriter, ...], pens: tuple[PenWriter, ...]
) -> None:
    for hands in (images, pens):
        one, again, *others = (compose_strips(hands, 20, seed) for seed in ([5, 1], [5, 1], [5, 2], [6, 1]))
        assert one.texts == again.texts
        np.testing.assert_array_equal(one.strips, again.strips)
        for other in others:
            assert one.texts != other.texts
            assert not any(np.array_equal(a, b) for a, b in zip(one.strips, other.strips, strict=True))


def test_there_are_as_many_strips_as_asked(numbers: NumberSet) -> None:
    assert numbers.strips.shape == (400, 28, 256)
    assert numbers.strips.dtype == np.uint8
    assert len(numbers) == len(numbers.texts) == 400
    assert (numbers.strips.max(axis=(1, 2)) == 255).all()
    none = compose_strips([blocks([1])], 0, [0])
    assert (len(none), none.strips.shape) == (0, (0, 28, 256))


def test_numbers_of_1_to_8_digits_are_equally_common(numbers: NumberSet) -> None:
    lengths = Counter(map(len, numbers.texts))
    assert set(lengths) == set(range(1, 9))
    assert min(lengths.values()) > 400 / 8 / 2


def test_each_digit_is_equally_common(numbers: NumberSet) -> None:
    digits = Counter("".join(numbers.texts))
    assert set(digits) == set("0123456789")
    assert min(digits.values()) > sum(digits.values()) / 10 / 1.4


def test_longer_numbers_fill_more_of_the_strip(numbers: NumberSet) -> None:
    ends = np.array([np.flatnonzero(strip.any(axis=0))[-1] for strip in numbers.strips])
    lengths = np.array([len(text) for text in numbers.texts])
    assert np.corrcoef(ends, lengths)[0, 1] > 0.8


def test_what_a_strip_shows_is_what_its_text_says(
    images: tuple[ImageWriter, ...], pens: tuple[PenWriter, ...], classifier: Classifier
) -> None:
    for hands in (images, pens):
        made = compose_strips(hands, 300, [1])
        alone = [place for place, text in enumerate(made.texts) if len(text) == 1]
        shown = np.array([preprocess(made.strips[place]).image for place in alone])
        digits = classifier.predict_proba(shown).argmax(axis=1)
        assert np.mean([str(digit) == made.texts[place] for digit, place in zip(digits, alone, strict=True)]) >= 0.85
        few = zip(made.strips[:20], made.texts[:20], strict=True)
        read = [read_number(strip, classifier.predict_proba).text == text for strip, text in few]
        assert np.mean(read) >= 0.6  # two in five touch, and are cut at a tenth of their size


def test_a_number_is_by_one_hand() -> None:
    texts = compose_strips([blocks([0, 1]), blocks([5, 6, 7])], 60, [0]).texts
    assert all(set(text) <= set("01") or set(text) <= set("567") for text in texts)
    assert set("".join(texts)) == set("01567")


def test_who_wrote_more_writes_more_numbers() -> None:
    texts = compose_strips([blocks([3] * 90), blocks([8] * 10), blocks([5] * 100)], 400, [0]).texts
    shares = [sum(text[0] == digit for text in texts) / 400 for digit in "385"]
    assert shares == pytest.approx([0.45, 0.05, 0.5], abs=0.07)


def test_paper_stays_white(numbers: NumberSet) -> None:
    """An image enlarged as little as here is easily grey all over."""
    white, faint = [], []
    for strip in numbers.strips:
        assert not strip[[0, 1, 26, 27]].any()
        written = strip[2:26, 2 : np.flatnonzero(strip.any(axis=0))[-1] + 1]
        white.append((written == 0).mean())
        faint.append((written[written > 0] < 64).mean())
    assert np.mean(white) > 0.45
    assert np.quantile(white, 0.05) > 0.3
    assert np.mean(faint) < 0.32


def test_two_in_five_numbers_touch_and_the_others_are_spaced_or_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Settings] = []
    few = compose_one([blocks([1])], KINDS[0], np.random.default_rng(0))

    def note(_hands: list[Writer], settings: Settings, _rng: np.random.Generator) -> Number:
        asked.append(settings)
        return few

    monkeypatch.setattr(number_strips, "compose_one", note)
    compose_strips([blocks([1])], 3000, [0])
    assert KIND_PROBABILITIES == (0.4, 0.3, 0.3)
    assert [asked.count(kind) / 3000 for kind in KINDS] == pytest.approx(KIND_PROBABILITIES, abs=0.03)


def test_the_kinds_differ_in_what_touches(images: tuple[ImageWriter, ...]) -> None:
    rng = np.random.default_rng(0)
    touching = []
    for kind in KINDS:
        numbers = [compose_one(images, kind, rng) for _ in range(30)]
        touching.append(np.mean([one for number in numbers for one in find_touching(number)]))
    assert touching[0] > 0.85
    assert touching[1] < 0.05
    assert 0.15 < touching[2] < 0.6


def test_nobody_writes_digits_that_they_have_not_written(images: tuple[ImageWriter, ...]) -> None:
    known = images[0].labels
    assert set("".join(compose_strips(images[:1], 40, [0]).texts)) == {str(label) for label in known}
