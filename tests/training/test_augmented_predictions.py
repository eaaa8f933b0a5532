import numpy as np
import pytest

from digitrec.datasets import load_dataset
from digitrec.networks.classifier import Classifier
from digitrec.training.augmentation import Augmentation, augment_copies
from digitrec.training.augmented_predictions import Variations, read_variations


def test_the_variations_are_those_of_training_and_read_by_the_classifier(classifier: Classifier) -> None:
    test = load_dataset("uci").test
    image, label, settings = test.images[0], int(test.labels[0]), Augmentation(degrees=40)
    read = classifier.predict_proba
    made = read_variations(image, label, count=30, settings=settings, seed=5, predict=read)
    expected = augment_copies(image, 30, settings, np.random.default_rng(5))
    np.testing.assert_array_equal(made.images, expected)
    np.testing.assert_array_equal(made.predicted, read(expected).argmax(axis=1))
    assert made.label == label
    other = read_variations(image, label, count=30, settings=settings, seed=6, predict=read)
    assert (other.images != made.images).any()


def test_average_and_accuracy_are_over_all_variations() -> None:
    images = np.zeros((4, 28, 28), np.uint8)
    images[:3, 5, 7] = 200
    made = Variations(images, np.array([1, 1, 7, 1]), 1)
    assert made.average[5, 7] == 150
    assert made.average.sum() == 150
    assert made.accuracy == pytest.approx(0.75)
