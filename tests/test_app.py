import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from digitrec.datasets import load_dataset
from digitrec.errors import DrawingError
from digitrec.ink.drawings import Drawing, Stroke
from digitrec.ink.links import to_link
from digitrec.networks import registry
from digitrec.networks.card import read_card, write_card
from digitrec.networks.registry import find_model
from digitrec.networks.weights import WEIGHTS
from digitrec.ui import cache
from digitrec.ui.canvas.history import put
from digitrec.ui.canvas.live import describe
from tests.opening import make_app

ROOT = Path(__file__).parent.parent
SEVEN = Drawing((Stroke(np.array([(70, 60), (200, 60), (150, 160), (125, 230)], np.float32), 18),))
SCRIBBLE = Drawing((Stroke(np.array([(40, 40), (240, 240), (240, 40), (40, 240), (140, 20)] * 6, np.float32), 22),))


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache._load_classifier.clear()
    cache._load_pen_digits.clear()


def run(**query: str) -> AppTest:
    app = make_app()
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def verdict(app: AppTest) -> dict[str, Any] | None:
    """What the tabs below the canvas are about; the verdict above them is the browser's."""
    case = app.session_state["case"]
    return None if case is None else describe(case.reading)


def sent(app: AppTest, name: str) -> dict[str, Any]:
    """What a component of the page was given."""
    (shown,) = [part.proto for part in app.get("bidi_component") if part.proto.component_name == f"digitrec_{name}"]
    return json.loads(shown.json)


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_an_empty_page_says_what_to_do() -> None:
    app = run()
    assert not app.exception
    assert verdict(app) is None
    assert sent(app, "courier")["isBlank"]
    assert "Sample digit" in app.info[0].value
    assert next(button for button in app.button if button.label == "Clear").disabled


def test_a_drawing_in_the_link_is_read() -> None:
    read = verdict(run(drawing=to_link(SEVEN)))
    assert read is not None
    assert (read["shown"], read["best"]) == ("7", 7)
    assert sum(read["percent"]) == pytest.approx(100, abs=0.6)
    assert len(read["pixels"]) == 784


def test_a_scribble_is_answered_not_sure() -> None:
    read = verdict(run(drawing=to_link(SCRIBBLE)))
    assert read is not None
    assert read["shown"] == "?"
    assert read["words"].startswith("Not sure")


def test_a_sample_is_read_undone_and_redone() -> None:
    app = press(run(), "Sample digit")
    sample = verdict(app)
    assert sample is not None
    assert sample["best"] in range(10)
    assert app.caption
    assert verdict(press(app, "Undo")) is None
    assert verdict(press(app, "Redo")) == sample
    assert verdict(press(app, "Clear")) is None


def test_the_browser_is_given_the_model_and_the_server_reads_only_when_asked() -> None:
    app = run(drawing=to_link(SEVEN))
    model = sent(app, "weights")
    assert set(model["files"]) == {"ink", "path"}
    assert model["problem"] is None
    assert sent(app, "courier")["verdict"] is None
    assert [len(stroke) for stroke in sent(app, "courier")["start"]] == [3]


def test_a_model_that_only_the_server_can_read_with_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = shutil.copytree(find_model(), tmp_path / "foreign")
    card = read_card(folder)
    write_card(folder, card.model_copy(update={"files": {k: v for k, v in card.files.items() if "safe" not in k}}))
    monkeypatch.setenv("DIGITREC_MODELS", str(tmp_path))
    model = sent(run(model="foreign"), "weights")
    assert model["files"] is None
    assert "no weights" in model["problem"]


def cut(content: bytes) -> bytes:
    return content[:-100]


def damage(content: bytes) -> bytes:
    return content[:5000] + bytes(64) + content[5064:]


@pytest.mark.parametrize("change", [cut, damage])
def test_damaged_weights_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    folder = shutil.copytree(find_model(), tmp_path / "damaged")
    (folder / WEIGHTS).write_bytes(change((folder / WEIGHTS).read_bytes()))
    monkeypatch.setenv("DIGITREC_MODELS", str(tmp_path))
    model = sent(run(model="damaged"), "weights")
    assert model["files"] is None
    assert "damaged" in model["problem"]


def test_a_projector_gets_nothing_but_canvas_verdict_and_network() -> None:
    app = run(projector="on")
    assert not app.exception
    assert not app.tabs
    assert press(app, "Leave projector mode").tabs


def test_a_sample_is_there_without_any_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    app = press(run(), "Sample digit")
    assert not app.exception
    assert "drawn for digitrec" in app.caption[0].value
    assert verdict(app) is not None


