"""`python -m digitrec.training.worker.folds IMAGES OUT`: cross-validated predictions for IMAGES.npz, as OUT.npy.

images -> dealt into three folds, those of a writer into the same -> a network for each, taught with the others

Prints the share that is done, a line at a time.
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold

from digitrec.datasets import Split
from digitrec.evaluation.cross_validation import NETWORK
from digitrec.storage import read_arrays
from digitrec.training.published import recipe_for, suit
from digitrec.training.recipe import Recipe
from digitrec.training.worker.fitting import Trainer
from digitrec.training.worker.minibatches import TrainingSet, to_targets

FOLDS = 3


def deal(split: Split, seed: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """The places of the training images and of the held-out images of each fold; no writer is in both, if known."""
    if split.writers is not None and len(np.unique(split.writers)) >= FOLDS:
        yield from GroupKFold(FOLDS, shuffle=True, random_state=seed).split(split.labels, groups=split.writers)
    else:
        yield from KFold(FOLDS, shuffle=True, random_state=seed).split(split.labels)


def cross_validate(split: Split, recipe: Recipe, tell: Callable[[float], None]) -> NDArray[np.float32]:
    """Predictions for (n, 28, 28) images, (n, 10) float32, each by a network that was not trained on it.

    `tell` is called with the fraction that is done, 0 to 1.
    """
    answers = np.empty((len(split), 10), np.float32)
    for fold, (learned, held_out) in enumerate(deal(split, recipe.seed)):
        fitted = suit(recipe, len(learned))
        trainer = Trainer(fitted, TrainingSet(split.images[learned], to_targets(split.labels[learned])))
        for epoch in range(fitted.epochs):
            for _ in trainer.learn(epoch):
                pass
            tell((fold + (epoch + 1) / (fitted.epochs + 1)) / FOLDS)
        with trainer.at_its_best():
            answers[held_out] = trainer.read(split.images[held_out])
        tell((fold + 1) / FOLDS)
    return answers


def main(images: Path, out: Path) -> None:
    """Write the predictions, (n, 10) float32, for the images, labels and, where known, writers in a .npz."""
    arrays: dict[str, NDArray[Any]] = read_arrays(images)
    answers = cross_validate(Split(**arrays), recipe_for(NETWORK), _tell)
    np.save(out, answers, allow_pickle=False)


def _tell(share: float) -> None:
    sys.stdout.write(f"{share:.4f}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
