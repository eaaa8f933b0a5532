"""The tabs below a verdict: preprocessing, saliency, layers, changes to an opened image, and downloads.

reading -> `set_case` -> the drawing rests (`rested.js`) -> `show_details` -> the open tab

They are a fragment of their own, which runs half a second after the last change: while somebody draws, no stroke waits
for them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.layers import tile_channels
from digitrec.charts.pictures import as_paper, colour_by_weight, colour_signed, enlarge, frame
from digitrec.evaluation.saliency import occlusion, onto_canvas
from digitrec.glossary import explain
from digitrec.ink.drawings import Drawing, render
from digitrec.ink.image_files import to_data_url, to_png
from digitrec.ink.preprocessing import pad_to_square, preprocess
from digitrec.networks.card import Card, PathCard
from digitrec.networks.classifier import Classifier
from digitrec.networks.verdict import (
    Reading,
    are_too_weak,
    combine,
    digit_probability,
    give_reason,
    mean_digit_score,
)
from digitrec.reading.steps import read_by_steps
from digitrec.ui import state
from digitrec.ui.canvas import links
from digitrec.ui.source_code import show_functions, show_scripts
from digitrec.words import in_percent

SHOWN = 140  # pixels, the side of a small picture
COLUMNS = 16  # of feature maps
SHOWN_MAP = 42  # pixels, the side of one
FLAT = {10: "one value for each digit, 0 to 9", 11: "one value for each digit, 0 to 9, and one for non-digits"}


@dataclass(frozen=True, eq=False)
class Case:
    """A drawing with ink, and its reading."""

    classifier: Classifier
    reading: Reading
    drawing: Drawing
    digit: int
    image: NDArray[np.uint8]


_rested = st.components.v2.component("digitrec_rested", js=Path(__file__).with_name("rested.js").read_text("utf-8"))


def set_case(classifier: Classifier, reading: Reading | None, drawing: Drawing) -> None:
    """Have the tabs of details be about this reading when they are shown next; None if there is nothing to read."""
    if reading is None or reading.digit is None or reading.preprocessed.image is None:
        state.CASE.set(None)
    else:
        state.CASE.set(Case(classifier, reading, drawing, reading.digit, reading.preprocessed.image))


@st.fragment
def show_details(prepare: Callable[[], None] | None = None) -> None:
    """Show the tabs of details; only the open one is computed. `prepare` may call `set_case` each time."""
    if prepare is not None:
        prepare()
    tabs = st.tabs(list(VIEWS), on_change="rerun", **state.DETAILS.widget)
    case = state.CASE.get()
    for tab, view in zip(tabs, VIEWS.values(), strict=True):
        if not tab.open:
            continue
        with tab:
            if case is None:
                st.info("Draw a digit or press *Sample digit* to see how it is read.", icon=":material/draw:")
            else:
                view(case)
    _rested(key=state.RESTED.name, on_rested_change=lambda: None)


def _show_why(case: Case) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.image(
            to_data_url(frame(enlarge(as_paper(case.image), SHOWN // len(case.image)))),
            width=SHOWN,
            alt="The drawing as 28 by 28 pixels, the input of the network",
        )
        with st.container():
            _explain_verdict(case)
    show_functions(combine, are_too_weak, give_reason)
    show_scripts("The same in JavaScript, as your browser runs it", "verdict")


def _explain_verdict(case: Case) -> None:
    reading, card = case.reading, case.classifier.card
    guess = f"not sure, perhaps {case.digit}" if reading.unsure else f"**{case.digit}**"
    st.markdown(f"The answer is {guess}, with a confidence of {in_percent(reading.confidence)}. {reading.reason}")
    ink, path = reading.by_ink, reading.by_path
    if ink is None or path is None or card.path is None:
        _show_thresholds(card, reading, float(digit_probability(reading.probabilities[None])[0]))
    else:
        alone = [f"**{int(one.argmax())}**, {in_percent(float(one.max()))}" for one in (ink, path)]
        st.markdown(
            f"Two networks read it. From the image alone: {alone[0]}. From the pen path alone: {alone[1]}. Their "
            "probabilities are multiplied, each raised to a power that was chosen on drawings of other people."
        )
        _show_thresholds(card.path, reading, float(mean_digit_score(ink[None], path[None])[0]))


def _show_thresholds(limits: Card | PathCard, reading: Reading, score: float) -> None:
    """Below which confidence, and which score for being a digit at all, the answer is "not sure"."""
    rules = [f"the confidence is below {in_percent(limits.unsure_below)} (here: {in_percent(reading.confidence)})"]
    if limits.digit_below:
        rules.append(
            f"the score for being a digit at all is below {in_percent(limits.digit_below)} (here: {in_percent(score)})"
        )
    st.markdown(f"The answer is *not sure* if {', or if '.join(rules)}.", help=explain("confidence", "threshold"))


def _show_steps(case: Case) -> None:
    st.markdown(
        "The network was trained on digits that were all cropped, scaled and centred in the same way. These steps do "
        "the same to your drawing. Below each, you see the answer without that step.",
        help=explain("preprocessing"),
    )
    steps = read_by_steps(case.classifier, case.reading.preprocessed.ink)
    by_ink = case.reading.probabilities if case.reading.by_ink is None else case.reading.by_ink
    alone = int(by_ink.argmax()), case.classifier.is_unsure(by_ink)
    if case.reading.by_path is not None:
        st.caption(
            "These steps concern the image alone. The pen path, which a second network reads, does not need them."
        )
    for column, step in zip(st.columns(len(steps)), steps, strict=True):
        picture = as_paper(pad_to_square(step.picture))
        same = (step.digit_without, step.unsure_without) == alone
        verdict = f"not sure, perhaps {step.digit_without}" if step.unsure_without else f"**{step.digit_without}**"
        with column:
            st.markdown(f"**{step.title}**")
            st.image(
                to_data_url(frame(enlarge(picture, max(1, SHOWN // len(picture))))),
                width=SHOWN,
                alt=f"The drawing after the step: {step.title}",
            )
            st.markdown(step.sentence)
            changed = "" if same else " :orange-badge[changed]"
            st.markdown(f"Without it: {verdict}, {in_percent(step.confidence_without)}{changed}")
    show_functions(preprocess)
    show_scripts("The same in JavaScript, as your browser runs it", "preprocess")


def _show_saliency(case: Case) -> None:
    preprocessed = case.reading.preprocessed
    weights = occlusion(case.classifier.predict_proba, case.image, case.digit)
    over_drawing = colour_by_weight(preprocessed.ink, onto_canvas(weights, preprocessed))
    left, right = st.columns([1, 2], gap="large")
    left.image(
        to_data_url(frame(over_drawing)),
        width=280,
        alt=f"The drawing, coloured by how much each part supports {case.digit}",
    )
    if case.reading.unsure:
        right.markdown(f"The network is not sure. Its best guess is **{case.digit}**, and this is what supports it.")
    right.markdown(
        f"**:orange[Orange] ink supports {case.digit}, :blue[blue] ink speaks against it**; pale ink hardly counts.\n\n"
        "Small parts of the drawing are covered one after another (occlusion). Where that lowers the probability of "
        f"{case.digit}, the ink is orange; where it raises the probability, blue.",
        help=explain("saliency", "occlusion"),
    )
    show_functions(occlusion, onto_canvas)


def _show_layers(case: Case) -> None:
    st.markdown(
        "Each small picture is a feature map: dark where a filter finds its pattern in the image. The first layers "
        "find edges, later ones whole parts of digits.",
        help=explain("layer", "filter", "feature map"),
    )
    for activation in case.classifier.activations(case.image):
        values = activation.values if activation.values.ndim == 3 else activation.values[None, None, :]
        height, width, count = values.shape
        size = FLAT.get(count, f"{count} values") if height == width == 1 else f"{count} maps of {height} × {width}"
        name = f"{activation.layer}: {size}"
        st.image(
            to_data_url(tile_channels(values, COLUMNS, SHOWN_MAP)),
            caption=name,
            alt=f"The activations of this layer. {name}",
        )
    show_scripts("The whole network on one page: the JavaScript that your browser runs", "layers", "network")


def _show_sharing(case: Case) -> None:
    links.share(case.drawing)
    with st.container(horizontal=True):
        _offer("Drawing (PNG)", as_paper(case.reading.preprocessed.ink), "drawing.png")
        _offer("28 × 28 image (PNG)", case.image, "digit-28x28.png")


def _offer(label: str, picture: NDArray[np.uint8], name: str) -> None:
    st.download_button(label, to_png(picture), name, "image/png", icon=":material/download:", on_click="ignore")


def _show_changes(case: Case) -> None:
    if case.drawing.backdrop is None:
        st.info(
            "Open an image from the *Mistakes* or *Samples* page and change it until the answer changes. Your changes "
            "are shown here.",
            icon=":material/troubleshoot:",
        )
        return
    # Without strokes, this is exactly the canvas; a rendering of the drawing differs slightly at the edges.
    opened = Drawing(backdrop=case.drawing.backdrop)
    before = case.classifier.read(render(opened)) if case.drawing.strokes else case.reading
    original = case.classifier.predict_proba(case.drawing.backdrop[None])[0]
    inks = [reading.preprocessed.ink.astype(np.float32) / np.float32(255) for reading in (case.reading, before)]
    change = colour_signed(inks[0] - inks[1])
    first, now = (_in_words(reading) for reading in (before, case.reading))
    st.markdown(
        f"The original image is read as **{int(original.argmax())}** ({in_percent(float(original.max()))}). On the "
        f"canvas, it is cropped and centred again like every drawing: it was read as {first} when you opened it, and "
        f"is read as {now} now."
    )
    with st.container(horizontal=True, gap="medium"):
        for picture, caption in (
            (as_paper(before.preprocessed.ink), f"when opened: {first}"),
            (as_paper(case.reading.preprocessed.ink), f"now: {now}"),
            (change, "your changes: :orange[added], :blue[removed]"),
        ):
            alt = re.sub(r":orange|:blue|\*\*|[\[\]]", "", caption)  # plain text, without Markdown
            st.image(to_data_url(frame(picture)), width=SHOWN, caption=caption, alt=alt)


def _in_words(reading: Reading) -> str:
    return f"**{reading.digit}** ({in_percent(reading.confidence)}{', not sure' if reading.unsure else ''})"


VIEWS = {
    "Why": _show_why,
    "Preprocessing": _show_steps,
    "Saliency": _show_saliency,
    "Layers": _show_layers,
    "Your changes": _show_changes,
    "Share and download": _show_sharing,
}
