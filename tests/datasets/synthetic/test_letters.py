import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitrec.datasets.synthetic.letters import ROUND, STRAIGHT, TRAINED, UNSEEN, Corners, draw_letter

SIGNS = TRAINED | UNSEEN
# Written quickly, each of them is some digit: 8, 0, 9, 1, 1, 0, 9, 5, 7, 2, ...
LIKE_DIGITS = "BDGIJOQSTZbgijloqsyz|/\\()[]{}-_0123456789"
every_sign = pytest.mark.parametrize("corners", SIGNS.values(), ids=[f"{name}" for name in SIGNS])


def normalised(corners: Corners) -> set[tuple[tuple[float, float], ...]]:
    """The strokes in a box of 1 x 1, so that the size of a sign does not matter."""
    points = np.concatenate([np.array(stroke, float) for stroke in corners])
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    return {tuple(map(tuple, ((np.array(stroke) - low) / size).round(3).tolist())) for stroke in corners}


def test_nothing_that_can_be_read_as_a_digit_is_taught_as_none() -> None:
    assert not set(LIKE_DIGITS) & set(SIGNS)


def test_a_sign_is_taught_as_one_thing_or_not_at_all() -> None:
    assert not set(STRAIGHT) & set(ROUND)
    assert not set(TRAINED) & set(UNSEEN)
    assert len(TRAINED) == len(STRAIGHT) + len(ROUND)
    assert len(UNSEEN) >= 5


def test_no_untaught_sign_is_a_taught_one_by_another_name() -> None:
    shapes = [normalised(corners) for corners in TRAINED.values()]
    assert not [name for name, corners in UNSEEN.items() if normalised(corners) in shapes]


@every_sign
def test_a_sign_is_strokes_on_its_grid(corners: Corners) -> None:
    points = np.concatenate([np.array(stroke, float) for stroke in corners])
    assert all(len(stroke) >= 2 and {len(point) for point in stroke} == {2} for stroke in corners)
    assert (points.min(axis=0) >= (-0.5, 0)).all()
    assert (points.max(axis=0) <= (6, 8)).all()
    assert (np.ptp(points, axis=0) > 1).all()


@every_sign
@pytest.mark.parametrize("is_round", [False, True])
def test_a_letter_is_drawn_anew_and_the_same_for_the_same_seed(corners: Corners, is_round: bool) -> None:
    one, same, other = (draw_letter(corners, np.random.default_rng(seed), is_round=is_round) for seed in (1, 1, 2))
    assert len(one) == len(corners)
    assert {stroke.dtype for stroke in one} == {np.dtype(np.float32)}
    assert all(stroke.ndim == 2 and stroke.shape[1] == 2 for stroke in one)
    np.testing.assert_array_equal(np.concatenate(one), np.concatenate(same))
    assert not np.allclose(one[0], other[0])


@every_sign
def test_a_straight_letter_has_its_corners_and_a_round_one_is_cut_past_them(corners: Corners) -> None:
    rng = np.random.default_rng(0)
    straight = draw_letter(corners, np.random.default_rng(0), is_round=False)
    rounded = draw_letter(corners, rng, is_round=True)
    for plain, curve, stroke in zip(straight, rounded, corners, strict=True):
        assert len(plain) == len(stroke)
        assert len(curve) > 3 * len(stroke)
        np.testing.assert_allclose(curve[[0, -1]], plain[[0, -1]], atol=1e-5)


def test_letters_lean_and_stretch_and_their_lines_stay_level() -> None:
    rng = np.random.default_rng(0)
    drawn = np.array([draw_letter(STRAIGHT["="], rng, is_round=False) for _ in range(600)], float)
    tilts = drawn[:, :, 1, 1] - drawn[:, :, 0, 1]
    lengths = drawn[:, :, 1, 0] - drawn[:, :, 0, 0]
    leans = drawn[:, 1, :, 0].mean(axis=1) - drawn[:, 0, :, 0].mean(axis=1)
    heights = drawn[:, 1, :, 1].mean(axis=1) - drawn[:, 0, :, 1].mean(axis=1)
    # Two corners that are each 0.15 off, seen together; a shear of 0.15 over a height of 2.
    assert tilts.std() == pytest.approx(0.15 * 2**0.5, rel=0.1)
    assert lengths.std() == pytest.approx(0.15 * 2**0.5, rel=0.15)
    assert leans.std() == pytest.approx(np.hypot(0.15 * 2, 0.15), rel=0.15)
    assert heights.std() == pytest.approx(np.hypot(2 * 0.4 / 12**0.5, 0.15), rel=0.15)
    assert [tilts.mean(), leans.mean()] == pytest.approx([0, 0], abs=0.05)
    assert [lengths.mean(), heights.mean()] == pytest.approx([4, 2], abs=0.05)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(sorted(SIGNS)), st.integers(0, 2**32 - 1))
def test_a_letter_stays_near_its_corners(name: str, seed: int) -> None:
    points = np.concatenate(draw_letter(SIGNS[name], np.random.default_rng(seed), is_round=name in ROUND))
    assert np.isfinite(points).all()
    assert points.min() > -7
    assert points.max() < 15
    assert np.ptp(points, axis=0).min() > 0.2
