"""The lists of a model card - data, recipe, environment - as plain text."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from digitrec.training.recipe import FORMER_NAMES, Recipe
from digitrec.ui.messages import as_plain_text
from digitrec.words import in_seconds

DEEPEST, LONGEST, MOST = 3, 120, 40  # levels, characters of a value and lines of a list that are shown
AUGMENTATION = {
    "degrees": "rotation, standard deviation",
    "shift": "pixels, at most",
    "zoom": "fraction larger or smaller, at most",
    "shear": "pixels sideways per pixel down, standard deviation",
    "bend": "pixels of distortion, standard deviation",
    "thicker": "fraction of a pixel on each side, at most",
    "thinner": "fraction of a pixel on each side, at most",
}


def _short(description: str) -> str:
    """The first sentence of a setting's help, as it stands in brackets."""
    sentence = description.partition(". ")[0].removesuffix(".")
    return sentence if sentence[:2].isupper() else sentence[:1].lower() + sentence[1:]


# What the settings of a recipe mean. Older cards have some of them by their former names.
MEANINGS = AUGMENTATION | {name: _short(field.description or "") for name, field in Recipe.model_fields.items()}
MEANINGS |= {former: MEANINGS[present] for former, present in FORMER_NAMES.items()}
TITLES = {"seconds": "training time", "images to learn from": "training images", "ema_momentum": "EMA momentum"}
TITLES |= {former: TITLES.get(name, name.replace("_", " ")) for former, name in FORMER_NAMES.items()}


def as_list(values: Mapping[str, JsonValue], meanings: Mapping[str, str], depth: int = 0) -> Iterator[str]:
    """A part of a card as the lines of a nested Markdown list, without what is off (none, no, 0) and without hashes."""
    for key, value in values.items():
        title = TITLES.get(key, key.replace("_", " "))
        name = f"{'  ' * depth}- {as_plain_line(title[:1].upper() + title[1:])}"
        meaning = f" *({meanings[key]})*" if key in meanings else ""
        if isinstance(value, dict):
            lines = list(as_list(value, meanings, depth + 1)) if depth + 1 < DEEPEST else []
            if lines:
                yield name + meaning
                yield from lines
        elif (value or key.endswith("seed")) and not _is_hash(value):
            yield f"{name}: **{as_plain_line(_say(key, value))}**{meaning}"


def _is_hash(value: JsonValue) -> bool:
    return isinstance(value, str) and len(value) == 64 and not value.strip("0123456789abcdef")


def _say(key: str, value: JsonValue) -> str:
    if key == "seconds" and isinstance(value, int | float):
        return in_seconds(value)
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, int):
        return str(value) if key.endswith("seed") else f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def as_plain_line(text: str) -> str:
    """A value of a card's list as text on one line, cut to `LONGEST`, without Markdown."""
    line = " ".join(text.split())
    return as_plain_text(line if len(line) <= LONGEST else line[: LONGEST - 1] + "…")
