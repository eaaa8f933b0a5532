"""Files of many digits, read in limited memory.

file -> `open_batch` -> `Batch` -> chunks of images      batch, classifier -> `read_batch` -> frame, one row per digit

Rows of a good file that are not digits are skipped, listed with their number and the reason, and counted.
"""

from digitrec.datasets.csv_stream import CHUNK, MAX_BAD, BadRow, Chunk
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
