"""Choosing the model that reads, and what the Models page shows of one or several of them."""

import time
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.alt_text import tell_curves
from digitrec.charts.data import compared_curves
from digitrec.charts.pictures import as_paper
from digitrec.datasets import Dataset, Split
from digitrec.errors import DigitrecError
from digitrec.evaluation.metrics import compare
from digitrec.ink.preprocessing import SIDE
from digitrec.ink.strips import WIDTH
from digitrec.networks.architectures import Reads
from digitrec.networks.card import Card, read_file
from digitrec.networks.exchange import FORMS, LARGEST, add_model, pack
from digitrec.networks.registry import delete_model, is_own, list_models, rename_model, restore_model, what_it_reads
from digitrec.reading.numbers.sequence import load_sequence_reader
from digitrec.training import runs
from digitrec.ui.cache import MODEL, NUMBER_MODEL, PIECE_BY_PIECE, SUITED, classifier, probabilities
from digitrec.ui.jobs import wait_for
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


def choose_number_model() -> None:
    """Let the user choose how numbers are read: piece by piece, in one sweep by a network for numbers, or as suits."""
    st.selectbox(
        "Read numbers",
        [SUITED, PIECE_BY_PIECE, *list_models("number")],
        key=NUMBER_MODEL,
        format_func=lambda name: name if name in (SUITED, PIECE_BY_PIECE) else f"in one sweep, with {name}",
        help="Piece by piece, the ink is cut into digits that are read one by one. In one sweep, a network goes over "
        "the whole number. As suits: piece by piece where strokes or gaps tell the digits apart, else in one sweep.",
        persist_state="session",
        bind="query-params",
        width=320,
    )


def list_readers(reads: Reads | None = "digit") -> dict[str, Path]:
    """Everything that reads that, or anything, by its title: models, and the networks of runs that nobody kept yet."""
    found = {f"run {name}": runs.find(name) / "model" for name in runs.list_runs()}
    return list_models(reads) | {
        title: folder
        for title, folder in found.items()
        if (folder / "card.json").is_file() and reads in (None, what_it_reads(folder))
    }


@st.cache_data(show_spinner="Timing the models …")
def time_to_read(folder: Path, sha256: str) -> float:
    """Seconds that one image or strip takes, the median of some reads."""
    del sha256  # a model that was written anew is timed anew
    reads_numbers = what_it_reads(folder) == "number"
    reader = load_sequence_reader(folder) if reads_numbers else classifier(folder)
    image, times = np.zeros((1, SIDE, WIDTH if reads_numbers else SIDE), np.uint8), []
    for _ in range(READS):
        start = time.perf_counter()
        reader.predict_proba(image)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def describe(title: str, folder: Path, card: Card) -> dict[str, object]:
    """A model's row in the table."""
    best = card.measured[0] if card.measured else None
    seconds = card.environment.get("seconds")
    return {
        "name": title,
        "network": card.network,
        "reads": what_it_reads(folder),
        "read": best.share if best else None,
        "95 % interval": f"{best.low:.2%} to {best.high:.2%}" if best else "",
        "measured on": f"{best.n:,}: {best.what}" if best else "",
        "parameters": card.parameters,
        "size (kB)": round((folder / "model.tflite").stat().st_size / 1000),
        "time per read (ms)": 1000 * time_to_read(folder, card.files.get("model.tflite", "")),
        "trained in": in_seconds(float(seconds)) if isinstance(seconds, int | float) else "",
        "data": str(card.data.get("source", "")),
        "date": card.date,
    }


def put_aside(name: str) -> None:
    """Delete a model; it can be got back."""
    try:
        delete_model(name)
        st.session_state["deleted"] = name
        _untick()
    except DigitrecError as error:
        st.session_state["model_problem"] = str(error)


def get_back(name: str) -> None:
    """Undo `put_aside`."""
    st.session_state.pop("deleted", None)
    try:
        restore_model(name)
        _untick()
    except DigitrecError as error:
        st.session_state["model_problem"] = str(error)


def _untick() -> None:
    st.session_state["models_changed"] = st.session_state.get("models_changed", 0) + 1


def use(name: str) -> None:
    """Read with this model from now on."""
    st.session_state[MODEL if name in list_models() else NUMBER_MODEL] = name
    st.toast(as_plain_text(f"The Draw page reads with {name} now."), icon=":material/check:")


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
            name = st.text_input("Name", "", max_chars=40, width=280, placeholder="what it is to be called")
            if not st.form_submit_button("Add", icon=":material/add:") or not files:
                return
        contents = {file.name: file.getvalue() for file in files}
        with told("The model was not added."):
            key = ("add", name, time.monotonic())  # the same files may be added again
            wait_for(key, "Looking at the model", lambda _: add_model(contents, name.strip()))
        st.session_state["added"] = name.strip()
        st.rerun()


