"""How others read the same drawings as the model, on its card."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from digitrec.charts.card import rival_dots
from digitrec.charts.pictures import as_paper, enlarge, frame, to_data_url
from digitrec.evaluation.metrics import Measurement
from digitrec.ink.drawings import render
from digitrec.ink.preprocessing import SIDE, preprocess, shrink
from digitrec.networks.card import Card, Rival
from digitrec.networks.comparison import best_first, find_most_divided, measure_disagreement, name_readers
from digitrec.networks.measuring.reference_drawings import ReferenceDrawings, read_reference_drawings
from digitrec.ui import state
from digitrec.ui.messages import text_colour
from digitrec.ui.models.card import percent, show_chart
from digitrec.ui.models.card_lists import plain

SHOWN = 12  # drawings that readers part over
PICTURE = 56  # pixels of each, shown
READER = 96  # pixels of a reader's column, so that a phone shows two
WAYS = {"Prepared": "prepared", "Just shrunk": "careless"}


def show_rivals(card: Card, folder: Path) -> None:
    """How others read the same drawings, and the drawings that they part over."""
    if not card.rivals:
        return
    rivals = best_first(card.rivals)
    st.subheader("A fair comparison", anchor=False)
    drop = max(rivals, key=lambda rival: rival.scans.share - rival.careless.share)
    st.markdown(
        "Every reader was given the same drawings twice: prepared as MNIST's images were made (cut out, shrunk, "
        "centred), and with the whole canvas just shrunk to 28 × 28. A reader can be good on MNIST and bad on "
        f"drawings: **{plain(drop.name)}** reads {percent(drop.scans.share)} of MNIST's scans, "
        f"{percent(drop.prepared.share)} of the drawings once they are prepared, and {percent(drop.careless.share)} "
        "of those that are just shrunk."
    )
    show_chart(rival_dots(rivals, text_colour()), "rivals", "The table below has the same in numbers")
    rows = [
        {
            "reader": rival.name,
            "MNIST's scans": _with_interval(rival.scans),
            "drawings, prepared": _with_interval(rival.prepared),
            "drawings, just shrunk": _with_interval(rival.careless),
            "numbers": rival.parameters,
            "size (kB)": round(rival.bytes / 1000),
            "recipe": rival.recipe,
        }
        for rival in rivals
    ]
    columns = {name: st.column_config.NumberColumn(format="localized") for name in ("numbers", "size (kB)")}
    pinned = {"reader": st.column_config.Column(pinned=True)}
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=columns | pinned, key=state.READERS.name)
    _show_side_by_side(rivals, read_reference_drawings(folder))


def _with_interval(one: Measurement) -> str:
    return f"{percent(one.share)} ({100 * one.low:.1f} to {100 * one.high:.1f})"


def _show_side_by_side(rivals: Sequence[Rival], reference: ReferenceDrawings | None) -> None:
    st.markdown("**The same drawings, read by each**")
    if reference is None or any(
        len(answers) != len(reference.drawings)
        for rival in rivals
        for answers in (rival.answers, rival.careless_answers)
    ):
        st.caption("The drawings that the answers belong to are not in the model's folder.")
        return
    first = state.WAY.default
    way = WAYS[
        st.segmented_control("The drawings are", list(WAYS), default=first, required=True, **state.WAY.widget) or first
    ]
    answers = [rival.answers if way == "prepared" else rival.careless_answers for rival in rivals]
    places = find_most_divided(answers, SHOWN)
    if not places:
        st.caption(f"All of them read all {len(reference.drawings):,} drawings alike.")
        return
    parted = int(np.count_nonzero(measure_disagreement(answers)))
    st.markdown(
        f"They part over {parted:,} of {len(reference.drawings):,} drawings; here are those over which they part the "
        "most. The picture is what every reader was given; ✓ is read rightly, ✗ wrongly."
    )
    names = name_readers(rivals)
    rows: list[dict[str, Any]] = [
        {"picture": _picture(reference, place, way), "is a": str(reference.labels[place])}
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
            "is a": st.column_config.Column(width=50, pinned=True),
        }
        | {name: st.column_config.Column(width=READER) for name in names},
        key=state.SIDE_BY_SIDE.name,
    )


def _mark(read: int, label: int) -> str:
    return f"✓ {read}" if read == label else f"✗ {read}"


def _picture(reference: ReferenceDrawings, place: int, way: str) -> str:
    canvas = render(reference.drawings[place])
    image = preprocess(canvas).image if way == "prepared" else shrink(canvas)
    return to_data_url(frame(enlarge(as_paper(np.zeros((SIDE, SIDE), np.uint8) if image is None else image), 4)))
