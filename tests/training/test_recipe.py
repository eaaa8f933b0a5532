import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from digitrec.errors import RecipeError
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.training.augmentation import Augmentation
from digitrec.training.published import PUBLISHED, SHIPPED, adapt_epochs, recipe_for
from digitrec.training.recipe import (
    FORMER_NAMES,
    Recipe,
    change,
    choices,
    from_json,
    limits,
    parse,
    to_json,
)


def test_the_usual_recipe_trains_a_network_of_the_catalogue() -> None:
    assert Recipe().network in ARCHITECTURES


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Recipe().epochs = 3  # type: ignore[misc]


@pytest.mark.parametrize("recipe", [SHIPPED, *PUBLISHED.values()])
def test_published_recipes_are_allowed_and_come_back_from_json(recipe: Recipe) -> None:
    assert from_json(to_json(recipe)) == recipe


@given(
    st.builds(
        Recipe,
        epochs=st.integers(1, 1000),
        learning_rate=st.floats(1e-8, 1e8),
        augmentation=st.none() | st.builds(Augmentation, degrees=st.floats(0, 90)),
        images=st.none() | st.integers(1, 10**6),
        precision=st.sampled_from(["float32", "bfloat16"]),
    )
)
def test_any_recipe_comes_back_from_json(recipe: Recipe) -> None:
    assert from_json(to_json(recipe)) == recipe


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"epochs": 0}, "epochs of 1 to 1000. Received: 0"),
        ({"batch_size": 0}, "batch size of 1 to 10000"),
        ({"learning_rate": -1}, "learning rate"),
        ({"learning_rate": float("nan")}, "learning rate"),
        ({"validation": 1.0}, "validation"),
        ({"network": "resnet"}, "network to be one of"),
        ({"optimiser": "lion"}, "optimiser"),
        ({"scaling": "log"}, "scaling"),
        ({"precision": "float16"}, "precision to be one of float32, bfloat16. Received: 'float16'"),
        ({"precision": 32}, "precision to be one of float32, bfloat16. Received: 32"),
        ({"images": 0}, "images of at least 1. Received: 0"),
        ({"epochs": "three"}, "Expected a whole number as epochs"),
        ({"layers": 3}, "a setting of a recipe. Received: 'layers'"),
        (
            {"reduce_lr_patience": 2, "schedule": "one-cycle"},
            "constant learning rate .* Received: schedule one-cycle, reduce lr patience 2. Set",
        ),
        (
            {"reduce_lr_patience": 2, "clean_epochs": 1, "clean_learning_rate": 0.01},
            "Received: schedule constant, reduce lr patience 2, clean learning rate 0.01. Set",
        ),
        ({"by_writer": 1}, "Expected true or false as by writer. Received: 1. Write one"),
        ({"images": "few"}, "Expected a whole number or nothing as images"),
        (
            {"augmentation": Augmentation(degrees=181)},
            "number of 0 to 180 as degrees of the augmentation. Received: 181",
        ),
        ({"augmentation": {"shift": "far"}}, "as shift of the augmentation. Received: 'far'"),
        ({"augmentation": {"x": 1}}, "degrees, shift, .* Received: 'x'. Use"),
        ({"augmentation": 3}, "Expected an augmentation or nothing as augmentation. Received: 3"),
        (
            {"network": "digitrec-numbers", "label_smoothing": 0.1},
            "no label smoothing for a network that reads numbers",
        ),
    ],
)
def test_settings_that_nothing_can_be_trained_with_are_named(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        change(Recipe(), **changes)
    with pytest.raises(RecipeError, match=told):
        Recipe(**changes)


def test_a_clean_learning_rate_without_clean_epochs_does_not_matter() -> None:
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
    assert change(Recipe(), **parse([f"augmentation={strong}"])).augmentation == Augmentation(degrees=20)
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
    recipe = adapt_epochs(PUBLISHED[network], images)
    assert recipe.epochs == epochs
    assert change(recipe, epochs=PUBLISHED[network].epochs) == PUBLISHED[network]


# As a run of the version before wrote it.
OLD = """{
  "network": "digitrec", "source": "uci", "images": null, "validation": 0.1, "by_writer": false, "split_seed": 17,
  "scaling": "unit", "optimiser": "adamw", "learning_rate": 0.003, "schedule": "one-cycle", "warmup": 0.1,
  "weight_decay": 0.01, "beta_2": 0.999, "smoothing": 0.05, "averaging": 0.9, "batch": 64, "epochs": 3,
  "augmentation": {"degrees": 6, "shift": 2, "zoom": 0.1, "shear": 0, "bend": 0, "thicker": 0, "thinner": 0},
  "settling": 2, "settling_rate": 0.0003, "patience": 0, "plateau": 0, "seed": 5, "precision": "float32"
}"""


def test_a_recipe_with_the_former_names_loads_and_is_written_with_the_present_ones() -> None:
    recipe = from_json(OLD)
    assert (recipe.label_smoothing, recipe.ema_momentum, recipe.batch_size) == (0.05, 0.9, 64)
    assert (recipe.clean_epochs, recipe.clean_learning_rate, recipe.reduce_lr_patience) == (2, 0.0003, 0)
    assert recipe.augmentation == Augmentation(degrees=6, shift=2, zoom=0.1, shear=0, bend=0, thicker=0, thinner=0)
    assert set(json.loads(to_json(recipe))) == set(Recipe.model_fields)
    assert not set(FORMER_NAMES) & set(Recipe.model_fields)


@pytest.mark.parametrize(("former", "present"), FORMER_NAMES.items())
def test_a_setting_by_its_former_name_replaces_what_the_recipe_had(former: str, present: str) -> None:
    field = Recipe.model_fields[present]
    low, high = (field.annotation(limit) for limit in limits(field))
    before = change(Recipe(), **{present: high})
    assert getattr(change(before, **parse([f"{former}={low}"])), present) == low


def test_a_recipe_of_a_card_that_was_written_before_loads() -> None:
    card = json.loads((Path(__file__).parents[2] / "models" / "digitrec" / "card.json").read_text())
    known = {name: value for name, value in card["recipe"].items() if name in {*Recipe.model_fields, *FORMER_NAMES}}
    assert Recipe(**known).network == "digitrec"


def test_every_setting_tells_people_what_it_is() -> None:
    for name, field in Recipe.model_fields.items():
        assert field.title
        assert field.description
        assert field.description.endswith(".")
        if field.annotation in (int, float):
            assert None not in limits(field), name


def test_choices_and_limits_are_those_that_are_checked() -> None:
    fields = Recipe.model_fields
    assert choices(fields["optimiser"]) == ("adam", "adamw", "sgd")
    assert choices(fields["network"]) == tuple(ARCHITECTURES)
    assert choices(fields["epochs"]) == ()
    for name in ("epochs", "validation", "ema_momentum"):
        for limit, beyond in zip(limits(fields[name]), (-1, 1), strict=True):
            value = int(limit) if name == "epochs" else limit
            assert getattr(change(Recipe(), **{name: value}), name) == limit
            with pytest.raises(RecipeError):
                change(Recipe(), **{name: value + beyond})


def test_a_network_without_a_published_recipe_has_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES, "new", ARCHITECTURES["cnn-tiny"])
    assert recipe_for("new") == Recipe(network="new")
    assert recipe_for("dense-128") == PUBLISHED["dense-128"]
    with pytest.raises(RecipeError, match="network to be one of"):
        recipe_for("resnet")


