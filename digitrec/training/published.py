"""The published recipes of the networks in the catalogue, and the recipe of the shipped model."""

from typing import Any

from digitrec.training.augmentation import Augmentation
from digitrec.training.recipe import Recipe, change

MNIST_IMAGES = 60_000  # training images of a recipe that does not limit them
MAX_EPOCHS = 60
SHIPPED = Recipe(
    network="digitrec",
    optimiser="adamw",
    learning_rate=3e-3,
    schedule="one-cycle",
    weight_decay=1e-2,
    ema_momentum=0.999,
    epochs=13,
    augmentation=Augmentation(),
    clean_epochs=2,
    clean_learning_rate=3e-4,
    precision="bfloat16",
)
KAGGLE: dict[str, Any] = {"images": 42_000, "validation": 0.2}  # the size and split of the tutorials on Kaggle's data
# Networks that are not here are trained with the defaults of `Recipe`. Kaggle's images are, in these recipes, the first
# 42,000 of MNIST's training set.
PUBLISHED: dict[str, Recipe] = {
    recipe.network: recipe
    for recipe in (
        Recipe(
            network="digitrec-fast",
            **KAGGLE,
            learning_rate=0.02,
            schedule="a cycle an epoch",
            warmup=0.25,
            beta_2=0.95,
            label_smoothing=0.1,
            epochs=2,
        ),
        # For MNIST alone, on any processor: less data than for the shipped model.
        change(
            SHIPPED,
            validation=0.1,
            by_writer=True,
            epochs=18,
            clean_epochs=1,
            clean_learning_rate=0.0,
            precision="float32",
        ),
        Recipe(network="dense-128", validation=0, scaling="unit-norm", epochs=3, batch_size=32),
        Recipe(network="dense-300-100", **KAGGLE, optimiser="sgd", learning_rate=0.01, epochs=50, batch_size=32),
        Recipe(network="cnn-tiny", images=42_000, validation=0, scaling="raw", epochs=150, batch_size=600),
        Recipe(network="cnn-three-blocks", **KAGGLE, scaling="raw", epochs=8, batch_size=32, patience=3),
        Recipe(network="cnn-deep", **KAGGLE, optimiser="sgd", learning_rate=0.01, epochs=15, batch_size=32),
        Recipe(
            network="cnn-augmented",
            images=42_000,
            validation=0.1,
            epochs=10,
            augmentation=Augmentation(degrees=6, shift=2, zoom=0.1, shear=0, bend=0, thicker=0, thinner=0),
            reduce_lr_patience=2,
        ),
        Recipe(
            network="digitrec-numbers",
            source="both",
            validation=0.1,
            by_writer=True,
            optimiser="adamw",
            learning_rate=3e-3,
            schedule="one-cycle",
            weight_decay=1e-2,
            ema_momentum=0.998,
            batch_size=64,
            epochs=8,
        ),
    )
}


def recipe_for(network: str) -> Recipe:
    """The published recipe of a network in the catalogue, or the defaults if there is none.

    Raises
    ------
    RecipeError, if the network is not in the catalogue.
    """
    return PUBLISHED.get(network) or Recipe(network=network)


def adapt_epochs(recipe: Recipe, images: int) -> Recipe:
    """Adapt a recipe to fewer images: more epochs, at most `MAX_EPOCHS`, for about the same number of steps.

    Two epochs are enough for 42,000 images, but not for 1,300.
    """
    published = recipe.images or MNIST_IMAGES
    epochs = min(round(recipe.epochs * published / max(images, 1)), MAX_EPOCHS)
    return change(recipe, epochs=max(recipe.epochs, epochs))
