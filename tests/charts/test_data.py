import html
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from digitrec.charts.card import LETTERS, single_figures
from digitrec.charts.data import boxes_by_digit, grey_bars, label_bars, plane, value_bars
from digitrec.charts.training import compared_curves, learning_curves
from digitrec.datasets.exploration.labels import count_labels
from digitrec.evaluation.metrics import measure_proportion
from digitrec.training.run_folders.run_tables import HISTORY, STEPS, read_table

LABELS = np.repeat(np.arange(10), [5, 9, 1, 4, 4, 4, 3, 8, 2, 4]).astype(np.uint8)


def test_bars_are_the_counts_of_pandas() -> None:
    figure = label_bars(count_labels(LABELS), "digit")
    bars = {digit: count for trace in figure.data for digit, count in zip(trace.x, trace.y, strict=True)}
    expected = pd.Series(LABELS).value_counts()
    assert bars == {str(digit): expected[digit] for digit in range(10)}
    above = next(trace for trace in figure.data if "above" in trace.name)
    assert set(above.x) == {str(digit) for digit in expected.index if expected[digit] > expected.mean()}
    assert figure.layout.shapes[0].y0 == expected.mean()


def test_bars_can_be_sorted_by_count() -> None:
    order = label_bars(count_labels(LABELS), "count").layout.xaxis.categoryarray
    assert order[:2] == ("1", "7")
    assert order[-1] == "2"


def test_shares_are_dots_with_their_intervals() -> None:
    figures = [
        measure_proportion("accuracy", name, np.arange(n) < right) for name, right, n in (("a", 9, 10), ("b", 50, 100))
    ]
    (dots,) = single_figures(figures).data
    assert list(dots.x) == [50, 90]
    assert dots.x[1] + dots.error_x.array[1] == 100 * figures[0].high
    assert dots.x[1] - dots.error_x.arrayminus[1] == 100 * figures[0].low
    texts = [annotation.text for annotation in single_figures(figures).layout.annotations]
    assert texts[1].replace("\u00a0", " ") == "a: <b>90.00 %</b> of 10"


def test_labels_of_proportions_fit_a_phone_and_keep_the_value_together() -> None:
    name = "Digits <of> six held-out writers, second half, without pen path"
    figures = [
        measure_proportion("accuracy", name, np.arange(1500) > 3),
        measure_proportion("accuracy", "a", np.arange(9) > 3),
    ]
    long, short = (single_figures(part) for part in (figures, figures[1:]))
    lines = long.layout.annotations[1].text.split("<br>")
    assert len(lines) == 2
    assert all(len(html.unescape(re.sub("</?b>", "", line))) <= LETTERS for line in lines)
    assert html.unescape(" ".join(lines).replace("\u00a0", " ")) == f"{name}: <b>99.73 %</b> of 1,500"
    assert lines[1].endswith("<b>99.73\u00a0%</b>\u00a0of\u00a01,500")
    assert long.layout.height > 2 * (short.layout.height - 50) + 50, "two lines need more room"


@pytest.mark.parametrize(
    ("counts", "below"),
    [
        ([5, 9, 1, 4, 4, 4, 3, 8, 2, 4], "below the mean"),
        ([5, 9, 1, 4, 4, 4, 3, 8, 1, 1], "at or below the mean"),
        ([6] * 10, "at or below the mean"),
        ([3, 5] * 5, "below the mean"),
    ],
)
def test_what_is_at_the_mean_is_called_so(counts: list[int], below: str) -> None:
    labels = np.repeat(np.arange(10), counts).astype(np.uint8)
    bars = {
        trace.name: dict(zip(trace.x, trace.y, strict=True)) for trace in label_bars(count_labels(labels), "digit").data
    }
    assert list(bars) == ["above the mean", below]
    expected = pd.Series(counts)
    assert bars[below] == {str(digit): n for digit, n in expected[expected <= expected.mean()].items()}


def test_greys_are_bars_on_a_logarithmic_scale() -> None:
    counts = np.random.default_rng(0).integers(0, 1000, 256)
    figure = grey_bars(counts)
    (bars,) = figure.data
    assert list(bars.x) == list(range(256))
    np.testing.assert_array_equal(bars.y, counts)
    assert figure.layout.yaxis.type == "log"


def test_boxes_are_pandas_quantiles() -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice([2, 5, 7], 300).astype(np.uint8)
    values = rng.normal(labels, 1)
    figure = boxes_by_digit(values, labels, "ink", " %")
    (boxes,) = figure.data
    groups = pd.Series(values).groupby(labels)
    assert list(boxes.x) == ["2", "5", "7"]
    for name, share in (("lowerfence", 0.05), ("q1", 0.25), ("median", 0.5), ("q3", 0.75), ("upperfence", 0.95)):
        np.testing.assert_allclose(boxes[name], groups.quantile(share))
    assert figure.layout.xaxis.type == "category"
    assert (figure.layout.yaxis.title.text, figure.layout.yaxis.ticksuffix) == ("ink", " %")


def test_a_digit_with_one_image_is_a_flat_box() -> None:
    (box,) = boxes_by_digit(np.array([3.5]), np.array([8], np.uint8), "ink", "").data
    assert [box.x[0], *(box[name][0] for name in ("lowerfence", "q1", "median", "q3", "upperfence"))] == ["8"] + [
        3.5
    ] * 5


