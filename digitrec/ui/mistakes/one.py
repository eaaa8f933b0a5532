"""One prediction in full: saliency, nearest neighbours, counterfactuals, other models and layers."""

import numpy as np
import streamlit as st

from digitrec.charts.layers import tile_channels
from digitrec.charts.pictures import as_paper, colour_by_weight, colour_signed, enlarge, frame
from digitrec.datasets.exploration.neighbours import nearest
from digitrec.datasets.exploration.properties import describe_properties
from digitrec.errors import DigitrecError
from digitrec.evaluation.counterfactuals import Change, smallest_change, smallest_pixels
from digitrec.evaluation.saliency import evidence, occlusion
from digitrec.glossary import explain
from digitrec.ink.image_files import to_data_url
from digitrec.networks.registry import list_models
from digitrec.ui import state
from digitrec.ui.cache import classifier, neighbours_index
from digitrec.ui.canvas.links import image_link
from digitrec.ui.data import gallery
from digitrec.ui.draw.details import COLUMNS, SHOWN_MAP
from digitrec.ui.messages import as_plain_text, show_errors
from digitrec.ui.mistakes.overview import Evaluation
from digitrec.ui.models.choice import list_readers
from digitrec.ui.source_code import show_functions
from digitrec.ui.strip import Captioned, show_strip
from digitrec.words import in_percent, with_article

OPPOSITES = {"turned": "Turned anticlockwise", "sized": "Made smaller", "thickened": "Thinner on each side"}
LARGE = 8  # times
SEEN = 168  # pixels a side
NEIGHBOURS = 24
PIXELS = 8  # changed one by one, at most
OTHERS = 8  # models that are compared, at most


def show_one(evaluation: Evaluation) -> None:
    """Show the selected image, if it belongs to this evaluation."""
    place = gallery.picked_place(evaluation.data, evaluation.part)
    if place is None or place >= evaluation.n:
        st.info("Select an image above to see why it was classified as it was.", icon=":material/touch_app:")
        return
    with st.container(key=state.PICKED.name):  # which the gallery brings into view
        _show_full(evaluation, place)


def _show_full(evaluation: Evaluation, place: int) -> None:
    row = evaluation.table.iloc[place]
    label, read = int(row["label"]), int(row["read"])
    verdict = f"misclassified as {with_article(read)}" if label != read else "classified correctly"
    st.subheader(f"Image {place:,}: {with_article(label)}, {verdict}", anchor=False)
    image = evaluation.split.images[place]
    sides = st.columns([1, 2], gap="large")
    with sides[0]:
        st.image(
            to_data_url(frame(enlarge(as_paper(image), LARGE))), alt=f"The image, labelled {label}", width=28 * LARGE
        )
        link = image_link(evaluation.data.name, evaluation.part, place)
        if evaluation.title in list_models():
            link |= {state.MODEL.name: evaluation.title}
        st.page_link("pages/draw.py", label="Open on the canvas", icon=":material/draw:", query_params=link)
        if evaluation.title not in list_models():
            st.caption(
                "The Draw page reads with kept models only. Keep the model of this run first; otherwise, another one "
                "reads there."
            )
    with sides[1]:
        _show_probabilities(evaluation, place)
    views = {
        "Saliency": _show_saliency,
        "Nearest neighbours": _show_neighbours,
        "Counterfactuals": _show_counterfactuals,
        "Other models": _show_others,
        "Layers": _show_layers,
    }
    for tab, show in zip(st.tabs(list(views), on_change="rerun", **state.ONE.widget), views.values(), strict=True):
        if tab.open:
            with tab:
                show(evaluation, place)


def _show_probabilities(evaluation: Evaluation, place: int) -> None:
    answers, row = evaluation.probabilities[place], evaluation.table.iloc[place]
    for column, digits in zip(st.columns(2, gap="medium"), (range(5), range(5, 10)), strict=True):
        for digit in digits:
            mark = " (its label)" if digit == row["label"] else ""
            text = f"**{digit}**{mark}: {in_percent(float(answers[digit]))}"
            column.progress(float(min(answers[digit], 1)), text=text)
    who = f" It was written by writer {row['writer']}." if row["writer"] >= 0 else ""
    st.markdown(f"Loss {row['loss']:.2f}. {describe_properties(row)}{who}")


def _show_saliency(evaluation: Evaluation, place: int) -> None:
    reader, image, row = evaluation.classifier, evaluation.split.images[place], evaluation.table.iloc[place]
    label, read = int(row["label"]), int(row["read"])
    st.markdown(
        "Small parts of the image are covered one after another (occlusion). :orange[Orange] ink supports the digit: "
        "without it, the digit becomes less likely. :blue[Blue] ink speaks against it.",
        help=explain("saliency", "occlusion"),
    )
    pictures = []
    for digit in dict.fromkeys((read, label)):
        weights = occlusion(reader.predict_proba, image, digit)
        caption = f"for {digit}, the {'answer' if digit == read else 'label'}"
        pictures.append(Captioned(colour_by_weight(image, weights), caption, f"Saliency {caption}"))
    show_strip(pictures, side=196)
    show_functions(occlusion)


