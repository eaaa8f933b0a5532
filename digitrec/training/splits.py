"""Which images a training learns from, and which it is measured with: by a recipe, the same wherever it is asked.

recipe, dataset -> `split_for` -> `Parts`: what is learned from, what validates, what tests at the end
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Split
from digitrec.errors import RecipeError
from digitrec.training.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Parts:
    """The images of one training; no image is in two of the first and the last.

    Attributes
    ----------
    train, validation : splits; what validates is the test part where the recipe keeps nothing aside.
    data : the dataset that they are from.
    """

    train: Split
    validation: Split
    data: Dataset

    @property
    def test(self) -> Split:
        """What no training sees."""
        return self.data.test


def split_for(recipe: Recipe, data: Dataset) -> Parts:
    """Divide a dataset as the recipe says.

    Raises
    ------
    RecipeError, where nothing would be left to learn from, or some digit would be missing there.
    """
    whole = take(data.train, np.arange(len(data.train))[: recipe.images])
    if not recipe.validation:
        train, validation = whole, data.test
    else:
        kept = _writers_kept(whole, recipe) if recipe.by_writer else _images_kept(whole, recipe)
        train, validation = take(whole, np.flatnonzero(~kept)), take(whole, np.flatnonzero(kept))
    _check(recipe, data, train, validation)
    return Parts(train, validation, data)


def take(split: Split, places: NDArray[np.intp]) -> Split:
    """The images at these places."""
    writers = None if split.writers is None else split.writers[places]
    return Split(split.images[places], split.labels[places], writers)


def _images_kept(split: Split, recipe: Recipe) -> NDArray[np.bool_]:
    """As scikit-learn's `train_test_split` with this random_state, which the tutorials use."""
    from sklearn.model_selection import train_test_split  # noqa: PLC0415  a second that other pages need not wait

    kept = np.zeros(len(split), bool)
    if len(split) > 1:
        kept[
            train_test_split(np.arange(len(split)), test_size=recipe.validation, random_state=recipe.split_seed)[1]
        ] = 1
    return kept


def _writers_kept(split: Split, recipe: Recipe) -> NDArray[np.bool_]:
    if split.writers is None:
        raise RecipeError(
            "Expected data whose writers are known, to keep some of them aside. "
            f"Received: {recipe.source!r}, where they are not. Keep images aside instead."
        )
    writers = np.random.default_rng(recipe.split_seed).permutation(np.unique(split.writers))
    return np.isin(split.writers, writers[: max(1, round(recipe.validation * len(writers)))])


def _check(recipe: Recipe, data: Dataset, train: Split, validation: Split) -> None:
    if not len(train) or not len(validation):
        raise RecipeError(
            f"Expected images to learn from and images to check with. Received: {len(train)} and {len(validation)}. "
            "Take more images, or keep a smaller share aside."
        )
    if recipe.batch_size > len(train):
        raise RecipeError(
            f"Expected a batch of at most the {len(train):,} images to learn from. Received: {recipe.batch_size:,}. "
            "Choose a smaller batch, or more images."
        )
    missing = np.setdiff1d(np.unique(data.train.labels), np.unique(train.labels))
    if len(missing):
        digits = ", ".join(map(str, missing))
        raise RecipeError(
            f"Expected every digit among the {len(train):,} images to learn from. Received: none that is a {digits}. "
            "Take more images, keep fewer aside, or choose another split seed."
        )
