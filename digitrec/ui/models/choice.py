"""Choosing the model that the app reads with."""

from pathlib import Path

import streamlit as st

from digitrec.networks.architectures import Reads
from digitrec.networks.registry import SHIPPED_NAME, find_model, input_kind, list_models
from digitrec.reading.numbers.readers import PIECE_BY_PIECE, SUITED
from digitrec.training.run_folders import runs
from digitrec.ui import state


def chosen_model() -> Path:
    """The folder of the model that the session uses: the chosen one if it still exists, else the shipped one."""
    name = state.MODEL.get()
    return find_model(name if name in list_models() else SHIPPED_NAME)


def choose_model() -> None:
    """Let the user choose the model, if there are several."""
    names = list(list_models())
    if len(names) > 1:
        st.selectbox("Read with", names, width=260, **state.MODEL.widget)


def choose_number_model() -> None:
    """Let the user choose how numbers are read: piece by piece, in one sweep by a number network, or as suits."""
    st.selectbox(
        "Read numbers",
        [SUITED, PIECE_BY_PIECE, *list_models("number")],
        format_func=lambda name: name if name in (SUITED, PIECE_BY_PIECE) else f"in one sweep, with {name}",
        help="Piece by piece: the ink is cut into digits, which are read one by one. In one sweep: a network reads the "
        "whole number at once. As suits: piece by piece if strokes or gaps separate the digits, else in one sweep.",
        width=320,
        **state.NUMBER_MODEL.widget,
    )


def list_readers(reads: Reads | None = "digit") -> dict[str, Path]:
    """The models and the networks of runs, by title, that read digits or numbers; None: all of them."""
    trained = [run for name in runs.list_runs() if runs.has_model(run := runs.find(name))]
    found = {f"run {run.name}": runs.model_folder(run) for run in trained}
    return list_models(reads) | {
        title: folder for title, folder in found.items() if reads in (None, input_kind(folder))
    }
