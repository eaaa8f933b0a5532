"""Datasets of handwritten digits: their sources, loading them, and checking their quality.

source -> files in the data folder -> `Dataset` (images, labels, writers) -> `check` -> findings
"""

from digitrec.datasets.catalogue import SOURCES, Source, benchmark_for, dataset_stamp, is_there, load_dataset, titles
from digitrec.datasets.dataset import Dataset, Progress, Split, data_folder, silent
from digitrec.datasets.quality import Finding, check

__all__ = [
    "SOURCES", "Dataset", "Finding", "Progress", "Source", "Split", "benchmark_for", "check", "data_folder",
    "dataset_stamp", "is_there", "load_dataset", "silent", "titles",
]  # fmt: skip
