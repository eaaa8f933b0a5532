from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.datasets.sources.pen import PenDigit
from digitrec.datasets.synthetic import letters
from digitrec.datasets.synthetic.nondigits import (
    LYING,
    MIRRORED,
    TRAINED,
    UNSEEN,
    UPSIDE_DOWN,
    Kind,
    draw_nondigits,
    kinds,
    letter,
    mirrored,
    on_its_side,
    other_sign,
    pair,
    upside_down,
)
from digitrec.ink.drawings import smooth
from digitrec.ink.types import Strokes

Change = Callable[[Sequence[PenDigit], np.random.Generator], Strokes]
places = st.tuples(*[st.floats(-500, 500, width=32)] * 2)
lines = st.lists(places, min_size=2, max_size=20).map(lambda points: np.array(points, np.float32))
drawings = st.lists(lines, min_size=1, max_size=4).map(tuple)


def digit(points: list[list[float]], label: int = 1) -> PenDigit:
    return PenDigit((np.array(points, np.float32),), label, 1)


# A digit of each label, told apart by its first point.
TEN = tuple(digit([[10 + label, 1], [30, 50 + label], [5, 20]], label) for label in range(10))
DIGITS = kinds({}, TEN)
KINDS = kinds(TRAINED, TEN) | UNSEEN
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@every_kind
def test_every_kind_is_strokes_with_an_extent(kind: Kind) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        strokes = kind(rng)
        assert len(strokes) >= 1
        assert all(stroke.ndim == 2 and stroke.shape[1] == 2 and len(stroke) >= 2 for stroke in strokes)
        assert {stroke.dtype for stroke in strokes} == {np.dtype(np.float32)}
        assert np.isfinite(np.concatenate(strokes)).all()
        assert np.ptp(np.concatenate(strokes), axis=0).max() > 0


@every_kind
def test_every_kind_is_drawn_anew_and_the_same_for_the_same_seed(kind: Kind) -> None:
    images = draw_nondigits(kind, 4, np.random.default_rng(1))
    assert images.shape == (4, 28, 28)
    assert images.dtype == np.uint8
    assert (images.max(axis=(1, 2)) == 255).all()
    assert (images[0] != images[1]).any()
    np.testing.assert_array_equal(images, draw_nondigits(kind, 4, np.random.default_rng(1)))


def test_what_is_measured_was_never_taught() -> None:
    assert not set(TRAINED) & set(UNSEEN)
    assert not set(TRAINED.values()) & set(UNSEEN.values())
    assert not set(letters.TRAINED) & set(letters.UNSEEN)


def test_kinds_made_of_digits_come_beside_those_that_are_named() -> None:
    made = ["pairs of digits", "digits upside down", "digits mirrored", "digits on their side"]
    assert list(kinds(UNSEEN, TEN)) == [*UNSEEN, *made]
    assert UNSEEN.keys().isdisjoint(DIGITS)


