"""Pages of digits, rendered as scans or photographs: detection, accuracy and time."""

import io
import time
from typing import Any

import numpy as np
from PIL import Image

from digitrec import load_classifier
from digitrec.evaluation.significance import wilson_interval
from digitrec.reading.photographs.page import read_sheet
from tests.benchmarks.table import row
from tests.sheets import DIFFICULTIES, Look, handwriting, match, random_sheet, render

SHEETS = 60  # of each difficulty
SEED = 50_000  # of the first
TIMES = 5
CONFIDENT = 0.5  # probability
MEGAPIXELS = {1: (1155, 866), 12: (4000, 3000)}
TARGETS = {1: "< 0.5 s", 12: "< 2 s"}


def photographs() -> list[dict[str, Any]]:
    """Detection and accuracy by difficulty, and the time for small and large photographs."""
    return [*(line for difficulty in DIFFICULTIES for line in by_difficulty(difficulty)), *duration()]


def by_difficulty(difficulty: str) -> list[dict[str, Any]]:
    """Recall and precision of detection, accuracy of the digits found, and pages in reading order."""
    data, classifier = handwriting(), load_classifier()
    true = found = matched = correct = ordered = sure = sure_matched = 0
    for seed in range(SEED, SEED + SHEETS):
        page = random_sheet(data, difficulty, seed)
        reading = read_sheet(page.picture, classifier.predict_proba)
        which = match([digit.box for digit in reading.page.digits], page.boxes)
        digits = reading.probabilities.argmax(axis=1).tolist()
        true, found = true + len(page.boxes), found + len(which)
        matched += sum(place is not None for place in which)
        correct += sum(
            place is not None and page.labels[place] == digit for place, digit in zip(which, digits, strict=True)
        )
        is_sure = (reading.probabilities.max(axis=1) > CONFIDENT).tolist()
        sure += sum(is_sure)
        sure_matched += sum(place is not None for place, one in zip(which, is_sure, strict=True) if one)
        order = [place for place in which if place is not None]
        ordered += order == sorted(order)
    return [
        _proportion(f"{difficulty} pages: detection recall", matched, true),
        _proportion(f"{difficulty} pages: detection precision", matched, found),
        _proportion(f"{difficulty} pages: the same, above 50 % confidence", sure_matched, sure),
        _proportion(f"{difficulty} pages: accuracy on the digits found", correct, matched),
        _proportion(f"{difficulty} pages: in reading order", ordered, SHEETS),
    ]


def duration() -> list[dict[str, Any]]:
    """Time from the bytes of a JPEG to its digits, on squared paper."""
    look = Look(paper="squared", ink=(30, 45, 140), uneven=0.4, shadow=0.3, tilt=7, blur=0.8, noise=6, dust=15)
    page, classifier = render(handwriting(), look, rows=4, columns=5, side=110), load_classifier()
    rows = []
    for megapixels, size in MEGAPIXELS.items():
        buffer, taken = io.BytesIO(), []
        Image.fromarray(page.picture).resize(size).save(buffer, "JPEG", quality=88)
        for _ in range(TIMES):
            start = time.perf_counter()
            read_sheet(buffer.getvalue(), classifier.predict_proba)
            taken.append(time.perf_counter() - start)
        what = f"photograph of {megapixels} megapixels, detected and read, median"
        rows.append(row(what, f"{np.median(taken):.2f} s", TARGETS[megapixels], TIMES))
    return rows


def _proportion(what: str, count: int, n: int) -> dict[str, Any]:
    low, high = wilson_interval(count, n)
    return row(f"{what} (95 % interval)", f"{count / n:.2%} ({low:.1%} to {high:.1%})", "-", n)
