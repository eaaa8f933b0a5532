from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitrec.charts.calibration import reliability_curves
from digitrec.charts.card import group_figures, rejection_curves, rival_dots
from digitrec.evaluation.calibration import Bin, to_frame
from digitrec.evaluation.metrics import Kind, Measurement, measure_proportion
from digitrec.evaluation.predictions import find_most_disputed, measure_disagreement
from digitrec.networks.card import Rejection, Rival
from digitrec.networks.card_figures import best_first, name_rivals, rejection_rate, weakest_first

BINS = [Bin(low=0.4, high=0.5, n=20, confidence=0.45, accuracy=0.3, accuracy_low=0.1, accuracy_high=0.6)]
TABLE = to_frame(BINS)


def figure_of(what: str, right: int, n: int, on: str = "", kind: Kind = "digit") -> Measurement:
    return measure_proportion(kind, what, np.arange(n) < right).model_copy(update={"on": on})


def rival(name: str, recipe: str = "as it is", prepared: int = 90, answers: tuple[int, ...] = ()) -> Rival:
    return Rival(
        name=name,
        recipe=recipe,
        parameters=10,
        bytes=40,
        scans=figure_of("scans", 990, 1000),
        prepared=figure_of("prepared", prepared, 100),
        naive=figure_of("naive", 40, 100),
        answers=answers,
        naive_answers=answers,
    )


def labels_of(figure: go.Figure) -> list[str]:
    return [annotation.text for annotation in figure.layout.annotations]


def row_of(figure: go.Figure, y: float) -> int:
    """Which row a dot belongs to: the one whose label, or tick, is nearest."""
    rows = [annotation.y for annotation in figure.layout.annotations] or list(figure.layout.yaxis.tickvals)
    return int(np.argmin(np.abs(np.array(rows) - y)))


def test_each_series_has_its_symbol_and_its_dots_lie_in_their_rows() -> None:
    figures = [
        figure_of(what, right, 100, on)
        for on, what, right in (("a", "7", 90), ("a", "1", 80), ("b", "1", 70), ("b", "7", 60))
    ]
    figure = group_figures(figures)
    assert [trace.name for trace in figure.data] == ["a", "b"]
    assert len({trace.marker.symbol for trace in figure.data}) == 2
    assert list(figure.layout.yaxis.ticktext) == ["7", "1"]
    found = {(trace.name, row_of(figure, y)): x for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True)}
    assert found == pytest.approx({("a", 0): 90, ("a", 1): 80, ("b", 1): 70, ("b", 0): 60})
    heights = [y for trace in figure.data for y in trace.y]
    assert len(set(heights)) == 4, "two series of a row do not cover each other"


def test_the_first_row_is_on_top_and_every_row_is_seen() -> None:
    figure = group_figures([figure_of(str(digit), 90 + digit, 100) for digit in range(10)])
    bottom, top = figure.layout.yaxis.range
    assert top < 0
    assert bottom > 9
    assert list(figure.data[0].y) == list(range(10))
    assert not figure.layout.showlegend


def test_intervals_are_those_of_the_figures_and_within_the_axis() -> None:
    figures = [figure_of("1", 9, 10), figure_of("2", 500, 1000)]
    figure = group_figures(figures)
    (dots,) = figure.data
    for place, one in enumerate(figures):
        assert dots.x[place] + dots.error_x.array[place] == pytest.approx(100 * one.high)
        assert dots.x[place] - dots.error_x.arrayminus[place] == pytest.approx(100 * one.low)
    low, high = figure.layout.xaxis.range
    assert low < 100 * min(one.low for one in figures)
    assert high > 100 * max(one.high for one in figures)


def test_long_labels_stand_above_their_rows_and_make_room() -> None:
    short = group_figures([figure_of("1", 9, 10), figure_of("2", 8, 10)])
    long = group_figures([figure_of("1 with an upstroke", 9, 10), figure_of("2", 8, 10)], "#123456")
    assert labels_of(short) == []
    assert labels_of(long) == ["1 with an upstroke", "2"]
    assert {annotation.font.color for annotation in long.layout.annotations} == {"#123456"}
    assert long.layout.height > short.layout.height
    wrapped = group_figures([figure_of("many words " * 10, 9, 10), figure_of("2", 8, 10)])
    assert "<br>" in labels_of(wrapped)[0]
    assert wrapped.layout.height > long.layout.height


def test_text_of_a_card_is_no_markup() -> None:
    bad = '<a href="x">y</a>'
    figures = [
        group_figures([figure_of(bad, 9, 10, bad), figure_of("2", 9, 10)]),
        reliability_curves({bad: TABLE}),
        rejection_curves(Rejection(thresholds=(0, 1), digits={bad: (0, 1)}, others={bad: (0, 1)}), 0.5),
        rival_dots([rival(bad, bad)]),
    ]
    for figure in figures:
        assert "<a" not in figure.to_json().replace("\\u003c", "<")


