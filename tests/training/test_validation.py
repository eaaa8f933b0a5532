import math
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Split
from digitrec.datasets.synthetic.number_strips import NumberSet
from digitrec.ink.strips import FRAMES
from digitrec.networks.ctc import BLANK
from digitrec.storage import fingerprint
from digitrec.training import validation
from digitrec.training.published import PUBLISHED
from digitrec.training.recipe import Recipe, change
from digitrec.training.validation import DigitValidation, NumberValidation, validation_for

NUMBERS = change(PUBLISHED["digitrec-numbers"], source="mnist")


@pytest.fixture(scope="module")
def split(mnist: Dataset) -> Split:
    some = mnist.train
    assert some.writers is not None
    return Split(some.images[:400], some.labels[:400], some.writers[:400])


def random_answers(seed: int, *shape: int) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).dirichlet(np.full(shape[-1], 0.3), shape[:-1])
    return np.clip(drawn, 1e-6, 1).astype(np.float32)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 40))
def test_digits_are_judged_as_a_plain_loop_judges_them(seed: int, n: int) -> None:
    answers = random_answers(seed, n, 10)
    labels = np.random.default_rng(seed).integers(0, 10, n).astype(np.uint8)
    asked = DigitValidation(Split(np.zeros((n, 28, 28), np.uint8), labels))
    loss, right = 0.0, 0
    for answer, label in zip(answers.tolist(), labels.tolist(), strict=True):
        loss -= math.log(answer[label])
        right += answer.index(max(answer)) == label
    assert asked.evaluate(answers) == pytest.approx((loss / n, right / n), rel=1e-5)


def plain_ways(answers: list[list[float]], text: str) -> float:
    """The chance of a text, by the chances of its beginnings: with the last digit said just now, or a blank behind."""
    chances = {("", False): 1.0}
    for row in answers:
        following: dict[tuple[str, bool], float] = {}
        for (begun, is_digit), chance in chances.items():
            ways = [((begun, False), row[BLANK])]
            if is_digit:
                ways.append(((begun, True), row[int(begun[-1])]))
            if len(begun) < len(text) and not (is_digit and text[len(begun)] == begun[-1]):
                ways.append(((text[: len(begun) + 1], True), row[int(text[len(begun)])]))
            for state, own in ways:
                following[state] = following.get(state, 0) + chance * own
        chances = following
    return sum(chance for (begun, _), chance in chances.items() if begun == text)


def say(texts: list[str], seed: int) -> NDArray[np.float32]:
    """Answers that mostly say these numbers."""
    answers = random_answers(seed, len(texts), FRAMES, 11)
    for answer, text in zip(answers, texts, strict=True):
        for frame in range(FRAMES):
            place, is_digit = frame // 4, frame % 4 == 1
            answer[frame, int(text[place]) if is_digit and place < len(text) else BLANK] += 3
    return answers / answers.sum(axis=2, keepdims=True)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32), texts=st.lists(st.text("0123456789", min_size=1, max_size=8), min_size=2, max_size=6)
)
def test_numbers_are_judged_as_a_plain_loop_judges_them(seed: int, texts: list[str]) -> None:
    answers = say([*texts[:-1], "31415926"], seed)
    asked = NumberValidation(NumberSet(np.zeros((len(texts), 28, 256), np.uint8), tuple(texts)))
    loss, right = 0.0, 0
    for answer, text in zip(answers.tolist(), texts, strict=True):
        loss -= math.log(plain_ways(answer, text))
        best = [one for one, _ in groupby(row.index(max(row)) for row in answer)]
        right += "".join(str(one) for one in best if one != BLANK) == text
    assert right >= len(texts) - 1
    assert asked.evaluate(answers) == pytest.approx((loss / len(texts), right / len(texts)), rel=1e-5)


def test_who_is_right_and_sure_loses_nothing(split: Split) -> None:
    sure = np.eye(10, dtype=np.float32)[split.labels]
    assert DigitValidation(split).evaluate(sure) == (0, 1)
    numbers = NumberValidation(NumberSet(np.zeros((2, 28, 256), np.uint8), ("7", "40")))
    answers = np.eye(11, dtype=np.float32)[[[7] + [BLANK] * 63, [4, 0] + [BLANK] * 62]]
    assert numbers.evaluate(answers) == pytest.approx((0, 1), abs=1e-4)


@pytest.mark.parametrize("network", sorted(set(PUBLISHED) - {"digitrec-numbers"}))
def test_networks_of_digits_are_asked_the_digits_kept_aside(network: str, split: Split) -> None:
    asked = validation_for(Recipe(network=network), split)
    assert isinstance(asked, DigitValidation)
    assert asked.split is split
    assert asked.images is split.images


def test_the_network_of_numbers_is_asked_a_thousand_composed_of_them(split: Split) -> None:
    asked = validation_for(NUMBERS, split)
    assert isinstance(asked, NumberValidation)
    assert asked.images is asked.numbers.strips
    assert asked.images.shape == (1000, 28, 256)


def test_the_numbers_asked_are_the_same_wherever_they_are_asked_for(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "NUMBERS", 30)

    def ask(recipe: Recipe, digits: Split = split) -> tuple[tuple[str, ...], str]:
        asked = validation_for(recipe, digits)
        assert isinstance(asked, NumberValidation)
        return asked.numbers.texts, fingerprint(asked.images)

    first = ask(NUMBERS)
    assert first == ask(NUMBERS)
    assert first == ask(change(NUMBERS, seed=3, epochs=1, learning_rate=1.0))
    assert first != ask(change(NUMBERS, split_seed=3))


def test_the_numbers_asked_are_of_the_digits_kept_aside(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "NUMBERS", 30)
    chosen = np.isin(split.labels, (2, 5))
    asked = validation_for(NUMBERS, Split(split.images[chosen], split.labels[chosen]))
    assert isinstance(asked, NumberValidation)
    assert set("".join(asked.numbers.texts)) == set("25")
