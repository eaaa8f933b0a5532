import dataclasses

import pytest

from digitrec.architectures import ARCHITECTURES
from digitrec.recipe import Recipe


def test_the_usual_recipe_trains_a_network_of_the_catalogue() -> None:
    assert Recipe().network in ARCHITECTURES


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().epochs = 3


def test_recipes_are_compared_by_their_settings() -> None:
    assert Recipe(seed=3) == Recipe(seed=3) != Recipe(seed=4)
