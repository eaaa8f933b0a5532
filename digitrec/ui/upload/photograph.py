"""The Photograph page: a picture of a page with its digits boxed and read, and what was left out."""

import hashlib
import io
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from digitrec.charts.pictures import as_paper
from digitrec.datasets import Progress, load_dataset
from digitrec.ink.image_files import MAX_BYTES, decode_grey, to_data_url
from digitrec.ink.types import Box
from digitrec.networks.classifier import Classifier
from digitrec.reading.numbers.readers import NumberReader
from digitrec.reading.photographs.page import PageReading, find_digits, read_sheet
from digitrec.ui import state
from digitrec.ui.jobs import wait_for
from digitrec.ui.messages import show_errors
from digitrec.ui.sample_offer import wants_sample
from digitrec.ui.source_code import show_functions
from digitrec.ui.strip import Captioned, show_strip
from digitrec.ui.upload.paste import paste_picture
from digitrec.words import in_percent

SHOWN = 1200  # pixels, the longest side of the picture on the page
SURE, UNSURE, LEFT_OUT = (0, 114, 178), (213, 94, 0), (130, 130, 130)
SMALLEST = 12  # pixels, of a label


def choose_picture() -> bytes | None:
    """The bytes of a picture that was uploaded, taken or pasted; None if there is none yet."""
    ways = ("Upload", "Take a photo", "Paste")
    way = st.segmented_control("Picture", ways, default=ways[0], required=True, **state.PHOTOGRAPH_WAY.widget)
    if way == ways[2]:
        content = paste_picture()
    elif way == ways[1]:
        given = st.camera_input("Hold the page flat, so that it fills the picture")
        content = given.getvalue() if given else None
    else:
        given = st.file_uploader(
            "A picture of a page", max_upload_size=MAX_BYTES // 1_000_000, **state.PHOTOGRAPH.widget
        )
        content = given.getvalue() if given else None
    if content:
        return content
    text = (
        "No picture yet. Any page works: one digit, a row or many rows; plain, ruled or squared paper; dark ink, or "
        "chalk on a board. The picture stays on the computer that runs digitrec."
    )
    is_asked = wants_sample(state.PHOTOGRAPH_SAMPLE, text, ":material/photo_camera:", "Try it with a sample page")
    return _sample() if is_asked else None


@st.cache_resource(show_spinner=False)
def _sample() -> bytes:
    """A page of twelve of the bundled digits in uneven light, as PNG."""
    images = load_dataset("uci").test.images
    page = np.zeros((560, 760), np.float32)
    for place in range(12):
        row, column = divmod(place, 4)
        digit = np.asarray(Image.fromarray(images[place]).resize((112, 112), Image.Resampling.BICUBIC), np.float32)
        top, left = 60 + 160 * row, 70 + 165 * column + 14 * (row % 2)
        page[top : top + 112, left : left + 112] = digit
    light = np.linspace(1, 0.6, page.shape[1], dtype=np.float32) * np.linspace(1, 0.85, len(page))[:, None]
    content = io.BytesIO()
    Image.fromarray(np.rint((250 - 0.85 * page) * light).astype(np.uint8)).save(content, "PNG")
    return content.getvalue()


def show_page(picture: bytes, reader: Classifier, numbers: NumberReader) -> None:
    """Show the picture with the digits that were found, and their readings."""
    key = ("photograph", hashlib.sha256(picture).hexdigest(), reader.card.files.get("model.tflite"), numbers.key)
    with show_errors("This picture cannot be read."):
        reading: PageReading = wait_for(key, "Looking for digits", partial(_read, picture, reader, numbers))
        grey, _ = decode_grey(picture, SHOWN)
    st.markdown(reading.page.summary)
    sides = st.columns([3, 2], gap="large")
    with sides[0]:
        st.image(
            to_data_url(mark_digits(grey, reading, reader)),
            alt=f"The picture, its digits boxed. {reading.page.summary}",
        )
        st.caption("Blue boxes: digits. Orange boxes: not sure. Thin grey boxes: left out.")
    with sides[1]:
        if len(reading.probabilities):
            _show_rows(reading, reader)
        else:
            st.info(
                "Write larger or darker, put more light on the page, or take the picture from closer up.",
                icon=":material/search_off:",
            )
        with st.expander("Detected ink", icon=":material/ink_pen:"):
            st.image(
                to_data_url(as_paper(reading.page.ink)), alt="The ink of the page, without paper, shadows and ruling"
            )
        if reading.page.left_out:
            with st.expander(f"Left out: {len(reading.page.left_out):,}", icon=":material/rule:"):
                rows = [
                    {"reason": one.reason, "top (pixels)": one.box.top, "left (pixels)": one.box.left}
                    for one in reading.page.left_out
                ]
                st.dataframe(rows, hide_index=True)
    show_functions(find_digits, read_sheet)


