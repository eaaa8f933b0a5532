"""A model's card on the page, a section a function; each shows itself only where the card has what it is about.

Text of a card may have come with somebody's file, so nothing in it becomes a link, a picture or a tag.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from digitrec.charts.calibration import reliability_curves
from digitrec.charts.card import by_group, refusal_curves, shares
from digitrec.evaluation.calibration import Calibration, pool, to_frame
from digitrec.evaluation.metrics import Measurement
from digitrec.networks.card import Card, PathCard
from digitrec.networks.comparison import share_refused, weakest_first
from digitrec.ui import state
from digitrec.ui.messages import as_plain_text, text_colour
from digitrec.ui.models.card_lists import MEANINGS, MOST, as_list, plain

WEAKEST = 12  # ways of writing that are shown
FEWEST = 20  # answers that a dot of a reliability curve stands for: fewer jump between 0 and 100 % by chance
PLAIN = {"displayModeBar": False}
KEY_FIGURE = 165  # pixels, so that a phone shows two beside each other
SECTIONS = {
    "read": ("Digits read correctly", "More is better."),
    "doubted": ("Digits it was not sure about", "Fewer is better: each of these is a digit that somebody meant."),
    "refused": ("No digits, and it said so", "More is better: scribbles, signs and letters answered with *not sure*."),
}
GROUPS = {
    "digit": ("Digit by digit", "Some digits look more alike than others, and are mistaken more often."),
    "school": (
        "Ways of writing",
        "Schools teach digits in different ways. A network reads best what it was shown. The weakest come first.",
    ),
    "width": ("Pen widths", "From thin to thick: a thick pen closes loops and hides corners."),
}
LISTS = {
    "The data": "What it learned from, and what was kept aside to check it.",
    "The recipe": "How it learned. What is not listed was turned off.",
    "The machine": "What it was made on and with.",
}


def show_head(card: Card) -> None:
    """What it is, and when it says "not sure"."""
    doubted = next((one for one in card.measured if one.kind == "doubted"), None)
    told = (
        f" That happens to {percent(doubted.share)} of {doubted.n:,} digits: {as_plain_text(doubted.what)}."
        if doubted
        else ""
    )
    together = (
        f", or where all ten together do not reach {percent(card.digit_below)}: the rest it gives to what is no digit"
        if card.digit_below
        else ""
    )
    st.markdown(
        f"A network of **{card.parameters:,} learned numbers**, made on {as_plain_text(card.date)}. It "
        f"answers **not sure** where no digit reaches {percent(card.unsure_below)}{together}.{told}"
    )
    if card.path is not None:
        st.markdown(
            f"Where it is known how the pen went, as on the Draw page, a second network of "
            f"**{card.path.parameters:,} learned numbers** reads its path, stroke by stroke, and both answer together, "
            f"or are **not sure** together{_doubts_together(card.path)}."
        )


def _doubts_together(path: PathCard) -> str:
    """When both together are not sure."""
    if not path.digit_below:
        return f": where no digit reaches {percent(path.unsure_below)}"
    return (
        f": where no digit reaches {percent(path.unsure_below)}, or where their mean score for being any digit at all "
        f"lies below {percent(path.digit_below)}"
    )


def show_key_figures(card: Card, folder: Path) -> None:
    """The few numbers to know it by."""
    found = find_key_figures(card.measured)
    with st.container(horizontal=True, gap="small", key=state.KEY_FIGURES.name):
        for title, one in found.items():
            st.metric(
                title,
                percent(one.share, 2),
                f"{100 * one.low:.2f} to {percent(one.high, 2)}",
                delta_color="off",
                delta_arrow="off",
                help=as_plain_text(f"{one.what}: read correctly, of {one.n:,}"),
                width=KEY_FIGURE,
            )
        size = sum(file.stat().st_size for file in folder.glob("*.tflite"))
        st.metric(
            "Size", f"{size / 1000:,.0f} kB", help="Of all that it reads with, its .tflite files.", width=KEY_FIGURE
        )
        if card.speed is not None:
            st.metric(
                "Time a read", f"{card.speed.milliseconds:.2g} ms", help="For one image, on one core.", width=KEY_FIGURE
            )
    sentences = []
    if found:
        sentences.append("Under each share stands its 95 % interval: how far chance could have moved it.")
    if card.speed is not None:
        sentences.append(
            f"In batches it reads {card.speed.images_per_second:,.0f} images a second with two threads, on "
            f"{as_plain_text(card.speed.machine)}."
        )
    if sentences:
        st.caption(" ".join(sentences))


def find_key_figures(measured: Sequence[Measurement]) -> dict[str, Measurement]:
    """The shares that models are compared by, by their titles; where there is none of them, the first share read."""
    read = [one for one in measured if one.kind == "read"]
    marks = {
        "MNIST test": "MNIST test",
        "Pen digits, ink alone": "ink alone",
        "Pen digits, ink and path": "ink and path",
    }
    found = {
        title: one for title, mark in marks.items() if (one := next((one for one in read if mark in one.what), None))
    }
    return found or ({"Read correctly": read[0]} if read else {})


def show_origin(card: Card) -> None:
    """What it learned from, how, and on what."""
    parts = dict(zip(LISTS, (card.data, card.recipe, card.environment), strict=True))
    told = {title: list(as_list(values, MEANINGS if values is card.recipe else {})) for title, values in parts.items()}
    if not any(told.values()):
        return
    st.subheader("What it was trained on", anchor=False)
    st.markdown("A network knows nothing but what it was shown. Look here first when it fails on your handwriting.")
    for column, (title, lines) in zip(st.columns((4, 5, 3), gap="medium"), told.items(), strict=True):
        with column:
            st.markdown(f"**{title}**")
            st.caption(LISTS[title] if lines else "Nothing is known of it.")
            st.markdown("\n".join(lines[:MOST]))


def show_strengths(card: Card) -> None:
    """Which digits, ways of writing and pens it reads well, and which not."""
    groups = {kind: [one for one in card.measured if one.kind == kind] for kind in GROUPS}
    if not any(groups.values()):
        return
    st.subheader("Where it is strong and weak", anchor=False)
    st.markdown(
        "One number hides much. Each dot is the share read correctly of one kind of drawing, and the line through it "
        "its 95 % interval: where two lines overlap, chance alone may part them."
    )
    shown = [kind for kind in GROUPS if groups[kind]]
    sides = st.columns(2, gap="large") if "school" in shown and len(shown) > 1 else [st.container()]
    for kind in shown:
        with sides[-1 if kind == "school" else 0]:
            _show_group(kind, groups[kind])


def _show_group(kind: str, figures: Sequence[Measurement]) -> None:
    title, meaning = GROUPS[kind]
    weakest = _name_weakest(figures)
    st.markdown(f"**{title}**")
    st.markdown(f"{meaning} {as_plain_text(weakest)}")
    ordered = weakest_first(figures)[:WEAKEST] if kind == "school" else figures
    show_chart(by_group(ordered, text_colour()), kind, f"{title}, as dots with intervals. {weakest}")
    if left := len(figures) - len(ordered):
        least = min(one.share for one in weakest_first(figures)[WEAKEST:])
        how = "everything" if least == 1 else f"{percent(least)} or more"
        st.caption(f"Of {left} other ways, {how} is read correctly; the whole card below has each.")


def _name_weakest(figures: Sequence[Measurement]) -> str:
    worst = min(figures, key=lambda one: one.share)
    on = f" ({worst.on})" if worst.on else ""
    return f"The lowest here: {worst.what}{on}, {percent(worst.share)} of {worst.n:,}."


def show_measured(card: Card) -> None:
    """What is read, doubted and refused; or how to have it measured."""
    if not card.measured:
        st.info("Nothing was measured of this model. `python -m digitrec train` writes a card with figures.")
        return
    parts = {kind: [one for one in card.measured if one.kind == kind] for kind in SECTIONS}
    if any(parts.values()):
        st.markdown(
            "Each dot is measured on drawings that no training saw. The line through it shows how far chance could "
            "move it."
        )
    for kind, (title, meaning) in SECTIONS.items():
        if parts[kind]:
            st.subheader(title, anchor=False)
            st.markdown(meaning)
            safe = [one.model_copy(update={"what": escape(one.what)}) for one in parts[kind]]
            show_chart(shares(safe, text_colour()), kind, f"{title}, as dots with intervals")


def show_seeds(card: Card) -> None:
    """What the same recipe came to by other chances."""
    if len(card.seeds) < 2:
        return
    st.subheader("How much of this is luck?", anchor=False)
    read = [
        one.model_copy(update={"on": f"seed {sibling.seed}"})
        for sibling in card.seeds
        for one in sibling.measured
        if one.kind == "read"
    ]
    told = describe_spread(read)
    kept = card.recipe.get("seed")
    which = (
        f" The one kept, of seed {kept}, reads the validation scans and half of the pen digits best."
        if isinstance(kept, int)
        else ""
    )
    st.markdown(
        "Where a network begins, and in which order it sees its images, is drawn by lot from a *seed*. The same recipe "
        f"was followed from {len(card.seeds)} seeds.{which} {as_plain_text(told)}"
    )
    show_chart(by_group(read, text_colour()), "seeds", f"Digits read by the models of each seed, as dots. {told}")
    for sibling in card.seeds:
        if sibling.note:
            st.caption(f"Seed {sibling.seed}: {as_plain_text(sibling.note)}")


def describe_spread(read: Sequence[Measurement]) -> str:
    """Between which shares the models of several seeds read what the first of the figures is about."""
    alike = [one.share for one in read if one.what == read[0].what]
    mean = sum(alike) / len(alike)
    return f"{read[0].what}: {percent(min(alike), 2)} to {percent(max(alike), 2)}, {percent(mean, 2)} on average."


def show_calibration(card: Card) -> None:
    """Whether its confidence means what it says."""
    sets = [one for one in card.calibration if one.bins]
    if not sets:
        return
    st.subheader("Is it as sure as it should be?", anchor=False)
    softened = (
        f" To come closer to that, its answers were softened or sharpened before it was written, by a temperature of "
        f"{card.temperature:.3g} (1 changes nothing, more softens)."
        if card.temperature != 1
        else ""
    )
    st.markdown(
        "Of all answers that it gives with 90 %, 9 of 10 should be right: then every dot lies on the dotted line. "
        f"Under the line it is too sure, above it too modest. A dot stands for at least {FEWEST} "
        f"answers, where there are so many, and a larger one for more.{softened}"
    )
    chart, words = st.columns((3, 2), gap="large", vertical_alignment="center")
    with chart:
        alt = "Confidence against being right; the list beside this has it in words"
        show_chart(reliability_curves({one.what: to_frame(pool(one.bins, FEWEST)) for one in sets}), "calibration", alt)
    words.markdown("\n".join(f"- {describe_calibration(one)}" for one in sets))


def describe_calibration(one: Calibration) -> str:
    """What a calibration says, in two sentences of Markdown."""
    surest = pool(one.bins, FEWEST)[-1]
    chance = (
        f" If it meant exactly what it says, chance would still part them by {100 * one.by_chance:.2g}."
        if one.by_chance
        else ""
    )
    return (
        f"**{plain(one.what)}**: when it says {percent(surest.confidence)}, it is right in "
        f"**{percent(surest.accuracy)}** (its surest answers, {surest.n:,} of {one.n:,}). Over all of them, what it "
        f"says and how often it is right lie **{100 * one.error:.2g} percentage points** apart: the *expected "
        f"calibration error*.{chance}"
    )


def show_refusal(card: Card) -> None:
    """What would be answered "not sure" with another threshold."""
    refusal = card.refusal
    if refusal is None or not refusal.thresholds or not (refusal.digits or refusal.others):
        return
    st.subheader("When it says not sure", anchor=False)
    line = card.digit_below or card.unsure_below
    digits, others = (
        {name: share_refused(refusal, curve, line) for name, curve in curves.items()}
        for curves in (refusal.digits, refusal.others)
    )
    told = []
    if digits:
        most = max(digits, key=lambda name: digits[name])
        told.append(f"doubts at most {percent(digits[most])} of digits ({most})")
    if others:
        least = min(others, key=lambda name: others[name])
        told.append(f"refuses at least {percent(others[least])} of what is no digit ({least})")
    summary = f"At its line, it {' and '.join(told)}."
    meaning = (
        "The line is drawn through the probability of being any digit at all; what is left to 100 % goes to none of "
        "them. "
        if card.digit_below
        else ""
    )
    st.markdown(
        f"{meaning}"
        "The higher the line below which it says *not sure*, the fewer scribbles pass as digits, and the more digits "
        "are doubted. Solid curves are digits and should stay low; broken ones are no digits and should be high. "
        f"{as_plain_text(summary)}"
    )
    show_chart(refusal_curves(refusal, line, text_colour()), "refusal", summary)


def show_weaknesses(card: Card) -> None:
    """What its makers know that it cannot do."""
    if card.weaknesses:
        st.subheader("What it is weak at", anchor=False)
        st.markdown("\n".join(f"- {as_plain_text(weakness)}" for weakness in card.weaknesses))


def show_all(card: Card) -> None:
    """Everything, as it is written in the file."""
    with st.expander("The whole card"):
        st.json(card.model_dump(), expanded=1)


def show_chart(figure: Any, subject: str, alt: str) -> None:
    """A chart about a part of the card, as wide as the page; `alt` says in words what it shows."""
    st.plotly_chart(figure, width="stretch", config=PLAIN, key=state.CARD_CHART.of(subject).name, alt=alt)


def percent(share: float, digits: int = 1) -> str:
    """A share, 0 to 1, in percent."""
    return f"{100 * share:.{digits}f} %"
