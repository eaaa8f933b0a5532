"""An evaluation on the Mistakes page: figures, confusion matrix, gallery, groups, calibration and rejection.

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
from digitrec.charts.calibration import confidence_bars, coverage_curve, reliability_curves
from digitrec.charts.mistakes import confusion_matrix, group_dots
from digitrec.datasets import Dataset, Split
from digitrec.evaluation.calibration import (
    coverage,
    expected_calibration_error,
    fit_temperature,
    reliability,
    with_temperature,
)
from digitrec.evaluation.metrics import confusion, cross_entropy, per_digit
from digitrec.evaluation.predictions import ORDERS, WHICH, Filter, find, tabulate
from digitrec.evaluation.significance import wilson_interval
from digitrec.evaluation.subgroups import compare_groups, in_quarters
from digitrec.glossary import explain
from digitrec.networks.classifier import Classifier
from digitrec.networks.verdict import are_too_weak
from digitrec.ui import state
from digitrec.ui.cache import classifier, prediction_key, probabilities, properties
from digitrec.ui.data import gallery
from digitrec.ui.messages import show_errors
from digitrec.ui.source_code import show_functions
from digitrec.ui.theme import text_colour
from digitrec.words import in_percent, with_article

PLAIN = {"displayModeBar": False}
PICTURE = {"displaylogo": False, "modeBarButtons": [["toImage"]]}
PER_PAGE = 100
DIGITS = [state.ANY, *map(str, range(10))]
QUARTERS = {
    "width": ("thinnest strokes", "thin strokes", "thick strokes", "thickest strokes"),
    "slant": ("leaning to the left", "upright", "leaning to the right", "leaning most to the right"),
    "ink": ("least ink", "less ink", "more ink", "most ink"),
    "unusual": ("most typical", "typical", "unusual", "most unusual"),
}
SEVERAL = 4  # images per writer, on average, from which writers are compared


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model's predictions for a part of a dataset.

    Attributes
    ----------
    title, classifier : the model.
    data, part, split : the images.
    probabilities : (n, 10) float32.
    table : of `digitrec.evaluation.predictions.tabulate`.
    """

    title: str
    classifier: Classifier
    data: Dataset
    part: str
    split: Split
    probabilities: NDArray[np.float32]
    table: pd.DataFrame

    @property
    def n(self) -> int:
        """The number of images."""
        return len(self.split)


def evaluate_model(title: str, folder: Path, data: Dataset, part: str) -> Evaluation:
    """For the Mistakes page: evaluate a model on a part of a dataset; cached."""
    split = data.part(part)
    with show_errors("The images could not be read."):
        reader = classifier(folder)
        answers = probabilities(reader, data, part)
        table = _tabulate(prediction_key(reader, data, part), answers, split, properties(data, part))
    return Evaluation(title, reader, data, part, split, answers, table)


@st.cache_resource(max_entries=6, show_spinner=False)
def _tabulate(
    key: tuple[str | None, ...], _answers: NDArray[np.float32], _split: Split, _measured: pd.DataFrame
) -> pd.DataFrame:
    """Computed once per `key`, which identifies the other arguments."""
    del key
    return tabulate(_answers, _split.labels, _measured, _split.writers)


def show_figures(evaluation: Evaluation) -> None:
    """On the Mistakes page: the main figures."""
    right = int(evaluation.table["right"].sum())
    low, high = wilson_interval(right, evaluation.n)
    row = st.container(horizontal=True)
    row.metric("Accuracy", f"{right / evaluation.n:.2%}", help=explain("accuracy", "confidence interval"))
    row.metric("Errors", f"{evaluation.n - right:,} of {evaluation.n:,}")
    row.metric(
        "Log loss",
        f"{cross_entropy(evaluation.probabilities, evaluation.split.labels):.4f}",
        help=explain("cross-entropy loss"),
    )
    row.metric(
        "Calibration error",
        f"{expected_calibration_error(evaluation.probabilities, evaluation.split.labels):.2%}",
        help=f"{explain('expected calibration error')} Computed over 15 bins of confidence.",
    )
    st.caption(f"95 % confidence interval of the accuracy: {low:.2%} to {high:.2%} (Wilson).")


