from collections import Counter
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.datasets.synthetic import digit_forms
from digitrec.datasets.synthetic.digit_forms import (
    FORMS,
    UNSTEADY,
    WAYS,
    WRITER,
    Form,
    arc,
    join,
    line,
    way_of_writing,
    write,
)
from digitrec.datasets.synthetic.stroke_variation import Variation, draw_at_random
from digitrec.ink.drawings import to_image
from digitrec.ink.types import Strokes
from digitrec.networks.classifier import Classifier

BY_NAME = {f"{form.label}, {form.style}": form for form in FORMS}
STEADY = Variation(degrees=0, slant=0, stretch=0, bend=0, reordered=0, reversed_=0, broken=0)
every_form = pytest.mark.parametrize("form", BY_NAME.values(), ids=BY_NAME)
ends = pytest.mark.parametrize("t", [0.0, 0.5, 1.0])


def meets(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether two straight pieces, (2, 2) each, have a point in common."""

    def side(line: NDArray[np.float64], point: NDArray[np.float64]) -> float:
        (a, b), (c, d) = line[1] - line[0], point - line[0]
        return float(np.sign(a * d - b * c))

    return side(one, other[0]) != side(one, other[1]) and side(other, one[0]) != side(other, one[1])


def count_crossings(one: NDArray[np.float64], other: NDArray[np.float64]) -> int:
    return sum(meets(one[i : i + 2], other[j : j + 2]) for i in range(len(one) - 1) for j in range(len(other) - 1))


def crosses_itself(stroke: NDArray[np.float64]) -> bool:
    pieces = [stroke[i : i + 2] for i in range(len(stroke) - 1)]
    return any(meets(pieces[i], pieces[j]) for i, j in combinations(range(len(pieces)), 2) if j > i + 1)


def test_every_digit_has_a_form_and_no_two_forms_have_one_name() -> None:
    assert {form.label for form in FORMS} == set(range(10))
    assert len(BY_NAME) == len(FORMS)


@every_form
@ends
def test_a_form_is_strokes_on_its_grid(form: Form, t: float) -> None:
    for stroke in form.write(t):
        assert stroke.dtype == np.float64
        assert stroke.ndim == 2
        assert stroke.shape[1] == 2
        assert len(stroke) >= 2
        assert np.isfinite(stroke).all()
        assert (stroke.min(axis=0) >= (-1.5, -0.5)).all()
        assert (stroke.max(axis=0) <= (5, 6.5)).all()
    assert np.ptp(np.concatenate(form.write(t))[:, 1]) > 5


@every_form
def test_a_digit_is_written_in_as_many_strokes_as_its_form_has(form: Form) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        strokes = write(form, rng)
        assert len(strokes) == len(form.write(0.5))
        assert all(np.isfinite(stroke).all() and stroke.shape[1] == 2 for stroke in strokes)


@every_form
def test_a_digit_is_written_anew_and_the_same_for_the_same_seed(form: Form) -> None:
    one, same, other = (np.concatenate(write(form, np.random.default_rng(seed))) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one[0], other[0])


def test_a_form_is_written_from_hardly_to_wholly_pronounced() -> None:
    seen: list[float] = []

    def stick(t: float) -> Strokes:
        seen.append(t)
        return (line((0, 0), (0, 6)),)

    rng = np.random.default_rng(0)
    for _ in range(200):
        write(Form(1, "stick", stick), rng)
    assert 0 <= min(seen) < 0.05
    assert 0.95 < max(seen) <= 1
    assert np.mean(seen) == pytest.approx(0.5, abs=0.06)


def test_strokes_are_moved_against_each_other_and_stay_in_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digit_forms, "WRITER", STEADY)
    cross = Form(4, "cross", lambda _: (line((2, 0), (2, 6)), line((0, 3), (4, 3))))
    rng = np.random.default_rng(0)
    moves = np.array(
        [[stroke - plain for stroke, plain in zip(write(cross, rng), cross.write(0), strict=True)] for _ in range(500)]
    )
    np.testing.assert_allclose(moves[:, :, 1], moves[:, :, 0], atol=1e-12)
    np.testing.assert_allclose(moves.std(axis=(0, 2)), UNSTEADY, rtol=0.15)
    assert abs(np.corrcoef(moves[:, 0, 0, 0], moves[:, 1, 0, 0])[0, 1]) < 0.2


def test_a_hand_neither_turns_the_order_nor_the_direction_of_strokes() -> None:
    assert (WRITER.reordered, WRITER.reversed_, WRITER.broken) == (0, 0, 0)


coordinates = st.floats(-100, 100)
points = st.tuples(coordinates, coordinates)
radii = st.tuples(st.floats(0.1, 10), st.floats(0.1, 10))
angles = st.floats(-720, 720)


@settings(max_examples=50, deadline=None)
@given(points, radii, angles, angles)
def test_an_arc_lies_on_its_ellipse_from_its_start_to_its_end(
    centre: tuple[float, float], radii: tuple[float, float], start: float, end: float
) -> None:
    found = arc(centre, radii, start, end)
    assert len(found) >= 6
    np.testing.assert_allclose((((found - centre) / radii) ** 2).sum(axis=1), 1, atol=1e-6)
    for place, angle in ((0, start), (-1, end)):
        turn = np.deg2rad(angle)
        np.testing.assert_allclose(found[place], np.add(centre, np.multiply(radii, (np.cos(turn), np.sin(turn)))))
    turns = np.diff(np.unwrap(np.arctan2(*((found - centre) / radii).T[::-1])))
    np.testing.assert_allclose(np.rad2deg(turns.sum()), end - start, atol=1e-4)
    assert np.rad2deg(np.abs(turns).max()) < 30


def test_a_right_angle_points_down() -> None:
    np.testing.assert_allclose(arc((1, 2), (3, 4), 0, 90)[[0, -1]], [(4, 2), (1, 6)])


def test_parts_are_joined_in_their_order() -> None:
    np.testing.assert_array_equal(join(line((0, 1)), line((2, 3), (4, 5))), [(0, 1), (2, 3), (4, 5)])


@pytest.mark.parametrize("form", ["upstroke", "upstroke and foot"])
def test_the_upstroke_of_a_1_begins_further_left_and_lower(form: str) -> None:
    write_it = BY_NAME[f"1, {form}"].write
    hardly, wholly = write_it(0)[0], write_it(1)[0]
    assert wholly[0, 0] < hardly[0, 0] - 1
    assert wholly[0, 1] > hardly[0, 1] + 1
    for stroke in (hardly, wholly):
        assert stroke[0, 0] < stroke[1, 0]
        assert stroke[0, 1] > stroke[1, 1]
        np.testing.assert_array_equal(stroke[1:], [(2, 0), (2, 6)])


@ends
@pytest.mark.parametrize("form", ["upstroke and foot", "foot"])
def test_the_foot_of_a_1_lies_under_its_stem_on_both_sides(form: str, t: float) -> None:
    stem, foot = BY_NAME[f"1, {form}"].write(t)
    np.testing.assert_array_equal(foot[:, 1], stem[-1, 1])
    assert foot[0, 0] < stem[-1, 0] - 0.5
    assert foot[1, 0] > stem[-1, 0] + 0.5


@ends
@pytest.mark.parametrize("form", ["crossed", "serif, crossed"])
def test_the_bar_of_a_crossed_7_crosses_its_stem(form: str, t: float) -> None:
    seven, bar = BY_NAME[f"7, {form}"].write(t)
    assert count_crossings(seven[-2:], bar) == 1
    assert abs(bar[:, 1].mean() - 3) < 0.2


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("1, foot", lambda strokes: np.ptp(strokes[1][:, 0])),
        ("7, crossed", lambda strokes: np.ptp(strokes[1][:, 0])),
        ("7, serif, crossed", lambda strokes: np.ptp(strokes[1][:, 0])),
        ("7, serif, crossed", lambda strokes: np.ptp(strokes[0][:2, 1])),
        ("7, serif", lambda strokes: np.ptp(strokes[0][:2, 1])),
        ("7, curved", lambda strokes: strokes[0][-7, 0] - strokes[0][-1, 0]),
        ("0, plain", lambda strokes: np.ptp(strokes[0][:, 0])),
        ("0, slashed", lambda strokes: np.ptp(strokes[1][:, 0])),
        ("4, open", lambda strokes: np.ptp([strokes[0][0, 0], strokes[1][0, 0]])),
        ("9, straight tail", lambda strokes: -strokes[0][-1, 0]),
        ("9, curved tail", lambda strokes: -strokes[0][-1, 0]),
        ("5, separate top stroke", lambda strokes: -strokes[1][-1, 1]),
        ("5, one stroke", lambda strokes: -strokes[0][0, 1]),
        ("8, two circles", lambda strokes: np.ptp(strokes[0][:, 0])),
    ],
)
def test_what_is_special_is_larger_at_the_pronounced_end(name: str, length: Callable[[Strokes], float]) -> None:
    lengths = [length(BY_NAME[name].write(t)) for t in (0, 0.25, 0.5, 0.75, 1)]
    assert (np.diff(lengths) > 0).all()
    assert lengths[-1] - lengths[0] > 0.25


@ends
def test_the_loop_of_a_2_closes_and_a_flat_2_has_none(t: float) -> None:
    (looped,), (flat,) = BY_NAME["2, loop"].write(t), BY_NAME["2, flat"].write(t)
    assert crosses_itself(looped)
    assert not crosses_itself(flat)
    turns = [stroke[stroke[:, 1] > 4.5] - (0.7, 5.4) for stroke in (looped, flat)]
    around = [np.ptp(np.unwrap(np.arctan2(turn[:, 1], turn[:, 0]))) for turn in turns]
    assert np.rad2deg(around[0]) > 300
    assert np.rad2deg(around[1]) < 180


@ends
def test_the_slash_of_a_0_leaves_it_on_both_sides(t: float) -> None:
    oval, slash = BY_NAME["0, slashed"].write(t)
    assert count_crossings(oval, slash) == 2
    assert slash[0, 0] > slash[1, 0]
    assert slash[0, 1] < slash[1, 1]


@ends
@pytest.mark.parametrize("form", ["open", "tall and open"])
def test_an_open_4_is_crossed_by_its_stem_and_open_above(form: str, t: float) -> None:
    angle, stem = BY_NAME[f"4, {form}"].write(t)
    assert count_crossings(angle[1:], stem) == 1
    assert count_crossings(angle[:2], stem) == 0
    assert np.hypot(*(angle[0] - stem[0])) > 1


@ends
@pytest.mark.parametrize("name", ["4, closed", "8, one stroke", "9, straight tail", "6, straight", "6, curled"])
def test_what_is_closed_crosses_itself(name: str, t: float) -> None:
    (stroke,) = BY_NAME[name].write(t)
    assert crosses_itself(stroke)


@ends
def test_an_8_of_two_circles_is_two_circles_that_touch(t: float) -> None:
    upper, lower = BY_NAME["8, two circles"].write(t)
    for circle in (upper, lower):
        np.testing.assert_allclose(circle[0], circle[-1], atol=1e-9)
    assert upper[:, 1].max() == pytest.approx(lower[:, 1].min(), abs=0.1)


@ends
def test_a_5_begins_with_its_hat_or_ends_with_it(t: float) -> None:
    body, hat = BY_NAME["5, separate top stroke"].write(t)
    (whole,) = BY_NAME["5, one stroke"].write(t)
    np.testing.assert_array_equal(hat[0], body[0])
    np.testing.assert_array_equal(whole, np.concatenate([hat[::-1], body]))
    assert hat[1, 0] > hat[0, 0] + 2


def test_a_3_is_flat_above_or_round() -> None:
    (flat,), (rounded,) = BY_NAME["3, flat top"].write(0), BY_NAME["3, round"].write(0)
    np.testing.assert_array_equal(flat[0, 1], flat[1, 1])
    assert np.ptp(rounded[:6, 1]) > 0.5


@ends
def test_the_stem_of_a_curved_7_is_curved(t: float) -> None:
    (stroke,) = BY_NAME["7, curved"].write(t)
    chord, middle = stroke[-1] - stroke[1], stroke[1 + (len(stroke) - 1) // 2] - stroke[1]
    assert abs(chord[0] * middle[1] - chord[1] * middle[0]) / np.hypot(*chord) > 0.2


def test_ways_of_writing_are_told_by_their_strokes() -> None:
    assert way_of_writing(7, 1) == "7 in one stroke"
    assert way_of_writing(7, 2) == way_of_writing(7, 3) == "7 crossed"
    assert way_of_writing(8, 2) == "8 made of two circles"
    assert {way_of_writing(label, strokes) for label in (0, 2, 3, 6, 9) for strokes in (1, 2, 5)} == {""}
    assert all(way.startswith(str(label)) for (label, _), way in WAYS.items())
    assert len(set(WAYS.values())) == len(WAYS)


@pytest.mark.parametrize("label", [1, 4, 5, 7, 8])
def test_each_way_of_writing_is_that_of_some_form(label: int) -> None:
    counts = {len(form.write(0.5)) for form in FORMS if form.label == label}
    assert counts == {1, 2}


def test_the_shipped_model_reads_nearly_all_of_them(classifier: Classifier) -> None:
    rng = np.random.default_rng(0)
    images = np.stack([to_image(draw_at_random(write(form, rng), rng)) for form in FORMS for _ in range(5)])
    labels = np.array([form.label for form in FORMS for _ in range(5)])
    is_right = classifier.predict_proba(images).argmax(axis=1) == labels
    print(is_right.mean(), Counter(labels[~is_right].tolist()))
    assert is_right.mean() > 0.8
    for label in range(10):
        assert is_right[labels == label].mean() >= 0.5
