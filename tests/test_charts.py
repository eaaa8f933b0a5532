import numpy as np
import pandas as pd

from digitrec.charts import label_bars, shares
from digitrec.distribution import count_labels
from digitrec.evaluation import measure

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
    figures = [measure("read", name, np.arange(n) < right) for name, right, n in (("a", 9, 10), ("b", 50, 100))]
    (dots,) = shares(figures).data
    assert list(dots.x) == [50, 90]
    assert dots.x[1] + dots.error_x.array[1] == 100 * figures[0].high
    assert dots.x[1] - dots.error_x.arrayminus[1] == 100 * figures[0].low
    texts = [annotation.text for annotation in shares(figures).layout.annotations]
    assert texts[1].startswith("a: <b>90.00 %</b> of 10")