def show_matrix(evaluation: Evaluation) -> None:
    """On the Mistakes page: the confusion matrix; a click on a cell shows its images."""
    counts = confusion(evaluation.split.labels, evaluation.table["read"].to_numpy())
    st.markdown("**Confusion matrix**", help=explain("confusion matrix"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        in_percent = st.toggle("Percentages", **state.AS_PERCENTAGES.widget)
        hides = st.toggle("Errors only", value=state.ERRORS_ONLY.default, **state.ERRORS_ONLY.widget)
    figure = confusion_matrix(counts, text_colour(), in_percent=in_percent, hides_correct=hides, is_selectable=True)
    st.plotly_chart(
        figure,
        key=state.CELLS.name,
        on_select=_take_cell,
        selection_mode="points",
        config=PICTURE,
        width=620,
        alt=tell_confusions(counts),
    )
    st.caption("Select a cell to see its images. The outer row and column count all errors of a digit.")
    with st.expander("Precision and recall", icon=":material/table_rows:"):
        _show_per_digit(evaluation)
    show_functions(confusion, per_digit)


def _show_per_digit(evaluation: Evaluation) -> None:
    table = per_digit(evaluation.split.labels, evaluation.table["read"].to_numpy())
    fractions = [column for column in table.columns if column not in ("digit", "support")]
    percent = {column: st.column_config.NumberColumn(format="percent") for column in fractions}
    st.dataframe(table, hide_index=True, column_config=percent)
    st.caption(
        "Precision: of the images classified as a digit, the fraction that are that digit. Recall: of the images of a "
        "digit, the fraction classified as that digit. F1: their harmonic mean. Support: the number of images."
    )
    _offer_table(table, "digits.csv")


def _take_cell() -> None:
    """Show the images of the cell that was selected."""
    selection = state.CELLS.sent("selection") or {}
    for point in selection.get("points", []):
        cell = point.get("customdata")
        if not isinstance(cell, list | tuple) or len(cell) != 2 or not all(isinstance(one, int) for one in cell):
            continue
        label, read = cell
        state.IS_A.set(str(label) if 0 <= label <= 9 else state.ANY)
        state.READ_AS.set(str(read) if 0 <= read <= 9 else state.ANY)
        state.ANSWERS.set("right" if label == read else "wrong")


def show_mistakes(evaluation: Evaluation) -> None:
    """On the Mistakes page: the images, filtered and sorted."""
    chosen = _choose(evaluation)
    places = find(evaluation.table, chosen)
    if not len(places):
        nothing = "This model makes no mistakes here." if chosen == Filter(order=chosen.order) else "No images match."
        st.info(f"{nothing} Choose *all* answers or change the filters.", icon=":material/search_off:")
        return
    shown = gallery.turn_pages(state.PAGE, places, PER_PAGE)
    labels = [_label(evaluation, place) for place in shown.tolist()]
    captions = [_caption(evaluation, place) for place in shown.tolist()]
    gallery.show_places(evaluation.data, evaluation.part, shown, state.MISTAKES, captions=captions, labels=labels)
    st.caption(f"{len(places):,} of {evaluation.n:,} images, each with its label → the answer. Select one to see why.")
    _offer_table(evaluation.table.iloc[places], "answers.csv")
    show_functions(tabulate, find)


def _label(evaluation: Evaluation, place: int) -> str:
    label, read = int(evaluation.split.labels[place]), int(evaluation.probabilities[place].argmax())
    return f"{label}" if label == read else f"{label}→{read}"


def _caption(evaluation: Evaluation, place: int) -> str:
    answers = evaluation.probabilities[place]
    read, confidence = int(answers.argmax()), in_percent(float(answers.max()))
    label = with_article(int(evaluation.split.labels[place])).capitalize()
    return f"{label}, classified as {read}, {confidence}, image {place:,}"


def _choose(evaluation: Evaluation) -> Filter:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = st.segmented_control(
            "Show", WHICH, default=state.ANSWERS.default, required=True, **state.ANSWERS.widget
        )
        label = st.selectbox("Label", DIGITS, width=100, **state.IS_A.widget)
        read = st.selectbox("Answer", DIGITS, width=100, **state.READ_AS.widget)
        order = st.selectbox("Order", list(ORDERS), width=190, **state.ANSWERS_BY.widget)
    writer, ink, slant = None, None, None
    with st.expander("More filters", icon=":material/filter_alt:"):
        if evaluation.split.writers is not None:
            last = int(evaluation.split.writers.max())
            writer = st.number_input("Writer", 0, last, None, placeholder="all", width=140, **state.BY_WRITER.widget)
        ink = _limits("Ink, % of the image", state.INK, 100)
        slant = _limits("Slant, degrees to the right", state.SLANT, 1)
    digits = [None if digit == state.ANY else int(digit) for digit in (label, read)]
    return Filter(str(which), digits[0], digits[1], writer, ink, slant, order)


def _limits(title: str, key: state.Key[tuple[int, int]], scale: float) -> tuple[float, float] | None:
    """A range of whole numbers, divided by `scale`, without limit at the ends of the slider; None if unchanged."""
    ends = key.default
    low, high = st.slider(title, *ends, ends, **key.widget)
    if (low, high) == ends:
        return None
    return (-np.inf if low == ends[0] else low / scale), (np.inf if high == ends[1] else high / scale)


def show_groups(evaluation: Evaluation) -> None:
    """On the Mistakes page: the error rates of groups of images."""
    st.markdown(
        "Is the error rate of a group higher than that of all other images? A filled dot marks a significantly higher "
        "rate (Fisher's exact test with Holm's correction); the bars are 95 % confidence intervals.",
        help=explain("significance", "p-value"),
    )
    by: dict[str, Any] = {"digit": evaluation.table["label"]}
    by |= {name: in_quarters(evaluation.table[name].to_numpy(), names) for name, names in QUARTERS.items()}
    if evaluation.split.writers is not None and evaluation.n / len(np.unique(evaluation.split.writers)) > SEVERAL:
        by["writer"] = evaluation.table["writer"]
    chosen = st.segmented_control(
        "Group by", list(by), default=state.GROUPS_BY.default, required=True, **state.GROUPS_BY.widget
    )
    table = compare_groups(evaluation.table["right"].to_numpy(), by[str(chosen)])
    if chosen == "writer":
        table = table.sort_values("error_rate", ascending=False)
        st.caption(f"{len(table):,} writers; the 30 with the highest error rates are shown.")
    alt = f"The error rate by {chosen} with its confidence interval; the file below has the numbers."
    st.plotly_chart(group_dots(table.head(30)), config=PICTURE, key=state.GROUPS.name, alt=alt)
    worse = table[table["is_worse"]]
    names = ", ".join(map(str, worse["group"].head(12)))
    st.markdown(
        f"**Higher error rate than the rest:** {names}."
        if len(worse)
        else "No group has a significantly higher error rate than the rest."
    )
    _offer_table(table, "groups.csv")
    show_functions(compare_groups, in_quarters)


def show_confidence(evaluation: Evaluation) -> None:
    """On the Mistakes page: calibration, and the effect of a threshold."""
    labels = evaluation.split.labels
    temperature = fit_temperature(evaluation.probabilities, labels)
    cooled = with_temperature(evaluation.probabilities, temperature)
    before, after = (expected_calibration_error(one, labels) for one in (evaluation.probabilities, cooled))
    sides = st.columns(2, gap="large")
    with sides[0]:
        st.markdown("**Calibration.** Of 100 answers at 90 %, 90 should be right.", help=explain("calibration"))
        tables = [reliability(one, labels) for one in (evaluation.probabilities, cooled)]
        figure = reliability_curves({"without temperature scaling": tables[0], "with temperature scaling": tables[1]})
        alt = f"Accuracy by confidence. Calibration error {before:.2%}, with temperature scaling {after:.2%}."
        st.plotly_chart(figure, config=PICTURE, key=state.RELIABILITY.name, alt=alt)
        st.markdown(
            f"Temperature scaling with {temperature:.2f}, fitted on these images, would change the calibration error "
            f"from {before:.2%} to {after:.2%}.",
            help=explain("temperature"),
        )
    with sides[1]:
        st.markdown(
            "**Confidence.** Most answers are given with nearly 100 %; wrong ones should have less.",
            help=explain("confidence"),
        )
        confidence, is_right = evaluation.table["confidence"].to_numpy(), evaluation.table["right"].to_numpy()
        alt = tell_confidences(confidence, is_right)
        st.plotly_chart(confidence_bars(confidence, is_right), config=PICTURE, key=state.CONFIDENCES.name, alt=alt)
    _show_threshold(evaluation)
    show_functions(reliability, fit_temperature, coverage)


def _show_threshold(evaluation: Evaluation) -> None:
    """What the model answers and rejects: with its own thresholds at first, and with any others."""
    card, probabilities = evaluation.classifier.card, evaluation.probabilities
    st.markdown(
        "**Rejection.** Below a threshold, the answer is *not sure*. The higher a threshold, the fewer images are "
        "answered, and the fewer of the answers are wrong.",
        help=explain("threshold", "coverage"),
    )
    unsure_below = _choose_threshold("Threshold of the confidence, in percent", card.unsure_below, "confidence")
    digit_below = 0.0
    if card.digit_below:  # otherwise, the model has no such threshold
        title = "Threshold of the probability of being a digit at all, in percent"
        digit_below = _choose_threshold(title, card.digit_below, "digit")
    curve = coverage(probabilities, evaluation.split.labels, are_too_weak(probabilities, 0.0, digit_below))
    alt = "Coverage and error rate by the threshold of the confidence; the sentence below gives them for this one."
    st.plotly_chart(coverage_curve(curve, unsure_below), config=PICTURE, key=state.COVERAGE.name, alt=alt)
    rejected = are_too_weak(probabilities, unsure_below, digit_below)
    st.markdown(_describe_rejection(rejected, evaluation.table["right"].to_numpy()))
    places = find(evaluation.table[rejected], Filter("all", order="least confident"))[:PER_PAGE]
    if len(places):
        labels = [_label(evaluation, place) for place in places.tolist()]
        gallery.show_places(evaluation.data, evaluation.part, places, state.REFUSED, labels=labels)


def _choose_threshold(title: str, own: float, what: str) -> float:
    """A threshold, 0 to 1: until the slider is moved, the model's own, without the slider's rounding."""
    start = round(100 * own, 1)
    percent = st.slider(title, 0.0, 100.0, start, 0.1, **state.THRESHOLD.of(what, own).widget)
    return own if percent == start else percent / 100


def _describe_rejection(rejected: NDArray[np.bool_], is_right: NDArray[np.bool_]) -> str:
    """How many images are answered and rejected, (n,) bool each, and how many of each are misclassified."""
    answered, wrong = int((~rejected).sum()), int((~rejected & ~is_right).sum())
    error = f", {wrong / answered:.2%} of them wrong" if answered else ""
    return (
        f"It answers **{answered:,}** of {len(rejected):,} images{error}, and rejects **{int(rejected.sum()):,}**, "
        f"{int((rejected & ~is_right).sum()):,} of which it would have misclassified:"
    )


def _offer_table(table: pd.DataFrame, name: str) -> None:
    content = table.to_csv(index=False).encode()
    st.download_button(
        "Download (.csv)",
        content,
        name,
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=state.DOWNLOAD.of(name).name,
    )