def test_a_broken_link_is_told_and_the_sheet_is_kept() -> None:
    app = press(run(), "Sample digit")
    before = verdict(app)
    app.query_params["drawing"] = "no-drawing<script>"
    app.run()
    assert not app.exception
    assert "Expected the drawing" in app.warning[0].value
    assert verdict(app) == before


def test_an_image_of_the_data_in_the_link_is_read() -> None:
    app = run(image="uci-test-0")
    image = load_dataset("uci").test.images[0]
    read = verdict(app)
    assert read is not None
    assert np.abs(np.reshape(read["pixels"], (28, 28)) - image.astype(int)).max() <= 2
    assert read["best"] == load_dataset("uci").test.labels[0]


@pytest.mark.parametrize("text", ["uci", "uci-test-", "uci-test-9999", "uci-rest-1", "../x-test-1", "uci-test--1"])
def test_a_link_to_no_image_is_told(text: str) -> None:
    app = run(image=text)
    assert not app.exception
    assert "This link cannot be opened" in app.warning[0].value


NOISE = np.random.default_rng(0).uniform(0, 279, (80, 60, 2)).astype(np.float32)
TOO_LONG = Drawing(tuple(Stroke(points, 18) for points in NOISE))


def test_a_drawing_too_long_for_a_link_leaves_no_older_one_in_the_address() -> None:
    app = run(drawing=to_link(SEVEN))
    assert to_link(SEVEN) in app.query_params["drawing"]
    with pytest.raises(DrawingError, match="at most"):
        to_link(TOO_LONG)
    app.session_state["state-280"] = put(app.session_state["state-280"], TOO_LONG)
    app.run()
    assert not app.exception
    assert "drawing" not in app.query_params
    assert any("too long for a link" in caption.value for caption in app.caption)
    assert app.run().session_state["state-280"].drawing is TOO_LONG  # the older one does not come back
    app = press(app, "Undo")
    assert to_link(SEVEN) in app.query_params["drawing"]
    assert not any("too long for a link" in caption.value for caption in app.caption)


def test_an_image_that_undo_brings_back_leaves_no_drawing_in_the_address() -> None:
    app = run(image="uci-test-0")
    assert "uci-test-0" in app.query_params["image"]
    app.session_state["state-280"] = put(app.session_state["state-280"], SEVEN)
    assert set(app.run().query_params) == {"drawing"}
    assert not press(app, "Undo").query_params


def test_an_empty_link_is_no_link() -> None:
    assert not run(drawing="").warning


@pytest.mark.parametrize("tab", ["Why", "Preprocessing", "Saliency", "Layers", "Your changes", "Share and download"])
def test_every_tab_opens(tab: str) -> None:
    app = run(drawing=to_link(SEVEN))
    app.session_state["details"] = tab
    app.run()
    assert not app.exception
    assert not app.error


def test_the_network_page_shows_the_card() -> None:
    app = run().switch_page("pages/network.py").run()
    assert not app.exception
    assert app.title[0].value == "The network"
    assert "not sure" in app.markdown[1].value
    assert len(app.get("plotly_chart")) == 10


def damage_card(folder: Path) -> None:
    (folder / "card.json").write_text('{"name": "digitrec"')


def damage_weights(folder: Path) -> None:
    path = folder / "model.tflite"
    path.write_bytes(path.read_bytes()[:-10])


def lose_weights(folder: Path) -> None:
    (folder / "model.tflite").unlink()


@pytest.mark.parametrize("damage", [damage_card, damage_weights, lose_weights])
@pytest.mark.parametrize("page", ["pages/draw.py", "pages/network.py"])
def test_a_damaged_model_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, damage: Any, page: str) -> None:
    shutil.copytree(find_model(), tmp_path / "digitrec")
    damage(tmp_path / "digitrec")
    monkeypatch.setenv("DIGITREC_MODELS", str(tmp_path))
    app = run().switch_page(page).run()
    assert not app.exception
    assert "Received" in app.error[0].value
    assert "Traceback" not in app.error[0].value


def test_a_missing_model_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DIGITREC_MODELS", raising=False)
    monkeypatch.setattr(registry, "SHIPPED", tmp_path)
    app = run()
    assert not app.exception
    assert "make model" in app.error[0].value


def test_the_app_never_loads_tensorflow() -> None:
    program = (
        "import sys; from streamlit.testing.v1 import AppTest;"
        "app = AppTest.from_file('app.py', default_timeout=60).run();"
        "[button for button in app.button if button.label == 'Sample digit'][0].click().run();"
        "assert not app.exception;"
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
