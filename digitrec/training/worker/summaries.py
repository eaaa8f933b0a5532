"""`python -m digitrec.training.worker.summaries`: write Keras's summaries, which the app shows without Keras."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from digitrec.networks.architectures import ARCHITECTURES
from digitrec.networks.summaries import path_of
from digitrec.storage import replace_file
from digitrec.training.published import PUBLISHED
from digitrec.training.worker.network import build

WIDTH = 68  # characters


def summarise(name: str) -> str:
    """Keras's summary of that network, scaled as its authors published it."""
    texts: list[str] = []
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(WIDTH)  # else a narrow terminal would narrow the table
    try:
        build(name, PUBLISHED[name].scaling).summary(line_length=WIDTH, print_fn=texts.append)
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return "".join(texts)


if __name__ == "__main__":
    for name in ARCHITECTURES:
        replace_file(path_of(name), summarise(name))
