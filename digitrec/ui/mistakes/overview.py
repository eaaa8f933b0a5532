"""What a model gets wrong, on the page: the figures, the matrix, the images behind it, and views of its confidence.

model, part of a dataset -> `Evaluation` -> a view of it
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.alt_text import tell_confidences, tell_confusions
from digitrec.charts.mistakes import confidence_bars, confusion_cells, coverage_curve, group_dots, reliability_curve
from digitrec.datasets import Dataset, Split
from digitrec.evaluation.calibration import (
    coverage,
    expected_calibration_error,
    fit_temperature,
    reliability,
    with_temperature,
)
from digitrec.evaluation.metrics import confusion, cross_entropy, per_digit, wilson_interval
from digitrec.evaluation.predictions import ORDERS, WHICH, Filter, find, tabulate
from digitrec.evaluation.subgroups import compare_groups, in_quarters
from digitrec.ui.cache import classifier, exam_key, probabilities, properties
from digitrec.ui.data import gallery
from digitrec.ui.messages import show_errors, text_colour
from digitrec.ui.source_code import show_functions
from digitrec.words import in_percent

PLAIN = {"displayModeBar": False}
PICTURE = {"displaylogo": False, "modeBarButtons": [["toImage"]]}
PER_PAGE = 100
LABEL, READ, WHICH_KEY = "is_a", "read_as", "answers"
PAGE = "page"
ANY = "any"
DIGITS = [ANY, *map(str, range(10))]
QUARTERS = {
    "width": ("thinnest strokes", "thin strokes", "thick strokes", "thickest strokes"),
    "slant": ("leaning to the left", "upright", "leaning to the right", "leaning most to the right"),
    "ink": ("least ink", "less ink", "more ink", "most ink"),
    "unusual": ("most like its digit", "usual", "unusual", "least like its digit"),
}
SEVERAL = 4  # writers are compared where each wrote more than a few


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model's answers to a part of a dataset.

    Attributes
    ----------
    title, folder : of the model.
    data, part, split : what it was asked.
    probabilities : (n, 10) float32.
    table : of `digitrec.evaluation.predictions.tabulate`.
    """

    title: str
    folder: Path
    data: Dataset
    part: str
    split: Split
    probabilities: NDArray[np.float32]
    table: pd.DataFrame

    @property
    def n(self) -> int:
        """How many images."""
        return len(self.split)


def evaluate(title: str, folder: Path, data: Dataset, part: str) -> Evaluation:
    """Have a model read a part of a dataset; at once where it has done so before."""
    split = data.part(part)
    with show_errors("The images could not be read."):
        answers = probabilities(folder, data, part)
        table = _tabulate(exam_key(classifier(folder), data, part), answers, split, properties(data, part))
    return Evaluation(title, folder, data, part, split, answers, table)


@st.cache_resource(max_entries=6, show_spinner=False)
def _tabulate(
    key: tuple[str | None, ...], _answers: NDArray[np.float32], _split: Split, _measured: pd.DataFrame
) -> pd.DataFrame:
    """Made once for the same `key`, which names the rest."""
    del key
    return tabulate(_answers, _split.labels, _measured, _split.writers)


def show_figures(evaluation: Evaluation) -> None:
    """The headline."""
    right = int(evaluation.table["right"].sum())
    low, high = wilson_interval(right, evaluation.n)
    row = st.container(horizontal=True)
    row.metric("Read correctly", f"{right / evaluation.n:.2%}", help=f"95 % interval {low:.2%} to {high:.2%} (Wilson).")
    row.metric("Errors", f"{evaluation.n - right:,} of {evaluation.n:,}")
    row.metric(
        "Log-loss",
        f"{cross_entropy(evaluation.probabilities, evaluation.split.labels):.4f}",
        help="Minus the mean logarithm of the probability that it gave to the right digit. A guess has 2.3026.",
    )
    row.metric(
        "Calibration error",
        f"{expected_calibration_error(evaluation.probabilities, evaluation.split.labels):.2%}",
        help="How far confidence and accuracy lie apart, over 15 bins of confidence, weighted by their answers.",
    )
    st.caption(f"With a 95 % interval of {low:.2%} to {high:.2%}.")


def show_matrix(evaluation: Evaluation) -> None:
    """Which digits are taken for which; a click shows the images."""
    counts = confusion(evaluation.split.labels, evaluation.table["read"].to_numpy())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        as_shares = st.toggle("In percent of the digit", key="as_shares", persist_state="session")
        hides = st.toggle("Errors alone", key="errors_alone", value=True, persist_state="session")
    figure = confusion_cells(counts, as_shares=as_shares, hides_right=hides, text_colour=text_colour())
    st.plotly_chart(
        figure,
        key="cells",
        on_select=_take_cell,
        selection_mode="points",
        config=PICTURE,
        width=620,
        alt=tell_confusions(counts),
    )
    st.caption("Press a cell to see its images; the outer row and column hold all errors of a digit.")
    with st.expander("Digit by digit", icon=":material/table_rows:"):
        _show_per_digit(evaluation)
    show_functions(confusion, per_digit)


