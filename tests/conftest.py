import gc
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Split, data_folder, load_dataset
from digitrec.datasets.sources.mnist import HASHES, WRITER_HASHES
from digitrec.datasets.sources.pen import PATH, PenDigit, load_pen_digits, split_by_writer
from digitrec.datasets.synthetic.composing import ImageWriter, PenWriter, image_writers, pen_writers
from digitrec.datasets.synthetic.samples import own_sample
from digitrec.ink.drawings import render
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.registry import find_model
from tests.data import sample

ALL_DATA = (*HASHES, *WRITER_HASHES, PATH)
# Property tests run on the same examples each time; `make fuzz` looks for new ones.
settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("fuzz", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("fixed")


# These take longest and so run first; short tests at the end keep both workers busy.
LONGEST = ("training", "test_pages.py", "test_app.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first; the order within a file stays."""
    items.sort(key=lambda item: not any(item.path.is_relative_to(Path(__file__).parent / name) for name in LONGEST))


def pytest_collection_finish() -> None:
    """Exempt what is imported by now from garbage collection.

    Streamlit collects garbage after each run of a page. With TensorFlow in the process, that takes 0.3 to 0.5 s: four
    fifths of what a page's test takes.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests write nothing into the user's models, runs and cache."""
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITREC_MODELS", str(folder / "models"))
        patch.setenv("DIGITREC_RUNS", str(folder / "runs"))
        patch.setenv("DIGITREC_CACHE", str(folder / "cache"))
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests marked `full_data` only run if all data is there."""
    if item.get_closest_marker("full_data"):
        need_data(*ALL_DATA)


def need_data(*paths: str) -> None:
    """Skip the test if one of these files is not in the data folder; in CI, fail."""
    missing = [path for path in paths if not (data_folder() / path).is_file()]
    if not missing:
        return
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    reason = f"{missing[0]}{more} not in {data_folder()}: set DIGITREC_DATA to a folder that has the data."
    if os.environ.get("CI"):
        pytest.fail(f"CI has to test on the real data. {reason}")
    pytest.skip(reason)


def is_there(*paths: str) -> bool:
    """Whether to test on these files of the data folder instead of the sample; required in CI."""
    if os.environ.get("CI"):
        need_data(*paths)
    return all((data_folder() / path).is_file() for path in paths)


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """MNIST with its writers if available, otherwise its sample in tests/data."""
    return load_dataset("mnist") if is_there(*HASHES, *WRITER_HASHES) else sample.load_mnist()


@pytest.fixture(scope="session")
def pen_digits() -> tuple[PenDigit, ...]:
    """The pen digits of all thirty writers if available, otherwise those of the six held-out ones."""
    return load_pen_digits() if is_there(PATH) else sample.load_pen_digits()


@pytest.fixture(scope="session")
def pens(pen_digits: tuple[PenDigit, ...]) -> tuple[PenWriter, ...]:
    """The held-out pen writers."""
    return pen_writers(split_by_writer(pen_digits)[1])


@pytest.fixture(scope="session")
def images(mnist: Dataset) -> tuple[ImageWriter, ...]:
    """Some writers of MNIST's test set."""
    test = mnist.test
    assert test.writers is not None
    return image_writers(Split(test.images[:2000], test.labels[:2000], test.writers[:2000]))


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return load_classifier()


@pytest.fixture(scope="session")
def ink() -> NDArray[np.uint8]:
    return render(own_sample(3, np.random.default_rng(0)).drawing)


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in ("card.json", "model.tflite", "path.tflite"):
        shutil.copy(find_model() / name, folder)
    return folder


@pytest.fixture
def change_card(model_folder: Path) -> Callable[..., None]:
    def change(**fields: object) -> None:
        path = model_folder / "card.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | fields))

    return change
