import numpy as np
import pytest

from digitrec.datasets.pen import PenDigit
from digitrec.nondigits import (
    LETTERS,
    TAUGHT,
    TAUGHT_LETTERS,
    UNSEEN,
    UNSEEN_LETTERS,
    Kind,
    draw_nondigits,
    pair,
    smooth,
)

KINDS = TAUGHT | UNSEEN


def digit(points: list[list[float]]) -> PenDigit:
    return PenDigit((np.array(points, np.float32),), 1, 1)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_is_strokes_with_an_extent(kind: Kind) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        strokes = kind(rng)
        assert len(strokes) >= 1
        assert all(stroke.ndim == 2 and stroke.shape[1] == 2 and len(stroke) >= 2 for stroke in strokes)
        assert np.isfinite(np.concatenate(strokes)).all()
        assert np.ptp(np.concatenate(strokes), axis=0).max() > 0


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_is_drawn_anew_and_the_same_for_the_same_seed(kind: Kind) -> None:
    images = draw_nondigits(kind, 4, np.random.default_rng(1))
    assert images.shape == (4, 28, 28)
    assert images.dtype == np.uint8
    assert (images.max(axis=(1, 2)) == 255).all()
    assert (images[0] != images[1]).any()
    np.testing.assert_array_equal(images, draw_nondigits(kind, 4, np.random.default_rng(1)))


def test_what_is_measured_was_never_taught() -> None:
    assert not set(TAUGHT) & set(UNSEEN)
    assert not set(TAUGHT_LETTERS) & set(UNSEEN_LETTERS)
    assert set(TAUGHT_LETTERS) | set(UNSEEN_LETTERS) == set(LETTERS)
    assert UNSEEN_LETTERS


def test_letters_stay_near_their_corners() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        for stroke in TAUGHT["letters"](rng):
            assert stroke.min() > -6
            assert stroke.max() < 12


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


@pytest.mark.parametrize("kind", TAUGHT | UNSEEN)
def test_every_kind_is_float32(kind: str) -> None:
    assert {stroke.dtype for stroke in (TAUGHT | UNSEEN)[kind](np.random.default_rng(0))} == {np.dtype(np.float32)}