def _show_neighbours(evaluation: Evaluation, place: int) -> None:
    with show_errors("The nearest neighbours could not be found."):
        index = neighbours_index(evaluation.classifier, evaluation.data)
    features = evaluation.classifier.features(evaluation.split.images[place : place + 1])
    places, _ = nearest(index, features, NEIGHBOURS + 1)
    found = places[0][places[0] != place] if evaluation.part == "train" else places[0]
    found = found[:NEIGHBOURS]
    labels = evaluation.data.train.labels[found]
    counts = np.bincount(labels, minlength=10)
    most = int(counts.argmax())
    st.markdown(
        f"The nearest neighbours among the {len(evaluation.data.train):,} training images, by the activations of the "
        f"network's last layer, nearest first: {counts[most]} of {len(found)} are labelled {most}. If the network was "
        "trained on these images, they explain its answer.",
        help=explain("nearest neighbours", "activation"),
    )
    shown = [
        Captioned(as_paper(evaluation.data.train.images[one]), str(label), f"Training image, labelled {label}")
        for one, label in zip(found.tolist(), labels.tolist(), strict=True)
    ]
    show_strip(shown, side=56)
    show_functions(nearest)


def _show_counterfactuals(evaluation: Evaluation, place: int) -> None:
    reader, row = evaluation.classifier, evaluation.table.iloc[place]
    image, label = evaluation.split.images[place], int(row["label"])
    if row["right"]:
        st.info("This image is classified correctly.", icon=":material/check:")
        return
    st.markdown(
        f"The smallest change of each kind after which the image is classified as {with_article(label)}.",
        help=explain("counterfactual"),
    )
    pictures = [
        _changed(change.image, _in_words(change), label, change.confidence)
        for change in smallest_change(reader.predict_proba, image, label)
        if change is not None
    ]
    if pixels := smallest_pixels(reader.predict_proba, image, label, PIXELS):
        count = len(pixels.pixels)
        amount = f"{count} pixel{'s' * (count > 1)} changed"
        pictures.append(_changed(pixels.image, amount, label, pixels.confidence))
    if pictures:
        show_strip(pictures, side=140)
    else:
        st.info(
            f"No rotation, shift, change of stroke width or of up to {PIXELS} pixels makes it {with_article(label)}. "
            "Open it on the canvas to change more.",
            icon=":material/draw:",
        )
    show_functions(smallest_change, smallest_pixels)


def _in_words(change: Change) -> str:
    """A change as a phrase, with the opposite word in place of a negative amount."""
    title = change.title if change.amount >= 0 else OPPOSITES.get(change.name, change.title)
    return f"{title.lower()}: {abs(change.amount):.3g} {change.unit}"


def _changed(image: np.ndarray, amount: str, label: int, confidence: float) -> Captioned:
    caption = f"{amount}, then {label} at {in_percent(confidence)}"
    return Captioned(as_paper(image), caption, f"The image changed: {caption}")


def _show_others(evaluation: Evaluation, place: int) -> None:
    image = evaluation.split.images[place : place + 1]
    rows, folders = [], list_readers()
    readers = list(dict.fromkeys([evaluation.title, *folders]))
    for title in readers[:OTHERS]:
        try:
            reader = evaluation.classifier if title == evaluation.title else classifier(folders[title])
            answers = reader.predict_proba(image)[0]
        except DigitrecError as error:  # the others are compared all the same
            st.warning(as_plain_text(f"{title} could not read it. {error}"), icon=":material/error:")
            continue
        rows.append({"model": title, "prediction": int(answers.argmax()), "confidence": float(answers.max())})
    if len(readers) == 1:
        st.info("There is only one model so far. Train another to compare them here.", icon=":material/school:")
    st.dataframe(rows, hide_index=True, column_config={"confidence": st.column_config.NumberColumn(format="percent")})
    if len(readers) > OTHERS:
        st.caption(f"{OTHERS} of {len(readers):,} models, starting with the one whose mistakes are shown.")


def _show_layers(evaluation: Evaluation, place: int) -> None:
    reader, image, row = evaluation.classifier, evaluation.split.images[place], evaluation.table.iloc[place]
    layers = reader.activations(image)
    with show_errors("The class activation map could not be computed."):
        features, weights = reader.features(image[None])[0], reader.last_layer()[0][:10]
    st.markdown(
        "**Class activation map.** The last layer multiplies its inputs by the weights of a digit and adds them up. "
        ":orange[Orange] places support the digit more than the average digit, :blue[blue] ones less.",
        help=explain("class activation map"),
    )
    shape = next((one.values.shape for one in reversed(layers) if one.values.size == len(features)), features.shape)
    found = {digit: evidence(features, weights, digit, shape) for digit in (int(row["read"]), int(row["label"]))}
    strongest = max(float(np.abs(values).max()) for values in found.values()) or 1.0
    pictures = []
    for digit, values in found.items():
        picture = enlarge(colour_signed(values / strongest), max(1, SEEN // max(values.shape)))
        caption = f"for {digit}: {values.sum():+.1f} in total"
        pictures.append(Captioned(frame(picture), caption, f"Class activation map {caption}"))
    show_strip(pictures, side=SEEN)
    st.markdown("**Activations** of each layer, from first to last:", help=explain("feature map"))
    for activation in layers:
        values = activation.values if activation.values.ndim == 3 else activation.values[None, None, :]
        maps = to_data_url(tile_channels(values, COLUMNS, SHOWN_MAP))
        st.image(maps, caption=activation.layer, alt=f"The activations of {activation.layer}")
    show_functions(evidence)
