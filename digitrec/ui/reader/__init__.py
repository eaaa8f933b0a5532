"""Reading in the browser: the scripts, and what Python hands over to them.

model folder -> `reader_files`, `reader_spec`          the .js files beside this one -> `worker_script`, `client_script`

The scripts do what `Classifier.read` and `canvas.live.describe` do, in the same steps and under similar names. They
have no words and no thresholds of their own: those come from here. Tests hold them against Python.
"""

import base64
from pathlib import Path
from typing import Any

from digitrec.networks.card import Card
from digitrec.networks.registry import input_kind
from digitrec.networks.verdict import BOTH, CLOSE, FAR, FULL, FULL_REASON, LEAST, NO_INK, REASONS
from digitrec.networks.weights import PATH_WEIGHTS, WEIGHTS, read_weights
from digitrec.storage import StrPath
from digitrec.words import ABOVE, HIGHEST, LEVELS, with_article

HERE = Path(__file__).parent
SCRIPTS = (  # in the worker
    "safetensors",
    "preprocess",
    "pen_path",
    "layers",
    "network",
    "influence",
    "verdict",
    "strips",
    "worker",
)
WORDS = {
    "nothing": "Nothing to read yet",
    "unsure": "Not sure, {percent}",
    "sure": "{level}, {percent}",
    "ways": "From the image alone: {ink}. From the pen path alone: {path}.",
}


def worker_script() -> str:
    """The script of the Web Worker that reads drawings; worker.js says which messages it takes."""
    return "\n".join(read_script(name) for name in SCRIPTS)


def client_script() -> str:
    """The script for the page, with `startReader`: it starts a worker and asks it to read, one drawing at a time."""
    return read_script("client")


def read_script(name: str) -> str:
    """One of the scripts."""
    return (HERE / f"{name}.js").read_text("utf-8")


def can_read(card: Card) -> bool:
    """Whether the browser can read with a model; otherwise the server does."""
    return WEIGHTS in card.files and (card.path is None or PATH_WEIGHTS in card.files)


def reader_files(folder: StrPath, card: Card) -> dict[str, dict[str, str]]:
    """The networks of a model for the worker: by "ink" and "path", or "number", `content` in base64 and its `sha256`.

    Raises
    ------
    ModelError, if a file is missing or damaged.
    """
    names = {WEIGHTS: "number" if input_kind(folder) == "number" else "ink", PATH_WEIGHTS: "path"}
    return {
        names[name]: {"content": base64.b64encode(content).decode("ascii"), "sha256": card.files[name]}
        for name, content in read_weights(folder, card).items()
    }


def reader_spec(card: Card, number_card: Card | None = None) -> dict[str, Any]:
    """The thresholds of a model, and of one for numbers, and all words of a verdict, as plain data."""
    path = card.path
    return {
        "limits": {"close": CLOSE, "far": FAR, "both": BOTH, "least": LEAST, "full": FULL, "highest": HIGHEST},
        "levels": [list(level) for level in LEVELS],
        "digits": [with_article(digit) for digit in range(10)],
        "words": {**WORDS, **REASONS, "noInk": NO_INK, "full": FULL_REASON, "above": ABOVE},
        "thresholds": {"confidence": card.unsure_below, "digit": card.digit_below},
        "number": None if number_card is None else {"confidence": number_card.unsure_below},
        "path": None
        if path is None
        else {
            "powers": list(path.powers),
            "thresholds": {"confidence": path.unsure_below, "digit": path.digit_below},
        },
    }
