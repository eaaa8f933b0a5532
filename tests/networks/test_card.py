"""Cards are written with the present names of fields, and read with the former ones as well."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from digitrec.networks.card import SHIPPED, read_card, write_card

FORMER = {
    "value": "share",
    "expected_calibration_error": "error",
    "rejection": "refusal",
    "naive": "careless",
    "naive_answers": "careless_answers",
}
FORMER_KINDS = {"accuracy": "read", "unsure": "doubted", "rejected": "refused", "style": "school"}


def in_former_words(part: Any) -> Any:
    """A part of a card as it was written before."""
    if isinstance(part, list):
        return [in_former_words(one) for one in part]
    if not isinstance(part, dict):
        return part
    former = {FORMER.get(name, name): in_former_words(value) for name, value in part.items()}
    return former | ({"kind": FORMER_KINDS.get(part["kind"], part["kind"])} if "kind" in part else {})


@pytest.mark.parametrize("name", ["digitrec", "digitrec-numbers"])
def test_a_card_written_before_is_the_same_card(name: str, tmp_path: Path) -> None:
    present = (SHIPPED / name / "card.json").read_text("utf-8")
    former = json.dumps(in_former_words(json.loads(present)))
    assert '"share"' in former
    assert '"value"' not in former
    (tmp_path / "card.json").write_text(former, "utf-8")
    assert read_card(tmp_path) == read_card(SHIPPED / name)
    write_card(tmp_path, read_card(tmp_path))
    assert (tmp_path / "card.json").read_text("utf-8") == present


def test_every_former_name_is_tried(tmp_path: Path) -> None:
    shutil.copy(SHIPPED / "digitrec" / "card.json", tmp_path)
    text = json.dumps(in_former_words(json.loads((tmp_path / "card.json").read_text("utf-8"))))
    assert {name for name in FORMER.values() if f'"{name}":' in text} == set(FORMER.values())
    assert {kind for kind in FORMER_KINDS.values() if f'"kind": "{kind}"' in text} == set(FORMER_KINDS.values())
