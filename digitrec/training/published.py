"""The recipes of the catalogue: how each network was trained where it was published."""

import dataclasses

from digitrec.training.augmentation import Augmentation
from digitrec.training.recipe import Recipe

MNIST_IMAGES = 60_000  # what a recipe learns from that names no number
MOST_EPOCHS = 60
SHIPPED = Recipe(
    network="digitrec",
    optimiser="adamw",
    learning_rate=3e-3,
    schedule="one-cycle",
    weight_decay=1e-2,
    averaging=0.999,
    epochs=13,
    augmentation=Augmentation(),
    settling=2,
    settling_rate=3e-4,
    precision="bfloat16",
)
KAGGLE = {"images": 42_000, "validation": 0.2}  # the size and split of the tutorials on Kaggle's data
# The recipe that each network was published with; Kaggle's rows stand for the first 42,000 of MNIST's training set.
PUBLISHED: dict[str, Recipe] = {
    "digitrec-fast": Recipe(
        **KAGGLE,  # type: ignore[arg-type]
        learning_rate=0.02,
        schedule="a cycle an epoch",
        warmup=0.25,
        beta_2=0.95,
        smoothing=0.1,
        epochs=2,
    ),
    # Of MNIST alone, on any processor: it has less to learn.
    "digitrec": dataclasses.replace(
        SHIPPED, validation=0.1, by_writer=True, epochs=18, settling=1, settling_rate=0.0, precision="float32"
    ),
    "dense-128": Recipe("dense-128", validation=0, scaling="unit-norm", epochs=3, batch=32),
    "dense-300-100": Recipe(
        "dense-300-100",
        **KAGGLE,  # type: ignore[arg-type]
        optimiser="sgd",
        learning_rate=0.01,
        epochs=50,
        batch=32,
    ),
    "cnn-tiny": Recipe("cnn-tiny", images=42_000, validation=0, scaling="raw", epochs=150, batch=600),
    "cnn-three-blocks": Recipe(
        "cnn-three-blocks",
        **KAGGLE,  # type: ignore[arg-type]
        scaling="raw",
        epochs=8,
        batch=32,
        patience=3,
    ),
    "cnn-deep": Recipe(
        "cnn-deep",
        **KAGGLE,  # type: ignore[arg-type]
        optimiser="sgd",
        learning_rate=0.01,
        epochs=15,
        batch=32,
    ),
    "digitrec-numbers": Recipe(
        "digitrec-numbers",
        source="both",
        validation=0.1,
        by_writer=True,
        optimiser="adamw",
        learning_rate=3e-3,
        schedule="one-cycle",
        weight_decay=1e-2,
        averaging=0.998,
        batch=64,
        epochs=8,
    ),
    "cnn-augmented": Recipe(
        "cnn-augmented",
        images=42_000,
        validation=0.1,
        epochs=10,
        augmentation=Augmentation(degrees=6, shift=2, zoom=0.1, shear=0, bend=0, thicker=0, thinner=0),
        plateau=2,
    ),
}


def suit(recipe: Recipe, images: int) -> Recipe:
    """A published recipe for fewer images: with more epochs, so that it takes about as many steps, up to `MOST_EPOCHS`.

    Two epochs teach a network what is in 42,000 images; of 1,300 images it would have seen next to nothing.
    """
    published = recipe.images or MNIST_IMAGES
    epochs = min(round(recipe.epochs * published / max(images, 1)), MOST_EPOCHS)
    return dataclasses.replace(recipe, epochs=max(recipe.epochs, epochs))
