import pytest

from digitrec.networks.architectures import ARCHITECTURES, count_parameters
from digitrec.networks.summaries import path_of, read_summary
from digitrec.training.worker.summaries import WIDTH, summarise


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    return {name: summarise(name) for name in ARCHITECTURES}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_is_shown_is_what_keras_says(name: str, said: dict[str, str]) -> None:
    assert read_summary(name) == said[name], "python -m digitrec.training.worker.summaries writes them again"


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_summary_is_plain_text_that_counts_as_the_catalogue_does(name: str) -> None:
    lines = read_summary(name).splitlines()
    assert f" Total params: {count_parameters(ARCHITECTURES[name].layers):,} " in "\n".join(lines)
    assert max(map(len, lines)) == WIDTH
    assert all(line.isprintable() for line in lines)


def test_there_is_one_for_each_network_and_no_other() -> None:
    assert {path.stem for path in path_of("").parent.glob("*.txt")} == set(ARCHITECTURES)


@pytest.mark.parametrize("columns", ["40", "200"])
def test_the_terminal_does_not_change_them(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert summarise("cnn-tiny") == read_summary("cnn-tiny")
