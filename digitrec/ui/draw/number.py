"""A number on a wide canvas: read while the pen moves, inspected digit by digit, and edited by hand.

canvas -> `read_number` -> edits by hand -> boxes on the drawing, buttons, the number -> the selected digit
"""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from digitrec.ink.drawings import WIDE
from digitrec.ink.types import Box
from digitrec.networks.verdict import Reading
from digitrec.reading.numbers.edits import Change, NamedDigit, apply_changes, box_of
from digitrec.ui import state
from digitrec.ui.cache import classifier, number_reader
from digitrec.ui.canvas import links, live, session_canvas, tools
from digitrec.ui.canvas.history import CanvasState
from digitrec.ui.draw import details
from digitrec.ui.messages import show_errors
from digitrec.ui.models.choice import choose_model, choose_number_model
from digitrec.words import in_percent, in_words

ABOUT = "Canvas for writing a number. If you cannot draw, press Sample number."

_number = live.companion("number", Path(__file__).parent)


@st.fragment
def show_board() -> None:
    """The Draw page for a number: canvas and reading, which rerun while the pen moves."""
    with show_errors("The model could not be loaded. Show this message to the person who runs the app."):
        reader, digit_reader = number_reader(), classifier()
    session_canvas.show(*tools.chosen_pen(), WIDE)
    tools.show(WIDE)
    shown = session_canvas.current(WIDE)
    if not shown.drawing:  # edits are discarded with the digits they belong to
        state.NUMBER_CHANGES.pop()
    reading = reader.read(*live.newest(shown, live.picture_of(live.key_of(shown))))
    digits = apply_changes(
        reading.digits, state.NUMBER_CHANGES.get(), digit_reader.predict_proba, digit_reader.is_unsure
    )
    picked = _picked(digits)
    one = None if picked is None else digit_reader.read(digits[picked].found.ink)
    _show(shown, digits, picked, one)
    if picked is not None:
        _show_edits(digits, picked)
    with st.container(horizontal=True, gap="small"):
        choose_number_model()
        choose_model()
    links.keep_in_address(shown.drawing)
    details.set_case(digit_reader, one, shown.drawing)


def _picked(digits: Sequence[NamedDigit]) -> int | None:
    """The index of the digit that is inspected: the selected one, or the last if there are fewer digits now."""
    if not digits:
        return None
    return min(state.NUMBER_PICKED.get(), len(digits) - 1)


def _show(shown: CanvasState, digits: Sequence[NamedDigit], picked: int | None, one: Reading | None) -> None:
    """Show boxes, buttons, the number and the selected digit, and keep the canvas's companion running."""
    key = live.key_of(shown)

    def pick() -> None:
        place = (key.sent("picked") or {}).get("place")
        if isinstance(place, int) and 0 <= place < len(digits):  # a browser may send anything
            state.NUMBER_PICKED.set(place)

    _number(
        key=key.name,
        data={**live.what_to_watch(shown, ABOUT), **describe(digits, picked, one)},
        on_picture_change=lambda: None,
        on_lost_change=partial(session_canvas.begin_anew, WIDE),
        on_picked_change=pick,
    )


def describe(digits: Sequence[NamedDigit], picked: int | None, one: Reading | None) -> dict[str, Any]:
    """The reading of a number as plain values: each digit's box and verdict, a summary, and one digit in full."""
    rows = [_describe_one(place, digit, is_picked=place == picked) for place, digit in enumerate(digits)]
    if one is None:
        return {"digits": [], "summary": "Nothing to read yet", "spoken": "Nothing to read yet.", "one": None}
    confidences = [_confidence(digit) for digit in digits]
    unsure = [str(place) for place, row in enumerate(rows, 1) if row["unsure"]]
    count = f"{len(digits)} digit{'s' * (len(digits) > 1)}"
    if unsure:
        words = f"{count}, not sure of digit {' and '.join(unsure)} from the left"
    else:
        together = math.prod(confidences)
        words = f"{count}, {in_words(together).lower()}, {in_percent(together)}"
    text = "".join(str(digit.digit) for digit in digits)
    spoken = f"Read as {' '.join(text)}. {words}."
    return {"digits": rows, "summary": f"{words}.", "spoken": spoken, "one": live.describe(one)}


def _describe_one(place: int, digit: NamedDigit, *, is_picked: bool) -> dict[str, Any]:
    unsure = not digit.by_hand and digit.found.unsure
    percent = "by hand" if digit.by_hand else in_percent(_confidence(digit))
    doubt = "not sure, perhaps " if unsure else ""
    return {
        "text": str(digit.digit),
        "percent": percent,
        "unsure": unsure,
        "picked": is_picked,
        "box": box_of(digit.found),
        "name": f"Digit {place + 1}: {doubt}{digit.digit}, {percent}",
    }


def _confidence(digit: NamedDigit) -> float:
    return 1.0 if digit.by_hand else float(digit.found.probabilities.max())


def _show_edits(digits: Sequence[NamedDigit], picked: int) -> None:
    """The edits by hand that the selected digit allows."""
    here = box_of(digits[picked].found)
    changes = state.NUMBER_CHANGES.get()
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        _offer_edit("Split in two", ":material/call_split:", Change("split", (here,)))
        if picked + 1 < len(digits):
            _offer_edit(
                "Join with the next", ":material/merge:", Change("join", (here, box_of(digits[picked + 1].found)))
            )
        st.selectbox(
            "Change to",
            range(10),
            None,
            placeholder="…",
            width=110,
            on_change=partial(_name, here),
            **state.NUMBER_NAMED.widget,
        )
        if changes:
            st.button("Undo last edit", icon=":material/undo:", on_click=_take_back)


def _offer_edit(label: str, icon: str, change: Change) -> None:
    st.button(label, icon=icon, on_click=_remember, args=(change,))


def _name(box: Box) -> None:
    digit = state.NUMBER_NAMED.get()
    state.NUMBER_NAMED.set(None)  # empty for the next digit
    if digit is not None:
        _remember(Change("name", (box,), digit))


def _remember(change: Change) -> None:
    state.NUMBER_CHANGES.set((*state.NUMBER_CHANGES.get(), change))


def _take_back() -> None:
    state.NUMBER_CHANGES.set(state.NUMBER_CHANGES.get()[:-1])
