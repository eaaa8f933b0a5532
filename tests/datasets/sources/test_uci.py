import numpy as np
import pytest
from sklearn.datasets import load_digits

from digitrec.datasets import check, load_dataset
from digitrec.datasets.sources.uci import to_28
from digitrec.networks.classifier import Classifier


def test_the_bundled_digits_are_all_there() -> None:
    data = load_dataset("uci")
    assert len(data.train) + len(data.test) == 1797
    counts = np.bincount(data.train.labels) + np.bincount(data.test.labels)
    assert counts.tolist() == np.bincount(load_digits().target).tolist()
    assert data.train.images.dtype == np.uint8
    assert data.train.images.max() == 255
    assert check(data) == ()


def test_what_everyone_shares_nobody_can_change() -> None:
    data = load_dataset("uci")
    assert load_dataset("uci") is data
    for split in (data.train, data.test):
        for array in (split.images, split.labels):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1


def test_they_are_brought_to_the_form_that_the_network_reads(classifier: Classifier) -> None:
    test = load_dataset("uci").test
    assert (classifier.predict_proba(test.images).argmax(axis=1) == test.labels).mean() > 0.97


def test_an_empty_one_stays_empty() -> None:
    assert to_28(np.zeros((1, 8, 8), np.uint8)).max() == 0
