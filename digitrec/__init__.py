"""digitrec: draw a digit and see it read; look through the data, the training and the mistakes behind it."""

from digitrec.datasets import Dataset, load_dataset
from digitrec.ink.preprocessing import Preprocessed, preprocess
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.verdict import Reading

__version__ = "0.2.0"

__all__ = ["Classifier", "Dataset", "Preprocessed", "Reading", "load_classifier", "load_dataset", "preprocess"]
