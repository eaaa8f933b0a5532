from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.ink.types import Box
from digitrec.reading.photographs.candidates import (
    Candidate,
)
from digitrec.reading.photographs.reading_order import find_slope as find_row_slope
from digitrec.reading.photographs.reading_order import order, trace_rows


def grid(rows: int, columns: int, degrees: float, seed: int, across: int = 70) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :columns].reshape(2, -1) * np.array([[90], [across]]) + rng.uniform(
        -6, 6, (2, rows * columns)
    )
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.stack([y * cos + x * sin, x * cos - y * sin], axis=1) + 1000


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 7), st.integers(3, 8), st.floats(-14, 14), st.integers(0, 99))
def test_rows_are_read_in_order_at_any_tilt(rows: int, columns: int, degrees: float, seed: int) -> None:
    middles = grid(rows, columns, degrees, seed)
    mixed = np.random.default_rng(seed).permutation(len(middles))
    slope = find_row_slope(middles[mixed], 50)
    levels = middles[mixed][:, 0] - slope * middles[mixed][:, 1]
    traced = trace_rows(levels, middles[mixed][:, 1], 30)
    assert mixed[np.concatenate(traced)].tolist() == list(range(len(middles)))
    assert [len(row) for row in traced] == [columns] * rows


@pytest.mark.parametrize("degrees", [-14, -5, 0, 9, 14])
def test_pieces_of_a_tilted_page_come_in_order(degrees: float) -> None:
    middles = grid(4, 8, degrees, 0, across=140)
    pieces = [
        Candidate(Box(int(x) - 15, int(y) - 25, int(x) + 15, int(y) + 25), (n,), 9, 0.5)
        for n, (y, x) in enumerate(middles)
    ]
    assert [(piece.numbers[0], row) for piece, row in order(pieces[::-1])] == [(n, n // 8) for n in range(32)]
    assert np.rad2deg(np.arctan(find_row_slope(middles, 50))) == pytest.approx(degrees, abs=1.5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), max_size=30))
def test_rows_are_a_partition_each_from_left_to_right(places: list[tuple[float, float]]) -> None:
    levels, across = np.array(places, float).reshape(-1, 2).T
    rows = trace_rows(levels, across, 30)
    assert sorted(chain(*rows)) == list(range(len(places)))
    assert all((np.diff(across[row]) >= 0).all() for row in rows)
    means = [levels[row].mean() for row in rows]
    assert means == sorted(means)


def test_two_digits_are_level_and_none_have_no_rows() -> None:
    assert find_row_slope(np.array([[0.0, 0.0], [20.0, 100.0]]), 50) == 0
    assert order([]) == []
