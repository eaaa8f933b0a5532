"""Several models on the same data: their curves, their recipes, and the images they disagree on."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.alt_text import tell_curves
from digitrec.charts.pictures import as_paper
from digitrec.charts.training import compared_curves
from digitrec.datasets import Dataset, Split
from digitrec.evaluation.metrics import compare
from digitrec.networks.card import Card
from digitrec.networks.registry import input_kind
from digitrec.training.recipe import with_present_names
from digitrec.ui import state
from digitrec.ui.cache import classifier, probabilities
from digitrec.ui.messages import as_plain_text, show_errors
from digitrec.ui.strip import Captioned, show_strip

READS, SHOWN = 30, 20
CHANCE = 0.05  # parted so far or farther by chance alone less often than this, two models count as different


def show_several(readers: Mapping[str, Path], cards: Mapping[str, Card], data: Dataset) -> None:
    """Several models on the test part of the same data: their curves, their recipes, and any two of them."""
    _show_curves(cards)
    _show_recipes(cards)
    if any(input_kind(folder) == "number" for folder in readers.values()):
        st.info("Tick two that read digits to see which images part them.", icon=":material/compare_arrows:")
        return
    pairs = {f"{one} and {other}": (one, other) for one, other in combinations(readers, 2)}
    pair = (
        next(iter(pairs)) if len(pairs) == 1 else st.selectbox("Compare", list(pairs), width=520, **state.PAIR.widget)
    )
    first, second = pairs[pair]
    _show_two((first, readers[first]), (second, readers[second]), data)


def _show_curves(cards: Mapping[str, Card]) -> None:
    histories = {title: pd.DataFrame(card.history) for title, card in cards.items() if card.history}
    histories = {title: frame.assign(epoch=frame.index + 1) for title, frame in histories.items() if len(frame)}
    if not histories:
        st.caption("How their trainings went is not in their cards.")
        return
    against = st.segmented_control(
        "Curves against", ["epoch", "seconds"], default=state.AGAINST.default, required=True, **state.AGAINST.widget
    )
    for column, what in zip(st.columns(2), ("val_accuracy", "val_loss"), strict=True):
        figure = compared_curves(histories, what, str(against))
        alt = tell_curves(histories, what)
        column.plotly_chart(figure, config={"displayModeBar": False}, key=state.COMPARED.of(what).name, alt=alt)
    if missing := [title for title in cards if title not in histories]:
        st.caption(as_plain_text(f"How the training went is not in the card of {', '.join(missing)}."))


def _show_recipes(cards: Mapping[str, Card]) -> None:
    recipes = [with_present_names(card.recipe) for card in cards.values()]
    settings = sorted({setting for recipe in recipes for setting in recipe})
    rows = {setting: [str(recipe.get(setting, "")) for recipe in recipes] for setting in settings}
    differing = {setting: row for setting, row in rows.items() if len(set(row)) > 1}
    st.markdown("**Where their recipes differ**")
    if differing:
        st.dataframe(pd.DataFrame.from_dict(differing, orient="index", columns=list(cards)))
    else:
        st.caption("Nowhere.")


def _show_two(first: tuple[str, Path], second: tuple[str, Path], data: Dataset) -> None:
    split = data.test
    with show_errors("The models could not be compared."):
        read = [probabilities(classifier(folder), data).argmax(axis=1) for _, folder in (first, second)]
    found = compare(split.labels, *read)
    verdict = "more than chance would do" if found.p < CHANCE else "no more than chance would do"
    chance = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.2g}"
    st.markdown(
        f"Of the {len(split):,} images to test with, both read {found.both_right:,} rightly and "
        f"{len(found.both_wrong):,} wrongly; **{as_plain_text(first[0])}** alone reads {len(found.only_first):,}, "
        f"**{as_plain_text(second[0])}** alone {len(found.only_second):,}. That parts them {verdict} "
        f"(McNemar's exact test, {chance})."
    )
    _show_images(f"Read by {as_plain_text(first[0])} alone", split, found.only_first, read[1:])
    _show_images(f"Read by {as_plain_text(second[0])} alone", split, found.only_second, read[:1])
    _show_images("Read by neither", split, found.both_wrong, read)


def _show_images(title: str, split: Split, places: NDArray[np.intp], wrong: Sequence[NDArray[np.intp]]) -> None:
    """Some images, each with what those who were wrong read it as."""
    st.markdown(f"**{title}**")
    if not len(places):
        st.caption("None.")
    pictures = []
    for place in places[:SHOWN].tolist():
        read = " and ".join(dict.fromkeys(str(one[place]) for one in wrong))
        alt = f"A {split.labels[place]}, read as {read}"
        pictures.append(Captioned(as_paper(split.images[place]), f"not {read}", alt))
    show_strip(pictures, side=56)
