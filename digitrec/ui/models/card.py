"""The model card on the page. Each function shows one section, and nothing if the card has no data for it.

The text of a card may come from an uploaded file, so nothing in it becomes a link, a picture or a tag.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from digitrec.charts.calibration import reliability_curves
from digitrec.charts.card import group_figures, rejection_curves, single_figures
from digitrec.evaluation.calibration import Calibration, pool, to_frame
from digitrec.evaluation.metrics import Measurement
from digitrec.glossary import explain
from digitrec.networks.card import Card, PathCard
from digitrec.networks.card_figures import find_key_figures, rejection_rate, weakest_first
from digitrec.ui import state
from digitrec.ui.messages import as_plain_text
from digitrec.ui.models.card_lists import MEANINGS, MOST, as_list, as_plain_line
from digitrec.ui.theme import text_colour
from digitrec.words import percent

WEAKEST = 12  # writing styles that are shown
FEWEST = 20  # answers in a dot of a reliability diagram: the accuracy of fewer depends too much on chance
PLAIN = {"displayModeBar": False}
KEY_FIGURE = 165  # pixels wide, so that two fit on a phone
SECTIONS = {
    "accuracy": ("Accuracy", "Higher is better.", explain("accuracy", "test set", "validation set")),
    "unsure": (
        "Digits rejected",
        "Lower is better: these are real digits that are answered with *not sure*.",
        explain("not sure", "threshold"),
    ),
    "rejected": (
        "Non-digits rejected",
        "Higher is better: scribbles, signs and letters should be answered with *not sure*.",
        explain("non-digits", "rejection"),
    ),
}
GROUPS = {
    "digit": ("Digits", "Some digits look more alike than others and are confused more often."),
    "style": (
        "Writing styles",
        "Schools teach digits in different ways. A network is best at the styles in its training set.",
    ),
    "width": ("Pen widths", "From thin to thick: a thick pen closes loops and hides corners."),
}
LISTS = {
    "Data": "The training set, and the validation set that was kept away from training.",
    "Recipe": "The settings of the training. Settings that are not listed were off.",
    "Environment": "Hardware and software of the training.",
}


def show_head(card: Card) -> None:
    """On the model card's page: what the model is, and when it answers "not sure"."""
    unsure = next((one for one in card.measured if one.kind == "unsure"), None)
    rate = (
        f" It does so for {percent(unsure.value)} of {unsure.n:,} digits ({as_plain_text(unsure.what)})."
        if unsure
        else ""
    )
    together = (
        f", or if the ten together have less than {percent(card.digit_below)}: the rest is the probability of a "
        "non-digit"
        if card.digit_below
        else ""
    )
    st.markdown(
        f"A network with **{card.parameters:,} parameters**, made on {as_plain_text(card.date)}. It answers "
        f"**not sure** if no digit has a probability of {percent(card.unsure_below)} or more{together}.{rate}",
        help=explain("parameters", "probability", "not sure"),
    )
    if card.path is not None:
        st.markdown(
            f"If the strokes are known, as on the Draw page, a second network with "
            f"**{card.path.parameters:,} parameters** reads the path of the pen, and the two give one answer. It is "
            f"**not sure** {_describe_path_thresholds(card.path)}."
        )


def _describe_path_thresholds(path: PathCard) -> str:
    """When the answer of both networks is "not sure"."""
    condition = f"if no digit has a probability of {percent(path.unsure_below)} or more"
    if not path.digit_below:
        return condition
    return f"{condition}, or if the mean score for being any digit is below {percent(path.digit_below)}"


def show_key_figures(card: Card, folder: Path) -> None:
    """On the model card's page: the most important figures: accuracy, size, speed."""
    found, terms = find_key_figures(card.measured), explain("accuracy", "confidence interval")
    with st.container(horizontal=True, gap="small", key=state.KEY_FIGURES.name):
        for title, one in found.items():
            st.metric(
                title,
                percent(one.value, 2),
                f"{100 * one.low:.2f} to {percent(one.high, 2)}",
                delta_color="off",
                delta_arrow="off",
                help=f"{terms}\n\n{as_plain_text(one.what)}: {one.n:,} images.",
                width=KEY_FIGURE,
            )
        size = sum(file.stat().st_size for file in folder.glob("*.tflite"))
        st.metric(
            "Size",
            f"{size / 1000:,.0f} kB",
            help="Total size of the .tflite files that the app runs.",
            width=KEY_FIGURE,
        )
        if card.speed is not None:
            st.metric(
                "Time per image", f"{card.speed.milliseconds:.2g} ms", help="Measured on one core.", width=KEY_FIGURE
            )
    sentences = []
    if found:
        sentences.append("Below each accuracy is its 95 % confidence interval.")
    if card.speed is not None:
        sentences.append(
            f"In batches, the network reads {card.speed.images_per_second:,.0f} images per second on two threads "
            f"({as_plain_text(card.speed.machine)})."
        )
    if sentences:
        st.caption(" ".join(sentences))


