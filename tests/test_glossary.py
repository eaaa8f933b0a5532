import ast
import re
from pathlib import Path

import pytest

from digitrec.glossary import GLOSSARY, explain

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("term", GLOSSARY)
def test_each_term_has_a_short_sentence(term: str) -> None:
    sentence = explain(term)
    assert re.fullmatch(r"[A-Z0-9].*[.]", sentence)
    assert len(sentence) <= 240
    assert term == term.lower()


def test_terms_are_in_alphabetical_order() -> None:
    terms = [re.sub(r"[^a-z ]", " ", term) for term in GLOSSARY]
    assert terms == sorted(terms)


def test_several_terms_are_paragraphs() -> None:
    assert explain("accuracy", "recall").split("\n\n") == [GLOSSARY["accuracy"], GLOSSARY["recall"]]


def test_pages_ask_for_terms_that_are_there() -> None:
    asked = [
        term.value
        for file in [*ROOT.glob("pages/*.py"), *ROOT.glob("digitrec/ui/**/*.py")]
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "explain"
        for term in call.args
        if isinstance(term, ast.Constant)
    ]
    assert set(asked) <= set(GLOSSARY)
