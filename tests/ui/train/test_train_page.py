from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from digitrec import load_classifier, load_dataset
from digitrec.networks.architectures import (
    ARCHITECTURES,
    Architecture,
    Convolution,
    Dense,
    Flatten,
    MaxPooling,
    count_parameters,
)
from digitrec.training import duration
from digitrec.training.recipe import DIGITS_ONLY, Recipe
from digitrec.training.run_folders import processes, runs, signals
from digitrec.training.worker.worker import work
from tests.opening import open_page


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("DIGITREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(processes, "warm_up", lambda: None)  # a process of its own, which knows nothing of patches
    monkeypatch.setattr("digitrec.ui.messages._run_the_router", lambda: None)  # AppTest would lose a press of a button
    st.cache_resource.clear()  # what was measured before
    return tmp_path / "runs"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step takes 0.25 s, in place of the process that measures it."""
    monkeypatch.setattr(duration.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout="0.25\n"))


def open_train(network: str) -> AppTest:
    page = open_page("train.py").run()
    page.selectbox(key="source").set_value("uci").run()
    return page.selectbox(key="network").set_value(network).run()


def field(page: AppTest, title: str) -> Any:
    (found,) = [one for one in (*page.number_input, *page.selectbox, *page.checkbox) if one.label == title]
    return found


def until_told(page: AppTest, text: str) -> None:
    while not any(text in caption.value for caption in page.caption):  # a test that waits for ever is ended by pytest
        page.run()


@pytest.mark.usefixtures("measured")
def test_a_training_that_takes_another_time_is_measured_anew() -> None:
    page = open_train("dense-128")
    until_told(page, "on this machine")
    field(page, "Augmentation").check().run()
    until_told(page, "on this machine")
    field(page, "Precision").set_value("bfloat16").run()
    until_told(page, "on this machine")
    assert {"dense-128 32", "dense-128 32 augmented", "dense-128 32 augmented bfloat16"} <= set(duration._read())


@pytest.mark.usefixtures("measured")
def test_nothing_is_measured_while_a_training_is_under_way() -> None:
    with signals.training_lock():
        page = open_train("dense-128")
        until_told(page, "can be measured when no training is running")
    until_told(page, "on this machine")


@pytest.mark.usefixtures("measured")
def test_every_setting_can_be_chosen_within_its_limits() -> None:
    page = open_train("dense-128")
    for name, setting in Recipe.model_fields.items():
        if name in ("network", "source", "by_writer"):  # chosen above; the writers of these digits are not known
            continue
        shown = field(page, setting.title)
        assert shown.help == setting.description
    assert (field(page, "Epochs").min, field(page, "Epochs").max) == (1, 1000)
    page = open_train("digitrec-numbers")
    shown = {one.label for one in (*page.number_input, *page.selectbox, *page.checkbox)}
    hidden = {one.title for one in Recipe.model_fields.values() if DIGITS_ONLY in one.metadata}
    assert len(hidden) == 4
    assert not hidden & shown
    assert not page.exception


@pytest.mark.usefixtures("measured")
def test_settings_that_exclude_each_other_are_told() -> None:
    page = open_train("dense-128")
    field(page, "Reduce learning rate on plateau").set_value(2).run()
    assert not page.warning
    field(page, "Learning-rate schedule").set_value("one-cycle").run()
    assert "Expected a constant learning rate" in page.warning[0].value.replace("\\", "")
    (train,) = [button for button in page.button if button.label == "Train"]
    assert train.disabled
    assert not page.exception


NEW = Architecture(
    (Convolution(6, 5, "valid"), MaxPooling(4), Flatten(), Dense(10, "softmax")), "One convolution, for this test."
)


@pytest.mark.usefixtures("measured")
def test_a_network_is_one_entry_of_the_catalogue(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES, "new-net", NEW)
    monkeypatch.setattr(processes, "start", lambda folder: None)  # the worker is below, where the entry is known
    page = open_train("new-net")
    assert any(
        f"One convolution, for this test. {count_parameters(NEW.layers):,} param" in one.value for one in page.markdown
    )
    page.session_state["its-layers"] = True
    page.run()
    assert any('Model: "new_net"' in one.value for one in page.code)
    field(page, "Epochs").set_value(1).run()
    field(page, "Training images (empty: all)").set_value(600).run()
    field(page, "Learning rate").set_value(0.01).run()
    (train,) = [button for button in page.button if button.label == "Train"]
    train.click().run()
    assert not page.exception
    assert not page.error
    assert not page.warning
    (name,) = runs.list_runs()
    assert work(runs.find(name)) == 0
    run = runs.read(runs.find(name))
    assert (run.state.name, len(run.history), run.recipe.images) == (runs.FINISHED, 1, 600)
    test = load_dataset("uci").test
    read = load_classifier(run.model).predict_proba(test.images)
    assert np.mean(read.argmax(axis=1) == test.labels) == pytest.approx(run.state.results["test_accuracy"])
    assert run.state.results["test_accuracy"] > 0.3
    page.run()
    assert not page.exception
    assert any(metric.label.startswith("Test accuracy") for metric in page.metric)
