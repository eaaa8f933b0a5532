"""Augmentation: the random variations of one digit that a network is trained on."""

import streamlit as st

from digitrec.training.augmentation import augment, augment_copies, change_stroke_width, warp
from digitrec.training.augmented_predictions import read_variations
from digitrec.ui import state
from digitrec.ui.cache import classifier
from digitrec.ui.data.augmentation import choose_image, choose_settings, show_buttons, show_variations
from digitrec.ui.data.choice import choose_digits
from digitrec.ui.messages import begin_page, show_errors
from digitrec.ui.source_code import show_functions

COUNT = 240  # variations

begin_page(
    "augmentation",
    "Augmentation",
    "Training changes each image slightly every time it is used. Move the sliders to see what a network would be "
    "trained on.",
    term="augmentation",
)
data, part, split = choose_digits()
place = choose_image(data, part, split)
show_buttons()
controls, pictures = st.columns([1, 2], gap="large")
with controls:
    settings = choose_settings()
with show_errors("The model could not be loaded."):
    made = read_variations(
        split.images[place],
        int(split.labels[place]),
        count=COUNT,
        settings=settings,
        seed=state.AUGMENT_SEED.get(),
        predict=classifier().predict_proba,
    )
with pictures:
    show_variations(split, place, made)
show_functions(augment_copies, augment, warp, change_stroke_width)
