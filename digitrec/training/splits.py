"""The training, validation and test sets of a recipe. The same recipe gives the same split.

recipe, dataset -> `split_for` -> `Parts`
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Split
from digitrec.datasets.dataset import take_images
from digitrec.errors import RecipeError
from digitrec.training.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Parts:
    """The sets of one run. The training set does not overlap the others.

    Attributes
    ----------
    train, validation : the test set is also the validation set if the recipe's validation fraction is 0.
    data : the dataset that they are taken from.
    """

    train: Split
    validation: Split
    data: Dataset

    @property
    def test(self) -> Split:
        """The test set of the dataset, for evaluation after training."""
        return self.data.test


def split_for(recipe: Recipe, data: Dataset) -> Parts:
    """Split a dataset as the recipe says.

    Raises
    ------
    RecipeError, if a set is empty, the batch size exceeds the training set, a digit is missing from the training set,
    or the recipe splits by writer and the writers are unknown.
    """
    whole = take_images(data.train, np.arange(len(data.train))[: recipe.images])
    if not recipe.validation:
        train, validation = whole, data.test
    else:
        is_validation = _validation_writers(whole, recipe) if recipe.by_writer else _validation_images(whole, recipe)
        train, validation = (
            take_images(whole, np.flatnonzero(~is_validation)),
            take_images(whole, np.flatnonzero(is_validation)),
        )
    _check(recipe, data, train, validation)
    return Parts(train, validation, data)


def _validation_images(split: Split, recipe: Recipe) -> NDArray[np.bool_]:
    """Whether each image is for validation, as chosen by scikit-learn's `train_test_split`, which the tutorials use."""
    from sklearn.model_selection import train_test_split  # noqa: PLC0415  takes a second to import

    is_validation = np.zeros(len(split), bool)
    if len(split) > 1:
        is_validation[
            train_test_split(np.arange(len(split)), test_size=recipe.validation, random_state=recipe.split_seed)[1]
        ] = 1
    return is_validation


def _validation_writers(split: Split, recipe: Recipe) -> NDArray[np.bool_]:
    if split.writers is None:
        raise RecipeError(
            "Expected data with known writers, to split it by writer. "
            f"Received: {recipe.source!r}, whose writers are not known. Turn off the split by writer."
        )
    writers = np.random.default_rng(recipe.split_seed).permutation(np.unique(split.writers))
    return np.isin(split.writers, writers[: max(1, round(recipe.validation * len(writers)))])


def _check(recipe: Recipe, data: Dataset, train: Split, validation: Split) -> None:
    if not len(train) or not len(validation):
        raise RecipeError(
            f"Expected training images and validation images. Received: {len(train)} and {len(validation)}. "
            "Use more images, or a smaller validation fraction."
        )
    if recipe.batch_size > len(train):
        raise RecipeError(
            f"Expected a batch size of at most the {len(train):,} training images. Received: {recipe.batch_size:,}. "
            "Choose a smaller batch size, or more images."
        )
    missing = np.setdiff1d(np.unique(data.train.labels), np.unique(train.labels))
    if len(missing):
        digits = ", ".join(map(str, missing))
        raise RecipeError(
            f"Expected every digit among the {len(train):,} training images. Received: no {digits}. "
            "Use more images, a smaller validation fraction, or another seed of the split."
        )
