import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitrec.datasets import Dataset
from digitrec.reading.photographs.contrast import (
    FAINTEST,
    STRAY,
    faintest,
    find_strokes,
    is_dark_on_light,
    measure_contrast,
)
from tests.reading.photographs.helpers import PAPER
from tests.sheets import Look, render


@settings(max_examples=15, deadline=None)
@given(st.floats(0.3, 1), st.floats(0.3, 1), st.integers(10, 120))
def test_contrast_is_the_pens_in_any_light(left: float, right: float, pen: int) -> None:
    reflects = np.full((260, 300), PAPER, float)
    reflects[100:160, 60:70] = reflects[100:160, 220:230] = pen
    grey = (reflects + STRAY) * np.linspace(left, right, 300) - STRAY
    contrast = measure_contrast(grey.astype(np.float32))
    expected = 1 - (pen + STRAY) / (PAPER + STRAY)
    np.testing.assert_allclose(contrast[110:150, 63:67], expected, atol=0.03)
    np.testing.assert_allclose(contrast[110:150, 223:227], expected, atol=0.03)
    assert contrast[:, 100:200].max() < 0.04


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 99), st.integers(20, 90))
def test_polarity_turns_with_the_picture(digits: Dataset, seed: int, side: int) -> None:
    page = render(digits, Look(), seed, rows=1, columns=2, side=side)
    grey = page.picture[..., 1].astype(np.float32)
    assert is_dark_on_light(grey)
    assert not is_dark_on_light(255 - grey)


@pytest.mark.parametrize("deviation", [0.001, 0.03, 0.06])
def test_what_is_fainter_than_six_deviations_of_the_noise_is_paper(deviation: float) -> None:
    noise = np.random.default_rng(0).normal(0, deviation, (400, 500)).astype(np.float32)
    assert faintest(noise) == pytest.approx(max(FAINTEST, 6 * deviation), rel=0.03)


def test_a_pale_pen_is_ink_where_it_is_alone_but_not_beside_a_dark_one() -> None:
    contrast = np.zeros((500, 1500), np.float32)
    contrast[200:230, 100:106] = 0.8
    contrast[200:230, 130:136] = contrast[200:230, 1300:1306] = 0.25
    strokes = find_strokes(contrast)
    assert strokes[215, 103]
    assert not strokes[215, 133]
    assert strokes[215, 1303]
