"""Behind a verdict: the steps from ink to image, what in the ink decided, what each layer answered, and downloads."""

import re
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.pictures import (
    as_paper,
    colour_by_weight,
    colour_signed,
    enlarge,
    frame,
    tile,
    to_data_url,
    to_png,
)
from digitrec.evaluation.saliency import occlusion, onto_canvas
from digitrec.ink.drawings import Drawing, render
from digitrec.ink.preprocessing import pad_to_square, preprocess
from digitrec.networks.classifier import Classifier
from digitrec.networks.verdict import Reading
from digitrec.reading.steps import xray
from digitrec.ui import state
from digitrec.ui.canvas import links
from digitrec.ui.source_code import show_functions
from digitrec.words import in_percent

SHOWN = 140  # pixels, the side of a small picture
COLUMNS = 16  # of feature maps
SHOWN_MAP = 42  # pixels, the side of one
FLAT = {10: "one number for each digit, 0 to 9", 11: "one number for each digit, 0 to 9, and one for none of them"}


@dataclass(frozen=True, eq=False)
class Case:
    """A digit that was read, and all that is known of it."""

    classifier: Classifier
    reading: Reading
    drawing: Drawing
    digit: int
    image: NDArray[np.uint8]


def show(classifier: Classifier, reading: Reading, drawing: Drawing) -> None:
    """The open one of the tabs; only that one is computed."""
    tabs = st.tabs(list(VIEWS), on_change="rerun", **state.DETAILS.widget)
    for tab, view in zip(tabs, VIEWS.values(), strict=True):
        if not tab.open:
            continue
        with tab:
            image = reading.preprocessed.image
            if reading.digit is None or image is None:
                st.info("Draw a digit, or press *Sample digit*, and it is taken apart here.", icon=":material/draw:")
            else:
                view(Case(classifier, reading, drawing, reading.digit, image))


def _show_steps(case: Case) -> None:
    st.markdown(
        "The network has only ever seen digits that were cut out, shrunk and centred in one way. "
        "These are the steps that make your drawing like them, and what it would answer without each."
    )
    steps = xray(case.classifier, case.reading.preprocessed.ink)
    by_ink = case.reading.probabilities if case.reading.by_ink is None else case.reading.by_ink
    alone = int(by_ink.argmax()), case.classifier.is_unsure(by_ink)
    if case.reading.by_path is not None:
        st.caption("This is about the ink alone. The pen's path, which is read beside it, needs none of these steps.")
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


def _show_why(case: Case) -> None:
    preprocessed = case.reading.preprocessed
    weights = occlusion(case.classifier.predict_proba, case.image, case.digit)
    over_drawing = colour_by_weight(preprocessed.ink, onto_canvas(weights, preprocessed))
    left, right = st.columns([1, 2], gap="large")
    left.image(
        to_data_url(frame(over_drawing)),
        width=280,
        alt=f"The drawing, coloured by how much each part speaks for {case.digit}",
    )
    if case.reading.unsure:
        right.markdown(f"The network is not sure. Its best guess is **{case.digit}**, and this is what speaks for it.")
    right.markdown(
        f"**:orange[Orange] ink speaks for {case.digit}, :blue[blue] ink against it**, pale ink does not matter.\n\n"
        f"Small pieces of the drawing are covered one after the other. Where covering makes the network doubt the "
        f"{case.digit}, the ink is orange; where it makes it surer, blue."
    )
    show_functions(occlusion, onto_canvas)


def _show_layers(case: Case) -> None:
    st.markdown(
        "Each small picture is a feature map: dark where its filter finds in the image what it looks for. "
        "The first layers find edges, the later ones whole parts of digits."
    )
    for activation in case.classifier.activations(case.image):
        values = activation.values if activation.values.ndim == 3 else activation.values[None, None, :]
        height, width, count = values.shape
        size = FLAT.get(count, f"{count} numbers") if height == width == 1 else f"{count} maps of {height} × {width}"
        name = f"{activation.layer}: {size}"
        st.image(to_data_url(tile(values, COLUMNS, SHOWN_MAP)), caption=name, alt=f"What this layer answers. {name}")


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
            "Open an image from the *Mistakes* or *Samples* page, and change it until its verdict flips: what you "
            "changed is shown here.",
            icon=":material/troubleshoot:",
        )
        return
    # Untouched, it is what the canvas shows, to the pixel: what is drawn here differs from that at the edges.
    opened = Drawing(backdrop=case.drawing.backdrop)
    before = case.classifier.read(render(opened)) if case.drawing.strokes else case.reading
    as_it_is = case.classifier.predict_proba(case.drawing.backdrop[None])[0]
    inks = [reading.preprocessed.ink.astype(np.float32) / np.float32(255) for reading in (case.reading, before)]
    change = colour_signed(inks[0] - inks[1])
    first, now = (_in_words(reading) for reading in (before, case.reading))
    st.markdown(
        f"In the data it is read as **{int(as_it_is.argmax())}** ({in_percent(float(as_it_is.max()))}). On the canvas "
        f"it is cut out and centred again, as every drawing is: so it was read as {first} when you opened it, and is "
        f"read as {now} now."
    )
    with st.container(horizontal=True, gap="medium"):
        for picture, caption in (
            (as_paper(before.preprocessed.ink), f"as it was opened: {first}"),
            (as_paper(case.reading.preprocessed.ink), f"as it is: {now}"),
            (change, "what you changed: :orange[added], :blue[taken away]"),
        ):
            alt = re.sub(r":orange|:blue|\*\*|[\[\]]", "", caption)  # Markdown means nothing there
            st.image(to_data_url(frame(picture)), width=SHOWN, caption=caption, alt=alt)


def _in_words(reading: Reading) -> str:
    return f"**{reading.digit}** ({in_percent(reading.confidence)}{', not sure' if reading.unsure else ''})"


VIEWS = {
    "What the network sees": _show_steps,
    "Why": _show_why,
    "Layers": _show_layers,
    "What you changed": _show_changes,
    "Share and download": _show_sharing,
}
