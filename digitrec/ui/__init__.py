"""Streamlit code of the pages. No other room imports Streamlit."""

from pathlib import Path

ICON = Path(__file__).with_name("icon.png")
