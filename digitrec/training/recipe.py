"""How a network is trained: every setting in one frozen value, and the recipes that its authors published."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from digitrec.errors import RecipeError
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.training.augmentation import Augmentation
from digitrec.training.scaling import SCALINGS

OPTIMISERS = ("adam", "adamw", "sgd")
Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
SCHEDULES = ("constant", "one-cycle", "a cycle an epoch")
# What is allowed, smallest and largest: wide enough for every experiment, narrow enough for every machine.
LIMITS: dict[str, tuple[float, float]] = {
    "epochs": (1, 1000),
    "batch": (1, 10_000),
    "learning_rate": (1e-8, 1e8),
    "warmup": (0, 0.9),
    "weight_decay": (0, 1),
    "beta_2": (0, 0.99999),
    "smoothing": (0, 0.9),
    "averaging": (0, 0.9999),
    "validation": (0, 0.9),
    "patience": (0, 1000),
    "plateau": (0, 1000),
    "settling": (0, 1000),
    "settling_rate": (0, 1e8),
    "seed": (0, 2**31 - 1),
    "split_seed": (0, 2**31 - 1),
}


@dataclass(frozen=True)
class Recipe:
    """Settings of one training.

    Attributes
    ----------
    network : a name in `digitrec.networks.architectures.ARCHITECTURES`.
    source : a dataset's name, as `digitrec.load_dataset` takes it; its training part is learned from.
    images : how many of them, the first ones; None: all.
    validation : share of them that is kept aside and measured after each epoch; 0: the source's test part is used.
    by_writer : keep whole writers aside, where they are known, so that nobody is on both sides.
    split_seed : of what is kept aside.
    scaling : a name in `digitrec.training.scaling.SCALINGS`.
    optimiser : one of `OPTIMISERS`.
    learning_rate : the highest; "one-cycle" reaches it after `warmup` of all steps, then falls along half a cosine.
    schedule : one of `SCHEDULES`; "a cycle an epoch" has such a cycle in each, the n-th with an n-th of the rate.
    weight_decay : of AdamW (Loshchilov and Hutter, 2019).
    beta_2 : how much of its mean of squared gradients Adam keeps in each step.
    smoothing : share of the target that is spread over all ten digits (label smoothing; Szegedy and others, 2016).
    averaging : momentum of the running average of the weights, which is what is kept at the end; 0: none.
    batch, epochs : images a step, and passes over the data.
    augmentation : what is done to the images, anew in each epoch; None: nothing.
    settling : so many last epochs show the images as they are, which augmentation only ever shows a little blurred.
    settling_rate : the learning rate that they begin with, along half a cosine to 0; 0: the schedule goes on in them.
    patience : stop after so many epochs without a lower validation loss, and return to the best; 0: never.
    plateau : halve the learning rate after so many epochs without a lower validation loss; 0: never.
    seed : of weights, order, dropout and augmentation.
    precision : of the multiplications; "bfloat16" is twice as fast where the processor has it, else slow.
    """

    network: str = "digitrec-fast"
    source: str = "mnist"
    images: int | None = None
    validation: float = 0.2
    by_writer: bool = False
    split_seed: int = 17
    scaling: str = "unit"
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = 1e-3
    schedule: Literal["constant", "one-cycle", "a cycle an epoch"] = "constant"
    warmup: float = 0.1
    weight_decay: float = 0.0
    beta_2: float = 0.999
    smoothing: float = 0.0
    averaging: float = 0.0
    batch: int = 128
    epochs: int = 5
    augmentation: Augmentation | None = None
    settling: int = 0
    settling_rate: float = 0.0
    patience: int = 0
    plateau: int = 0
    seed: int = 17
    precision: Precision = "float32"

    @property
    def settles_slowly(self) -> bool:
        """Whether its last epochs have a learning rate of their own."""
        return bool(self.settling and self.settling_rate)


LARGEST_CHANGE = 180  # degrees; every other change is nonsense long before
# What a setting is called by its type, and which types it may have.
WHOLE: tuple[str, tuple[type, ...]] = ("a whole number", (int,))
NUMBER: tuple[str, tuple[type, ...]] = ("a number", (int, float))
WORD: tuple[str, tuple[type, ...]] = ("a word", (str,))
SHARES = ("validation", "warmup", "beta_2", "smoothing", "averaging")
KINDS = {
    **dict.fromkeys(("network", "source", "scaling", "optimiser", "schedule", "precision"), WORD),
    **dict.fromkeys(("batch", "epochs", "settling", "patience", "plateau", "seed", "split_seed"), WHOLE),
    **dict.fromkeys((*SHARES, "learning_rate", "settling_rate", "weight_decay"), NUMBER),
    "images": ("a whole number or nothing", (int, type(None))),
    "by_writer": ("true or false", (bool,)),
    "augmentation": ("an augmentation or nothing", (Augmentation, type(None))),
}


def check_recipe(recipe: Recipe) -> None:
    """Refuse a recipe that no data could be learned with.

    Raises
    ------
    RecipeError, naming the setting, what came in and what is allowed.
    """
    _check_types(recipe)
    for name, allowed in (
        ("network", tuple(ARCHITECTURES)),
        ("scaling", tuple(SCALINGS)),
        ("optimiser", OPTIMISERS),
        ("schedule", SCHEDULES),
        ("precision", PRECISIONS),
    ):
        if getattr(recipe, name) not in allowed:
            raise RecipeError(
                f"Expected {name} to be one of {', '.join(allowed)}. Received: {getattr(recipe, name)!r}. Choose one."
            )
    for name, (low, high) in LIMITS.items():
        value = getattr(recipe, name)
        if not low <= value <= high:
            raise RecipeError(
                f"Expected {name.replace('_', ' ')} of {low:g} to {high:g}. Received: {value:g}. Choose one between."
            )
    if recipe.plateau and (recipe.schedule != "constant" or recipe.settles_slowly):
        settling = f", settling rate {recipe.settling_rate:g}" if recipe.settles_slowly else ""
        raise RecipeError(
            f"Expected a constant rate where it is halved on a plateau. Received: {recipe.schedule}, plateau "
            f"{recipe.plateau}{settling}. Set one of them back."
        )
    if ARCHITECTURES[recipe.network].reads == "number" and (recipe.augmentation is not None or recipe.smoothing):
        raise RecipeError(
            "Expected no augmentation and no smoothing for a network that reads numbers, which are composed anew in "
            "each epoch. Received: one of them. Turn it off."
        )
    if recipe.images is not None and recipe.images < 1:
        raise RecipeError(f"Expected at least 1 image. Received: {recipe.images}. Leave it empty to take all.")


def _check_types(recipe: Recipe) -> None:
    for name, (what, kinds) in KINDS.items():
        value = getattr(recipe, name)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise RecipeError(
                f"Expected {what} as {name.replace('_', ' ')}. Received: {value!r}. Write one, or leave it out."
            )
    for name, value in dataclasses.asdict(recipe.augmentation or Augmentation()).items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST_CHANGE:
            raise RecipeError(
                f"Expected a number of 0 to {LARGEST_CHANGE} as {name} of the augmentation. Received: {value!r}. "
                "Choose one between."
            )


def change(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with some settings changed, by name.

    Raises
    ------
    RecipeError, where there is no such setting, or its value is refused.
    """
    unknown = set(changes) - {field.name for field in dataclasses.fields(Recipe)}
    if unknown:
        raise RecipeError(
            f"Expected a setting of a recipe. Received: {min(unknown)!r}. Look at `Recipe` for their names."
        )
    changed = dataclasses.replace(recipe, **changes)
    check_recipe(changed)
    return changed


