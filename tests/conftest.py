import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Split, data_folder, load_dataset
from digitrec.datasets.sources.mnist import HASHES, WRITER_HASHES
from digitrec.datasets.sources.pen import PATH, PenDigit, load_pen_digits, split_by_writer
from digitrec.datasets.synthetic.composing import ImageWriter, PenWriter, image_writers, pen_writers
from digitrec.datasets.synthetic.samples import own_sample
from digitrec.ink.drawings import render
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.registry import find_model


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests write nothing into the user's models, runs and cache."""
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITREC_MODELS", str(folder / "models"))
        patch.setenv("DIGITREC_RUNS", str(folder / "runs"))
        patch.setenv("DIGITREC_CACHE", str(folder / "cache"))
        yield


def need_data(*paths: str) -> None:
    missing = [path for path in paths if not (data_folder() / path).is_file()]
    if not missing:
        return
    told = f"{', '.join(missing)} not in {data_folder()}: set DIGITREC_DATA to a folder that has it."
    if os.environ.get("CI"):
        pytest.fail(f"CI has to test on the real data. {told}")
    pytest.skip(told)


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    need_data(*HASHES, *WRITER_HASHES)
    return load_dataset("mnist")


@pytest.fixture(scope="session")
def pen_digits() -> tuple[PenDigit, ...]:
    need_data(PATH)
    return load_pen_digits()


@pytest.fixture(scope="session")
def pens(pen_digits: tuple[PenDigit, ...]) -> tuple[PenWriter, ...]:
    """The hands of writers whom no training saw."""
    return pen_writers(split_by_writer(pen_digits)[1])


@pytest.fixture(scope="session")
def images(mnist: Dataset) -> tuple[ImageWriter, ...]:
    """The hands of some writers of MNIST's test part."""
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