@pytest.mark.parametrize("bins", [4, 64])
def test_values_are_counted_as_a_loop_does(bins: int) -> None:
    values = np.random.default_rng(0).normal(size=500).astype(np.float32)
    figure = value_bars(values, bins)
    (bars,) = figure.data
    assert len(bars.x) == bins
    assert sum(bars.y) == 500
    np.testing.assert_allclose(bars.width, np.ptp(values) / bins, rtol=1e-4)
    edges = np.append(bars.x - bars.width / 2, bars.x[-1] + bars.width[-1] / 2)
    np.testing.assert_allclose(edges[[0, -1]], [values.min(), values.max()], rtol=1e-5)
    binned = pd.cut(values, np.linspace(values.min(), values.max(), bins + 1), right=False, labels=False)
    expected = pd.Series(binned).fillna(bins - 1).value_counts().reindex(range(bins), fill_value=0)
    assert np.abs(bars.y - expected).sum() <= 2, "a value on an edge may fall on either side"
    assert figure.layout.yaxis.type == "log"


def test_one_value_alone_is_one_bar() -> None:
    (bars,) = value_bars(np.full(9, 0.5, np.float32)).data
    assert sorted(bars.y)[-2:] == [0, 9]
    assert bars.x[np.argmax(bars.y)] == pytest.approx(0.5, abs=0.02)


def test_dots_lie_where_they_were_laid_and_know_their_index() -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice([0, 3, 8], 90).astype(np.uint8)
    positions = rng.normal(size=(90, 2)).astype(np.float32)
    figure = plane(positions, labels, "#123456")
    assert [trace.name for trace in figure.data] == ["0", "3", "8"]
    for trace in figure.data:
        np.testing.assert_array_equal(np.stack([trace.x, trace.y], axis=1), positions[trace.customdata])
        assert (labels[trace.customdata] == int(trace.name)).all()
    assert sorted(index for trace in figure.data for index in trace.customdata) == list(range(90))
    middles = pd.DataFrame(positions).groupby(labels).median()
    for note, (digit, middle) in zip(figure.layout.annotations, middles.iterrows(), strict=True):
        assert note.text == f"<b>{digit}</b>"
        assert (note.x, note.y) == pytest.approx(tuple(middle), abs=1e-6)
        assert note.font.color == "#123456"
        assert not note.showarrow


def test_zooming_outlives_a_selection() -> None:
    figures = [plane(np.zeros((n, 2), np.float32), np.zeros(n, np.uint8)) for n in (2, 3)]
    assert figures[0].layout.uirevision == figures[1].layout.uirevision is not None


@pytest.mark.parametrize(("what", "factor"), [("loss", 1), ("accuracy", 100)])
def test_learning_curves_are_the_tables(what: str, factor: int) -> None:
    rng = np.random.default_rng(0)
    steps = pd.DataFrame(rng.random((8, 5)), columns=list(STEPS)).assign(done=np.arange(1, 9) / 4)
    history = pd.DataFrame(rng.random((2, 7)), columns=list(HISTORY)).assign(epoch=[1.0, 2.0])
    within, whole, aside = learning_curves(history, steps, 5, what).data
    np.testing.assert_allclose(within.x, steps["done"])
    mean, weight, expected = 0.0, 0.0, []
    for value in steps[what]:  # newer rows weigh more: 1, 0.6, 0.36 ...
        mean, weight = 0.6 * mean + value, 0.6 * weight + 1
        expected.append(factor * mean / weight)
    np.testing.assert_allclose(within.y, expected)
    for trace, column in ((whole, what), (aside, f"val_{what}")):
        assert list(trace.x) == [1, 2]
        np.testing.assert_allclose(trace.y, factor * history[column])
    assert aside.name == "validation"


@pytest.mark.parametrize("what", ["loss", "accuracy"])
def test_learning_curves_show_their_axes_before_the_first_step(tmp_path: Path, what: str) -> None:
    history, steps = (read_table(tmp_path / "none.csv", columns) for columns in (HISTORY, STEPS))
    figure = learning_curves(history, steps, 5, what)
    assert all(len(trace.x) == 0 for trace in figure.data)
    assert figure.layout.yaxis.range[1] > 2
    assert figure.layout.uirevision == "kept"


@given(st.floats(0.001, 500), st.integers(1, 500))
def test_learning_curves_fill_half_of_their_axis_and_never_leave_it(done: float, epochs: int) -> None:
    assume(done <= epochs)
    steps = pd.DataFrame([[1, 1, 2.3, 0.1, done]], columns=list(STEPS))
    (_, reach) = learning_curves(
        pd.DataFrame(columns=list(HISTORY), dtype=float), steps, epochs, "loss"
    ).layout.xaxis.range
    assert done <= reach <= 1.02 * max(epochs, 0.25)
    assert done >= min(reach / 1.02, epochs) / 2 or reach < 0.3
    if done == epochs:
        assert reach >= epochs


def test_compared_curves_are_told_apart_without_colour_and_names_are_text() -> None:
    history = pd.DataFrame(
        {"epoch": [1, 2], "seconds": [3.0, 5.0], "val_accuracy": [0.9, 0.95], "val_loss": [0.3, 0.2]}
    )
    histories = {"one": history, "<b>other</b>": history.head(1)}
    one, other = compared_curves(histories, "val_accuracy", "seconds").data
    assert list(one.x) == [3, 5]
    np.testing.assert_allclose(one.y, [90, 95])
    assert one.line.dash != other.line.dash
    assert other.name == "&lt;b&gt;other&lt;/b&gt;"
    losses = compared_curves(histories, "val_loss", "epoch")
    np.testing.assert_allclose(losses.data[0].y, [0.3, 0.2])
    assert losses.layout.xaxis.title.text == "epochs"
