"""No key of the session or of the address is named by a string but in digitrec/ui/state.py."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from digitrec.ui import state
from digitrec.ui.state import Key, Parameter

ROOT = Path(__file__).parents[2]
FILES = [
    file
    for file in (*sorted(ROOT.glob("pages/*.py")), *sorted(ROOT.glob("digitrec/ui/**/*.py")))
    if file.name != "state.py"
]
# What links that people have shared may carry.
ADDRESS = {
    "drawing", "number", "image", "place", "model", "number_model", "writing", "source", "split", "writer", "page",
    "label_order", "some", "label_seed", "digits", "order", "seed", "shown", "average_of", "first", "second", "scaling",
    "map_sees", "map_by", "map_size", "augment", "examined", "examined_part", "view", "answers", "is_a", "read_as",
    "answers_by", "by_writer", "ink", "slant", "groups_by", "robust_models", "corruption", "run", "network",
    "projector",
}  # fmt: skip


def raw_keys(source: str) -> Iterator[str]:
    """Where a key is named by a string, or the session and the address are reached past their keys."""
    tree = ast.parse(source)
    texts = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _has_text(node.value)
        for target in ast.walk(node.targets[0])
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("session_state", "query_params"):
            yield f"line {node.lineno}: {ast.unparse(node)}"
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                is_named = isinstance(keyword.value, ast.Attribute) and keyword.value.attr == "name"
                is_other = is_named or isinstance(keyword.value, ast.Lambda)
                is_key = keyword.arg in ("key", "bind", "persist_state") and not is_other
                names = {one.id for one in ast.walk(keyword.value) if isinstance(one, ast.Name)}
                if is_key and (isinstance(keyword.value, ast.Constant | ast.JoinedStr) or names & texts):
                    yield f"line {node.lineno}: {keyword.arg}={ast.unparse(keyword.value)}"


def _has_text(node: ast.expr) -> bool:
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return any(isinstance(part, ast.JoinedStr) or isinstance(getattr(part, "value", None), str) for part in parts)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_keys_are_named_in_one_place(file: Path) -> None:
    assert list(raw_keys(file.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "st.session_state['run'] = 1",
        "st.session_state.get('run')",
        "del st.query_params[NAME]",
        "st.button('Go', key='go')",
        "st.button('Go', key=f'go-{n}')",
        "KEY = 'go'\nst.button('Go', key=KEY)",
        "A, KEY = 1, f'go-{n}'\nst.button('Go', key=KEY)",
        "st.slider('Pen', bind='query-params')",
        "st.slider('Pen', persist_state='session')",
    ],
)
def test_a_raw_key_is_found(source: str) -> None:
    assert list(raw_keys(source))


@pytest.mark.parametrize(
    "source",
    [
        "st.button('Go', key=state.GO.of(n).name)",
        "st.slider('Pen', **state.PEN_WIDTH.widget)",
        "sorted(files, key=lambda file: file['name'])",
        "st.page_link('pages/draw.py', query_params=link)",
    ],
)
def test_what_names_no_key_is_let_pass(source: str) -> None:
    assert not list(raw_keys(source))


def keys() -> list[Key[object]]:
    return [value for value in vars(state).values() if isinstance(value, Key)]


def test_every_key_has_a_name_of_its_own() -> None:
    names = [key.name for key in keys()]
    assert len(names) > 80
    # `COMPOSED` only ever stands with a setting behind it, and the drawing of a number has "number" to itself.
    assert len(set(names)) == len(names)
    parameters = {value.name for value in vars(state).values() if isinstance(value, Parameter)}
    assert parameters & {key.name for key in keys()} == {"number"}


def test_addresses_stay_as_they_were_shared() -> None:
    parameters = {value.name for value in vars(state).values() if isinstance(value, Parameter)}
    assert parameters | {key.name for key in keys() if key.is_bound} == ADDRESS


def test_a_key_of_one_thing_is_kept_as_the_others_are() -> None:
    key = Key("augment", 0.0, persists=True, is_bound=True).of("shear", 3)
    assert key.widget == {"key": "augment-shear-3", "persist_state": "session", "bind": "query-params"}
    assert Key("tool", "pen").widget == {"key": "tool"}
