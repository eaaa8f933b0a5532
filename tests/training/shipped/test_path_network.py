from pathlib import Path

import keras
import numpy as np
import pytest

from digitrec.datasets.sources.pen import PenDigit, split_by_writer
from digitrec.ink.pen_paths import to_path
from digitrec.networks.card import SHIPPED, read_card
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.registry import SHIPPED_NAME
from digitrec.training.shipped.path_network import PathTrainingSet, build_path_network, train_paths
from digitrec.training.worker.export import export_litert
from digitrec.training.worker.minibatches import to_targets


def say_nothing(_epoch: int) -> None:
    pass


@pytest.fixture(scope="module")
def training_set(pen_digits: tuple[PenDigit, ...]) -> PathTrainingSet:
    few = split_by_writer(pen_digits)[0][::4]
    labels = np.array([digit.label for digit in few], np.uint8)
    return PathTrainingSet([digit.strokes for digit in few], to_targets(labels))


@pytest.fixture(scope="module")
def taught(training_set: PathTrainingSet) -> keras.Model:
    return train_paths(training_set, 20, 1, say_nothing)


def predict(model: keras.Model, digits: tuple[PenDigit, ...]) -> np.ndarray:
    paths = np.stack([to_path(digit.strokes) for digit in digits])
    return np.asarray(model.predict(paths[..., None], verbose=0))


@pytest.mark.full_data
def test_a_few_epochs_teach_it_to_read_people_whom_it_never_met(
    taught: keras.Model, pen_digits: tuple[PenDigit, ...]
) -> None:
    held_out = split_by_writer(pen_digits)[1]
    right = predict(taught, held_out).argmax(axis=1) == [digit.label for digit in held_out]
    assert right.mean() > 0.85


@pytest.mark.full_data
def test_the_same_seed_teaches_the_same(training_set: PathTrainingSet) -> None:
    short = PathTrainingSet(training_set.strokes[:128], training_set.targets[:128])
    epochs: list[int] = []
    one, same, other = (train_paths(short, 2, seed, epochs.append) for seed in (3, 3, 4))
    for a, b in zip(one.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert any(not np.allclose(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))
    assert epochs == [1, 2] * 3


@pytest.mark.full_data
def test_its_file_answers_as_it_does(
    taught: keras.Model, pen_digits: tuple[PenDigit, ...], classifier: Classifier, tmp_path: Path
) -> None:
    fresh = build_path_network()
    fresh.set_weights(taught.get_weights())
    export_litert(fresh, tmp_path / "path.tflite")
    ink = (SHIPPED / SHIPPED_NAME / "model.tflite").read_bytes()
    reader = Classifier(ink, classifier.card, (tmp_path / "path.tflite").read_bytes())
    paths = np.stack([to_path(digit.strokes) for digit in pen_digits[:100]])
    np.testing.assert_allclose(reader.predict_from_paths(paths), predict(taught, pen_digits[:100]), atol=1e-5)


def test_the_shipped_files_of_the_path_read_alike(pen_digits: tuple[PenDigit, ...]) -> None:
    folder = SHIPPED / SHIPPED_NAME
    model = keras.saving.load_model(folder / "path.keras", safe_mode=True)
    card = read_card(folder)
    assert card.path is not None
    assert model.count_params() == card.path.parameters
    paths = np.stack([to_path(digit.strokes) for digit in pen_digits[:300]])
    exact = np.asarray(model.predict(paths[..., None], verbose=0))
    np.testing.assert_allclose(load_classifier(folder).predict_from_paths(paths), exact, atol=1e-4)
