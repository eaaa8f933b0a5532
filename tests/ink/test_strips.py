from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.errors import InkError
from digitrec.ink.strips import FRAMES, Strip, to_column, to_strip
from digitrec.networks.ctc import BLANK, ctc_loss, decode, encode

Ink = NDArray[np.uint8]
Answers = NDArray[np.float32]


@st.composite
def solid_inks(draw: st.DrawFn) -> Ink:
    """Ink of 24 rows with some in each column, as dark as ink can be somewhere."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ink = rng.integers(0, 256, (24, draw(st.integers(1, 250))), dtype=np.uint8)
    ink[0] = ink[-1] = 255
    return ink


def bars(*lefts: int, height: int = 60, width: int = 6) -> Ink:
    ink = np.zeros((height, lefts[-1] + width), np.uint8)
    for left in lefts:
        ink[:, left : left + width] = 255
    return ink


def enlarged(ink: Ink, times: int) -> Ink:
    return ink.repeat(times, axis=0).repeat(times, axis=1)


@settings(max_examples=30, deadline=None)
@given(ink=solid_inks())
def test_ink_as_high_as_the_line_is_put_on_it_pixel_by_pixel(ink: Ink) -> None:
    strip = to_strip(ink)
    expected = np.zeros((28, 256), np.uint8)
    expected[2:26, 2 : 2 + ink.shape[1]] = ink
    assert strip.image.dtype == np.uint8
    np.testing.assert_array_equal(strip.image, expected)
    np.testing.assert_allclose(strip.columns[2 : 2 + ink.shape[1]], np.arange(ink.shape[1]))


@settings(max_examples=30, deadline=None)
@given(ink=solid_inks(), times=st.integers(2, 5))
def test_larger_ink_gives_the_same_strip(ink: Ink, times: int) -> None:
    small, large = to_strip(ink), to_strip(enlarged(ink, times))
    np.testing.assert_array_equal(large.image, small.image)
    shown = slice(2, 2 + ink.shape[1])
    np.testing.assert_allclose(large.columns[shown], small.columns[shown] * times + (times - 1) / 2)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), times=st.integers(2, 4), wide=st.integers(1, 60))
def test_a_pixel_of_the_strip_is_the_mean_of_its_area(seed: int, times: int, wide: int) -> None:
    ink = np.random.default_rng(seed).integers(1, 256, (24 * times, wide * times), dtype=np.uint8)
    means = ink.reshape(24, times, wide, times).mean(axis=(1, 3))
    shown = to_strip(ink).image[2:26, 2 : 2 + wide]
    np.testing.assert_allclose(shown, means * 255 / means.max(), atol=3)  # rounded once a direction, then stretched


@settings(max_examples=30, deadline=None)
@given(ink=solid_inks(), margins=st.tuples(*[st.integers(0, 90)] * 4))
def test_where_the_number_stands_does_not_matter(ink: Ink, margins: tuple[int, int, int, int]) -> None:
    top, bottom, left, right = margins
    here, there = to_strip(ink), to_strip(np.pad(ink, [(top, bottom), (left, right)]))
    np.testing.assert_array_equal(there.image, here.image)
    np.testing.assert_allclose(there.columns, here.columns + left)


@settings(max_examples=20, deadline=None)
@given(ink=solid_inks(), share=st.sampled_from([2, 3, 5]))
def test_how_dark_the_pen_is_does_not_matter(ink: Ink, share: int) -> None:
    faint = ink // share
    np.testing.assert_allclose(to_strip(faint).image, to_strip(faint * np.uint8(share)).image, atol=1)


def test_a_gap_wider_than_a_third_of_the_height_says_nothing_more() -> None:
    third = to_strip(bars(0, 26)).image
    for gap in (21, 60, 700):
        np.testing.assert_array_equal(to_strip(bars(0, 6 + gap)).image, third)
    for gap in (10, 15):
        assert to_strip(bars(0, 6 + gap)).image.any(axis=0).sum() == third.any(axis=0).sum()
        assert last_column(to_strip(bars(0, 6 + gap))) == last_column(Strip(third, np.empty(0))) - round(
            (20 - gap) / 2.5
        )


def last_column(strip: Strip) -> int:
    return int(np.flatnonzero(strip.image.any(axis=0))[-1])


@settings(max_examples=40, deadline=None)
@given(gaps=st.lists(st.integers(10, 300), max_size=5), before=st.integers(0, 50), height=st.sampled_from([40, 60, 97]))
def test_the_columns_of_a_strip_lead_back_to_the_ink(gaps: list[int], before: int, height: int) -> None:
    lefts = before + np.cumsum([0, *[gap + 12 for gap in gaps]])
    strip = to_strip(bars(*lefts.tolist(), height=height, width=12))
    assert (np.diff(strip.columns) >= 0).all()
    found, count = ndimage.label(strip.image.any(axis=0))
    assert count == len(lefts)
    for number, left in enumerate(lefts, 1):
        darkness = np.where(found == number, strip.image.sum(axis=0, dtype=int), 0)
        shown = strip.columns[darkness == darkness.max()]
        assert left - 0.5 <= shown.min() <= shown.max() <= left + 11.5


def test_a_number_too_wide_for_the_strip_is_squeezed() -> None:
    lefts = range(0, 1200, 12)
    strip = to_strip(bars(*lefts))
    assert not strip.image[:, [0, 1, 254, 255]].any()
    assert strip.image[2:26, [2, 253]].all()
    assert (strip.image[2:26] == strip.image[2]).all()
    assert strip.columns[[2, 253]] == pytest.approx([0, lefts[-1] + 5], abs=3)
    np.testing.assert_allclose(np.diff(strip.columns[3:253]), (lefts[-1] + 6) / 252)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_the_least_ink_makes_a_strip(shape: tuple[int, int]) -> None:
    strip = to_strip(np.full(shape, 9, np.uint8))
    assert strip.image.max() == 255
    assert not np.delete(strip.image, range(2, 26), axis=0).any()
    assert strip.columns.min() == 0
    assert strip.columns.max() == shape[1] - 1


def test_no_ink_is_told() -> None:
    with pytest.raises(InkError, match=r"^Expected a number with ink\. Received: none\."):
        to_strip(np.zeros((280, 840), np.uint8))


def test_a_frame_lies_in_the_middle_of_its_four_columns() -> None:
    strip = to_strip(np.full((48, 400), 255, np.uint8))
    for frame in (1, 20, 48):
        # In the strip its middle is column 4 frame + 1.5; two are margin, and each shows two columns of the ink.
        assert to_column(strip, frame) == pytest.approx(2 * (4 * frame + 1.5 - 2) + 0.5)
    assert to_column(strip, FRAMES - 1) == 399


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
