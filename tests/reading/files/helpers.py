"""Digits to write into files of every format, and what a file of digits must give."""

import io
import struct
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from digitrec.reading.files import (
    CHUNK,
    Batch,
    Chunk,
    open_batch,
)

Images = NDArray[np.uint8]
PIXELS = [f"pixel{index}" for index in range(784)]


def some_images(n: int = 5, seed: int = 0) -> Images:
    rng = np.random.default_rng(seed)
    images = (rng.integers(0, 256, (n, 28, 28)) * (rng.random((n, 28, 28)) < 0.3)).astype(np.uint8)
    images[:, 14, 14] = 255
    return images


def some_labels(n: int = 5) -> NDArray[np.uint8]:
    return (np.arange(n) * 3 % 10).astype(np.uint8)


def to_frame(images: NDArray[Any], labels: NDArray[Any] | None) -> pd.DataFrame:
    frame = pd.DataFrame(images.reshape(len(images), 784), columns=PIXELS)
    if labels is not None:
        frame.insert(0, "label", labels)
    return frame


def cells(images: NDArray[Any], labels: NDArray[Any] | None = None) -> list[list[str]]:
    pixels = images.reshape(len(images), 784).tolist()
    return [[*([] if labels is None else [str(labels[i])]), *map(str, row)] for i, row in enumerate(pixels)]


def to_csv(table: list[list[str]], header: list[str] | None = None) -> bytes:
    return "".join(",".join(row) + "\n" for row in ([header] if header else []) + table).encode()


def gather(batch: Batch) -> Chunk:
    chunks = list(batch.chunks())
    assert all(len(chunk.images) <= CHUNK for chunk in chunks)
    assert all(0 <= a.done <= b.done <= 1 for a, b in pairwise(chunks))
    labels = [chunk.labels for chunk in chunks if chunk.labels is not None]
    assert len(labels) in (0, len(chunks))
    assert bool(labels) == batch.has_labels
    names = [chunk.names for chunk in chunks if chunk.names is not None]
    whole = Chunk(
        np.concatenate([chunk.images for chunk in chunks]),
        np.concatenate(labels) if labels else None,
        np.concatenate([chunk.numbers for chunk in chunks]),
        tuple(row for chunk in chunks for row in chunk.bad),
        sum(chunk.bad_count for chunk in chunks),
        chunks[-1].done,
        tuple(name for part in names for name in part) if names else None,
    )
    assert whole.images.dtype == np.uint8
    assert len(whole.images) == len(whole.numbers)
    assert batch.count is None or batch.count == len(whole.images) + whole.bad_count
    return whole


def expect(path: Path, images: Images, labels: NDArray[Any] | None, kind: str) -> None:
    batch = open_batch(path)
    assert batch.kind == kind
    for _ in range(2):
        found = gather(batch)
        np.testing.assert_array_equal(found.images, images)
        np.testing.assert_array_equal(found.numbers, np.arange(1, len(images) + 1))
        assert (found.bad, found.bad_count, found.done) == ((), 0, 1.0)
        assert (found.labels is None) == (labels is None)
        if labels is not None and found.labels is not None:
            np.testing.assert_array_equal(found.labels, labels)
            assert found.labels.dtype == np.uint8


def idx(array: NDArray[np.uint8]) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def png(image: Images) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(255 - np.pad(image, 3)).save(buffer, format="PNG")
    return buffer.getvalue()


def put(files: dict[str, bytes], where: Path) -> Path:
    """As a zip, or in a folder."""
    if where.suffix == ".zip":
        with zipfile.ZipFile(where, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in files.items():
                file.writestr(name, content)
    else:
        for name, content in files.items():
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            (where / name).write_bytes(content)
    return where
