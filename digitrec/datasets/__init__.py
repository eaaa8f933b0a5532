"""Datasets of handwritten digits: their sources, loading them, and checking their quality.

source -> files in the data folder -> `Dataset` (images, labels, writers) -> `check` -> findings
"""

from digitrec.datasets.catalogue import (
    SOURCES,
    Source,
    benchmark_for,
    dataset_stamp,
    is_available,
    load_dataset,
    titles,
)
from digitrec.datasets.dataset import Dataset, Progress, Split, silent
from digitrec.datasets.quality import Finding, check
from digitrec.storage import data_folder

__all__ = [
    "SOURCES", "Dataset", "Finding", "Progress", "Source", "Split", "benchmark_for", "check", "data_folder",
    "dataset_stamp", "is_available", "load_dataset", "silent", "titles",
]  # fmt: skip
