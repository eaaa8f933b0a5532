"""The comparison with other networks on the model card."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from digitrec.charts.card import rival_dots
from digitrec.charts.pictures import as_paper, enlarge, frame
from digitrec.evaluation.metrics import Measurement
from digitrec.evaluation.predictions import find_most_disputed, measure_disagreement
from digitrec.glossary import explain
from digitrec.ink.drawings import render
from digitrec.ink.image_files import to_data_url
from digitrec.ink.preprocessing import SIDE, preprocess, shrink
from digitrec.networks.card import Card, Rival
from digitrec.networks.card_figures import best_first, name_rivals
from digitrec.networks.measuring.reference_drawings import ReferenceDrawings, read_reference_drawings
from digitrec.ui import state
from digitrec.ui.models.card import show_chart
from digitrec.ui.models.card_lists import as_plain_line
from digitrec.ui.theme import text_colour
from digitrec.words import percent

SHOWN = 12  # drawings that the networks disagree on
PICTURE = 56  # pixels of each, shown
NETWORK = 96  # pixels of a network's column, so that two fit on a phone
PREPROCESSED, NAIVE = "Preprocessed", "Naive"


def show_rivals(card: Card, folder: Path) -> None:
    """How accurate other networks are on the same drawings, and the drawings that they disagree on."""
    if not card.rivals:
        return
    rivals = best_first(card.rivals)
    st.subheader("A fair comparison", anchor=False, help=explain("accuracy", "test set"))
    drop = max(rivals, key=lambda rival: rival.scans.value - rival.naive.value)
    st.markdown(
        "Every network was given the same drawings in two versions: preprocessed as MNIST was (cut out, scaled down, "
        "centred), and naive, with the whole canvas scaled down to 28 × 28. A network can be accurate on MNIST and "
        f"poor on drawings: **{as_plain_line(drop.name)}** has an accuracy of {percent(drop.scans.value)} on the MNIST "
        f"test set, {percent(drop.prepared.value)} on preprocessed drawings, and {percent(drop.naive.value)} on naive "
        "ones."
    )
    show_chart(
        rival_dots(rivals, text_colour()),
        "rivals",
        "Accuracy of each network as dots. The table below has the figures.",
    )
    rows = [
        {
            "network": rival.name,
            "MNIST test set": _with_interval(rival.scans),
            "drawings, preprocessed": _with_interval(rival.prepared),
            "drawings, naive": _with_interval(rival.naive),
            "parameters": rival.parameters,
            "size (kB)": round(rival.bytes / 1000),
            "recipe": rival.recipe,
        }
        for rival in rivals
    ]
    columns = {name: st.column_config.NumberColumn(format="localized") for name in ("parameters", "size (kB)")}
    pinned = {"network": st.column_config.Column(pinned=True)}
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=columns | pinned, key=state.READERS.name)
    _show_side_by_side(rivals, read_reference_drawings(folder))


def _with_interval(one: Measurement) -> str:
    return f"{percent(one.value)} ({100 * one.low:.1f} to {100 * one.high:.1f})"


def _show_side_by_side(rivals: Sequence[Rival], reference: ReferenceDrawings | None) -> None:
    st.markdown("**The same drawings, read by each network**")
    if reference is None or any(
        len(answers) != len(reference.drawings) for rival in rivals for answers in (rival.answers, rival.naive_answers)
    ):
        st.caption("The drawings are not in the model's folder.")
        return
    first = state.DRAWING_VERSION.default
    version = st.segmented_control(
        "Drawings", [PREPROCESSED, NAIVE], default=first, required=True, **state.DRAWING_VERSION.widget
    )
    is_naive = version == NAIVE
    answers = [rival.naive_answers if is_naive else rival.answers for rival in rivals]
    places = find_most_disputed(answers, SHOWN)
    if not places:
        st.caption(f"They agree on all {len(reference.drawings):,} drawings.")
        return
    disputed = int(np.count_nonzero(measure_disagreement(answers)))
    st.markdown(
        f"They disagree on {disputed:,} of {len(reference.drawings):,} drawings. Here are those with the most "
        "disagreement. The picture is the input of every network. ✓ is correct, ✗ is wrong."
    )
    names = name_rivals(rivals)
    rows: list[dict[str, Any]] = [
        {"picture": _picture(reference, place, is_naive=is_naive), "label": str(reference.labels[place])}
        | {name: _mark(given[place], int(reference.labels[place])) for name, given in zip(names, answers, strict=True)}
        for place in places
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        row_height=PICTURE + 8,
        height=(PICTURE + 8) * len(rows) + 38,
        column_config={
            "picture": st.column_config.ImageColumn("picture", width=PICTURE + 24, pinned=True),
            "label": st.column_config.Column(width=60, pinned=True),
        }
        | {name: st.column_config.Column(width=NETWORK) for name in names},
        key=state.SIDE_BY_SIDE.name,
    )


def _mark(read: int, label: int) -> str:
    return f"✓ {read}" if read == label else f"✗ {read}"


def _picture(reference: ReferenceDrawings, place: int, *, is_naive: bool) -> str:
    canvas = render(reference.drawings[place])
    image = shrink(canvas) if is_naive else preprocess(canvas).image
    return to_data_url(frame(enlarge(as_paper(np.zeros((SIDE, SIDE), np.uint8) if image is None else image), 4)))