def parse(settings: Iterable[str]) -> dict[str, Any]:
    """Settings written as name=value, the value as in JSON or a bare word: what `change` takes.

    Raises
    ------
    RecipeError, where one is not of this form.
    """
    changes: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise RecipeError(f"Expected a setting as name=value. Received: {setting!r}. Write, say, validation=0.1.")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        if isinstance(value, dict):
            try:
                value = Augmentation(**value)
            except TypeError:
                known = ", ".join(field.name for field in dataclasses.fields(Augmentation))
                raise RecipeError(
                    f"Expected settings of an augmentation: {known}. Received: {text}. Use these names."
                ) from None
        changes[name.strip()] = value
    return changes


def to_json(recipe: Recipe) -> str:
    """A recipe as JSON text."""
    return json.dumps(dataclasses.asdict(recipe), indent=2) + "\n"


def from_json(text: str) -> Recipe:
    """The recipe of `to_json`; what the text leaves out is as in `Recipe`.

    Raises
    ------
    RecipeError, where the text is no recipe, or one that `check_recipe` refuses.
    """
    try:
        fields = json.loads(text)
        augmentation = fields.pop("augmentation", None)
        recipe = Recipe(**fields, augmentation=augmentation and Augmentation(**augmentation))
        check_recipe(recipe)
    except (ValueError, TypeError, AttributeError) as error:
        if isinstance(error, RecipeError):
            raise
        raise RecipeError(
            f"Expected a recipe as JSON, as recipe.json of a run has it. Received: {str(error)[:100]}. Save it again."
        ) from None
    return recipe
