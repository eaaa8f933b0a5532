"""Labels that are probably wrong, for the user to review."""

import io
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.pictures import as_paper, enlarge, frame
from digitrec.datasets import Dataset
from digitrec.datasets.sources.uploads import add_upload
from digitrec.errors import DigitrecError
from digitrec.evaluation.cross_validation import NETWORK, held_out_path
from digitrec.evaluation.label_errors import find_suspects, rank_doubts
from digitrec.evaluation.label_reviews import VERDICTS, image_name, read_judgements, review_label, with_reviewed_labels
from digitrec.glossary import explain
from digitrec.ink.image_files import to_data_url
from digitrec.ui import state
from digitrec.ui.cache import held_out
from digitrec.ui.data import gallery
from digitrec.ui.messages import as_plain_text, show_errors
from digitrec.ui.mistakes.overview import Evaluation
from digitrec.ui.source_code import show_functions
from digitrec.words import in_percent

PER_PAGE = 12


def show_suspects(evaluation: Evaluation) -> None:
    """The suspected label errors, worst first, with their reviews."""
    if note := state.JUDGE_NOTE.pop():
        st.success(as_plain_text(note), icon=":material/check:")
    st.markdown("**Label errors**", help=explain("label", "label error"))
    st.markdown(
        "Every dataset has some wrong labels. These are the images for which the model finds another "
        "digit more likely than the label: first the likely label errors according to confident learning (Northcutt "
        "and others, 2021), then all other misclassified images. Look at each: is the label wrong, or the model?"
    )
    suspects = rank_doubts(evaluation.split.labels, _answers(evaluation))
    if not len(suspects):
        st.info("The model agrees with every label here. Choose another part or dataset.", icon=":material/check:")
        return
    with show_errors("The reviews could not be loaded."):
        reviews = read_judgements(evaluation.split)
    if problem := state.JUDGE_PROBLEM.pop():
        st.error(as_plain_text(problem))
    pages = -(-len(suspects) // PER_PAGE)
    page = (
        st.number_input(f"Page of {pages:,}", 1, pages, 1, width=160, **state.SUSPECTS.of(pages).widget)
        if pages > 1
        else 1
    )
    verdicts = dict(zip(reviews["place"], reviews["verdict"], strict=True))
    with st.container(horizontal=True, gap="medium"):
        for row in suspects.iloc[(page - 1) * PER_PAGE : page * PER_PAGE].to_dict("records"):
            with st.container(width=250, border=True):
                _show_suspect(evaluation, row, verdicts.get(row["place"]))
    _show_reviews(evaluation, reviews, len(suspects))
    show_functions(rank_doubts, find_suspects)


def _answers(evaluation: Evaluation) -> NDArray[np.float32]:
    """The model's predictions; for training images, if the user asks for them, those of a cross-validation."""
    if evaluation.part != "train":
        return evaluation.probabilities
    is_asked = held_out_path(evaluation.data).is_file() or state.HELD_OUT.get() == evaluation.data.fingerprint
    if not is_asked:
        st.info(
            "A model that was trained on these labels may have learned their errors, too. Cross-validation avoids "
            "that: three networks are trained on two thirds of the images each, and each predicts the remaining third.",
            icon=":material/groups:",
        )
        if not st.button("Cross-validate", icon=":material/school:", on_click=_ask_for_them, args=(evaluation,)):
            return evaluation.probabilities
    with show_errors("The cross-validation failed."):
        answers = held_out(evaluation.data)
    right = in_percent(float((answers.argmax(axis=1) == evaluation.split.labels).mean()))
    st.caption(
        f"Cross-validated: three networks ({NETWORK}) with an accuracy of {right}, each image predicted by the one "
        "that was not trained on it."
    )
    return answers


def _ask_for_them(evaluation: Evaluation) -> None:
    state.HELD_OUT.set(evaluation.data.fingerprint)


def _show_suspect(evaluation: Evaluation, row: dict[Any, Any], verdict: str | None) -> None:
    place, suggested = int(row["place"]), int(row["suggested"])
    image, label = evaluation.split.images[place], int(evaluation.split.labels[place])
    picture = frame(enlarge(as_paper(image), 4))
    st.image(to_data_url(picture), width=112, alt=f"Labelled {label}, perhaps a {suggested}")
    badge = " :orange-badge[likely error]" if row["is_suspect"] else ""
    own, other = row["self_confidence"], row["self_confidence"] + row["margin"]
    st.markdown(f"Labelled **{label}** ({in_percent(own)}), perhaps **{suggested}** ({in_percent(other)}){badge}")
    judged = state.JUDGED.of(image_name(image)[:16], label, place)  # the same image may occur twice
    judged.set(verdict)
    st.pills(
        f"Image {place:,}",
        VERDICTS,
        on_change=_take,
        args=(judged, evaluation, place, suggested),
        **judged.widget,
        label_visibility="collapsed",
    )
    st.button(
        f"Show image {place:,} in full",
        key=state.SEE.of(place).name,
        type="tertiary",
        on_click=gallery.pick,
        args=(evaluation.data, evaluation.part, place),
    )


def _take(judged: state.Key[str | None], evaluation: Evaluation, place: int, suggested: int) -> None:
    try:
        review_label(
            evaluation.data.name,
            evaluation.split.images[place],
            int(evaluation.split.labels[place]),
            suggested,
            judged.get(),
        )
    except DigitrecError as error:
        state.JUDGE_PROBLEM.set(str(error))


def _show_reviews(evaluation: Evaluation, reviews: pd.DataFrame, suspects: int) -> None:
    counts = ", ".join(f"{int((reviews['verdict'] == verdict).sum()):,} {verdict}" for verdict in VERDICTS)
    st.markdown(f"**{len(reviews):,} reviewed** of {suspects:,} labels in doubt: {counts}.")
    if not len(reviews):
        return
    with st.container(horizontal=True):
        st.download_button(
            "Download the reviews (.csv)",
            reviews.to_csv(index=False).encode(),
            "judgements.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.button(
            "Make a corrected copy of the dataset", icon=":material/edit_note:", on_click=_make_copy, args=(evaluation,)
        )
    st.caption(
        "In the copy, labels reviewed as wrong are replaced by the suggested ones, and images reviewed as *cannot "
        "tell* are left out. The original dataset does not change."
    )


def _in_words(data: Dataset, corrected: Dataset) -> str:
    """A summary of the corrected copy."""
    verdicts = pd.concat([read_judgements(split)["verdict"] for split in (data.train, data.test)])
    counts = [int((verdicts == verdict).sum()) for verdict in ("label wrong", "cannot tell")]
    total = len(corrected.train) + len(corrected.test)
    return (
        f"This is the corrected copy: {counts[0]:,} labels changed, {counts[1]:,} images left out, {total:,} images in "
        "total. The original dataset has not changed."
    )


def _make_copy(evaluation: Evaluation) -> None:
    packed = io.BytesIO()
    try:
        corrected = with_reviewed_labels(evaluation.data)
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
