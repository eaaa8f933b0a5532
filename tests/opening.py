"""How a test opens the app without a browser."""

from functools import cache
from pathlib import Path

from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

APP = Path(__file__).parent.parent / "app.py"


def make_app() -> AppTest:
    """The app before its first run, for query parameters."""
    app = AppTest.from_file(str(APP), default_timeout=120)
    app._bidi_component_manager = _components()
    return app


def open_page(name: str) -> AppTest:
    """The app on a page of the folder pages, before that page's first run."""
    return make_app().run().switch_page(f"pages/{name}")


@cache
def _components() -> BidiComponentManager:
    """All sessions share these, as in a running app; finding them among the installed packages takes 0.08 s."""
    manager = BidiComponentManager()
    manager.discover_and_register_components(start_file_watching=False)
    return manager
