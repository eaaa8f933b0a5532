import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitrec.errors import DataError
from digitrec.reading.files.submission import check_submission, make_submission

DIGITS = st.lists(st.integers(0, 9), min_size=1, max_size=300)


def frame_of(digits: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"row": np.arange(1, len(digits) + 1), "digit": np.array(digits, np.uint8), "unsure": False})


@given(DIGITS)
def test_a_submission_has_a_row_for_each_digit_in_order(digits: list[int]) -> None:
    content = make_submission(frame_of(digits), len(digits))
    header, *rows = csv.reader(io.StringIO(content.decode("ascii")))
    assert header == ["ImageId", "Label"]
    assert [(int(number), int(label)) for number, label in rows] == list(enumerate(digits, 1))
    assert content.count(b"\n") == len(digits) + 1
    assert make_submission(frame_of(digits)) == content
    check_submission(content.replace(b"\n", b"\r\n"), len(digits))
    check_submission(content.removesuffix(b"\n"), len(digits))


@given(DIGITS, st.data())
def test_a_lost_row_is_never_left_out_silently(digits: list[int], data: st.DataObject) -> None:
    lost = data.draw(st.integers(1, len(digits)))
    frame = frame_of(digits)
    with pytest.raises(DataError, match=f"rows 1 to {len(digits)}. Received: none for {lost}. Correct the rows"):
        make_submission(frame[frame["row"] != lost], len(digits))
    with pytest.raises(DataError, match=f"none for {len(digits) + 1}, {len(digits) + 2}. Correct"):
        make_submission(frame, len(digits) + 2)


def test_many_lost_rows_are_counted() -> None:
    with pytest.raises(DataError, match=r"none for 2, 3, 4 and 2,995 more\."):
        make_submission(frame_of([7]), 2999)


def test_more_rows_than_the_test_set_are_refused() -> None:
    with pytest.raises(DataError, match=r"Expected 2 rows, as many as the test set has\. Received: 3"):
        make_submission(frame_of([1, 2, 3]), 2)


def test_what_is_no_digit_is_refused() -> None:
    frame = frame_of([1, 2, 3])
    with pytest.raises(DataError, match=r"0 to 9, as label\. Received: '12' in row 2"):
        make_submission(frame.assign(digit=[1, 12, 3]))
    with pytest.raises(DataError, match=r"Expected ids from 1 on, in order\. Received: '2' in row 1"):
        make_submission(frame.iloc[[1, 0, 2]])


GOOD = "ImageId,Label\n1,7\n2,0\n3,9\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (GOOD.replace("ImageId", "id"), "Received: 'id,Label'"),
        (GOOD.lower(), "Received: 'imageid,label'"),
        ("\ufeff" + GOOD, "as header"),
        (GOOD.partition("\n")[2], "Received: '1,7'"),
        ("", "Received: ''"),
        (GOOD.replace("2,0", "4,0"), "Received: '4' in row 2"),
        (GOOD.replace("2,0\n", ""), "Received: '3' in row 2"),
        (GOOD.replace("1,7", "0,7"), "Received: '0' in row 1"),
        (GOOD.replace("1,7", "01,7"), "Received: '01' in row 1"),
        (GOOD.replace("2,0", ""), "Received: '' in row 2"),
        (GOOD.replace("3,9", "3,10"), "Received: '10' in row 3"),
        (GOOD.replace("3,9", "3,-1"), "Received: '-1' in row 3"),
        (GOOD.replace("3,9", "3,9.0"), "Received: '9.0' in row 3"),
        (GOOD.replace("3,9", "3,"), "Received: '' in row 3"),
        (GOOD.replace("3,9", "3"), "Received: '' in row 3"),
        (GOOD.replace("3,9", "3,٣"), "Received: '٣' in row 3"),
        (GOOD.replace("3,9", "3,9,1"), "Received: '9,1' in row 3"),
        (GOOD + "4,1\n", "Expected 3 rows, as many as the test set has. Received: 4"),
        (GOOD.removesuffix("3,9\n"), "Received: 2. Read the whole test set."),
        (GOOD.encode("utf-16").decode("latin-1"), "as header"),
    ],
)
def test_what_kaggle_would_refuse_is_refused(content: str, told: str) -> None:
    check_submission(GOOD.encode(), 3)
    with pytest.raises(DataError, match=r"^Expected .* Received: .*\. [A-Z].*\.$") as caught:
        check_submission(content.encode(), 3)
    assert told in str(caught.value)


def test_other_bytes_than_text_are_refused() -> None:
    with pytest.raises(DataError, match="other bytes"):
        check_submission(b"\xff\xfeI\0m\0", 3)