def test_the_weakest_come_first_with_all_their_series() -> None:
    figures = [figure_of(*row) for row in (("1", 9, 10, "a"), ("2", 8, 10, "a"), ("3", 10, 10, "a"), ("3", 5, 10, "b"))]
    assert [(one.what, one.on) for one in weakest_first(figures)] == [("3", "a"), ("3", "b"), ("2", "a"), ("1", "a")]


REJECTION = Rejection(
    thresholds=(0, 0.5, 1),
    digits={"scans": (0, 0.01, 0.2), "pens": (0, 0.02, 0.3)},
    others={"waves": (0, 0.8, 1)},
)


def test_digits_are_solid_and_what_is_none_is_broken_and_the_line_is_the_cards() -> None:
    figure = rejection_curves(REJECTION, 0.8)
    dashes = {trace.name: trace.line.dash for trace in figure.data}
    assert dashes == {"scans": "solid", "pens": "solid", "waves": "dash"}
    assert list(figure.data[2].x) == [0, 50, 100]
    assert list(figure.data[2].y) == [0, 80, 100]
    (line,) = figure.layout.shapes
    assert (line.x0, line.x1) == (80, 80)
    (label,) = figure.layout.annotations
    assert label.text == "threshold: 80.0 %"
    assert label.xanchor == "right"
    assert rejection_curves(REJECTION, 0.2).layout.annotations[0].xanchor == "left", "else it would leave the chart"


def test_no_two_of_many_curves_have_the_same_colour_and_symbol() -> None:
    others = {str(number): (0.0, 1.0) for number in range(30)}
    figure = rejection_curves(Rejection(thresholds=(0, 1), digits={}, others=others), 0.5)
    looks = [(place % 10, trace.marker.symbol) for place, trace in enumerate(figure.data)]  # the theme has ten colours
    assert len(set(looks)) == len(looks)


@pytest.mark.parametrize(("at", "expected"), [(0, 0), (0.25, 0.4), (0.5, 0.8), (0.75, 0.9), (1, 1)])
def test_the_share_refused_lies_between_its_neighbours(at: float, expected: float) -> None:
    assert rejection_rate(REJECTION, REJECTION.others["waves"], at) == pytest.approx(expected)


def test_a_refusal_that_is_cut_short_is_drawn_as_far_as_it_goes() -> None:
    short = Rejection(thresholds=(0, 0.5, 1), digits={"scans": (0, 0.5)}, others={"none": ()})
    assert [list(trace.x) for trace in rejection_curves(short, 0.5).data] == [[0, 50], []]
    assert rejection_rate(short, (), 0.5) == 0


def test_rivals_have_a_row_each_with_three_dots() -> None:
    rivals = [rival("one", "on <all>", 95), rival("two", prepared=60)]
    figure = rival_dots(rivals)
    found = {trace.name: list(trace.x) for trace in figure.data}
    assert found == {
        "MNIST test set": pytest.approx([99, 99]),
        "drawings, preprocessed": pytest.approx([95, 60]),
        "drawings, naive": pytest.approx([40, 40]),
    }
    assert len({trace.marker.symbol for trace in figure.data}) == 3
    assert [[row_of(figure, y) for y in trace.y] for trace in figure.data] == [[0, 1]] * 3
    assert labels_of(figure) == ["<b>one</b><br>on &lt;all&gt;", "<b>two</b><br>as it is"]
    assert [(line.x0, line.x1, line.y0) for line in figure.layout.shapes] == [(40, 95, 0), (40, 60, 1)]
    assert figure.layout.xaxis.range[0] < 100 * rivals[0].naive.low


def test_the_most_accurate_network_on_drawings_comes_first() -> None:
    assert [one.name for one in best_first([rival("a", prepared=50), rival("b", prepared=90)])] == ["b", "a"]


def test_every_network_has_a_unique_name() -> None:
    rivals = [rival("a", "x"), rival("a", "y"), rival("b", "x"), rival("c", "z"), rival("c", "z")]
    assert name_rivals(rivals) == ["a, x", "a, y", "b", "c, z (1)", "c, z (2)"]


def test_the_most_disputed_drawings_come_first() -> None:
    answers = [(1, 5, 7, 2), (1, 5, 8, 3), (1, 6, 9, 3)]
    assert measure_disagreement(answers) == pytest.approx([0, 4 / 9, 6 / 9, 4 / 9])
    assert find_most_disputed(answers, 9) == [2, 1, 3]
    assert find_most_disputed(answers, 2) == [2, 1]
    assert find_most_disputed(answers[:1], 9) == []
    assert find_most_disputed([(), ()], 9) == []


@given(st.lists(st.lists(st.integers(0, 9), min_size=6, max_size=6), min_size=1, max_size=5))
def test_disagreement_is_the_proportion_of_pairs_that_differ(answers: list[list[int]]) -> None:
    table = np.array(answers)
    pairs = (table[:, None] != table[None]).mean(axis=(0, 1))
    np.testing.assert_allclose(measure_disagreement(answers), pairs, atol=1e-12)
    places = find_most_disputed(answers, 6)
    assert set(places) == set(np.flatnonzero(pairs > 0).tolist())
    assert all(pairs[a] >= pairs[b] - 1e-12 for a, b in pairwise(places))
