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
from digitrec.ui import state
from digitrec.ui.cache import held_out
from digitrec.ui.data import gallery
from digitrec.ui.messages import as_plain_text, show_errors
from digitrec.ui.mistakes.overview import Evaluation
from digitrec.ui.source_code import show_functions
from digitrec.words import in_percent

PER_PAGE = 12


def show_suspects(evaluation: Evaluation) -> None:
    """The suspects, worst first, and what was said of them."""
    if note := state.JUDGE_NOTE.pop():
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
    if problem := state.JUDGE_PROBLEM.pop():
        st.error(as_plain_text(problem))
    pages = -(-len(suspects) // PER_PAGE)
    page = (
        st.number_input(f"Page of {pages:,}", 1, pages, 1, width=160, **state.SUSPECTS.of(pages).widget)
        if pages > 1
        else 1
    )
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
    wished = held_out_path(evaluation.data).is_file() or state.HELD_OUT.get() == evaluation.data.fingerprint
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
    state.HELD_OUT.set(evaluation.data.fingerprint)


def _show_suspect(evaluation: Evaluation, row: dict[Any, Any], verdict: str | None) -> None:
    place, suggested = int(row["place"]), int(row["suggested"])
    image, label = evaluation.split.images[place], int(evaluation.split.labels[place])
    picture = frame(enlarge(as_paper(image), 4))
    st.image(to_data_url(picture), width=112, alt=f"Labelled {label}, perhaps a {suggested}")
    badge = " :orange-badge[suspect]" if row["is_suspect"] else ""
    own, other = row["self_confidence"], row["self_confidence"] + row["margin"]
    st.markdown(f"Labelled **{label}** ({in_percent(own)}), perhaps **{suggested}** ({in_percent(other)}){badge}")
    judged = state.JUDGED.of(image_name(image)[:16], label, place)  # the same image may be there twice
    judged.set(verdict)
    st.pills(
        f"Number {place:,}",
        VERDICTS,
        on_change=_take,
        args=(judged, evaluation, place, suggested),
        **judged.widget,
        label_visibility="collapsed",
    )
    st.button(
        f"See number {place:,} in full",
        key=state.SEE.of(place).name,
        type="tertiary",
        on_click=gallery.pick,
        args=(evaluation.data, evaluation.part, place),
    )


def _take(judged: state.Key[str | None], evaluation: Evaluation, place: int, suggested: int) -> None:
    try:
        judge(
            evaluation.data.name,
            evaluation.split.images[place],
            int(evaluation.split.labels[place]),
            suggested,
            judged.get(),
        )
    except DigitrecError as error:
        state.JUDGE_PROBLEM.set(str(error))


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
        state.SOURCE.set(add_upload(packed.getvalue(), title))
        state.JUDGE_NOTE.set(_in_words(evaluation.data, corrected))
    except DigitrecError as error:
        state.JUDGE_PROBLEM.set(str(error))
