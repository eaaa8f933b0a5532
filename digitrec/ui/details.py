"""Behind a verdict: the steps from ink to image, what in the ink decided, what each layer answered, and downloads."""

import streamlit as st

from digitrec.classifier import Classifier, Reading
from digitrec.drawings import Drawing
from digitrec.explanation import occlusion, onto_canvas
from digitrec.pictures import as_paper, colour_by_weight, enlarge, tile, to_png
from digitrec.ui import links
from digitrec.xray import xray

SHOWN = 140  # pixels, the side of a small picture
TABS = ["What the network sees", "Why", "Layers", "Share and download"]


def show(classifier: Classifier, reading: Reading, drawing: Drawing) -> None:
    """The open one of the tabs; only that one is computed."""
    tabs = st.tabs(TABS, key="details", on_change="rerun")
    views = (_show_steps, _show_why, _show_layers, _show_sharing)
    for tab, view in zip(tabs, views, strict=True):
        if tab.open:
            with tab:
                if reading.digit is None:
                    st.info("Draw a digit, or press *Sample digit*, and it is taken apart here.", icon=":material/draw:")
                else:
                    view(classifier, reading, drawing)


def _show_steps(classifier: Classifier, reading: Reading, _: Drawing) -> None:
    st.markdown(
        "The network has only ever seen digits that were cut out, shrunk and centred in one way. "
        "These are the steps that make your drawing like them, and what it would answer without each."
    )
    steps = xray(classifier, reading.preprocessed.ink)
    for column, step in zip(st.columns(len(steps)), steps, strict=True):
        with column:
            picture = as_paper(step.picture)
            st.image(
                enlarge(picture, max(1, SHOWN // max(picture.shape))),
                caption=step.title,
                width=SHOWN,
                alt=f"The drawing after the step: {step.title}",
            )
            st.markdown(step.sentence)
            same = step.digit_without == reading.digit
            verdict = f"{step.digit_without}, {100 * step.confidence_without:.0f} %"
            st.markdown(f"Without it: {'' if same else ':red-badge[changed] '}**{verdict}**")


def _show_why(classifier: Classifier, reading: Reading, _: Drawing) -> None:
    preprocessed, digit = reading.preprocessed, reading.digit
    assert preprocessed.image is not None and digit is not None
    weights = occlusion(classifier.predict_proba, preprocessed.image, digit)
    over_drawing = colour_by_weight(preprocessed.ink, onto_canvas(weights, preprocessed))
    left, right = st.columns([1, 2], gap="large")
    left.image(over_drawing, width=280, alt=f"The drawing, coloured by how much each part speaks for {digit}")
    right.markdown(
        f"**:orange[Orange] ink speaks for {digit}, :blue[blue] ink against it**, pale ink does not matter.\n\n"
        f"Small pieces of the drawing are covered one after the other. Where covering makes the network doubt the "
        f"{digit}, the ink is orange; where it makes it surer, blue."
    )


def _show_layers(classifier: Classifier, reading: Reading, _: Drawing) -> None:
    st.markdown(
        "Each small picture is one feature map: dark where its filter finds in the image what it looks for. "
        "The first layers find edges, the later ones whole parts of digits."
    )
    assert reading.preprocessed.image is not None
    pictures = [a for a in classifier.activations(reading.preprocessed.image) if a.values.ndim == 3]
    for activation in pictures:
        height, width, count = activation.values.shape
        name = f"{activation.layer.replace('_', ' ')}: {count} maps of {height} × {width}"
        st.image(tile(activation.values, columns=24, side=36), caption=name, alt=f"Feature maps of {name}")


def _show_sharing(_: Classifier, reading: Reading, drawing: Drawing) -> None:
    links.share(drawing)
    assert reading.preprocessed.image is not None
    with st.container(horizontal=True):
        _offer("Drawing (PNG)", as_paper(reading.preprocessed.ink), "drawing.png")
        _offer("28 × 28 image (PNG)", reading.preprocessed.image, "digit-28x28.png")


def _offer(label: str, picture, name: str) -> None:
    st.download_button(label, to_png(picture), name, "image/png", icon=":material/download:", on_click="ignore")