def _read(picture: bytes, reader: Classifier, numbers: NumberReader, _: Progress) -> PageReading:
    return read_sheet(picture, reader.predict_proba, lambda ink: numbers.read(ink).digits)


def _show_rows(reading: PageReading, reader: Classifier) -> None:
    """Show the digits as text and as the network's input, and offer a download."""
    frame = page_table(reading, reader)
    shown = frame["digit"].astype(str).where(~frame["unsure"], "?")
    lines = shown.groupby(frame["row"], sort=True).agg(" ".join)
    st.markdown("\n\n".join(f"### {line}" for line in lines))
    with st.expander("What the network sees", icon=":material/grid_on:", expanded=True):
        pictures = []
        for image, row in zip(reading.images, frame.to_dict("records"), strict=True):
            caption = f"{row['digit']}, {in_percent(row['confidence'])}"
            alt = f"Row {row['row']}, place {row['place']}: {'not sure, perhaps ' if row['unsure'] else ''}{caption}"
            pictures.append(Captioned(as_paper(image), caption, alt))
        show_strip(pictures, side=76)
    st.download_button(
        "Download (.csv)",
        frame.to_csv(index=False, lineterminator="\n").encode(),
        "page.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def page_table(reading: PageReading, reader: Classifier) -> pd.DataFrame:
    """The table of the Photograph page: row, place in it from 1, digit, confidence, unsure, and box."""
    found = reading.page.digits
    rows = pd.Series([one.row + 1 for one in found], dtype=np.int64)
    confidence = reading.probabilities.max(axis=1, initial=0)
    columns = {
        "row": rows,
        "place": rows.groupby(rows).cumcount() + 1,
        "digit": reading.probabilities.argmax(axis=1) if len(found) else [],
        "confidence": confidence,
        "unsure": reader.are_unsure(reading.probabilities.reshape(-1, 10)),
    }
    sides = ("top", "bottom", "left", "right")
    boxes = {side: np.array([getattr(one.box, side) for one in found], np.int64) for side in sides}
    return pd.DataFrame(columns | boxes)


def mark_digits(grey: NDArray[np.float32], reading: PageReading, reader: Classifier) -> NDArray[np.uint8]:
    """The photograph as its page shows it, with boxes and readings: (h, w) grey -> (h, w, 3) uint8."""
    picture = Image.fromarray(np.rint(grey).astype(np.uint8)).convert("RGB")
    pen, scale = ImageDraw.Draw(picture), len(grey) / reading.page.size[0]
    for left_out in reading.page.left_out:
        pen.rectangle(_scaled(left_out.box, scale), outline=LEFT_OUT)
    for found, answers in zip(reading.page.digits, reading.probabilities, strict=True):
        is_unsure = reader.is_unsure(answers)
        box, colour = _scaled(found.box, scale), UNSURE if is_unsure else SURE
        pen.rectangle(box, outline=colour, width=3)
        size = max(SMALLEST, round(0.3 * (box[3] - box[1])))
        label = f"{int(answers.argmax())}{'?' if is_unsure else ''}"
        pen.text((box[0], box[1] - 2), label, fill=colour, font=ImageFont.load_default(size), anchor="lb")
    return np.asarray(picture)


def _scaled(box: Box, scale: float) -> tuple[float, float, float, float]:
    """For Pillow: left, top, right, bottom."""
    left, top, right, bottom = (scale * edge for edge in box)
    return left, top, right, bottom
