"""The Augmentation page: an image, the settings that vary it, and its variations."""

from dataclasses import asdict

import numpy as np
import streamlit as st

from digitrec.charts.pictures import as_paper
from digitrec.datasets import Dataset, Split
from digitrec.training.augmentation import Augmentation
from digitrec.training.augmented_predictions import Variations
from digitrec.ui import state
from digitrec.ui.data.gallery import picked_place
from digitrec.ui.strip import Captioned, show_strip
from digitrec.words import with_article

SHOWN = 24
FEW = 0.9  # accuracy below which many variations no longer show what their label says
# Of each setting: its title, its largest value, the step of its slider, and its help.
SLIDERS = {
    "degrees": ("Rotation", 45.0, 0.5, "Standard deviation, in degrees."),
    "shift": ("Shift", 6.0, 0.1, "Maximum, in pixels."),
    "zoom": ("Scale", 0.5, 0.01, "Maximum change of width and of height, as a fraction."),
    "shear": ("Shear", 0.6, 0.01, "Standard deviation, in pixels sideways per pixel down."),
    "bend": ("Elastic distortion", 3.0, 0.05, "Standard deviation at each node of a 5 × 5 grid, in pixels."),
    "thicker": ("Thicker strokes", 1.0, 0.05, "Maximum, as a fraction of one pixel on each side of a stroke."),
    "thinner": ("Thinner strokes", 1.0, 0.05, "Maximum, as a fraction of one pixel on each side of a stroke."),
}
TRAINED = asdict(Augmentation())
PRESETS = {
    "As in training": TRAINED,
    "None": dict.fromkeys(TRAINED, 0.0),
    "Too much": {name: largest for name, (_, largest, *_) in SLIDERS.items()},
}


def choose_image(data: Dataset, part: str, split: Split) -> int:
    """The index of the image that is varied: the one selected last on any page, or a random one chosen since."""
    picked = picked_place(data, part)
    if picked is not None and state.AUGMENTED_FROM.get() != (data.name, part, picked):
        state.AUGMENTED_FROM.set((data.name, part, picked))
        state.AUGMENTED.set(picked)
    return state.AUGMENTED.get() % len(split)


def show_buttons() -> None:
    """Buttons for another image, new variations, and preset settings."""
    with st.container(horizontal=True):
        st.button("Another digit", icon=":material/casino:", on_click=_choose_another)
        st.button("New variations", icon=":material/refresh:", on_click=_draw_again)
        for name, preset in PRESETS.items():
            st.button(name, on_click=_use, args=(preset,))


def _choose_another() -> None:
    state.AUGMENTED.set(int(np.random.default_rng().integers(10**9)))


def _draw_again() -> None:
    state.AUGMENT_SEED.set(state.AUGMENT_SEED.get() + 1)


def _use(preset: dict[str, float]) -> None:
    for name, value in preset.items():
        state.AUGMENT.of(name).set(float(value))


def choose_settings() -> Augmentation:
    """A slider for each setting of the augmentation."""
    chosen = {
        name: st.slider(title, 0.0, largest, float(TRAINED[name]), step, help=unit, **state.AUGMENT.of(name).widget)
        for name, (title, largest, step, unit) in SLIDERS.items()
    }
    return Augmentation(**chosen)


def show_variations(split: Split, place: int, made: Variations) -> None:
    """The image, the average of its variations, how many are classified correctly, and some of them."""
    image, label, count = split.images[place], made.label, len(made.images)
    show_strip(
        [
            Captioned(
                as_paper(image), f"image {place:,}, {with_article(label)}", f"The original image, {with_article(label)}"
            ),
            Captioned(as_paper(made.average), f"average of {count}", f"The average of {count} variations"),
        ]
    )
    st.markdown(
        f"The network classifies **{100 * made.accuracy:.0f} %** of {count} variations as {with_article(label)}."
    )
    if made.accuracy < FEW:
        st.markdown(
            "After such strong changes, many images no longer show what their label says. Training on them teaches "
            "mistakes."
        )
    show_strip([_captioned(made, index) for index in range(min(SHOWN, count))], side=84)


def _captioned(made: Variations, index: int) -> Captioned:
    read = int(made.predicted[index])
    caption = "" if read == made.label else f":orange[classified as {read}]"
    return Captioned(as_paper(made.images[index]), caption, f"A variation, classified as {read}")
