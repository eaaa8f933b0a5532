"""What training makes of one digit, so that the network meets more hands than the data has."""

from dataclasses import asdict

import numpy as np
import streamlit as st

from digitrec.charts.pictures import as_paper
from digitrec.training.augmentation import Augmentation, augment, change_stroke_width, vary, warp
from digitrec.ui.cache import classifier
from digitrec.ui.data.gallery import picked_place
from digitrec.ui.data.sources import choose_digits
from digitrec.ui.messages import begin_page, show_errors
from digitrec.ui.source_code import show_functions
from digitrec.ui.strip import Captioned, show_strip
from digitrec.words import with_article

SHOWN, AVERAGED = 24, 240
# Of each setting: what it is called, its largest value, the step of its slider, and the unit.
SLIDERS = {
    "degrees": ("Turn", 45.0, 0.5, "degrees, standard deviation"),
    "shift": ("Shift", 6.0, 0.1, "pixels, largest"),
    "zoom": ("Zoom", 0.5, 0.01, "share, largest, each axis on its own"),
    "shear": ("Shear", 0.6, 0.01, "sideways pixels per pixel down, standard deviation"),
    "bend": ("Bend", 3.0, 0.05, "pixels at each knot of a 5 x 5 grid, standard deviation"),
    "thicker": ("Thicker", 1.0, 0.05, "share of the way to strokes one pixel wider on each side, largest"),
    "thinner": ("Thinner", 1.0, 0.05, "the same to narrower strokes"),
}
TRAINED = asdict(Augmentation())
PRESETS = {
    "As in training": TRAINED,
    "Nothing": dict.fromkeys(TRAINED, 0.0),
    "Too much": {name: largest for name, (_, largest, *_) in SLIDERS.items()},
}


def use(preset: dict[str, float]) -> None:
    """Set every slider."""
    for name, value in preset.items():
        st.session_state[f"augment-{name}"] = float(value)


def draw_again() -> None:
    """Other variations of the same image."""
    st.session_state["augment_seed"] = st.session_state.get("augment_seed", 0) + 1


def choose_another() -> None:
    """Another image of the same part."""
    st.session_state["augmented"] = int(np.random.default_rng().integers(10**9))


begin_page(
    "augmentation",
    "Augmentation",
    "Training changes each image a little every time it is shown. Move the sliders and see what a network would learn "
    "from.",
)
data, part, split = choose_digits()
picked = picked_place(data, part)
if picked is not None and st.session_state.get("augmented_from") != (data.name, part, picked):
    st.session_state["augmented_from"], st.session_state["augmented"] = (data.name, part, picked), picked
place = st.session_state.get("augmented", 0) % len(split)
image, label = split.images[place], int(split.labels[place])

with st.container(horizontal=True):
    st.button("Another digit", icon=":material/casino:", on_click=choose_another)
    st.button("Draw again", icon=":material/refresh:", on_click=draw_again)
    for name, preset in PRESETS.items():
        st.button(name, on_click=use, args=(preset,))

controls, pictures = st.columns([1, 2], gap="large")
with controls:
    for name, (title, largest, step, unit) in SLIDERS.items():
        st.slider(
            title, 0.0, largest, float(TRAINED[name]), step, key=f"augment-{name}", bind="query-params", help=unit
        )
settings = Augmentation(**{name: st.session_state[f"augment-{name}"] for name in SLIDERS})
rng = np.random.default_rng(st.session_state.get("augment_seed", 0))
made = vary(image, AVERAGED, settings, rng)
with show_errors("The network could not be loaded."):
    verdicts = classifier().predict_proba(made).argmax(axis=1)

with pictures:
    average = np.rint(made.mean(axis=0)).astype(np.uint8)
    show_strip(
        [
            Captioned(as_paper(image), f"number {place:,}, {with_article(label)}", f"The image itself, a {label}"),
            Captioned(as_paper(average), f"the average of {AVERAGED}", f"The average of {AVERAGED} variations"),
        ]
    )
    right = float((verdicts == label).mean())
    st.markdown(f"The network still reads **{100 * right:.0f} %** of {AVERAGED} variations as {with_article(label)}. ")
    if right < 0.9:
        st.markdown("Changed so much, many are no longer what their label says: training on them teaches mistakes.")
    show_strip(
        [
            Captioned(
                as_paper(one),
                "" if verdict == label else f":orange[read as {verdict}]",
                f"A variation, read as {verdict}",
            )
            for one, verdict in zip(made[:SHOWN], verdicts, strict=False)
        ],
        side=84,
    )

show_functions(vary, augment, warp, change_stroke_width)