def _show_per_digit(evaluation: Evaluation) -> None:
    table = per_digit(evaluation.split.labels, evaluation.table["read"].to_numpy())
    shares = [column for column in table.columns if column not in ("digit", "support")]
    percent = {column: st.column_config.NumberColumn(format="percent") for column in shares}
    st.dataframe(table, hide_index=True, column_config=percent)
    st.caption(
        "Recall: of the images of a digit, how many were read as it. Precision: of those read as it, how many are. "
        "F1: their harmonic mean. Support: how many images there are."
    )
    _offer_table(table, "digits.csv")


def _take_cell() -> None:
    """Show the images of the cell that was pressed."""
    selection = (st.session_state.get("cells") or {}).get("selection") or {}
    for point in selection.get("points", []):
        cell = point.get("customdata")
        if not isinstance(cell, list | tuple) or len(cell) != 2 or not all(isinstance(one, int) for one in cell):
            continue
        label, read = cell
        st.session_state[LABEL] = str(label) if 0 <= label <= 9 else ANY
        st.session_state[READ] = str(read) if 0 <= read <= 9 else ANY
        st.session_state[WHICH_KEY] = "right" if label == read else "wrong"


def show_gallery(evaluation: Evaluation) -> None:
    """The images behind the figures, filtered and sorted."""
    chosen = _choose(evaluation)
    places = find(evaluation.table, chosen)
    if not len(places):
        nothing = "This model makes no mistake here." if chosen == Filter(order=chosen.order) else "There is none."
        st.info(f"{nothing} Look at *all* answers, or loosen the filters.", icon=":material/search_off:")
        return
    pages = -(-len(places) // PER_PAGE)
    page = gallery.choose_page(PAGE, pages)
    shown = places[(page - 1) * PER_PAGE : page * PER_PAGE]
    labels = [_label(evaluation, place) for place in shown.tolist()]
    captions = [_caption(evaluation, place) for place in shown.tolist()]
    gallery.show_places(evaluation.data, evaluation.part, shown, "mistakes", captions=captions, labels=labels)
    st.caption(f"{len(places):,} of {evaluation.n:,} images. The label, and what it was read as. Pick one to see why.")
    _offer_table(evaluation.table.iloc[places], "answers.csv")
    show_functions(tabulate, find)


def _label(evaluation: Evaluation, place: int) -> str:
    label, read = int(evaluation.split.labels[place]), int(evaluation.probabilities[place].argmax())
    return f"{label}" if label == read else f"{label}→{read}"


def _caption(evaluation: Evaluation, place: int) -> str:
    answers = evaluation.probabilities[place]
    read, confidence = int(answers.argmax()), in_percent(float(answers.max()))
    return f"A {evaluation.split.labels[place]}, read as {read} at {confidence}, number {place:,}"


def _choose(evaluation: Evaluation) -> Filter:
    kept: dict[str, Any] = {"persist_state": "session", "bind": "query-params"}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = st.segmented_control("Answers", WHICH, default="wrong", required=True, key=WHICH_KEY, **kept)
        label = st.selectbox("Is a", DIGITS, key=LABEL, width=100, **kept)
        read = st.selectbox("Read as", DIGITS, key=READ, width=100, **kept)
        order = st.selectbox("Order", list(ORDERS), key="answers_by", width=190, **kept)
    writer, ink, slant = None, None, None
    with st.expander("More filters", icon=":material/filter_alt:"):
        if evaluation.split.writers is not None:
            last = int(evaluation.split.writers.max())
            writer = st.number_input("Writer", 0, last, None, placeholder="all", key="by_writer", width=140, **kept)
        ink = _limits("Ink, % of the picture", (0, 60), 100, "ink", kept)
        slant = _limits("Slant, degrees to the right", (-60, 60), 1, "slant", kept)
    digits = [None if digit == ANY else int(digit) for digit in (label, read)]
    return Filter(str(which), digits[0], digits[1], writer, ink, slant, order)


def _limits(
    title: str, ends: tuple[int, int], scale: float, key: str, kept: dict[str, Any]
) -> tuple[float, float] | None:
    """A range of whole numbers, divided by `scale`; at an end it has no limit. None where it was left as it is."""
    low, high = st.slider(title, *ends, ends, key=key, **kept)
    if (low, high) == ends:
        return None
    return (-np.inf if low == ends[0] else low / scale), (np.inf if high == ends[1] else high / scale)


def show_groups(evaluation: Evaluation) -> None:
    """Who and what is read worse than the rest."""
    st.markdown(
        "Is a group read worse than all the others? A filled dot says yes, by more than chance makes of so many "
        "groups; the lines show how far chance could move each."
    )
    by: dict[str, Any] = {"digit": evaluation.table["label"]}
    by |= {name: in_quarters(evaluation.table[name].to_numpy(), names) for name, names in QUARTERS.items()}
    if evaluation.split.writers is not None and evaluation.n / len(np.unique(evaluation.split.writers)) > SEVERAL:
        by["writer"] = evaluation.table["writer"]
    chosen = st.segmented_control(
        "Groups by", list(by), default="digit", required=True, key="groups_by", bind="query-params"
    )
    table = compare_groups(evaluation.table["right"].to_numpy(), by[str(chosen)])
    if chosen == "writer":
        table = table.sort_values("share", ascending=False)
        st.caption(f"{len(table):,} writers; the 30 with the largest share of errors are drawn.")
    alt = f"The share of errors by {chosen} with its interval; the file below has it in numbers."
    st.plotly_chart(group_dots(table.head(30)), config=PICTURE, key="groups", alt=alt)
    worse = table[table["is_worse"]]
    names = ", ".join(map(str, worse["group"].head(12)))
    st.markdown(f"**Read worse than the rest:** {names}." if len(worse) else "No group is read worse than the rest.")
    _offer_table(table, "groups.csv")
    show_functions(compare_groups, in_quarters)


def show_confidence(evaluation: Evaluation) -> None:
    """Whether its confidence can be believed, and what a threshold would do."""
    labels = evaluation.split.labels
    temperature = fit_temperature(evaluation.probabilities, labels)
    cooled = with_temperature(evaluation.probabilities, temperature)
    before, after = (expected_calibration_error(one, labels) for one in (evaluation.probabilities, cooled))
    sides = st.columns(2, gap="large")
    with sides[0]:
        st.markdown("**Can it be believed?** Where it says 90 %, 90 of 100 answers should be right.")
        figure = reliability_curve(reliability(evaluation.probabilities, labels), reliability(cooled, labels))
        alt = f"Accuracy by confidence. The calibration error is {before:.2%}, with temperature scaling {after:.2%}."
        st.plotly_chart(figure, config=PICTURE, key="reliability", alt=alt)
        st.markdown(
            f"Temperature scaling divides the logarithms of the probabilities by one number, here {temperature:.2f}, "
            f"fitted on these very images. The calibration error would go from {before:.2%} to {after:.2%}."
        )
    with sides[1]:
        st.markdown("**How sure is it?** Most answers are near 100 %; mistakes should not be.")
        confidence, is_right = evaluation.table["confidence"].to_numpy(), evaluation.table["right"].to_numpy()
        alt = tell_confidences(confidence, is_right)
        st.plotly_chart(confidence_bars(confidence, is_right), config=PICTURE, key="confidences", alt=alt)
    _show_threshold(evaluation)
    show_functions(reliability, fit_temperature, coverage)


def _show_threshold(evaluation: Evaluation) -> None:
    st.markdown(
        "**When should it say *not sure*?** The higher the line, the fewer answers, and the fewer of them wrong."
    )
    own = classifier(evaluation.folder).card.unsure_below
    percent = st.slider("Not sure below, in percent", 0.0, 100.0, round(100 * own, 1), 0.1, key=f"threshold-{own}")
    figure = coverage_curve(coverage(evaluation.probabilities, evaluation.split.labels), percent / 100)
    alt = "The share answered and the share of these that is wrong, by the line; for this one, see the sentence below."
    st.plotly_chart(figure, config=PICTURE, key="coverage", alt=alt)
    refused = evaluation.table["confidence"] < percent / 100
    answered, wrong = int((~refused).sum()), int((~refused & ~evaluation.table["right"]).sum())
    share = f", {wrong / answered:.2%} of them wrong" if answered else ""
    kept_from = int((refused & ~evaluation.table["right"]).sum())
    st.markdown(
        f"It would answer **{answered:,}** of {evaluation.n:,}{share}, and refuse **{int(refused.sum()):,}**, "
        f"{kept_from:,} of which it would have read wrongly:"
    )
    places = find(evaluation.table[refused], Filter("all", order="least confident"))[:PER_PAGE]
    if len(places):
        labels = [_label(evaluation, place) for place in places.tolist()]
        gallery.show_places(evaluation.data, evaluation.part, places, "refused", labels=labels)


def _offer_table(table: pd.DataFrame, name: str) -> None:
    content = table.to_csv(index=False).encode()
    st.download_button(
        "Download (.csv)", content, name, "text/csv", icon=":material/download:", on_click="ignore", key=name
    )
