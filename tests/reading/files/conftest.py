import pytest

from digitrec.datasets import load_dataset
from tests.reading.files.helpers import Images


@pytest.fixture(scope="module")
def digits() -> Images:
    return load_dataset("uci").test.images[:12]
