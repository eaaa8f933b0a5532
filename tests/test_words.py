import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitrec.words import in_percent, in_seconds, in_words, with_article

SECONDS = {"s": 1, "min": 60, "h": 3600}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "1 s"),
        (0, "1 s"),
        (0.4, "1 s"),
        (1.6, "2 s"),
        (4.2, "4 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (125, "2 min"),
        (170, "3 min"),
        (59 * 60, "59 min"),
        (90 * 60, "1 h 30 min"),
        (100 * 60, "1 h 40 min"),
        (25 * 3600, "25 h"),
    ],
)
def test_a_time_to_wait_is_told_in_its_unit(seconds: float, words: str) -> None:
    assert in_seconds(seconds) == words


@given(st.floats(1, 1e6))
def test_what_is_told_is_half_a_unit_off_at_most(seconds: float) -> None:
    words = in_seconds(seconds)
    told = sum(int(number) * SECONDS[unit] for number, unit in re.findall(r"(\d+) (\w+)", words))
    assert abs(told - seconds) <= (0.5 if words.endswith(" s") else 30.5)
    assert len(words) <= len("277 h 46 min")


@pytest.mark.parametrize(
    ("confidence", "words", "percent"),
    [
        (1.0, "Certain", "> 99.9 %"),
        (0.99, "Certain", "99.0 %"),
        (0.989, "Confident", "98.9 %"),
        (0.9, "Confident", "90.0 %"),
        (0.8, "Fairly confident", "80.0 %"),
        (0.1, "Probably", "10.0 %"),
        (0.0, "Probably", "0.0 %"),
    ],
)
def test_a_probability_is_told_in_words_and_percent(confidence: float, words: str, percent: str) -> None:
    assert (in_words(confidence), in_percent(confidence)) == (words, percent)


@given(st.floats(0, 1))
def test_no_probability_is_rounded_up_to_100_percent(confidence: float) -> None:
    assert not in_percent(confidence).startswith("100")


def test_an_8_alone_is_an() -> None:
    assert [digit for digit in range(10) if with_article(digit) == f"an {digit}"] == [8]
    assert with_article(7) == "a 7"
