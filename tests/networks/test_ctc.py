from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.ink.strips import FRAMES
from digitrec.networks.ctc import BLANK, ctc_loss, decode, encode

Answers = NDArray[np.float32]


@st.composite
def answers_with_runs(draw: st.DrawFn) -> Answers:
    """Answers that stay the same for a while, so that some are repeated and some are parted by a blank."""
    runs = draw(st.lists(st.tuples(st.sampled_from([BLANK, 0, 1, 9]), st.integers(1, 9)), min_size=1, max_size=40))
    said = np.resize(np.repeat([one for one, _ in runs], [length for _, length in runs]), FRAMES)
    noise = np.random.default_rng(draw(st.integers(0, 2**32))).random((FRAMES, 11))
    answers = noise + 1.1 * np.eye(11)[said]
    return (answers / answers.sum(axis=1, keepdims=True)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(answers=answers_with_runs())
def test_what_is_decoded_is_what_a_plain_loop_decodes(answers: Answers) -> None:
    text, frames = "", []
    for best, run in groupby(enumerate(answers), lambda one: max(range(11), key=one[1].__getitem__)):
        if best != BLANK:
            text += str(best)
            frames.append(max(run, key=lambda one: one[1][best])[0])
    decoded = decode(answers)
    assert decoded.text == text
    assert decoded.frames.tolist() == frames
    assert decoded.probabilities.shape == (len(text), 10)
    for row, frame in zip(decoded.probabilities, frames, strict=True):
        np.testing.assert_allclose(row, answers[frame, :10] / answers[frame, :10].sum(), rtol=1e-5)


def test_only_blanks_are_an_empty_number() -> None:
    decoded = decode(np.eye(11, dtype=np.float32)[[BLANK] * FRAMES])
    assert (decoded.text, decoded.frames.shape, decoded.probabilities.shape) == ("", (0,), (0, 10))


@given(texts=st.lists(st.text("0123456789", max_size=8), max_size=5))
def test_what_is_encoded_can_be_read_from_the_rows(texts: list[str]) -> None:
    rows = encode(texts)
    assert rows.shape == (len(texts), 8)
    assert rows.dtype == np.int32
    assert ["".join(str(digit) for digit in row if digit >= 0) for row in rows.tolist()] == texts
    for row, text in zip(rows, texts, strict=True):
        assert (row[len(text) :] == -1).all()


def random_answers(seed: int, n: int, frames: int) -> Answers:
    drawn = np.random.default_rng(seed).dirichlet(np.full(11, 0.5), (n, frames))
    drawn = np.maximum(drawn, 1e-5)
    return (drawn / drawn.sum(axis=2, keepdims=True)).astype(np.float32)


def collapse(path: tuple[int, ...]) -> str:
    return "".join(str(one) for one, _ in groupby(path) if one != BLANK)


@pytest.mark.parametrize("frames", [1, 2, 3, 4])
def test_the_loss_is_a_sum_over_all_ways_to_say_a_number(frames: int) -> None:
    answers = random_answers(frames, 1, frames)
    chances: dict[str, float] = {}
    for path in product(range(11), repeat=frames):
        chance = float(np.prod([answers[0, at, one] for at, one in enumerate(path)], dtype=np.float64))
        chances[collapse(path)] = chances.get(collapse(path), 0) + chance
    texts = list(chances)
    losses = ctc_loss(answers.repeat(len(texts), axis=0), texts)
    np.testing.assert_allclose(losses, [-np.log(chances[text]) for text in texts], rtol=1e-5)
    assert np.exp(-losses).sum() == pytest.approx(1, abs=1e-5)


def test_a_number_that_takes_more_frames_than_there_are_is_impossible() -> None:
    answers = random_answers(0, 3, 3)
    assert np.isinf(ctc_loss(answers, ["1234", "112", "22"])).tolist() == [True, True, False]


def plain_loss(answers: Answers, text: str) -> float:
    """By the chances that so many digits were said, and that the last frame said the last of them or none."""
    digit, none = [0.0] * (len(text) + 1), [1.0] + [0.0] * len(text)
    for row in answers.astype(float).tolist():
        new_digit = [0.0] * (len(text) + 1)
        for said in range(1, len(text) + 1):
            own = int(text[said - 1])
            is_new = said < 2 or text[said - 2] != text[said - 1]
            new_digit[said] = row[own] * (digit[said] + none[said - 1] + (digit[said - 1] if is_new else 0))
        none = [row[BLANK] * (one + other) for one, other in zip(digit, none, strict=True)]
        digit = new_digit
    return float(-np.log(digit[-1] + none[-1]))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), texts=st.lists(st.text("0012345678", max_size=8), min_size=1, max_size=6))
def test_the_loss_of_whole_strips_is_that_of_a_plain_loop(seed: int, texts: list[str]) -> None:
    answers = random_answers(seed, len(texts), FRAMES)
    expected = [plain_loss(one, text) for one, text in zip(answers, texts, strict=True)]
    np.testing.assert_allclose(ctc_loss(answers, texts), expected, rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), text=st.text("0123456789", max_size=8))
def test_a_number_backwards_is_as_likely_in_answers_backwards(seed: int, text: str) -> None:
    answers = random_answers(seed, 1, FRAMES)
    np.testing.assert_allclose(ctc_loss(answers[:, ::-1], [text[::-1]]), ctc_loss(answers, [text]), rtol=1e-9)


@pytest.mark.parametrize("text", ["", "7", "77", "2024", "11223344", "00000000"])
def test_certain_answers_lose_nothing(text: str) -> None:
    said = [BLANK, *[one for digit in text for one in (int(digit), int(digit), BLANK)]]
    answers = np.eye(11, dtype=np.float32)[[*said, *[BLANK] * (FRAMES - len(said))]]
    assert decode(answers).text == text
    assert ctc_loss(answers[None], [text])[0] == pytest.approx(0, abs=1e-4)
    assert ctc_loss(answers[None], [text[1:] + "5"])[0] > 10


def test_certain_answers_that_are_wrong_lose_as_in_keras() -> None:
    nothing = np.eye(11, dtype=np.float32)[None, [BLANK] * FRAMES]
    # One frame of 64 says the 7, with the least probability there is.
    assert ctc_loss(nothing, ["7"])[0] == pytest.approx(-np.log(64 * 1e-7), abs=1e-4)
