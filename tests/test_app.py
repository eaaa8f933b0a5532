import json
import shutil
import subprocess
import sys
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
from digitrec.networks.registry import find_model
from digitrec.ui import cache
from digitrec.ui.canvas.history import put
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


def verdict(app: AppTest) -> dict[str, Any]:
    shown = [part.proto for part in app.get("bidi_component") if part.proto.component_name == "digitrec_live"]
    return json.loads(shown[0].json)


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_an_empty_page_says_what_to_do() -> None:
    app = run()
    assert not app.exception
    assert verdict(app)["words"] == "Nothing to read yet"
    assert verdict(app)["percent"] == [0] * 10
    assert "Sample digit" in app.info[0].value
    assert next(button for button in app.button if button.label == "Clear").disabled


def test_a_drawing_in_the_link_is_read() -> None:
    app = run(drawing=to_link(SEVEN))
    assert verdict(app)["shown"] == "7"
    assert verdict(app)["best"] == 7
    assert sum(verdict(app)["percent"]) == pytest.approx(100, abs=0.6)
    assert len(verdict(app)["pixels"]) == 784


def test_a_scribble_is_answered_not_sure() -> None:
    app = run(drawing=to_link(SCRIBBLE))
    assert verdict(app)["shown"] == "?"
    assert verdict(app)["words"].startswith("Not sure")


def test_a_sample_is_read_undone_and_redone() -> None:
    app = press(run(), "Sample digit")
    sample = verdict(app)
    assert sample["best"] in range(10)
    assert app.caption
    assert verdict(press(app, "Undo"))["best"] == -1
    assert verdict(press(app, "Redo"))["pixels"] == sample["pixels"]
    assert verdict(press(app, "Clear"))["best"] == -1


def test_a_sample_is_there_without_any_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_DATA", str(tmp_path))
    app = press(run(), "Sample digit")
    assert not app.exception
    assert "drawn for digitrec" in app.caption[0].value
    assert verdict(app)["best"] in range(10)


def test_a_broken_link_is_told_and_the_sheet_is_kept() -> None:
    app = press(run(), "Sample digit")
    before = verdict(app)["pixels"]
    app.query_params["drawing"] = "no-drawing<script>"
    app.run()
    assert not app.exception
    assert "Expected the drawing" in app.warning[0].value
    assert verdict(app)["pixels"] == before


def test_an_image_of_the_data_in_the_link_is_read() -> None:
    app = run(image="uci-test-0")
    image = load_dataset("uci").test.images[0]
    assert np.abs(np.reshape(verdict(app)["pixels"], (28, 28)) - image.astype(int)).max() <= 2
    assert verdict(app)["best"] == load_dataset("uci").test.labels[0]


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


@pytest.mark.parametrize("tab", ["Preprocessing", "Saliency", "Layers", "Your changes", "Share and download"])
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
