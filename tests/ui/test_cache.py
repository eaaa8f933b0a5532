import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from numpy.typing import NDArray
from PIL import Image
from streamlit.testing.v1 import AppTest

from digitrec.charts.pictures import as_paper
from digitrec.datasets import Dataset, data_folder, load_dataset
from digitrec.datasets.exploration import maps
from digitrec.datasets.exploration.maps import make_map
from digitrec.datasets.exploration.projection import project, to_features
from digitrec.datasets.export import to_exported_frame
from digitrec.datasets.synthetic.samples import own_sample
from digitrec.evaluation.label_reviews import read_judgements, with_reviewed_labels
from digitrec.evaluation.robustness import CORRUPTIONS, accuracy_by_strength
from digitrec.ink.drawings import render
from digitrec.networks.classifier import Classifier
from digitrec.reading.files import open_batch
from digitrec.storage import replace_arrays
from digitrec.ui import cache
from digitrec.ui.jobs import wait_for
from digitrec.ui.upload import files

NAME = "own/mine.npz"
SHARED = data_folder().absolute()


@pytest.fixture(autouse=True)
def _empty_caches() -> Iterator[None]:
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder with a dataset in own/."""
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DIGITREC_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data" / "own").mkdir(parents=True)
    put(tmp_path / "data", slice(0, 100))
    yield tmp_path / "data"
    files._uploads_folder(str(tmp_path / "cache")).cleanup()


def put(data: Path, rows: slice) -> None:
    """Replace the dataset by these rows of the bundled digits."""
    train = load_dataset("uci").train
    replace_arrays(data / NAME, images=train.images[rows], labels=train.labels[rows])


def everything() -> dict[str, NDArray[Any]]:
    """What is cached of the dataset as it is now."""
    data = cache.dataset(NAME)
    digits = wait_for(("map", data.fingerprint), "", partial(make_map, data.train.images, to_features, "PCA", 50))
    return {
        "images": data.train.images,
        "properties": cache.properties(data, "train").to_numpy(),
        "pixels": cache.pixel_summary(data, "train").means,
        "findings": np.array([str(finding) for finding in cache.findings(data)]),
        "probabilities": cache.probabilities(cache.classifier(), data, "train"),
        "neighbours": np.asarray(cache.neighbours_index(cache.classifier(), data).features),
        "map": digits.features,
    }


@pytest.mark.parametrize("count", [100, 60], ids=["as many", "fewer"])
def test_nothing_of_a_replaced_file_is_shown_for_the_new_one(count: int, data: Path) -> None:
    before, again = everything(), everything()
    for name in set(before) - {"findings", "neighbours"}:
        assert again[name] is before[name] or name == "properties", f"{name} is not cached"
    put(data, slice(200, 200 + count))
    after = everything()
    np.testing.assert_array_equal(after["images"], load_dataset(NAME).train.images)
    st.cache_resource.clear()
    anew = everything()
    for name in before:
        np.testing.assert_array_equal(after[name], anew[name], err_msg=name)
        assert not np.array_equal(after[name], before[name]), name


def show_validation() -> None:
    import streamlit as st

    from digitrec.storage import fingerprint
    from digitrec.training.recipe import Recipe
    from digitrec.ui.train.run import validation_of

    recipe = Recipe(network="dense-128", source="own/mine.npz", validation=0.2)
    st.write(fingerprint(validation_of(recipe).images))


def test_the_train_page_shows_the_validation_set_of_the_new_file(data: Path) -> None:
    app = AppTest.from_function(show_validation)
    before = app.run().markdown[0].value
    assert app.run().markdown[0].value == before
    put(data, slice(200, 300))
    assert app.run().markdown[0].value != before


def test_a_folder_in_which_a_picture_was_replaced_is_read_again(data: Path) -> None:
    for digit in range(10):
        (data / "own" / "pictures" / str(digit)).mkdir(parents=True)
        write_picture(data, digit, digit)
    before = cache.dataset("own/pictures").fingerprint
    assert cache.dataset("own/pictures").fingerprint == before
    write_picture(data, 3, 8)
    assert cache.dataset("own/pictures").fingerprint != before


def write_picture(data: Path, digit: int, drawn: int) -> None:
    ink = render(own_sample(drawn, np.random.default_rng(0)).drawing)
    Image.fromarray(as_paper(ink)).save(data / "own" / "pictures" / str(digit) / "one.png")


@pytest.mark.full_data
def test_mnist_that_comes_later_is_looked_for_in_what_is_there(data: Path, mnist: Dataset) -> None:
    replace_arrays(data / NAME, images=mnist.test.images[:60], labels=mnist.test.labels[:60])
    before = cache.findings(cache.dataset(NAME))
    for folder in ("mnist", "qmnist"):
        (data / folder).symlink_to(SHARED / folder)
    assert cache.findings(cache.dataset(NAME)) != before


def test_two_sessions_that_read_one_upload_share_one_whole_file(
    data: Path, tmp_path: Path, classifier: Classifier
) -> None:
    content = to_exported_frame(load_dataset("uci").test).to_csv(index=False).encode()
    upload = files.Upload("digits.csv", content, hashlib.sha256(content).hexdigest())
    read, sizes, is_done = files._keeping(upload), set[int](), threading.Event()

    def watch() -> None:
        while not is_done.is_set():
            sizes.update(path.stat().st_size for path in tmp_path.glob(f"cache/uploads/*/{upload.fingerprint}"))

    with ThreadPoolExecutor(5) as pool:
        pool.submit(watch)
        paths = {keeping.result() for keeping in [pool.submit(read) for _ in range(4)]}
        is_done.set()
    (path,) = paths
    assert path.read_bytes() == content
    assert sizes <= {len(content)}
    assert list(path.parent.iterdir()) == [path]
    batch = open_batch(path, upload.name)
    path.unlink()  # as where other uploads needed the room
    answers = files._read(read, batch, classifier, lambda _: None)
    assert len(answers.reading.frame) == 450


def test_nothing_is_written_into_the_data_folder(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = project  # in the place of t-SNE, which takes long
    monkeypatch.setattr(maps, "project", lambda features, _, seed, tell: quick(features, "PCA", seed, tell))
    put(data, slice(0, 100))
    (data / "own" / "table.csv").write_text(to_exported_frame(load_dataset("uci").test).to_csv(index=False))
    before = listed(data)
    mine, table = cache.dataset(NAME), cache.dataset("own/table.csv")
    everything()
    make_map(mine.train.images, to_features, "t-SNE", 30, lambda _: None)
    read, test = cache.classifier("digitrec").predict_proba, table.test
    accuracy_by_strength(read, test.images, test.labels, next(iter(CORRUPTIONS)), [0])
    assert len(read_judgements(mine.train)) == 0
    assert len(with_reviewed_labels(mine).train) == len(mine.train)
    files._keeping(files.Upload("a.csv", b"1", "a"))()
    assert listed(data) == before
    kinds = {path.name for path in (tmp_path / "cache").iterdir()}
    assert kinds == {"converted", "features", "maps", "uploads"}


def listed(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}
