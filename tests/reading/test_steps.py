import numpy as np
from numpy.typing import NDArray

from digitrec.ink.preprocessing import STEPS, preprocess
from digitrec.networks.classifier import Classifier
from digitrec.reading.steps import EXPLANATIONS, read_by_steps


def test_every_step_of_the_recipe_is_explained_in_its_order() -> None:
    assert tuple(EXPLANATIONS) == STEPS
    assert all(title and sentence.endswith(".") for title, sentence in EXPLANATIONS.values())


def test_each_step_shows_its_picture(classifier: Classifier, ink: NDArray[np.uint8]) -> None:
    whole = preprocess(ink)
    expected = [whole.cropped, whole.square, whole.small, whole.stretched, whole.image]
    steps = read_by_steps(classifier, ink)
    assert len(steps) == 5
    assert [(step.title, step.sentence) for step in steps] == list(EXPLANATIONS.values())
    for step, picture in zip(steps, expected, strict=True):
        np.testing.assert_array_equal(step.picture, picture)


def test_each_step_tells_the_verdict_without_it(classifier: Classifier, ink: NDArray[np.uint8]) -> None:
    for name, step in zip(STEPS, read_by_steps(classifier, ink), strict=True):
        probabilities = classifier.predict_proba(preprocess(ink, skip=name).image[None])[0]
        assert step.digit_without == probabilities.argmax()
        assert step.confidence_without == probabilities.max()
        assert type(step.digit_without) is int


def test_without_ink_there_is_nothing_to_look_through(classifier: Classifier) -> None:
    assert read_by_steps(classifier, np.zeros((280, 280), np.uint8)) == ()
