import pytest

from digitrec.datasets import Dataset
from tests.sheets import Look, Rendered, handwriting, render


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return handwriting()


@pytest.fixture(scope="module")
def page(digits: Dataset) -> Rendered:
    return render(digits, Look(noise=2), 3, rows=2, columns=4, side=50)
