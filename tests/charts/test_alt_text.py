import numpy as np
import pandas as pd
import pytest

from digitrec.charts.alt_text import (
    tell_confidences,
    tell_confusions,
    tell_curve,
    tell_curves,
    tell_middles,
    tell_strengths,
)
from digitrec.evaluation.metrics import confusion


def test_the_most_frequent_confusions_are_told_with_how_often() -> None:
    labels = np.array([7] * 6 + [4] * 3 + [8] * 2 + [0, 1], np.uint8)
    read = np.array([1] * 5 + [7] + [9] * 3 + [3] * 2 + [6, 1])
    assert tell_confusions(confusion(labels, read)) == (
        "Of 13 images 11 are misclassified, most often a 7 as a 1 5 times, a 4 as a 9 3 times, an 8 as a 3 2 times."
    )


def test_without_a_confusion_none_is_told() -> None:
    counts = np.diag(np.arange(10))
    assert tell_confusions(counts) == "Of 45 images 0 are misclassified."
    assert (np.diag(counts) == np.arange(10)).all()  # what came in is as it was


@pytest.mark.parametrize("epochs", [0, 1, 3])
def test_a_curve_is_told_by_its_ends(epochs: int) -> None:
    history = pd.DataFrame({"accuracy": [0.8, 0.9, 0.95], "val_accuracy": [0.85, 0.9, 0.932]}).head(epochs)
    assert (
        tell_curve(history, "accuracy")
        == {
            0: "The accuracy; there are no values yet.",
            1: "The accuracy after one epoch: training 80.0 %, validation 85.0 %.",
            3: "The accuracy after 3 epochs: training from 80.0 % to 95.0 %, validation from 85.0 % to 93.2 %.",
        }[epochs]
    )


def test_losses_are_no_percentages() -> None:
    history = pd.DataFrame({"loss": [1.0, 0.5], "val_loss": [0.9, 0.4321]})
    assert tell_curve(history, "loss").endswith("validation from 0.900 to 0.432.")


def test_several_trainings_are_told_by_their_names() -> None:
    histories = {"mine": pd.DataFrame({"val_loss": [0.9, 0.4]}), "yours": pd.DataFrame({"val_loss": [0.7]})}
    assert tell_curves(histories, "val_loss") == (
        "The validation loss: mine from 0.900 to 0.400 in 2 epochs; yours 0.700 in one epoch."
    )


def test_strengths_are_told_by_their_ends() -> None:
    table = pd.DataFrame({"amount": [0.0, 15.0, 60.0], "share": [0.99, 0.9, 0.25]})
    assert tell_strengths({"mine": table}, "degrees") == (
        "Accuracy by strength: mine reads 99.0 % at 0 degrees and 25.0 % at 60."
    )


def test_answers_that_are_far_from_sure_are_counted() -> None:
    confidence, is_right = np.array([0.99, 0.95, 0.5, 0.9, 0.3]), np.array([True, True, True, False, False])
    assert tell_confidences(confidence, is_right) == (
        "Answers by confidence: 1 of 3 right answers and 1 of 2 wrong answers have less than 90 %."
    )


def test_digits_that_do_not_occur_have_no_median() -> None:
    values, labels = np.array([10.0, 20, 90, 3]), np.array([0, 0, 0, 9], np.uint8)
    assert tell_middles(values, labels, "ink", " %") == "The median ink of each digit: 0 20 %, 9 3 %."
