"""The Robustness page: accuracy by strength of a corruption, and one image under two corruptions."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.alt_text import tell_strengths
from digitrec.charts.mistakes import strength_curves, verdict_squares
from digitrec.charts.pictures import as_paper
from digitrec.datasets import Dataset, Progress
from digitrec.datasets.exploration.selection import draw_places
from digitrec.errors import DigitrecError
from digitrec.evaluation.robustness import (
    CORRUPTIONS,
    Corruption,
    accuracy_by_strength,
    amounts_of,
    corrupt,
    verdict_map,
)
from digitrec.ink.preprocessing import preprocess
from digitrec.ink.types import Predict
from digitrec.ui import state
from digitrec.ui.cache import classifier
from digitrec.ui.canvas import session_canvas
from digitrec.ui.data import gallery
from digitrec.ui.jobs import wait_for
from digitrec.ui.messages import as_plain_text, show_errors
from digitrec.ui.models.choice import list_readers
from digitrec.ui.strip import Captioned, show_strip
from digitrec.words import in_percent, with_article

SAMPLE, SEED = 1000, 0  # number of images, and the seed that selects them
STEPS = 9  # amounts
CELLS = 17  # a side of the map
PICTURE = {"displaylogo": False, "modeBarButtons": [["toImage"]]}


def choose_image(data: Dataset) -> tuple[NDArray[np.uint8], str]:
    """The image whose robustness is shown: the drawing, else the one selected in a gallery, else the first."""
    drawn = preprocess(session_canvas.as_ink()).image
    if drawn is not None:
        return drawn, "your drawing"
    place = gallery.picked_place(data, "test")
    place = 0 if place is None or place >= len(data.test) else place
    return data.test.images[place], f"test image {place:,}, {with_article(int(data.test.labels[place]))}"


def show_curves(kind: Corruption, readers: Mapping[str, Path], data: Dataset) -> None:
    """On the Robustness page: the accuracy of each model by strength of the corruption."""
    places = np.sort(draw_places(len(data.test), SAMPLE, SEED))
    images, labels = data.test.images[places], data.test.labels[places]
    tables = {}
    for title, folder in readers.items():
        try:
            reader = classifier(folder)
            key = ("robust", reader.card.files.get("model.tflite"), data.fingerprint, kind.name)
            work = partial(_measure, reader.predict_proba, images, labels, kind)
            tables[title] = wait_for(key, f"Reading with {title}", work)
        except DigitrecError as error:  # the others are shown all the same
            st.warning(as_plain_text(f"{title} could not read the images. {error}"), icon=":material/error:")
    if not tables:
        return
    figure = strength_curves(tables, f"{kind.title.lower()}, {kind.unit}")
    st.plotly_chart(figure, config=PICTURE, key=state.STRENGTHS.name, alt=tell_strengths(tables, kind.unit))
    mnist_c = f" In MNIST-C (Mu and Gilmer, 2019), this is `{kind.mnist_c}`." if kind.mnist_c else ""
    st.caption(
        f"{len(images):,} test images, a random sample with seed {SEED}; the bars are 95 % confidence intervals."
        f"{mnist_c}"
    )
    table = pd.concat([frame.assign(model=title) for title, frame in tables.items()], ignore_index=True)
    st.download_button(
        "Download (.csv)",
        table.to_csv(index=False).encode(),
        f"{kind.name}.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _measure(
    read: Predict, images: NDArray[np.uint8], labels: NDArray[np.uint8], kind: Corruption, progress: Progress
) -> pd.DataFrame:
    amounts, parts = amounts_of(kind, STEPS), []
    for done, amount in enumerate(amounts, 1):
        parts.append(accuracy_by_strength(read, images, labels, kind.name, [amount], seed=SEED))
        progress(done / len(amounts))
    return pd.concat(parts, ignore_index=True)


def show_strengths(kind: Corruption, image: NDArray[np.uint8], what: str) -> None:
    """On the Robustness page: the corruption at increasing strengths on one image."""
    st.caption(f"The corruption on {what}:")
    pictures = []
    for amount in amounts_of(kind, STEPS):
        changed = as_paper(corrupt(image[None], kind.name, amount, SEED)[0])
        pictures.append(Captioned(changed, f"{amount:g}", f"{kind.title}, {amount:g} {kind.unit}"))
    show_strip(pictures, side=84)


def show_map(kind: Corruption, image: NDArray[np.uint8], what: str, title: str) -> None:
    """On the Robustness page: the answers for one image under this corruption and another."""
    others = [name for name in CORRUPTIONS if name != kind.name]
    second = st.selectbox(
        "Second corruption",
        others,
        format_func=lambda key: CORRUPTIONS[key].title,
        width=230,
        **state.AND_CORRUPTION.of(kind.name).widget,
    )
    other = CORRUPTIONS[second]
    amounts = amounts_of(kind, CELLS), amounts_of(other, CELLS)
    with show_errors("The drawing could not be read."):
        reader = classifier(list_readers()[title])
        probabilities = verdict_map(
            reader.predict_proba, image, (kind.name, amounts[0]), (second, amounts[1]), seed=SEED
        )
    titles = f"{kind.title.lower()}, {kind.unit}", f"{other.title.lower()}, {other.unit}"
    digits = probabilities.argmax(axis=2)
    is_sure = ~reader.are_unsure(probabilities.reshape(-1, 10)).reshape(digits.shape)
    figure = verdict_squares(probabilities, is_sure, amounts, titles)
    alt = f"The answer by {titles[0]}, vertically, and {titles[1]}, horizontally; a question mark means not sure."
    st.plotly_chart(figure, config=PICTURE, key=state.VERDICTS.name, width=760, alt=alt)
    same = float((is_sure & (digits == digits[_middle(amounts[0]), _middle(amounts[1])])).mean())
    st.caption(
        f"Each square is {what}, after both corruptions and classified by {as_plain_text(title)}; ? means *not sure*. "
        f"The answer stays the same in {in_percent(same)} of the squares and is *not sure* in "
        f"{in_percent(float((~is_sure).mean()))}. To see it for a drawing of your own, draw one on the "
        "Draw page."
    )


def _middle(amounts: list[float]) -> int:
    return int(np.abs(amounts).argmin())
