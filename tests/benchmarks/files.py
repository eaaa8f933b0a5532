"""Files of many digits: time from a CSV to a submission, compared with a plain Keras script, and memory.

The CSVs repeat MNIST's test images in the format of Kaggle's test.csv.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from digitrec import load_classifier, load_dataset
from digitrec.datasets import is_available
from digitrec.networks.registry import find_model
from digitrec.reading.files import open_batch, read_batch
from digitrec.reading.files.submission import check_submission, make_submission
from tests.benchmarks.table import row

ROWS = 28_000  # of Kaggle's test.csv
PARSED = 1_000_000  # rows parsed, but not classified
CLASSIFIED = 200_000  # rows parsed and classified; classifying a million would take minutes
TIMES = 3
PLAIN = Path(__file__).with_name("plain_predict.py")
# Runs in a new process and prints the number of rows, seconds and peak memory in MB.
MEASURE = """
import re, sys, time
from pathlib import Path
from digitrec import load_classifier
from digitrec.reading.files import open_batch, read_batch
what, path = sys.argv[1:]
classifier = load_classifier()
start = time.perf_counter()
batch = open_batch(Path(path))
rows = len(read_batch(batch, classifier).frame) if what == "read" else sum(len(c.images) for c in batch.chunks())
seconds = time.perf_counter() - start
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(rows, seconds, peak)
"""


def files() -> list[dict[str, Any]]:
    """Speed for the size of Kaggle's test set, and memory for much larger files."""
    if not is_available("mnist"):
        print("MNIST is not in the data folder: files were not measured.")
        return []
    with tempfile.TemporaryDirectory() as folder:
        return [*speed(Path(folder)), *memory(Path(folder))]


def speed(folder: Path) -> list[dict[str, Any]]:
    """28,000 rows, with digitrec and with the plain script."""
    path, images = write_csv(folder / "test.csv", ROWS)
    classifier = load_classifier()
    classifier.predict_proba(images[:1000])
    alone, whole = [], []
    for _ in range(TIMES):
        start = time.perf_counter()
        probabilities = classifier.predict_proba(images)
        middle = time.perf_counter()
        reading = read_batch(open_batch(path), classifier)
        content = make_submission(reading.frame, reading.count)
        whole.append(time.perf_counter() - middle)
        alone.append(middle - start)
    check_submission(content, ROWS)
    own = reading.frame["digit"].to_numpy()
    if (own != probabilities.argmax(axis=1)).any():
        raise RuntimeError("Expected the same digits from the file as from its images. Received: others.")
    seconds, parts, digits = run_plain(path, folder / "plain.csv")
    beyond = float(np.median(np.subtract(whole, alone)))
    title = f"{ROWS:,} rows"
    names = ("loading Keras", "read_csv", "model.predict", "to_csv")
    return [
        row(f"{title}, CSV to submission, median", f"{np.median(whole):.2f} s", "-", TIMES),
        row("  of which not in the classifier, median", f"{beyond:.2f} s", "< 2 s", TIMES),
        row(f"{title}, plain Keras script, as a process", f"{seconds:.2f} s", "-", 1),
        *[row(f"  of which {name}", f"{part:.2f} s", "-", 1) for name, part in zip(names, parts, strict=True)],
        row("  predictions that differ", f"{(digits != own).sum():,}", "-", ROWS),
    ]


def memory(folder: Path) -> list[dict[str, Any]]:
    """Large files, each in a new process."""
    rows = []
    for count, what, words in ((PARSED, "stream", "parsed"), (CLASSIFIED, "read", "parsed and classified")):
        path, _ = write_csv(folder / f"{what}.csv", count)
        ran = subprocess.run(
            [sys.executable, "-c", MEASURE, what, str(path)], capture_output=True, text=True, check=True
        )
        path.unlink()
        found, seconds, peak = map(float, ran.stdout.split())
        rows += [
            row(f"{found:,.0f} rows {words}", f"{seconds:.1f} s", "-", 1),
            row("  peak memory of its process", f"{peak:.0f} MB", "< 600 MB", 1),
        ]
    return rows


def write_csv(path: Path, count: int) -> tuple[Path, np.ndarray]:
    """A file of `count` rows, and its first 28,000 images."""
    test = load_dataset("mnist").test.images
    frame = pd.DataFrame(test.reshape(len(test), -1), columns=[f"pixel{index}" for index in range(784)])
    header, _, body = frame.to_csv(index=False).partition("\n")
    lines = body.splitlines(keepends=True)
    with path.open("w", encoding="ascii") as file:
        file.write(f"{header}\n")
        for start in range(0, count, len(lines)):
            file.writelines(lines[: count - start])
    return path, np.tile(test, (-(-min(count, ROWS) // len(test)), 1, 1))[:ROWS]


def run_plain(path: Path, out: Path) -> tuple[float, list[float], np.ndarray]:
    """Seconds of the plain script as a process, seconds of its steps, and the digits that it wrote."""
    command = [sys.executable, str(PLAIN), str(find_model() / "model.keras"), str(path), str(out)]
    start = time.perf_counter()
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - start
    return seconds, list(map(float, ran.stdout.split())), pd.read_csv(out)["Label"].to_numpy()
