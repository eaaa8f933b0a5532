"""Choosing the model that reads, and what the Models page shows of one or two of them."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Split
from digitrec.errors import DigitrecError
from digitrec.evaluation import compare
from digitrec.pictures import as_paper
from digitrec.registry import Card, delete_model, is_own, list_models, read_file, rename_model, restore_model
from digitrec.ui.cache import MODEL, classifier, probabilities
from digitrec.ui.messages import as_plain_text, told
from digitrec.ui.strip import Captioned, show_strip
from digitrec.words import in_seconds

READS, SHOWN = 30, 20
CHANCE = 0.05  # parted so far or farther by chance alone less often than this, two models count as different


def choose_model() -> None:
    """Let the user choose the model that reads, where there is a choice."""
    names = list(list_models())
    if len(names) > 1:
        st.selectbox("Read with", names, key=MODEL, persist_state="session", bind="query-params", width=260)


@st.cache_data(show_spinner="Timing the models …")
def time_to_read(name: str, sha256: str) -> float:
    """Seconds that one image takes, the median of some reads."""
    del sha256  # a model that was written anew is timed anew
    image, times = np.zeros((1, 28, 28), np.uint8), []
    for _ in range(READS):
        start = time.perf_counter()
        classifier(name).predict_proba(image)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def describe(name: str, folder: Path, card: Card) -> dict[str, object]:
    """A model's row in the table."""
    best = card.measured[0] if card.measured else None
    seconds = card.environment.get("seconds")
    return {
        "name": name,
        "network": card.network,
        "read": best.share if best else None,
        "95 % interval": f"{best.low:.2%} to {best.high:.2%}" if best else "",
        "of": f"{best.n:,}: {best.what}" if best else "",
        "numbers": card.parameters,
        "size (kB)": round((folder / "model.tflite").stat().st_size / 1000),
        "time per read (ms)": 1000 * time_to_read(name, card.files.get("model.tflite", "")),
        "trained in": in_seconds(float(seconds)) if isinstance(seconds, int | float) else "",
        "date": card.date,
    }


def put_aside(name: str) -> None:
    """Delete a model; it can be got back."""
    try:
        delete_model(name)
        st.session_state["deleted"] = name
    except DigitrecError as error:
        st.session_state["model_problem"] = str(error)


def get_back(name: str) -> None:
    """Undo `put_aside`."""
    st.session_state.pop("deleted", None)
    try:
        restore_model(name)
    except DigitrecError as error:
        st.session_state["model_problem"] = str(error)


def use(name: str) -> None:
    """Read with this model from now on."""
    st.session_state[MODEL] = name


def show_one(name: str, card: Card) -> None:
    """What can be done with a model."""
    folder = list_models()[name]
    st.subheader(as_plain_text(name), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button("Read with it", icon=":material/check:", on_click=use, args=(name,), type="primary")
        for file in card.files:
            with told("The file could not be read."):
                content = read_file(folder, file, card)
            suffix = file.rpartition(".")[2]
            label = f"Download (.{suffix})"
            st.download_button(label, content, f"{name}.{suffix}", on_click="ignore", icon=":material/download:")
        if is_own(name):
            st.button("Delete", icon=":material/delete:", on_click=put_aside, args=(name,))
    if is_own(name):
        with st.form("rename", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            new = st.text_input("Name", name, max_chars=40, width=280)
            if st.form_submit_button("Rename", icon=":material/edit:"):
                with told("It was not renamed."):
                    rename_model(name, new)
                st.rerun()
    with st.expander("Its card"):
        st.json(card.model_dump(), expanded=1)


def show_two(cards: dict[str, Card], data: Dataset) -> None:
    """Two models on the test part of the same data, and where their recipes differ."""
    (first, second), split = cards, data.test
    with told("The models could not be compared."):
        read = [probabilities(name, data).argmax(axis=1) for name in cards]
    found = compare(split.labels, *read)
    verdict = "more than chance would do" if found.p < CHANCE else "no more than chance would do"
    st.markdown(
        f"Of the {len(split):,} images to test with, both read {found.both_right:,} rightly and {found.both_wrong:,} "
        f"wrongly; **{as_plain_text(first)}** alone reads {len(found.only_first):,}, **{as_plain_text(second)}** alone "
        f"{len(found.only_second):,}. That parts them {verdict} (McNemar's exact test, p = {found.p:.2g})."
    )
    _show_alone(first, split, found.only_first, read[1])
    _show_alone(second, split, found.only_second, read[0])
    recipes = pd.DataFrame({name: pd.Series(card.recipe).astype(str) for name, card in cards.items()}).fillna("")
    st.markdown("**Where their recipes differ**")
    st.dataframe(recipes[recipes[first] != recipes[second]])


def _show_alone(name: str, split: Split, places: NDArray[np.intp], others: NDArray[np.intp]) -> None:
    st.markdown(f"**Read by {as_plain_text(name)} alone**")
    if not len(places):
        st.caption("None.")
    shown = places[:SHOWN].tolist()
    alt = "A {}, which the other reads as {}"
    show_strip(
        [
            Captioned(as_paper(split.images[one]), f"not {others[one]}", alt.format(split.labels[one], others[one]))
            for one in shown
        ],
        side=56,
    )