def show_origin(card: Card) -> None:
    """On the model card's page: the data, the recipe and the environment of the training."""
    parts = dict(zip(LISTS, (card.data, card.recipe, card.environment), strict=True))
    lists = {title: list(as_list(values, MEANINGS if values is card.recipe else {})) for title, values in parts.items()}
    if not any(lists.values()):
        return
    st.subheader("Training", anchor=False, help=explain("training set", "validation set"))
    st.markdown("A network knows only what its training set shows. Look here first if it misreads your handwriting.")
    for column, (title, lines) in zip(st.columns((4, 5, 3), gap="medium"), lists.items(), strict=True):
        with column:
            st.markdown(f"**{title}**")
            st.caption(LISTS[title] if lines else "Not known.")
            st.markdown("\n".join(lines[:MOST]))


def show_strengths(card: Card) -> None:
    """On the model card's page: accuracy by digit, writing style and pen width."""
    groups = {kind: [one for one in card.measured if one.kind == kind] for kind in GROUPS}
    if not any(groups.values()):
        return
    st.subheader("Accuracy by group", anchor=False, help=explain("accuracy", "confidence interval"))
    st.markdown(
        "A single accuracy hides much. Each dot is the accuracy on one group of drawings, and the line through it is "
        "the 95 % confidence interval. If two lines overlap, the difference may be chance."
    )
    shown = [kind for kind in GROUPS if groups[kind]]
    sides = st.columns(2, gap="large") if "style" in shown and len(shown) > 1 else [st.container()]
    for kind in shown:
        with sides[-1 if kind == "style" else 0]:
            _show_group(kind, groups[kind])


def _show_group(kind: str, figures: Sequence[Measurement]) -> None:
    title, meaning = GROUPS[kind]
    weakest = _name_weakest(figures)
    st.markdown(f"**{title}**")
    st.markdown(f"{meaning} {as_plain_text(weakest)}")
    ordered = weakest_first(figures)[:WEAKEST] if kind == "style" else figures
    show_chart(
        group_figures(ordered, text_colour()),
        kind,
        f"Accuracy by group: {title.lower()}, as dots with confidence intervals. {weakest}",
    )
    if left := len(figures) - len(ordered):
        least = min(one.value for one in weakest_first(figures)[WEAKEST:])
        accuracy = "100 %" if least == 1 else f"{percent(least)} or more"
        st.caption(f"{left} more have an accuracy of {accuracy}. The whole card at the end of the page lists them all.")


def _name_weakest(figures: Sequence[Measurement]) -> str:
    worst = min(figures, key=lambda one: one.value)
    on = f" ({worst.on})" if worst.on else ""
    return f"Lowest accuracy: {worst.what}{on}, {percent(worst.value)} of {worst.n:,}."


def show_measured(card: Card) -> None:
    """Accuracy, and how often digits and non-digits are rejected; or how to measure these."""
    if not card.measured:
        st.info("This model has not been measured. `python -m digitrec train` writes a card with figures.")
        return
    parts = {kind: [one for one in card.measured if one.kind == kind] for kind in SECTIONS}
    if any(parts.values()):
        st.markdown(
            "Each dot is measured on drawings that were not used in training. The line through it is the 95 % "
            "confidence interval."
        )
    for kind, (title, meaning, terms) in SECTIONS.items():
        if parts[kind]:
            st.subheader(title, anchor=False, help=terms)
            st.markdown(meaning)
            show_chart(single_figures(parts[kind], text_colour()), kind, f"{title}, as dots with confidence intervals")


def show_seeds(card: Card) -> None:
    """On the model card's page: the accuracy of models made by the same recipe from other seeds."""
    if len(card.seeds) < 2:
        return
    st.subheader("How much of this is luck?", anchor=False, help=explain("seed"))
    accuracies = [
        one.model_copy(update={"on": f"seed {sibling.seed}"})
        for sibling in card.seeds
        for one in sibling.measured
        if one.kind == "accuracy"
    ]
    spread = describe_spread(accuracies)
    kept = card.recipe.get("seed")
    which = (
        f" Seed {kept} was kept: it has the highest mean accuracy on the validation set and half of the pen digits."
        if isinstance(kept, int)
        else ""
    )
    st.markdown(
        "The initial weights of a network and the order of its training images are random; both follow from a *seed*. "
        f"The same recipe was run with {len(card.seeds)} seeds.{which} {as_plain_text(spread)}"
    )
    alt = f"Accuracy of the model from each seed, as dots with confidence intervals. {spread}"
    show_chart(group_figures(accuracies, text_colour()), "seeds", alt)
    for sibling in card.seeds:
        if sibling.note:
            st.caption(f"Seed {sibling.seed}: {as_plain_text(sibling.note)}")


