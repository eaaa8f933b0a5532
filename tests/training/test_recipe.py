import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitrec.errors import RecipeError
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.training.augmentation import Augmentation
from digitrec.training.published import PUBLISHED, SHIPPED, suit
from digitrec.training.recipe import PRECISIONS, Recipe, change, check_recipe, from_json, parse, to_json


def test_the_usual_recipe_trains_a_network_of_the_catalogue() -> None:
    assert Recipe().network in ARCHITECTURES


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().epochs = 3  # type: ignore[misc]


@pytest.mark.parametrize("recipe", [SHIPPED, *PUBLISHED.values()])
def test_published_recipes_are_allowed_and_come_back_from_json(recipe: Recipe) -> None:
    check_recipe(recipe)
    assert from_json(to_json(recipe)) == recipe


@given(
    st.builds(
        Recipe,
        epochs=st.integers(1, 1000),
        learning_rate=st.floats(1e-8, 1e8),
        augmentation=st.none() | st.builds(Augmentation, degrees=st.floats(0, 90)),
        images=st.none() | st.integers(1, 10**6),
        precision=st.sampled_from(PRECISIONS),
    )
)
def test_any_recipe_comes_back_from_json(recipe: Recipe) -> None:
    assert from_json(to_json(recipe)) == recipe


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"epochs": 0}, "epochs of 1 to 1000. Received: 0"),
        ({"batch": 0}, "batch of 1"),
        ({"learning_rate": -1}, "learning rate"),
        ({"learning_rate": float("nan")}, "learning rate"),
        ({"validation": 1.0}, "validation"),
        ({"network": "resnet"}, "network to be one of"),
        ({"optimiser": "lion"}, "optimiser"),
        ({"scaling": "log"}, "scaling"),
        ({"precision": "float16"}, "precision to be one of float32, bfloat16. Received: 'float16'"),
        ({"precision": 32}, "Expected a word as precision. Received: 32"),
        ({"images": 0}, "at least 1 image"),
        ({"epochs": "three"}, "Expected a whole number as epochs"),
        ({"layers": 3}, "a setting of a recipe. Received: 'layers'"),
        ({"plateau": 2, "schedule": "one-cycle"}, "constant rate .* Received: one-cycle, plateau 2. Set"),
        (
            {"plateau": 2, "settling": 1, "settling_rate": 0.01},
            "Received: constant, plateau 2, settling rate 0.01. Set",
        ),
    ],
)
def test_settings_that_nothing_can_be_trained_with_are_named(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        change(Recipe(), **changes)


def test_a_rate_of_settling_that_is_not_used_is_no_matter() -> None:
    assert not change(Recipe(), reduce_lr_patience=2, clean_learning_rate=0.01).has_clean_rate


def test_a_recipe_that_was_written_before_there_were_precisions_is_exact() -> None:
    old = json.loads(to_json(Recipe(epochs=7, precision="bfloat16")))
    del old["precision"]
    assert from_json(json.dumps(old)) == Recipe(epochs=7)
    assert Recipe().precision == "float32"


@pytest.mark.parametrize("text", ["", "[]", "3", "{", '{"epochs": 0}', '{"colour": 1}', '{"augmentation": {"x": 1}}'])
def test_other_text_is_no_recipe(text: str) -> None:
    with pytest.raises(RecipeError):
        from_json(text)


def test_settings_are_parsed_as_json_or_words() -> None:
    parsed = parse(["epochs=3", "validation=0.1", "optimiser=sgd", "by_writer=true", "images=null"])
    assert parsed == {"epochs": 3, "validation": 0.1, "optimiser": "sgd", "by_writer": True, "images": None}
    assert change(Recipe(), **parse(["precision=bfloat16"])) == Recipe(precision="bfloat16")
    strong = json.dumps({"degrees": 20})
    assert parse([f"augmentation={strong}"]) == {"augmentation": Augmentation(degrees=20)}
    with pytest.raises(RecipeError, match="name=value"):
        parse(["epochs"])


@pytest.mark.parametrize(
    ("network", "images", "epochs"),
    [
        ("digitrec-fast", 42_000, 2),
        ("digitrec-fast", 100_000, 2),
        ("digitrec-fast", 7_000, 12),
        ("digitrec-fast", 1_347, 60),
        ("dense-128", 60_000, 3),
        ("dense-128", 6_000, 30),
        ("cnn-tiny", 5, 150),
        ("digitrec-fast", 0, 60),
    ],
)
def test_fewer_images_are_seen_more_often(network: str, images: int, epochs: int) -> None:
    recipe = suit(PUBLISHED[network], images)
    assert recipe.epochs == epochs
    assert change(recipe, epochs=PUBLISHED[network].epochs) == PUBLISHED[network]
