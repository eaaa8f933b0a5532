"""Several models on the same data: their learning curves, their recipes, and the images they disagree on."""

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
from digitrec.evaluation.metrics import compare_predictions
from digitrec.glossary import explain
from digitrec.networks.card import Card
from digitrec.networks.registry import input_kind
from digitrec.training.recipe import with_present_names
from digitrec.ui import state
from digitrec.ui.cache import classifier, probabilities
from digitrec.ui.messages import as_plain_text, show_errors
from digitrec.ui.strip import Captioned, show_strip

SHOWN = 20
LEVEL = 0.05  # a difference with a p-value below this is significant


def show_several(readers: Mapping[str, Path], cards: Mapping[str, Card], data: Dataset) -> None:
    """Compare several models: their learning curves, their recipes, and any two of them on the test set."""
    _show_curves(cards)
    _show_recipes(cards)
    if any(input_kind(folder) == "number" for folder in readers.values()):
        st.info(
            "Tick two models that read digits to see the images that they disagree on.",
            icon=":material/compare_arrows:",
        )
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
        st.caption("Their cards have no learning curves.")
        return
    against = st.segmented_control(
        "Learning curves by", ["epoch", "seconds"], default=state.AGAINST.default, required=True, **state.AGAINST.widget
    )
    for column, what in zip(st.columns(2), ("val_accuracy", "val_loss"), strict=True):
        figure = compared_curves(histories, what, str(against))
        alt = tell_curves(histories, what)
        column.plotly_chart(figure, config={"displayModeBar": False}, key=state.COMPARED.of(what).name, alt=alt)
    if missing := [title for title in cards if title not in histories]:
        st.caption(as_plain_text(f"The card of {', '.join(missing)} has no learning curves."))


def _show_recipes(cards: Mapping[str, Card]) -> None:
    recipes = [with_present_names(card.recipe) for card in cards.values()]
    settings = sorted({setting for recipe in recipes for setting in recipe})
    rows = {setting: [str(recipe.get(setting, "")) for recipe in recipes] for setting in settings}
    differing = {setting: row for setting, row in rows.items() if len(set(row)) > 1}
    st.markdown("**Differences between their recipes**")
    if differing:
        st.dataframe(pd.DataFrame.from_dict(differing, orient="index", columns=list(cards)))
    else:
        st.caption("None.")


def _show_two(first: tuple[str, Path], second: tuple[str, Path], data: Dataset) -> None:
    split = data.test
    with show_errors("The models could not be compared."):
        read = [probabilities(classifier(folder), data).argmax(axis=1) for _, folder in (first, second)]
    found = compare_predictions(split.labels, *read)
    verdict = "significant" if found.p < LEVEL else "not significant"
    p_value = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.2g}"
    one, other = as_plain_text(first[0]), as_plain_text(second[0])
    st.markdown(
        f"Of the {len(split):,} test images, both models read {found.both_right:,} correctly and "
        f"{len(found.both_wrong):,} wrongly. Only **{one}** reads {len(found.only_first):,} correctly, and only "
        f"**{other}** {len(found.only_second):,}. The difference is {verdict} (McNemar's exact test, {p_value}).",
        help=explain("significance", "p-value"),
    )
    _show_images(f"Only {one} is correct", split, found.only_first, read[1:])
    _show_images(f"Only {other} is correct", split, found.only_second, read[:1])
    _show_images("Both are wrong", split, found.both_wrong, read)


def _show_images(title: str, split: Split, places: NDArray[np.intp], wrong: Sequence[NDArray[np.intp]]) -> None:
    """Some images, each with the wrong answers."""
    st.markdown(f"**{title}**")
    if not len(places):
        st.caption("None.")
    pictures = []
    for place in places[:SHOWN].tolist():
        read = " and ".join(dict.fromkeys(str(one[place]) for one in wrong))
        alt = f"A {split.labels[place]}, read as {read}"
        pictures.append(Captioned(as_paper(split.images[place]), f"as {read}", alt))
    show_strip(pictures, side=56)
