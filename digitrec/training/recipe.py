"""How a network is trained: every setting in one frozen value.

A setting is one field of `Recipe`, with its type, limits, title and help. The Train page, the terminal and the checks
follow from that field; where it takes effect is the only other code that a new setting needs.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from digitrec.errors import RecipeError
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.training.augmentation import LARGEST_CHANGE, Augmentation, make_augmentation
from digitrec.training.scaling import SCALINGS

Precision = Literal["float32", "bfloat16"]
AnyRecipe = TypeVar("AnyRecipe", bound="Recipe")
DIGITS_ONLY = "digits only"  # marks a field that means nothing to a network that reads whole numbers
# What settings were called before, as run folders and cards that are older have them.
FORMER_NAMES = {
    "batch": "batch_size",
    "smoothing": "label_smoothing",
    "averaging": "ema_momentum",
    "settling": "clean_epochs",
    "settling_rate": "clean_learning_rate",
    "plateau": "reduce_lr_patience",
}
KINDS = {
    int: "a whole number",
    float: "a number",
    str: "a word",
    bool: "true or false",
    Augmentation: "an augmentation",
    NoneType: "nothing",
}


@dataclass(frozen=True)
class OneOf:
    """Marks a field whose value is a name in a catalogue, which is looked up when a recipe is made."""

    catalogue: Mapping[str, object]


class Recipe(BaseModel):
    """The settings of one training. One that exists can be trained with: making another raises RecipeError.

    `description` is the help of a setting, and `title` its name for people.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", revalidate_instances="always")

    network: Annotated[str, OneOf(ARCHITECTURES)] = Field(
        "digitrec-fast", title="Network", description="Its name in the catalogue."
    )
    source: str = Field("mnist", title="Data", description="The dataset whose training set is used.")
    epochs: int = Field(
        5, ge=1, le=1000, title="Epochs", description="How many times the network sees every training image."
    )
    learning_rate: float = Field(
        1e-3,
        ge=1e-8,
        le=1e8,
        title="Learning rate",
        description="How far each step moves the weights; with a schedule, the highest rate. "
        "If it is too high, the network learns nothing.",
    )
    images: int | None = Field(
        None,
        ge=1,
        title="Training images (empty: all)",
        description="How many images of the training set to use, from the first on.",
    )
    batch_size: int = Field(128, ge=1, le=10_000, title="Batch size", description="Images per step.")
    optimiser: Literal["adam", "adamw", "sgd"] = Field(
        "adam", title="Optimiser", description="The rule that turns the error of a batch into new weights."
    )
    schedule: Literal["constant", "one-cycle", "a cycle an epoch"] = Field(
        "constant",
        title="Learning-rate schedule",
        description="How the learning rate changes. One-cycle: it rises during the warm-up, then falls to 0 along half "
        "a cosine. A cycle an epoch: it does so in every epoch, and the peak of epoch n is the learning rate / n.",
    )
    warmup: float = Field(
        0.1,
        ge=0,
        le=0.9,
        title="Warm-up",
        description="The fraction of a cycle's steps in which the learning rate rises.",
    )
    weight_decay: float = Field(
        0.0, ge=0, le=1, title="Weight decay", description="Pulls all weights a little towards 0 (AdamW only)."
    )
    beta_2: float = Field(
        0.999,
        ge=0,
        le=0.99999,
        title="Beta 2",
        description="How much of its running mean of squared gradients Adam keeps in each step.",
    )
    ema_momentum: float = Field(
        0.0,
        ge=0,
        le=0.9999,
        title="Moving average of weights (EMA momentum)",
        description="How much of the average is kept in each step. The trained model has the averaged weights. 0: off.",
    )
    label_smoothing: Annotated[float, DIGITS_ONLY] = Field(
        0.0,
        ge=0,
        le=0.9,
        title="Label smoothing",
        description="The fraction of the target that is spread evenly over all ten digits. 0: off.",
    )
    scaling: Annotated[str, OneOf(SCALINGS)] = Field(
        "unit", title="Scaling", description="How pixel values are scaled before the first layer."
    )
    precision: Precision = Field(
        "float32",
        title="Precision",
        description="Number format of the multiplications. "
        "bfloat16 is about twice as fast where the processor supports it, and slow elsewhere.",
    )
    augmentation: Annotated[Augmentation | None, BeforeValidator(make_augmentation), DIGITS_ONLY] = Field(
        None, title="Augmentation", description="Small random changes to the images, new ones in each epoch."
    )
    clean_epochs: Annotated[int, DIGITS_ONLY] = Field(
        0, ge=0, le=1000, title="Clean epochs", description="The last epochs, without augmentation."
    )
    clean_learning_rate: Annotated[float, DIGITS_ONLY] = Field(
        0.0,
        ge=0,
        le=1e8,
        title="Clean learning rate",
        description="The learning rate that the clean epochs start with. It falls to 0 along half a cosine. "
        "0: the schedule continues.",
    )
    validation: float = Field(
        0.2,
        ge=0,
        le=0.9,
        title="Validation fraction",
        description="The fraction of the images that the network is not trained on but measured with after each "
        "epoch. 0: the test set is used.",
    )
    split_seed: int = Field(
        17, ge=0, le=2**31 - 1, title="Seed of the split", description="Decides which images are for validation."
    )
    patience: int = Field(
        0,
        ge=0,
        le=1000,
        title="Early-stopping patience",
        description="Stop after this many epochs without a lower validation loss, and return to the best epoch. "
        "0: never.",
    )
    reduce_lr_patience: int = Field(
        0,
        ge=0,
        le=1000,
        title="Reduce learning rate on plateau",
        description="Halve the learning rate after this many epochs without a lower validation loss. 0: never.",
    )
    seed: int = Field(
        17,
        ge=0,
        le=2**31 - 1,
        title="Seed",
        description="Decides the initial weights, the order of the images, dropout and augmentation.",
    )
    by_writer: bool = Field(
        default=False,
        title="Split by writer",
        description="Keep all digits of a writer on one side, so that validation measures handwriting that is new to "
        "the network.",
    )

    def __init__(self, **settings: Any) -> None:
        """A recipe of these settings, which may have their former names; others are as above."""
        try:
            super().__init__(**with_present_names(settings))
        except ValidationError as error:
            raise RecipeError(_in_words(type(self), error.errors(include_url=False)[0])) from None

    @field_validator("*")
    @classmethod
    def _check_catalogue(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse a name that is not in the catalogue of its field."""
        field = cls.model_fields[info.field_name or ""]
        if any(isinstance(one, OneOf) and value not in one.catalogue for one in field.metadata):
            raise ValueError(value)  # `_in_words` says it
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        """Refuse settings that exclude each other."""
        if self.reduce_lr_patience and (self.schedule != "constant" or self.has_clean_rate):
            rate = f", clean learning rate {self.clean_learning_rate:g}" if self.has_clean_rate else ""
            raise RecipeError(
                "Expected a constant learning rate where it is reduced on a plateau. Received: schedule "
                f"{self.schedule}, reduce lr patience {self.reduce_lr_patience}{rate}. Set one of them back."
            )
        if ARCHITECTURES[self.network].reads == "number" and (self.augmentation or self.label_smoothing):
            raise RecipeError(
                "Expected no augmentation and no label smoothing for a network that reads numbers: its training images "
                "are composed anew in each epoch. Received: one of them. Turn it off."
            )
        return self

    @property
    def has_clean_rate(self) -> bool:
        """Whether the clean epochs have a learning rate of their own."""
        return bool(self.clean_epochs and self.clean_learning_rate)


def with_present_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by name, those with a former name by their present one."""
    return {FORMER_NAMES.get(name, name): value for name, value in settings.items()}


def choices(field: FieldInfo) -> tuple[str, ...]:
    """The values that a field of `Recipe` may have; none where they are not a few words."""
    for one in field.metadata:
        if isinstance(one, OneOf):
            return tuple(one.catalogue)
    return tuple(one for one in get_args(field.annotation) if isinstance(one, str))


def limits(field: FieldInfo) -> tuple[float | None, float | None]:
    """The smallest and the largest value that a field of `Recipe` may have; None where there is no limit."""
    low = next((float(one.ge) for one in field.metadata if hasattr(one, "ge")), None)
    return low, next((float(one.le) for one in field.metadata if hasattr(one, "le")), None)


def limits_in_words(field: FieldInfo) -> str:
    """The limits of a field of `Recipe`, such as "1 to 1000"; empty where it has none."""
    low, high = (None if limit is None else f"{limit:.10g}" for limit in limits(field))
    return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}" if high else ""


