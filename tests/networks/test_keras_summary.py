from dataclasses import replace

import pytest

from digitrec.networks.architectures import ARCHITECTURES, Architecture, Dense, Flatten, count_parameters
from digitrec.networks.keras_summary import WIDTH, keras_summary
from digitrec.training.published import recipe_for
from digitrec.training.scaling import SCALINGS
from digitrec.training.worker.network import build_keras


def summary_of_keras(name: str, scaling: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", str(WIDTH))  # else a narrow terminal would narrow the table
    texts: list[str] = []
    build_keras(name, scaling).summary(line_length=WIDTH, print_fn=texts.append)
    return "".join(texts)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_summary_is_what_keras_prints(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scaling = recipe_for(name).scaling
    assert keras_summary(name, scaling) == summary_of_keras(name, scaling, monkeypatch)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_the_layers_that_scale_are_in_the_summary(scaling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keras_summary("cnn-tiny", scaling) == summary_of_keras("cnn-tiny", scaling, monkeypatch)


@pytest.mark.parametrize("units", [1, 150, 3000])  # kilobytes, megabytes, tens of them
def test_a_new_network_has_its_summary(units: int, monkeypatch: pytest.MonkeyPatch) -> None:
    new = Architecture((Flatten(), Dense(units), Dense(units), Dense(10, "softmax")), "New.")
    monkeypatch.setitem(ARCHITECTURES, "new", new)
    assert keras_summary("new", "unit") == summary_of_keras("new", "unit", monkeypatch)
    monkeypatch.setitem(ARCHITECTURES, "new", replace(new, layers=new.layers * 2))
    assert keras_summary("new", "unit") == summary_of_keras("new", "unit", monkeypatch)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_summary_is_plain_text_that_counts_as_the_catalogue_does(name: str) -> None:
    lines = keras_summary(name, recipe_for(name).scaling).splitlines()
    assert f" Total params: {count_parameters(ARCHITECTURES[name].layers):,} " in "\n".join(lines)
    assert max(map(len, lines)) == WIDTH
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("columns", ["40", "200"])
def test_the_terminal_does_not_change_it(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keras_summary("cnn-tiny", "raw")
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert keras_summary("cnn-tiny", "raw") == before
