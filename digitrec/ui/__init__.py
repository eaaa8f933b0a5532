"""What the pages share: the canvas, its live companion, caching, messages. The only part that knows Streamlit."""

from pathlib import Path

ICON = Path(__file__).with_name("icon.png")
