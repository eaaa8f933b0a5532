import base64
import json
import re

import pytest

from digitrec.networks.card import SHIPPED, read_card
from digitrec.networks.registry import NUMBERS_NAME, SHIPPED_NAME
from digitrec.networks.verdict import REASONS
from digitrec.networks.weights import PATH_WEIGHTS, WEIGHTS
from digitrec.ui.reader import (
    HERE,
    SCRIPTS,
    WORDS,
    can_read,
    client_script,
    reader_files,
    reader_spec,
    worker_script,
)

CARD = read_card(SHIPPED / SHIPPED_NAME)


def test_the_worker_has_all_scripts_but_the_pages_own() -> None:
    assert {path.stem for path in HERE.glob("*.js")} == {*SCRIPTS, "client"}
    for name in SCRIPTS:
        assert (HERE / f"{name}.js").read_text("utf-8") in worker_script()
    assert "function startReader(" in client_script()


def test_scripts_do_not_name_the_same_thing_twice() -> None:
    names = re.findall(r"^(?:async )?(?:function|const|let) (\w+)", worker_script() + client_script(), re.MULTILINE)
    assert len(names) > 60
    assert sorted(names) == sorted(set(names))


def test_no_script_has_a_sentence_of_python() -> None:
    for sentence in (*REASONS.values(), *WORDS.values()):
        for part in re.split(r"\{\w+\}", sentence):
            assert len(part) < 8 or part not in worker_script()


@pytest.mark.parametrize(
    ("name", "networks"), [(SHIPPED_NAME, {"ink": WEIGHTS, "path": PATH_WEIGHTS}), (NUMBERS_NAME, {"number": WEIGHTS})]
)
def test_files_are_handed_over_with_their_hashes(name: str, networks: dict[str, str]) -> None:
    card = read_card(SHIPPED / name)
    files = reader_files(SHIPPED / name, card)
    assert set(files) == set(networks)
    for network, file in networks.items():
        assert base64.b64decode(files[network]["content"]) == (SHIPPED / name / file).read_bytes()
        assert files[network]["sha256"] == card.files[file]


def test_what_is_handed_over_is_json() -> None:
    spec = reader_spec(CARD, read_card(SHIPPED / NUMBERS_NAME))
    assert json.loads(json.dumps(spec)) == spec
    assert spec["thresholds"] == {"confidence": 0.5, "digit": 0.95}
    assert spec["number"] == {"confidence": 0.624}
    assert reader_spec(CARD.model_copy(update={"path": None}))["path"] is None


def test_a_model_that_lacks_weights_is_read_on_the_server() -> None:
    assert can_read(CARD)
    for name in (WEIGHTS, PATH_WEIGHTS):
        files = {file: digest for file, digest in CARD.files.items() if file != name}
        assert not can_read(CARD.model_copy(update={"files": files}))
    assert can_read(CARD.model_copy(update={"files": {WEIGHTS: "0"}, "path": None}))
