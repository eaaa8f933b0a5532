"""Choosing a recipe: four settings for everybody, all of them for whoever asks."""

from dataclasses import replace
from typing import Any

import streamlit as st

from digitrec.charts.layers import layer_picture
from digitrec.datasets import Dataset
from digitrec.networks.architectures import ARCHITECTURES, count_parameters, outline
from digitrec.networks.summaries import read_summary
from digitrec.training.augmentation import Augmentation
from digitrec.training.published import PUBLISHED, suit
from digitrec.training.recipe import LIMITS, OPTIMISERS, PRECISIONS, SCHEDULES, Recipe
from digitrec.training.scaling import SCALINGS
from digitrec.ui import state
from digitrec.ui.messages import text_colour

WIDTH = 160  # pixels of a field


def choose_recipe(data: Dataset) -> Recipe:
    """Let the user choose a network and its settings, which begin as its authors published them."""
    network = st.selectbox("Network", list(ARCHITECTURES), **state.NETWORK.widget)
    architecture, published = ARCHITECTURES[network], suit(PUBLISHED[network], len(data.train))
    numbers = f"{count_parameters(architecture.layers):,} numbers to learn."
    reported = f" Its authors report {architecture.reported}." if architecture.reported else ""
    st.markdown(f"{architecture.about} {numbers}{reported}")
    layers = st.expander("Its layers", icon=":material/layers:", on_change="rerun", **state.LAYERS_SHOWN.widget)
    if layers.open:
        with layers:
            _show_layers(network)
    rate = "How far each step goes. Too high, and it learns nothing."
    with st.container(horizontal=True, vertical_alignment="bottom"):
        changes: dict[str, Any] = {
            "epochs": _whole(published, "epochs", "Epochs", "How often it sees every image."),
            "learning_rate": _real(published, "learning_rate", "Learning rate", rate),
            "images": _images(published, len(data.train)),
        }
    with st.expander("All settings", icon=":material/tune:"):
        changes |= _choose_more(published, data)
    return replace(published, source=data.name, **changes)


def _show_layers(network: str) -> None:
    layers, width = ARCHITECTURES[network].layers, ARCHITECTURES[network].width
    picture, table, summary = st.tabs(["Picture", "Table", "Keras's summary"])
    picture.plotly_chart(
        layer_picture(layers, text_colour(), width),
        width=480,
        config={"displayModeBar": False},
        key=state.LAYERS.name,
        alt=f"The {len(layers)} layers of {network} as blocks; the table beside this has the same in words.",
    )
    table.dataframe(
        [
            {"layer": row.title, "gives": " × ".join(map(str, row.shape)), "numbers": row.parameters}
            for row in outline(layers, width)
        ],
        hide_index=True,
    )
    summary.code(read_summary(network), language=None)


def _choose_more(published: Recipe, data: Dataset) -> dict[str, Any]:
    reads_digits = ARCHITECTURES[published.network].reads == "digit"  # numbers are composed anew, in many ways
    with st.container(horizontal=True, vertical_alignment="bottom"):
        changes: dict[str, Any] = {
            "batch": _whole(published, "batch", "Batch", "Images a step."),
            "optimiser": _choice(published, "optimiser", "Optimiser", OPTIMISERS),
            "schedule": _choice(published, "schedule", "Rate over time", SCHEDULES),
            "scaling": _choice(published, "scaling", "Scaling", tuple(SCALINGS)),
            "precision": _choice(published, "precision", "Precision", PRECISIONS),
            "weight_decay": _real(published, "weight_decay", "Weight decay", "Of AdamW."),
            "beta_2": _real(published, "beta_2", "Beta 2", "Adam's memory of squared gradients."),
            "averaging": _real(published, "averaging", "Averaging of weights", "Momentum; 0: none."),
        }
        if reads_digits:
            meaning = "Share spread over all ten digits."
            changes["smoothing"] = _real(published, "smoothing", "Label smoothing", meaning)
            meaning = "So many last epochs show images as they are, without augmentation."
            changes["settling"] = _whole(published, "settling", "Settling", meaning)
            meaning = "The learning rate that the settling epochs begin with; it falls to 0. 0: the schedule goes on."
            changes["settling_rate"] = _real(published, "settling_rate", "Rate of settling", meaning)
    share = "Share of the images that it never learns from; 0: the test part serves."
    with st.container(horizontal=True, vertical_alignment="bottom"):
        changes |= {
            "validation": _real(published, "validation", "Kept aside", share),
            "split_seed": _whole(published, "split_seed", "Seed of that", "Another seed keeps others aside."),
            "patience": _whole(published, "patience", "Patience", "Stop after so many epochs without gain; 0: never."),
            "plateau": _whole(published, "plateau", "Plateau", "Halve the rate after so many; 0: never."),
            "seed": _whole(published, "seed", "Seed", "Of weights, order, dropout and augmentation."),
        }
    with st.container(horizontal=True):
        by_writer = data.train.writers is not None and st.checkbox(
            "Keep whole writers aside", published.by_writer, key=_key(published, "by_writer")
        )
        augments = reads_digits and st.checkbox(
            "Augment", published.augmentation is not None, key=_key(published, "augment")
        )
    augmentation = (published.augmentation or Augmentation()) if augments else None
    return changes | {"by_writer": by_writer, "augmentation": augmentation}


def _key(published: Recipe, name: str) -> str:
    """Of a field: each network's begins with its own recipe."""
    return state.SETTING.of(published.network, name).name


def _whole(published: Recipe, name: str, title: str, meaning: str) -> int:
    low, high = (int(limit) for limit in LIMITS[name])
    value: int = getattr(published, name)
    key = _key(published, f"{name}-{value}")  # another source may suit another value
    return st.number_input(title, low, high, value, key=key, help=meaning, width=WIDTH)


def _real(published: Recipe, name: str, title: str, meaning: str) -> float:
    low, high = (float(limit) for limit in LIMITS[name])
    value: float = float(getattr(published, name))
    step = max(value / 10, low, 0.001)
    return st.number_input(title, low, high, value, step, "%g", key=_key(published, name), help=meaning, width=WIDTH)


def _images(published: Recipe, most: int) -> int | None:
    value = None if published.images is None or published.images >= most else published.images
    key = _key(published, f"images-{most}")
    meaning = "Train on the first of them only; empty: on all."
    return st.number_input("Images", 1, most, value, key=key, help=meaning, placeholder="all", width=WIDTH)


def _choice(published: Recipe, name: str, title: str, options: tuple[str, ...]) -> str:
    index = options.index(getattr(published, name))
    return st.selectbox(title, options, index, key=_key(published, name), width=WIDTH)
