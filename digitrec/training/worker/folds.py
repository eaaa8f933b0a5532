"""`python -m digitrec.training.worker.folds IMAGES OUT`: cross-validated predictions for IMAGES.npz, as OUT.npy.

images -> three folds, split by writer if known -> for each fold, a network trained on the other two -> predictions

Prints the fraction that is done, 0 to 1, one line at a time.
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
from digitrec.training.published import adapt_epochs, recipe_for
from digitrec.training.recipe import Recipe
from digitrec.training.worker.fitting import Trainer
from digitrec.training.worker.minibatches import TrainingSet, to_targets

FOLDS = 3


def make_folds(split: Split, seed: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Make the folds: indices of the training and held-out images of each; no writer in both, if writers are known."""
    if split.writers is not None and len(np.unique(split.writers)) >= FOLDS:
        yield from GroupKFold(FOLDS, shuffle=True, random_state=seed).split(split.labels, groups=split.writers)
    else:
        yield from KFold(FOLDS, shuffle=True, random_state=seed).split(split.labels)


def train_folds(split: Split, recipe: Recipe, progress: Callable[[float], None]) -> NDArray[np.float32]:
    """Predictions for (n, 28, 28) images, (n, 10) float32, each by a network that was not trained on it.

    `progress` is called with the fraction that is done, 0 to 1.
    """
    answers = np.empty((len(split), 10), np.float32)
    for fold, (training, held_out) in enumerate(make_folds(split, recipe.seed)):
        fitted = adapt_epochs(recipe, len(training))
        trainer = Trainer(fitted, TrainingSet(split.images[training], to_targets(split.labels[training])))
        for epoch in range(fitted.epochs):
            for _ in trainer.train_epoch(epoch):
                pass
            progress((fold + (epoch + 1) / (fitted.epochs + 1)) / FOLDS)
        with trainer.averaged_weights():
            answers[held_out] = trainer.read(split.images[held_out])
        progress((fold + 1) / FOLDS)
    return answers


def main(images: Path, out: Path) -> None:
    """Write the predictions, (n, 10) float32, for a .npz with images, labels and, if known, writers."""
    arrays: dict[str, NDArray[Any]] = read_arrays(images)
    answers = train_folds(Split(**arrays), recipe_for(NETWORK), _print_progress)
    np.save(out, answers, allow_pickle=False)


def _print_progress(fraction: float) -> None:
    sys.stdout.write(f"{fraction:.4f}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
