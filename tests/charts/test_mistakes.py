import numpy as np
import pandas as pd
import pytest

from digitrec.charts.calibration import confidence_bars, coverage_curve
from digitrec.charts.mistakes import confusion_matrix, group_dots, strength_curves, verdict_squares
from digitrec.evaluation.calibration import coverage
from digitrec.evaluation.metrics import confusion
from digitrec.evaluation.subgroups import compare_groups

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 10, 500).astype(np.uint8)
PROBABILITIES = (0.6 * np.eye(10)[LABELS] + 0.4 * RNG.dirichlet(np.full(10, 0.2), 500)).astype(np.float32)
READ = PROBABILITIES.argmax(axis=1)
READ[:40] = RNG.integers(0, 10, 40)
COUNTS = confusion(LABELS, READ)


@pytest.mark.parametrize("as_shares", [False, True])
@pytest.mark.parametrize("hides_right", [False, True])
def test_each_cell_shows_its_count_and_can_be_pressed(as_shares: bool, hides_right: bool) -> None:
    figure = confusion_matrix(COUNTS, in_percent=as_shares, hides_correct=hides_right, is_selectable=True)
    shown = {(note.y, note.x): note.text for note in figure.layout.annotations}
    for label in range(10):
        for read in range(10):
            if not COUNTS[label, read] or (label == read and hides_right):
                assert (str(label), str(read)) not in shown
                continue
            expected = (
                f"{100 * COUNTS[label, read] / (label == LABELS).sum():.1f}" if as_shares else COUNTS[label, read]
            )
            assert shown[str(label), str(read)] == str(expected)
        assert shown[str(label), "all"] == f"<i>{((label == LABELS) & (label != READ)).sum()}</i>"
        assert shown["all", str(label)] == f"<i>{((label == READ) & (label != LABELS)).sum()}</i>"
    targets = figure.data[-1]
    cells = {tuple(cell): (y, x) for cell, x, y in zip(targets.customdata, targets.x, targets.y, strict=True)}
    assert cells[4, 9] == ("4", "9")
    assert cells[4, -1] == ("4", "all")
    assert cells[-1, 9] == ("all", "9")
    assert len(cells) == 120


def test_confidences_are_counted_once() -> None:
    confidence, is_right = PROBABILITIES.max(axis=1), READ == LABELS
    right, wrong = confidence_bars(confidence, is_right).data
    assert sum(right.y) == is_right.sum()
    assert sum(wrong.y) == (~is_right).sum()
    assert wrong.marker.pattern.shape


def test_the_coverage_curve_is_the_table() -> None:
    table = coverage(PROBABILITIES, LABELS)
    answered, wrong = coverage_curve(table, 0.4).data
    np.testing.assert_allclose(answered.y, 100 * table["coverage"])
    np.testing.assert_allclose(wrong.y, 100 * table["error"])
    assert coverage_curve(table, 0.4).layout.shapes[0].x0 == 40


def test_worse_groups_are_filled() -> None:
    is_right = np.ones(400, bool)
    is_right[:30] = False
    table = compare_groups(is_right, np.repeat(["a", "b", "c", "d"], 100))
    (dots,) = group_dots(table).data
    assert dict(zip(dots.y, dots.marker.symbol, strict=True))["a"] == "circle"
    assert list(dots.marker.symbol).count("circle-open") == 3
    assert list(dots.y) == ["d", "c", "b", "a"], "the first on top"


def test_strengths_have_a_line_a_model() -> None:
    table = pd.DataFrame({"amount": [0.0, 5.0], "accuracy": [0.9, 0.5], "low": [0.8, 0.4], "high": [0.95, 0.6]})
    one, other = strength_curves({"one": table, "<i>": table}, "turned").data
    np.testing.assert_allclose(one.y, [90, 50])
    assert one.line.dash != other.line.dash
    assert other.name == "&lt;i&gt;"


def test_squares_are_verdicts_and_say_where_it_is_not_sure() -> None:
    digits, confidence = np.array([[1, 2], [3, 4]]), np.array([[0.9, 0.3], [0.8, 0.81]], np.float32)
    probabilities = np.zeros((2, 2, 10), np.float32)
    np.put_along_axis(probabilities, digits[..., None], confidence[..., None], axis=2)
    probabilities[0, 1, 2:5] = [0.3, 0.2, 0.2]
    squares, pale = verdict_squares(probabilities, confidence >= 0.8, ([0, 1], [-2, 0.5]), ("a", "b")).data
    assert np.isnan(np.asarray(pale.z)).tolist() == [[True, False], [True, True]]
    assert np.asarray(squares.text).tolist() == [["1", ""], ["3", "4"]]
    assert np.asarray(pale.text).tolist() == [["", "?"], ["", ""]]
    assert list(squares.y) == ["0", "1"]
    assert list(squares.x) == ["-2", "0.5"]
    np.testing.assert_array_equal(squares.z, digits)


def test_a_plain_matrix_shows_the_mistakes_and_writes_all_counts() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 3000).astype(np.uint8)
    read = np.where(rng.random(3000) < 0.9, labels, rng.integers(0, 5, 3000)).astype(np.intp)
    counts = confusion(labels, read)
    before = counts.copy()
    figure = confusion_matrix(counts, "#123456")
    np.testing.assert_array_equal(counts, before)
    (squares,) = figure.data
    assert np.isnan(np.diag(squares.z)).all()
    away = ~np.eye(10, dtype=bool)
    np.testing.assert_array_equal(np.asarray(squares.z)[away], counts[away])
    written = {(int(note.y), int(note.x)): int(note.text.replace(",", "")) for note in figure.layout.annotations}
    assert written == {(row, column): counts[row, column] for row, column in np.argwhere(counts).tolist()}
    assert {note.font.color for note in figure.layout.annotations} == {"#123456"}
    assert figure.layout.yaxis.range == (9.5, -0.5), "0 on top"
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("read as", "label")
