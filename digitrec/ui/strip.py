"""A row of pictures that wraps to the width of the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.pictures import enlarge, frame
from digitrec.ink.image_files import to_data_url


@dataclass(frozen=True, eq=False)
class Captioned:
    """A small grey or RGB picture, its caption, and its alternative text."""

    picture: NDArray[np.uint8]
    caption: str
    alt: str


def show_strip(pictures: Sequence[Captioned], side: int = 112) -> None:
    """Show small pictures, each about `side` pixels wide, enlarged without smoothing."""
    with st.container(horizontal=True, gap="small"):
        for one in pictures:
            picture = np.ascontiguousarray(one.picture)
            address = _sharp(picture.tobytes(), picture.shape, max(1, -(-2 * side // len(picture))))
            st.image(address, caption=one.caption or None, width=side, alt=one.alt)


@lru_cache(maxsize=1024)
def _sharp(content: bytes, shape: tuple[int, ...], factor: int) -> str:
    """Cached: while a network trains, the same pictures are shown again every second."""
    picture = np.frombuffer(content, np.uint8).reshape(shape)
    return to_data_url(frame(enlarge(picture, factor)))