def _in_words(recipe: type[Recipe], error: Mapping[str, Any]) -> str:
    """What pydantic refused, as an error of digitrec says it: the rule, what came in, what to do."""
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, RecipeError):
        return str(cause)
    value = error["input"]
    name, *part = map(str, error["loc"])
    if name not in recipe.model_fields:
        known = ", ".join(recipe.model_fields)
        return f"Expected a setting of a recipe. Received: {name!r}. Choose one of {known}."
    if part:
        return (
            f"Expected a number of 0 to {LARGEST_CHANGE} as {part[0]} of the augmentation. Received: {value!r}. "
            "Choose one in between."
        )
    field, title = recipe.model_fields[name], name.replace("_", " ")
    if names := choices(field):
        return f"Expected {title} to be one of {', '.join(names)}. Received: {value!r}. Choose one of them."
    if error["type"] in ("greater_than_equal", "less_than_equal"):
        return f"Expected {title} of {limits_in_words(field)}. Received: {value:g}. Choose a value within these limits."
    return f"Expected {_kind(field)} as {title}. Received: {value!r}. Write one, or leave it out."


def _kind(field: FieldInfo) -> str:
    return " or ".join(KINDS[part] for part in get_args(field.annotation) or (field.annotation,))


def change(recipe: AnyRecipe, **changes: Any) -> AnyRecipe:
    """The recipe with some settings changed, by name.

    Raises
    ------
    RecipeError, where there is no such setting, or its value is refused.
    """
    return type(recipe)(**dict(recipe) | with_present_names(changes))


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
            changes[name.strip()] = json.loads(text)
        except ValueError:
            changes[name.strip()] = text
    return changes


def to_json(recipe: Recipe) -> str:
    """A recipe as JSON text."""
    return recipe.model_dump_json(indent=2) + "\n"


def from_json(text: str) -> Recipe:
    """The recipe of `to_json`; what the text leaves out is as in `Recipe`, and former names are understood.

    Raises
    ------
    RecipeError, where the text is no recipe, or one that is refused.
    """
    try:
        return Recipe(**json.loads(text))
    except (ValueError, TypeError) as error:
        if isinstance(error, RecipeError):
            raise
        raise RecipeError(
            f"Expected a recipe as JSON, as recipe.json of a run has it. Received: {str(error)[:100]}. Save it again."
        ) from None