def describe_spread(accuracies: Sequence[Measurement]) -> str:
    """For the card's page: lowest, highest and mean accuracy of several seeds, on the data of the first figure."""
    alike = [one.value for one in accuracies if one.what == accuracies[0].what]
    low, high, mean = (percent(value, 2) for value in (min(alike), max(alike), sum(alike) / len(alike)))
    return f"{accuracies[0].what}: {low} to {high}, mean {mean}."


def show_calibration(card: Card) -> None:
    """On the model card's page: whether its confidence can be taken at its word."""
    sets = [one for one in card.calibration if one.bins]
    if not sets:
        return
    terms = explain("calibration", "confidence", "expected calibration error", "temperature")
    st.subheader("Calibration", anchor=False, help=terms)
    temperature = (
        f" The network was calibrated with a temperature of {card.temperature:.3g}: 1 changes nothing, more lowers the "
        "confidence."
        if card.temperature != 1
        else ""
    )
    st.markdown(
        "Of all answers given with 90 % confidence, nine in ten should be correct: then the dots lie on the dotted "
        "line. Below the line the network is overconfident, above it underconfident. A dot stands for at least "
        f"{FEWEST} answers (if there are that many), a larger dot for more.{temperature}"
    )
    chart, words = st.columns((3, 2), gap="large", vertical_alignment="center")
    with chart:
        alt = "Accuracy by confidence. The list next to the chart has the figures."
        show_chart(reliability_curves({one.what: to_frame(pool(one.bins, FEWEST)) for one in sets}), "calibration", alt)
    words.markdown("\n".join(f"- {describe_calibration(one)}" for one in sets))


def describe_calibration(one: Calibration) -> str:
    """The calibration on one set, in a few sentences of Markdown."""
    surest = pool(one.bins, FEWEST)[-1]
    which = f"all {one.n:,} answers" if surest.n == one.n else f"the {surest.n:,} most confident of {one.n:,} answers"
    chance = f" Even with perfect calibration, chance would make it {100 * one.by_chance:.2g}." if one.by_chance else ""
    return (
        f"**{as_plain_line(one.what)}**: {which} have a mean confidence of "
        f"{percent(surest.confidence)} and an accuracy of **{percent(surest.accuracy)}**. The *expected calibration "
        f"error* is **{100 * one.expected_calibration_error:.2g} percentage points**.{chance}"
    )


def show_rejection(card: Card) -> None:
    """On the model card's page: the rejection rates at other thresholds."""
    rejection = card.rejection
    if rejection is None or not rejection.thresholds or not (rejection.digits or rejection.others):
        return
    st.subheader("Rejection by threshold", anchor=False, help=explain("threshold", "rejection", "non-digits"))
    threshold = card.digit_below or card.unsure_below
    digits, others = (
        {name: rejection_rate(rejection, curve, threshold) for name, curve in curves.items()}
        for curves in (rejection.digits, rejection.others)
    )
    rates = []
    if digits:
        most = max(digits, key=lambda name: digits[name])
        rates.append(f"at most {percent(digits[most])} of digits ({most})")
    if others:
        least = min(others, key=lambda name: others[name])
        rates.append(f"at least {percent(others[least])} of non-digits ({least})")
    summary = f"At its threshold, the network rejects {' and '.join(rates)}."
    meaning = "This threshold applies to the probability of being any digit at all. " if card.digit_below else ""
    st.markdown(
        f"{meaning}"
        "The answer is *not sure* below the threshold. A higher threshold lets fewer scribbles pass as digits, but "
        "also rejects more digits. Solid curves are digits and should stay low. Dashed curves are non-digits and "
        "should be high. "
        f"{as_plain_text(summary)}"
    )
    show_chart(rejection_curves(rejection, threshold, text_colour()), "rejection", summary)


def show_weaknesses(card: Card) -> None:
    """On the model card's page: what the model is known to do badly."""
    if card.weaknesses:
        st.subheader("Known weaknesses", anchor=False)
        st.markdown("\n".join(f"- {as_plain_text(weakness)}" for weakness in card.weaknesses))


def show_all(card: Card) -> None:
    """On the model card's page: the whole card as JSON."""
    with st.expander("The whole card"):
        st.json(card.model_dump(), expanded=1)


def show_chart(figure: Any, subject: str, alt: str) -> None:
    """A chart about a part of the card, as wide as the page; `alt` describes it in words."""
    st.plotly_chart(figure, width="stretch", config=PLAIN, key=state.CARD_CHART.of(subject).name, alt=alt)
