"""digitrec: draw a digit and see it read; look through the data, the training and the mistakes behind it."""

import os

# scikit-learn and openTSNE share one OpenMP, which reads this once, when the first of them is loaded. Otherwise its
# threads spin while they wait for each other: beside other work, t-SNE of 300 points took 21 s instead of 0.4 s.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from digitrec.datasets import Dataset, load_dataset
from digitrec.ink.preprocessing import Preprocessed, preprocess
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.verdict import Reading

__version__ = "0.2.0"

__all__ = ["Classifier", "Dataset", "Preprocessed", "Reading", "load_classifier", "load_dataset", "preprocess"]
