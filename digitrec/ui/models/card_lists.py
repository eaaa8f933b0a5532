"""The lists of a model card - data, recipe, machine - as plain text."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from digitrec.ui.messages import as_plain_text
from digitrec.words import in_seconds

DEEPEST, LONGEST, MOST = 3, 120, 40  # levels, letters of a value and lines of a list that are shown
MEANINGS = {
    "network": "its kind in the catalogue",
    "source": "whose training part it learned from",
    "images": "only the first so many",
    "epochs": "how often it saw every image",
    "batch": "images a step",
    "learning_rate": "how far each step goes, at most",
    "schedule": "how that changes while it learns",
    "warmup": "share of the steps until the farthest",
    "optimiser": "what turns errors into steps",
    "weight_decay": "how strongly its numbers are drawn to 0",
    "beta_2": "how long it remembers how large errors were",
    "averaging": "how much of the numbers' mean is kept in each step",
    "smoothing": "share of belief spread over all ten digits",
    "validation": "share of the images kept aside",
    "by_writer": "nobody's digits are on both sides",
    "split_seed": "what chance began with when images were kept aside",
    "seed": "what chance began with",
    "scaling": "how greys become numbers",
    "augmentation": "how images are changed, anew in each epoch",
    "degrees": "of turn, typically",
    "shift": "pixels, at most",
    "zoom": "share larger or smaller, at most",
    "shear": "pixels sideways a pixel down, typically",
    "bend": "pixels, typically",
    "thicker": "share of a pixel around the ink, at most",
    "thinner": "share of a pixel around the ink, at most",
    "settling": "last epochs that show images as they are",
    "settling_rate": "how far each step goes at first while it settles",
    "patience": "epochs without gain until it stops",
    "plateau": "epochs without gain until steps are halved",
    "precision": "of the numbers it multiplied while it learned",
}
TITLES = {"seconds": "it took"}


def as_list(values: Mapping[str, JsonValue], meanings: Mapping[str, str], depth: int = 0) -> Iterator[str]:
    """Lines of a Markdown list, lists within it, that say what a part of a card says.

    What is off (none, no, 0) and what is for machines (hashes) is left out.
    """
    for key, value in values.items():
        title = TITLES.get(key, key.replace("_", " "))
        name = f"{'  ' * depth}- {plain(title[:1].upper() + title[1:])}"
        meaning = f" *({meanings[key]})*" if key in meanings else ""
        if isinstance(value, dict):
            lines = list(as_list(value, meanings, depth + 1)) if depth + 1 < DEEPEST else []
            if lines:
                yield name + meaning
                yield from lines
        elif (value or key.endswith("seed")) and not _is_hash(value):
            yield f"{name}: **{plain(_say(key, value))}**{meaning}"


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


def plain(text: str) -> str:
    """On one line, not too long, and shown as it is."""
    line = " ".join(text.split())
    return as_plain_text(line if len(line) <= LONGEST else line[: LONGEST - 1] + "…")
