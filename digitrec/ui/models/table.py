"""The table of models on the Models page, and what can be done with one of them."""

import time
from pathlib import Path

import numpy as np
import streamlit as st

from digitrec.errors import DigitrecError
from digitrec.ink.preprocessing import SIDE
from digitrec.ink.strips import WIDTH
from digitrec.networks.card import Card, read_model_file
from digitrec.networks.exchange.exchange import FORMS, LARGEST, add_model, missing_onnx, pack
from digitrec.networks.measuring.speed import median_seconds
from digitrec.networks.registry import delete_model, input_kind, is_own, list_models, rename_model, restore_model
from digitrec.reading.numbers.sequence import load_sequence_reader
from digitrec.ui import state
from digitrec.ui.cache import classifier
from digitrec.ui.jobs import wait_for
from digitrec.ui.messages import as_plain_text, show_errors
from digitrec.words import in_seconds

READS = 30  # of which the median duration is shown


@st.cache_data(show_spinner="Measuring the speed of the models …")
def _measure_time(folder: Path, sha256: str) -> float:
    """Seconds for one image or strip."""
    del sha256  # part of the cache key: a changed model is measured again
    reads_numbers = input_kind(folder) == "number"
    reader = load_sequence_reader(folder) if reads_numbers else classifier(folder)
    image = np.zeros((1, SIDE, WIDTH if reads_numbers else SIDE), np.uint8)
    return median_seconds(lambda: reader.predict_proba(image), READS)


def describe(title: str, folder: Path, card: Card) -> dict[str, object]:
    """A model's row in the table."""
    best = card.measured[0] if card.measured else None
    seconds = card.environment.get("seconds")
    return {
        "name": title,
        "network": card.network,
        "input": input_kind(folder),
        "accuracy": best.value if best else None,
        "95 % interval": f"{best.low:.2%} to {best.high:.2%}" if best else "",
        "parameters": card.parameters,
        "size (kB)": round((folder / "model.tflite").stat().st_size / 1000),
        "time per image (ms)": 1000 * _measure_time(folder, card.files.get("model.tflite", "")),
        "measured on": f"{best.n:,}: {best.what}" if best else "",
        "training time": in_seconds(float(seconds)) if isinstance(seconds, int | float) else "",
        "data": str(card.data.get("source", "")),
        "date": card.date,
    }


def delete_row(name: str) -> None:
    """Button of the table: delete a model; this can be undone."""
    try:
        delete_model(name)
        state.MODEL_DELETED.set(name)
        _untick()
    except DigitrecError as error:
        state.MODEL_PROBLEM.set(str(error))


def restore_row(name: str) -> None:
    """Button of the table: restore the model that was deleted last."""
    state.MODEL_DELETED.pop()
    try:
        restore_model(name)
        _untick()
    except DigitrecError as error:
        state.MODEL_PROBLEM.set(str(error))


def _untick() -> None:
    state.MODELS_CHANGED.set(state.MODELS_CHANGED.get() + 1)


def use_model(name: str) -> None:
    """Button of the table: use this model from now on."""
    (state.MODEL if name in list_models() else state.NUMBER_MODEL).set(name)
    st.toast(as_plain_text(f"The Draw page now uses {name}."), icon=":material/check:")


def offer_to_add() -> None:
    """Let the user add a model from files."""
    with st.expander("Add a model from a file", icon=":material/upload_file:"):
        st.markdown(
            "A **.keras** or a **.tflite** file, or both of the same network, or a **.zip** that digitrec made. It "
            "must take 28 × 28 images with ink 255 on 0 and give ten probabilities."
        )
        with st.form("add", border=False):
            suffixes = [*(suffix.lstrip(".") for suffix in FORMS), "zip"]
            files = st.file_uploader(
                "Files", type=suffixes, accept_multiple_files=True, max_upload_size=LARGEST // 1_000_000
            )
            name = st.text_input("Name", "", max_chars=40, width=280, placeholder="a name for the model")
            if not st.form_submit_button("Add", icon=":material/add:") or not files:
                return
        contents = {file.name: file.getvalue() for file in files}
        with show_errors("The model was not added."):
            key = ("add", name, time.monotonic())  # the same files may be added again
            wait_for(key, "Checking the model", lambda _: add_model(contents, name.strip()))
        state.MODEL_ADDED.set(name.strip())
        st.rerun()


def show_chosen_row(title: str, folder: Path, card: Card) -> None:
    """Show what can be done with the model, or the network of a run, that is selected in the table."""
    st.subheader(as_plain_text(title), anchor=False)
    is_model = title in list_models(None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if is_model:
            st.button("Use this model", icon=":material/check:", on_click=use_model, args=(title,), type="primary")
        else:
            run = {state.RUN.name: title.removeprefix("run ")}
            st.page_link("pages/train.py", label="Keep or continue it", icon=":material/save:", query_params=run)
        for file in sorted(set(card.files) & set(FORMS.values())):
            with show_errors("The file could not be read."):
                content = read_model_file(folder, file, card)
            suffix = file.rpartition(".")[2]
            label = f"Download (.{suffix})"
            st.download_button(label, content, f"{title}.{suffix}", on_click="ignore", icon=":material/download:")
        if is_own(title):
            st.button("Delete", icon=":material/delete:", on_click=delete_row, args=(title,))
    if input_kind(folder) == "digit":
        _offer_pack(title, folder, card)
    if is_own(title):
        with st.form("rename", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            new = st.text_input("Name", title, max_chars=40, width=280)
            if st.form_submit_button("Rename", icon=":material/edit:"):
                with show_errors("The model was not renamed."):
                    rename_model(title, new)
                st.rerun()
    with st.expander("Model card"):
        st.json(card.model_dump(), expanded=1)


def _offer_pack(title: str, folder: Path, card: Card) -> None:
    box = st.expander("Export", icon=":material/deployed_code:", on_change="rerun", **state.PACK.widget)
    with box:
        st.markdown(
            "A zip with the network as **.keras**, **.tflite** and **.onnx**, its model card, and twenty images with "
            "its predictions. Run `python check.py` in it to check that another machine predicts the same."
        )
        if not box.open:
            return
        with show_errors("The model could not be exported."):
            packed = wait_for(("pack", card.files.get("model.tflite"), title), "Exporting", lambda _: pack(folder))
        if note := missing_onnx():
            st.info(note)
        label = f"Download (.zip, {len(packed) / 1e6:.1f} MB)"
        st.download_button(label, packed, f"{title}.zip", on_click="ignore", icon=":material/download:")
