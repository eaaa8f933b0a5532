"""Files of many digits, read in bounded memory.

file -> `open_batch` -> `Batch` -> chunks of images        batch, classifier -> `read_batch` -> a frame, a row a digit

What is no digit in an otherwise good file is left aside, named with its place and its reason, and counted.
"""

from digitrec.datasets.tables import CHUNK, MAX_BAD, BadRow, Chunk
from digitrec.reading.files.batch import Batch
from digitrec.reading.files.formats import is_batch, open_batch
from digitrec.reading.files.reader import BatchReading, read_batch

__all__ = [
    "CHUNK",
    "MAX_BAD",
    "BadRow",
    "Batch",
    "BatchReading",
    "Chunk",
    "is_batch",
    "open_batch",
    "read_batch",
]