# One more field of `Recipe`, and what must follow from it.
ONE_MORE = """
    jitter: float = Field(0.25, ge=0, le=0.5, title="Jitter of the canvas", description="Shakes it.")
"""
FOLLOWS = """
import json
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner
from digitrec.__main__ import app
from digitrec.training.run_folders import runs

page = AppTest.from_file("app.py", default_timeout=120).run().switch_page("pages/train.py").run()
page.selectbox(key="network").set_value("dense-128").run()
(field,) = [one for one in page.number_input if one.label == "Jitter of the canvas"]
field.set_value(0.5).run()
(field,) = [one for one in page.number_input if one.label == "Jitter of the canvas"]
terminal = CliRunner(env={"COLUMNS": "200"})
refused = terminal.invoke(app, ["train", "--source", "uci", "--set", "jitter=0.75"])
begun = terminal.invoke(
    app, ["train", "--network", "dense-128", "--source", "uci", "--epochs", "1", "--set", "jitter=0.5", "--json"]
)
print(json.dumps({
    "exceptions": [one.message for one in page.exception],
    "field": [field.value, field.min, field.max, field.help],
    "help": terminal.invoke(app, ["train", "--help"]).stdout,
    "refused": refused.stderr,
    "recipe": json.loads(begun.stdout)["recipe"],
    "kept": runs.read(runs.find(runs.list_runs()[0])).recipe.jitter,
}))
"""


def test_one_more_field_is_on_the_page_in_the_terminal_and_in_run_folders(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    for name in ("pages", "app.py", "models", ".streamlit"):
        (tmp_path / name).symlink_to(root / name)
    shutil.copytree(root / "digitrec", tmp_path / "digitrec", ignore=shutil.ignore_patterns("__pycache__"))
    source = tmp_path / "digitrec" / "training" / "recipe.py"
    head, mark, tail = source.read_text("utf-8").partition("\n    def __init__")
    source.write_text(head + ONE_MORE + mark + tail, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "DIGITREC_RUNS": str(tmp_path / "runs")}
    ran = subprocess.run(
        [sys.executable, "-c", FOLLOWS], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["exceptions"] == []
    assert told["field"] == [0.5, 0.0, 0.5, "Shakes it."]
    assert "jitter (0 to 0.5): Shakes it." in told["help"]
    assert told["refused"].strip() == (
        "Expected jitter of 0 to 0.5. Received: 0.75. Choose a value within these limits."
    )
    assert told["recipe"]["jitter"] == told["kept"] == 0.5