def show_one(title: str, folder: Path, card: Card) -> None:
    """What can be done with a model, or with a run's network."""
    st.subheader(as_plain_text(title), anchor=False)
    is_model = title in list_models(None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if is_model:
            st.button("Read with it", icon=":material/check:", on_click=use, args=(title,), type="primary")
        else:
            run = {"run": title.removeprefix("run ")}
            st.page_link("pages/train.py", label="Keep it, or go on with it", icon=":material/save:", query_params=run)
        for file in sorted(set(card.files) & set(FORMS.values())):
            with told("The file could not be read."):
                content = read_file(folder, file, card)
            suffix = file.rpartition(".")[2]
            label = f"Download (.{suffix})"
            st.download_button(label, content, f"{title}.{suffix}", on_click="ignore", icon=":material/download:")
        if is_own(title):
            st.button("Delete", icon=":material/delete:", on_click=put_aside, args=(title,))
    if what_it_reads(folder) == "digit":
        _offer_pack(title, folder, card)
    if is_own(title):
        with st.form("rename", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            new = st.text_input("Name", title, max_chars=40, width=280)
            if st.form_submit_button("Rename", icon=":material/edit:"):
                with told("It was not renamed."):
                    rename_model(title, new)
                st.rerun()
    with st.expander("Its card"):
        st.json(card.model_dump(), expanded=1)


def _offer_pack(title: str, folder: Path, card: Card) -> None:
    box = st.expander("Take it elsewhere", icon=":material/deployed_code:", key="pack", on_change="rerun")
    with box:
        st.markdown(
            "A zip with the network as **.keras**, **.tflite** and **.onnx**, its card, and twenty images with what it "
            "answers to them: `python check.py` in it says whether it reads the same where it has gone."
        )
        if not box.open:
            return
        with told("It could not be packed."):
            packed = wait_for(("pack", card.files.get("model.tflite"), title), "Packing", lambda _: pack(folder))
        label = f"Download (.zip, {len(packed) / 1e6:.1f} MB)"
        st.download_button(label, packed, f"{title}.zip", on_click="ignore", icon=":material/download:")


def show_several(readers: Mapping[str, Path], cards: Mapping[str, Card], data: Dataset) -> None:
    """Several models on the test part of the same data: their curves, their recipes, and any two of them."""
    _show_curves(cards)
    _show_recipes(cards)
    if any(what_it_reads(folder) == "number" for folder in readers.values()):
        st.info("Tick two that read digits to see which images part them.", icon=":material/compare_arrows:")
        return
    pairs = {f"{one} and {other}": (one, other) for one, other in combinations(readers, 2)}
    pair = next(iter(pairs)) if len(pairs) == 1 else st.selectbox("Compare", list(pairs), key="pair", width=520)
    first, second = pairs[pair]
    _show_two((first, readers[first]), (second, readers[second]), data)


def _show_curves(cards: Mapping[str, Card]) -> None:
    histories = {title: pd.DataFrame(card.history) for title, card in cards.items() if card.history}
    histories = {title: frame.assign(epoch=frame.index + 1) for title, frame in histories.items() if len(frame)}
    if not histories:
        st.caption("How their trainings went is not in their cards.")
        return
    against = st.segmented_control(
        "Curves against", ["epoch", "seconds"], default="epoch", key="against", required=True
    )
    for column, what in zip(st.columns(2), ("val_accuracy", "val_loss"), strict=True):
        figure = compared_curves(histories, what, str(against))
        alt = tell_curves(histories, what)
        column.plotly_chart(figure, config={"displayModeBar": False}, key=f"compared-{what}", alt=alt)
    if missing := [title for title in cards if title not in histories]:
        st.caption(as_plain_text(f"How the training went is not in the card of {', '.join(missing)}."))


def _show_recipes(cards: Mapping[str, Card]) -> None:
    settings = sorted({setting for card in cards.values() for setting in card.recipe})
    rows = {setting: [str(card.recipe.get(setting, "")) for card in cards.values()] for setting in settings}
    differing = {setting: row for setting, row in rows.items() if len(set(row)) > 1}
    st.markdown("**Where their recipes differ**")
    if differing:
        st.dataframe(pd.DataFrame.from_dict(differing, orient="index", columns=list(cards)))
    else:
        st.caption("Nowhere.")


def _show_two(first: tuple[str, Path], second: tuple[str, Path], data: Dataset) -> None:
    split = data.test
    with told("The models could not be compared."):
        read = [probabilities(folder, data).argmax(axis=1) for _, folder in (first, second)]
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
