"""Choosing a recipe: a few settings at first, and all of them in an expander.

Fields follow from `digitrec.training.recipe.Recipe`: its titles, help, limits and choices.
"""

from typing import Any

import streamlit as st
from pydantic.fields import FieldInfo

from digitrec.charts.layers import layer_picture
from digitrec.datasets import Dataset
from digitrec.networks.architectures import ARCHITECTURES, count_parameters, outline
from digitrec.networks.keras_summary import keras_summary
from digitrec.training.augmentation import Augmentation
from digitrec.training.published import adapt_epochs, recipe_for
from digitrec.training.recipe import DIGITS_ONLY, Recipe, change, choices, limits
from digitrec.ui import state
from digitrec.ui.theme import text_colour

WIDTH = 200  # pixels of a field
CHOSEN_ELSEWHERE = ("network", "source")
FIRST = ("epochs", "learning_rate", "images")


def choose_recipe(data: Dataset) -> Recipe:
    """Let the user choose a network and its settings, which start as published.

    Raises
    ------
    RecipeError, where the settings exclude each other.
    """
    network = st.selectbox("Network", list(ARCHITECTURES), **state.NETWORK.widget)
    architecture, published = ARCHITECTURES[network], adapt_epochs(recipe_for(network), len(data.train))
    reported = f" Its authors report {architecture.reported}." if architecture.reported else ""
    st.markdown(f"{architecture.about} {count_parameters(architecture.layers):,} parameters.{reported}")
    layers = st.expander("Layers", icon=":material/layers:", on_change="rerun", **state.LAYERS_SHOWN.widget)
    if layers.open:
        with layers:
            _show_layers(network, published.scaling)
    fields = {name: field for name, field in type(published).model_fields.items() if _is_asked(name, field, published)}
    with _row():
        changes = {name: _ask(published, name, fields[name], data) for name in FIRST}
    with st.expander("All settings", icon=":material/tune:"):
        more = {name: field for name, field in fields.items() if name not in FIRST}
        with _row():
            changes |= {name: _ask(published, name, more[name], data) for name in more if not _is_tick(more[name])}
        with _row():
            changes |= {name: _ask(published, name, more[name], data) for name in more if _is_tick(more[name])}
    return change(published, source=data.name, **changes)


def _row() -> Any:
    return st.container(horizontal=True, vertical_alignment="bottom")


def _show_layers(network: str, scaling: str) -> None:
    layers, width = ARCHITECTURES[network].layers, ARCHITECTURES[network].width
    picture, table, summary = st.tabs(["Picture", "Table", "Keras summary"])
    picture.plotly_chart(
        layer_picture(layers, text_colour(), width),
        width=480,
        config={"displayModeBar": False},
        key=state.LAYERS.name,
        alt=f"The {len(layers)} layers of {network} as blocks; the next tab has them as a table.",
    )
    table.dataframe(
        [
            {"layer": row.title, "output shape": " × ".join(map(str, row.shape)), "parameters": row.parameters}
            for row in outline(layers, width)
        ],
        hide_index=True,
    )
    summary.code(keras_summary(network, scaling), language=None)


def _is_asked(name: str, field: FieldInfo, published: Recipe) -> bool:
    reads_numbers = ARCHITECTURES[published.network].reads == "number"
    return name not in CHOSEN_ELSEWHERE and not (reads_numbers and DIGITS_ONLY in field.metadata)


def _is_tick(field: FieldInfo) -> bool:
    return field.annotation in (bool, Augmentation | None)


def _ask(published: Recipe, name: str, field: FieldInfo, data: Dataset) -> Any:
    """The field of a setting, which starts with the published value."""
    value, title = getattr(published, name), field.title or name
    key = _key(published.network, name)  # each network's fields start with its own recipe
    if name == "images":
        return _ask_images(value, title, field, len(data.train), _key(published.network, f"{name}-{len(data.train)}"))
    if field.annotation == Augmentation | None:
        is_on = st.checkbox(title, value is not None, key=key, help=field.description)
        return (value or Augmentation()) if is_on else None
    if field.annotation is bool:
        is_known = name != "by_writer" or data.train.writers is not None
        return is_known and st.checkbox(title, value, key=key, help=field.description)
    if options := choices(field):
        return st.selectbox(title, options, options.index(value), key=key, help=field.description, width=WIDTH)
    if field.annotation is int:  # another source may suit another value
        key = _key(published.network, f"{name}-{value}")
    return _ask_number(value, title, field, key)


def _key(network: str, name: str) -> str:
    return state.SETTING.of(network, name).name


def _ask_number(value: float, title: str, field: FieldInfo, key: str) -> float:
    low, high = limits(field)
    if field.annotation is int:
        least, most = (None if limit is None else int(limit) for limit in (low, high))
        return st.number_input(title, least, most, int(value), 1, key=key, help=field.description, width=WIDTH)
    step = max(value / 10, low or 0.0, 0.001)
    return st.number_input(title, low, high, value, step, "%g", key=key, help=field.description, width=WIDTH)


def _ask_images(value: int | None, title: str, field: FieldInfo, most: int, key: str) -> int | None:
    start = None if value is None or value >= most else value
    return st.number_input(title, 1, most, start, key=key, help=field.description, placeholder="all", width=WIDTH)
