"""Labels that are probably wrong, each to be judged by whoever looks."""

import io
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.pictures import as_paper, enlarge, frame, to_data_url
from digitrec.datasets import Dataset
from digitrec.datasets.sources.uploads import add_upload
from digitrec.errors import DigitrecError
from digitrec.evaluation.cross_validation import NETWORK, held_out_path
from digitrec.evaluation.label_errors import find_suspects, rank_doubts
from digitrec.evaluation.label_reviews import VERDICTS, correct, image_name, judge, read_judgements
from digitrec.ui.cache import held_out
from digitrec.ui.data import gallery
from digitrec.ui.data.sources import SOURCE
from digitrec.ui.messages import as_plain_text, show_errors
from digitrec.ui.mistakes.overview import Evaluation
from digitrec.ui.source_code import show_functions
from digitrec.words import in_percent

PER_PAGE = 12
HELD_OUT = "held_out"  # the session's wish: the data that other networks should read


def show_suspects(evaluation: Evaluation) -> None:
    """The suspects, worst first, and what was said of them."""
    if note := st.session_state.pop("judge_note", None):
        st.success(as_plain_text(note), icon=":material/check:")
    st.markdown(
        "Some labels are wrong, and nobody is perfect. These are the images for whose label the model has little to "
        "say, and much for another digit; first the suspects of confident learning (Northcutt and others, 2021), then "
        "all else that is read otherwise. Look at each: is the label wrong, or the model?"
    )
    suspects = rank_doubts(evaluation.split.labels, _answers(evaluation))
    if not len(suspects):
        st.info("The model finds no label to doubt here. Look at another part, or other data.", icon=":material/check:")
        return
    with show_errors("The judgements could not be read."):
        said = read_judgements(evaluation.split)
    if problem := st.session_state.pop("judge_problem", None):
        st.error(as_plain_text(problem))
    pages = -(-len(suspects) // PER_PAGE)
    page = st.number_input(f"Page of {pages:,}", 1, pages, 1, key=f"suspects-{pages}", width=160) if pages > 1 else 1
    verdicts = dict(zip(said["place"], said["verdict"], strict=True))
    with st.container(horizontal=True, gap="medium"):
        for row in suspects.iloc[(page - 1) * PER_PAGE : page * PER_PAGE].to_dict("records"):
            with st.container(width=250, border=True):
                _show_suspect(evaluation, row, verdicts.get(row["place"]))
    _show_judged(evaluation, said, len(suspects))
    show_functions(rank_doubts, find_suspects)


def _answers(evaluation: Evaluation) -> NDArray[np.float32]:
    """The model's answers; for images to learn from, if wished, those of networks that have not learned from them."""
    if evaluation.part != "train":
        return evaluation.probabilities
    wished = held_out_path(evaluation.data).is_file() or st.session_state.get(HELD_OUT) == evaluation.data.fingerprint
    if not wished:
        st.info(
            "A model that learned from these labels may have learned their errors, too. Better ask networks that have "
            "not: three are trained, each with two thirds of the images, and read the last third.",
            icon=":material/groups:",
        )
        if not st.button(
            "Train three networks and ask them", icon=":material/school:", on_click=_wish, args=(evaluation,)
        ):
            return evaluation.probabilities
    with show_errors("The networks could not be asked."):
        answers = held_out(evaluation.data)
    right = in_percent(float((answers.argmax(axis=1) == evaluation.split.labels).mean()))
    st.caption(f"Asked: three networks ({NETWORK}), each image by the one that had not learned from it; {right} right.")
    return answers


def _wish(evaluation: Evaluation) -> None:
    st.session_state[HELD_OUT] = evaluation.data.fingerprint


def _show_suspect(evaluation: Evaluation, row: dict[Any, Any], verdict: str | None) -> None:
    place, suggested = int(row["place"]), int(row["suggested"])
    image, label = evaluation.split.images[place], int(evaluation.split.labels[place])
    picture = frame(enlarge(as_paper(image), 4))
    st.image(to_data_url(picture), width=112, alt=f"Labelled {label}, perhaps a {suggested}")
    badge = " :orange-badge[suspect]" if row["is_suspect"] else ""
    own, other = row["self_confidence"], row["self_confidence"] + row["margin"]
    st.markdown(f"Labelled **{label}** ({in_percent(own)}), perhaps **{suggested}** ({in_percent(other)}){badge}")
    key = f"judge-{image_name(image)[:16]}-{label}-{place}"  # the same image may be there twice
    st.session_state[key] = verdict
    st.pills(
        f"Number {place:,}",
        VERDICTS,
        key=key,
        on_change=_take,
        args=(key, evaluation, place, suggested),
        label_visibility="collapsed",
    )
    st.button(
        f"See number {place:,} in full", key=f"see-{place}", type="tertiary", on_click=_pick, args=(evaluation, place)
    )


def _pick(evaluation: Evaluation, place: int) -> None:
    st.session_state[gallery.PICKED] = (evaluation.data.name, evaluation.part, place)


def _take(key: str, evaluation: Evaluation, place: int, suggested: int) -> None:
    try:
        judge(
            evaluation.data.name,
            evaluation.split.images[place],
            int(evaluation.split.labels[place]),
            suggested,
            st.session_state.get(key),
        )
    except DigitrecError as error:
        st.session_state["judge_problem"] = str(error)


def _show_judged(evaluation: Evaluation, said: pd.DataFrame, suspects: int) -> None:
    counts = ", ".join(f"{int((said['verdict'] == verdict).sum()):,} {verdict}" for verdict in VERDICTS)
    st.markdown(f"**{len(said):,} judged** of {suspects:,} labels in doubt: {counts}.")
    if not len(said):
        return
    with st.container(horizontal=True):
        st.download_button(
            "Download the judgements (.csv)",
            said.to_csv(index=False).encode(),
            "judgements.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.button(
            "Make a corrected copy of the data", icon=":material/edit_note:", on_click=_make_copy, args=(evaluation,)
        )
    st.caption(
        "In the copy the labels judged wrong are the suggested ones, and images of which nobody can tell what they are "
        "are left out. The data itself stays as it is."
    )


def _in_words(data: Dataset, corrected: Dataset) -> str:
    """What the corrected copy differs in."""
    said = pd.concat([read_judgements(split)["verdict"] for split in (data.train, data.test)])
    counts = [int((said == verdict).sum()) for verdict in ("label wrong", "cannot tell")]
    total = len(corrected.train) + len(corrected.test)
    return (
        f"This is the corrected copy: {counts[0]:,} labels changed, {counts[1]:,} images left out, {total:,} in all. "
        "The data itself is as it was."
    )


def _make_copy(evaluation: Evaluation) -> None:
    packed = io.BytesIO()
    try:
        corrected = correct(evaluation.data)
        np.savez_compressed(
            packed,
            x_train=corrected.train.images,
            y_train=corrected.train.labels,
            x_test=corrected.test.images,
            y_test=corrected.test.labels,
        )
        title = f"{evaluation.data.name.rpartition('/')[2]} corrected.npz"
        st.session_state[SOURCE] = add_upload(packed.getvalue(), title)
        st.session_state["judge_note"] = _in_words(evaluation.data, corrected)
    except DigitrecError as error:
        st.session_state["judge_problem"] = str(error)
