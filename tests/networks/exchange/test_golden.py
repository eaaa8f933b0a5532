import numpy as np

from digitrec import load_dataset
from digitrec.networks.classifier import Classifier
from digitrec.networks.exchange.golden import golden_difference, golden_images


def test_the_golden_images_are_two_of_each_digit_and_are_read(classifier: Classifier) -> None:
    images = golden_images()
    assert images.shape == (20, 28, 28)
    assert images.dtype == np.uint8
    assert np.array_equal(images, golden_images())
    test = load_dataset("uci").test
    for digit, pair in enumerate(images.reshape(10, 2, 28, 28)):
        for image in pair:
            (places,) = np.nonzero((test.images == image).all(axis=(1, 2)))
            assert set(test.labels[places].tolist()) == {digit}
    assert (classifier.predict_proba(images).argmax(axis=1) == np.repeat(np.arange(10), 2)).mean() > 0.8


def test_the_difference_is_the_largest() -> None:
    one = np.full((3, 10), 0.1, np.float32)
    other = one.copy()
    other[1, 4] = 0.35
    assert np.isclose(golden_difference(one, other), 0.25)
    assert golden_difference(one, one) == 0
