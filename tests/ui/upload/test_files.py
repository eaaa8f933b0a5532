import numpy as np
import pandas as pd
import pytest
import streamlit as st

from digitrec.ui.state import CORRECTIONS, Key
from digitrec.ui.upload import files

FRAME = pd.DataFrame(
    {"row": [1, 2, 4], "digit": np.array([7, 3, 9], np.uint8), "confidence": np.array([0.9, 0.4, 0.99], np.float32)}
)


def test_corrections_change_digits_and_say_where() -> None:
    applied = files.apply_corrections(FRAME, {4: 0, 17: 5})
    assert applied["digit"].tolist() == [7, 3, 0]
    assert applied["corrected"].tolist() == [False, False, True]
    assert applied["digit"].dtype == np.uint8
    assert FRAME["digit"].tolist() == [7, 3, 9], "what was read stays as it is"
    pd.testing.assert_frame_equal(files.apply_corrections(FRAME, {}).drop(columns="corrected"), FRAME)


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        ({"1": {"digit": 8}}, {2: 8}),
        ({"0": {"digit": 7}}, {}),
        ({"2": {"digit": 0}, "0": {"digit": 1}}, {4: 0, 1: 1}),
        ({"9": {"digit": 1}, "-1": {"digit": 1}}, {}),
        ({"1": {"digit": 12}}, {}),
        ({"1": {"digit": "<b>"}}, {}),
        ({"1": {"row": 5}}, {}),
    ],
    ids=["another", "as it was read", "two", "no such row", "no digit", "text", "another column"],
)
def test_what_the_table_sends_is_taken_where_it_makes_sense(
    edited: dict[str, dict[str, object]], expected: dict[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = {"table": {"edited_rows": edited}, CORRECTIONS.name: {"file": {}}}
    monkeypatch.setattr(st, "session_state", session)
    files._take_corrections(Key("table", None), "file", [1, 2, 4], FRAME)
    assert session[CORRECTIONS.name]["file"] == expected


def test_a_correction_that_is_taken_back_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    session = {"table": {"edited_rows": {"0": {"digit": 7}}}, CORRECTIONS.name: {"file": {1: 2, 2: 5}}}
    monkeypatch.setattr(st, "session_state", session)
    files._take_corrections(Key("table", None), "file", [1, 2, 4], FRAME)
    assert session[CORRECTIONS.name]["file"] == {2: 5}
