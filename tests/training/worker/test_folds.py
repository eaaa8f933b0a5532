import numpy as np
import pytest

from digitrec import load_dataset
from digitrec.datasets import Split
from digitrec.training.recipe import Recipe
from digitrec.training.worker import folds
from digitrec.training.worker.fitting import Trainer

RECIPE = Recipe(network="dense-128", source="uci", epochs=1, batch_size=32)


def some(writers: np.ndarray | None = None) -> Split:
    train = load_dataset("uci").train
    return Split(train.images[:120], train.labels[:120], writers)


def test_every_image_is_read_once_and_no_writer_is_on_both_sides() -> None:
    writers = np.random.default_rng(0).integers(0, 9, 120)
    for split in (some(), some(writers)):
        dealt = list(folds.make_folds(split, 0))
        np.testing.assert_array_equal(np.sort(np.concatenate([held for _, held in dealt])), np.arange(120))
        for learned, held in dealt:
            assert not set(learned) & set(held)
            assert len(learned) + len(held) == 120
            if split.writers is not None:
                assert not set(writers[learned]) & set(writers[held])


def test_two_writers_are_too_few_to_be_kept_apart() -> None:
    assert len(list(folds.make_folds(some(np.arange(120) % 2), 0))) == folds.FOLDS


def test_no_network_is_asked_what_it_was_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    taught: list[set[bytes]] = []
    asked: list[set[bytes]] = []

    class Watched(Trainer):
        def __init__(self, recipe: Recipe, lesson: object) -> None:
            super().__init__(recipe, lesson)  # type: ignore[arg-type]
            taught.append({image.tobytes() for image in lesson.images})  # type: ignore[attr-defined]

        def read(self, images: np.ndarray) -> np.ndarray:
            asked.append({image.tobytes() for image in images})
            return super().read(images)

    monkeypatch.setattr(folds, "Trainer", Watched)
    monkeypatch.setattr(folds, "adapt_epochs", lambda recipe, _: recipe)
    split, shares = some(), list[float]()
    answers = folds.train_folds(split, RECIPE, shares.append)
    assert len(taught) == len(asked) == folds.FOLDS
    assert set.union(*asked) == {image.tobytes() for image in split.images}
    assert not any(one & other for one, other in zip(taught, asked, strict=True))
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert shares[-1] == 1
