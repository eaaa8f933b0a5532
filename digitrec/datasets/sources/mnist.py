"""MNIST: 60,000 + 10,000 digits by American census staff and students, in the four published idx files.

The writer of each digit is known from QMNIST (Yadav and Bottou, 2019), if its label files are in the data folder.
"""

import gzip
import io
import math
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitrec.datasets.dataset import Dataset, Split
from digitrec.datasets.sources.download import fetch, read_checked
from digitrec.errors import DataError
from digitrec.storage import data_folder

HASHES = {
    "mnist/train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "mnist/train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "mnist/t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "mnist/t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
KERAS_FILE = "mnist/mnist.npz"
KERAS_HASH = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
WRITER_HASHES = {
    "qmnist/qmnist-train-labels-idx2-int.gz": "2c05dc77f6b916b38e455e97ab129a42a444f3dbef09b278a366f82904e0dd9f",
    "qmnist/qmnist-test-labels-idx2-int.gz": "9fbcbe594c3766fdf4f0b15c5165dc0d1e57ac604e01422608bb72c906030d06",
}
EXTRAS = (KERAS_FILE, *WRITER_HASHES)  # used if present
IDX_TYPES: dict[int, np.dtype[Any]] = {0x08: np.dtype(np.uint8), 0x0C: np.dtype(">i4")}
WRITER_COLUMN = 2  # of the eight in QMNIST's label files


def load() -> Dataset:
    """Load MNIST from the data folder, downloading it first if necessary; with writers if QMNIST's files are there.

    Images are (n, 28, 28) uint8, ink 255 on 0. Instead of the idx files, Keras's mnist/mnist.npz may be present.

    Raises
    ------
    DataError, if a file cannot be downloaded or is not the published one.
    """
    arrays, hashes = _load_arrays()
    train, test = arrays[:2], arrays[2:]
    writers: list[NDArray[np.int32] | None] = [None, None]
    if all((data_folder() / path).is_file() for path in WRITER_HASHES):
        tables = [read_idx(read_checked(path, sha256), path) for path, sha256 in WRITER_HASHES.items()]
        # QMNIST extends MNIST: the first 10,000 of its 60,000 test digits are MNIST's.
        labels = (train[1], test[1])
        writers = [t[: len(known), WRITER_COLUMN].astype(np.int32) for t, known in zip(tables, labels, strict=True)]
        hashes = hashes | WRITER_HASHES
    return Dataset(
        "mnist",
        Split(train[0], train[1], writers[0]),
        Split(test[0], test[1], writers[1]),
        "The MNIST database of handwritten digits (LeCun, Cortes, Burges)",
        "CC BY-SA 3.0",
        hashes,
    )


def _load_arrays() -> tuple[list[NDArray[np.uint8]], dict[str, str]]:
    has_idx = all((data_folder() / path).is_file() for path in HASHES)
    if not has_idx and (data_folder() / KERAS_FILE).is_file():
        content = read_checked(KERAS_FILE, KERAS_HASH)
        with np.load(io.BytesIO(content), allow_pickle=False) as packed:
            return [packed[name] for name in ("x_train", "y_train", "x_test", "y_test")], {KERAS_FILE: KERAS_HASH}
    fetch(HASHES, MIRRORS)
    return [read_idx(read_checked(path, sha256), path) for path, sha256 in HASHES.items()], dict(HASHES)


def read_idx(packed: bytes, name: str) -> NDArray[np.uint8]:
    """Read an idx file, gzipped or not, into an array of the shape and type that its header states.

    Raises
    ------
    DataError, if the header is not that of an idx file, or the length differs from what it states.
    """
    try:
        content = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"Expected {name} to be a complete gzip file. Received: {error}. Download the file again."
        ) from None
    shape, dtype, start = read_idx_header(content, name)
    expected = math.prod(shape) * dtype.itemsize
    if len(content) - start != expected:
        raise DataError(
            f"Expected {name} to hold {expected:,} bytes after its header, for shape {shape}. "
            f"Received: {max(len(content) - start, 0):,}. Download the file again."
        )
    return np.frombuffer(content, dtype, offset=start).reshape(shape)


def read_idx_header(content: bytes, name: str) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Read the header of an idx file: shape, dtype, and the offset of the values in bytes.

    Raises
    ------
    DataError, if the content does not begin with such a header.
    """
    zero, kind, dimensions = content[:2], content[2:3], content[3] if len(content) > 3 else 0
    if zero != b"\0\0" or not kind or kind[0] not in IDX_TYPES or not 1 <= dimensions <= 4:
        raise DataError(
            f"Expected {name} to be an idx file, beginning 00 00 08 or 00 00 0C. "
            f"Received: {content[:4].hex(' ') or 'nothing'}. Replace it with the original file."
        )
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise DataError(
            f"Expected {name} to have a header of {start} bytes. Received: {len(content)}. "
            "The file is truncated: download it again."
        )
    shape = tuple(int(n) for n in np.frombuffer(content[4:start], ">u4"))
    return shape, IDX_TYPES[kind[0]], start


def split_mnist(train: Split) -> tuple[Split, Split]:
    """Split MNIST's training set into (training, validation): every tenth writer is in the validation set.

    Raises
    ------
    DataError, if the writers are unknown.
    """
    if train.writers is None:
        raise DataError(
            "Expected QMNIST's label files in qmnist/ in the data folder, to know the writer of each digit. "
            "Received: none. Put them there, so that no writer is in both the training and the validation set."
        )
    is_validation = np.isin(train.writers, np.unique(train.writers)[::10])
    training, validation = (
        Split(train.images[chosen], train.labels[chosen], train.writers[chosen])
        for chosen in (~is_validation, is_validation)
    )
    return training, validation