def drawn_names(draw: Kind, among: dict[str, letters.Corners], monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Which letters are drawn, and whether as round ones."""
    names = {id(corners): name for name, corners in among.items()}
    seen: dict[str, bool] = {}

    def note(corners: letters.Corners, rng: np.random.Generator, *, is_round: bool) -> Strokes:
        seen[names[id(corners)]] = is_round
        return ()

    monkeypatch.setattr("digitrec.datasets.synthetic.nondigits.draw_letter", note)
    rng = np.random.default_rng(0)
    for _ in range(800):
        draw(rng)
    return seen


def test_every_taught_letter_is_drawn_and_the_round_ones_round(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = drawn_names(letter, letters.TRAINED, monkeypatch)
    assert seen == {name: name in letters.ROUND for name in letters.TRAINED}


def test_every_untaught_sign_is_drawn_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn_names(other_sign, letters.UNSEEN, monkeypatch) == dict.fromkeys(letters.UNSEEN, False)


@settings(max_examples=50, deadline=None)
@given(drawings, st.sampled_from(UPSIDE_DOWN), st.integers(0, 9))
def test_upside_down_twice_is_the_digit_itself(strokes: Strokes, label: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    turned = upside_down([PenDigit(strokes, label, 1)], rng)
    for one, other in zip(turned, strokes, strict=True):
        np.testing.assert_array_equal(one, -other)
    for one, other in zip(upside_down([PenDigit(turned, label, 1)], rng), strokes, strict=True):
        np.testing.assert_array_equal(one, other)


@settings(max_examples=50, deadline=None)
@given(drawings, st.sampled_from(MIRRORED), st.integers(0, 9))
def test_a_mirror_changes_left_and_right_alone(strokes: Strokes, label: int, seed: int) -> None:
    for one, other in zip(mirrored([PenDigit(strokes, label, 1)], np.random.default_rng(seed)), strokes, strict=True):
        np.testing.assert_array_equal(one, other * [-1, 1])


def turn(points: NDArray[np.float32], degrees: float) -> NDArray[np.float64]:
    """Each point turned by itself, as a complex number."""
    turned = (points[:, 0] + 1j * points[:, 1]) * np.exp(1j * np.deg2rad(degrees))
    return np.stack([turned.real, turned.imag], axis=1)


@settings(max_examples=50, deadline=None)
@given(drawings, st.sampled_from(LYING), st.integers(0, 99))
def test_a_digit_on_its_side_is_turned_by_90_degrees_all_of_it(strokes: Strokes, label: int, seed: int) -> None:
    lying = np.concatenate(on_its_side([PenDigit(strokes, label, 1)], np.random.default_rng(seed)))
    points = np.concatenate(strokes)
    assert any(np.allclose(lying, turn(points, degrees), atol=1e-3) for degrees in (90, -90))


def test_digits_lie_as_often_on_the_left_as_on_the_right() -> None:
    up = digit([[0, 0], [0, 10]], 4)
    rng = np.random.default_rng(0)
    ends = [float(on_its_side([up], rng)[0][1, 0]) for _ in range(400)]
    assert set(ends) == {-10.0, 10.0}
    assert np.mean(np.array(ends) > 0) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("change", "labels"), [(upside_down, UPSIDE_DOWN), (mirrored, MIRRORED), (on_its_side, LYING)])
def test_digits_that_stay_digits_are_left_out_and_all_others_are_taken(change: Change, labels: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    chosen = set()
    for _ in range(300):
        (stroke,) = change(TEN, rng)
        chosen.add(round(float(np.abs(stroke[0]).max())) - 10)
    assert chosen == set(labels)


def test_a_digit_that_is_still_one_when_changed_is_never_chosen() -> None:
    assert not set(UPSIDE_DOWN) & {0, 1, 6, 8, 9}
    assert not set(MIRRORED) & {0, 1, 2, 5, 8}
    assert not set(LYING) & {0, 1, 7}


def test_a_pair_is_two_digits_side_by_side() -> None:
    digits = [digit([[10, 0], [30, 50]]), digit([[-40, 10], [5, 80]])]
    rng = np.random.default_rng(0)
    for _ in range(20):
        left, right = pair(digits, rng)
        assert 5 <= right[:, 0].min() - left[:, 0].max() <= 60
        assert any(np.array_equal(left, one.strokes[0]) for one in digits)
        assert any(np.allclose(np.diff(right, axis=0), np.diff(one.strokes[0], axis=0)) for one in digits)


def test_smoothing_cuts_the_corner_and_stays_within_the_hull() -> None:
    corners = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]])
    curve = smooth(corners)
    assert curve.dtype == np.float32
    assert curve.min() >= 0
    assert curve.max() <= 10
    assert np.hypot(*(curve - [10, 0]).T).min() > 1
    turns = np.abs(np.diff(np.unwrap(np.arctan2(*np.diff(curve, axis=0).T[::-1]))))
    assert turns.max() < np.pi / 4
