from dataclasses import replace

import numpy as np
import pytest

from digitrec.datasets import Dataset
from digitrec.datasets.sources.mnist import split_mnist
from digitrec.datasets.sources.pen import HELD_OUT_WRITERS, PenDigit, split_by_writer
from digitrec.datasets.synthetic.digit_forms import FORMS
from digitrec.datasets.synthetic.nondigits import TRAINED
from digitrec.networks.classifier import load_classifier
from digitrec.training.shipped import training_sets
from tests.training.worker.few import FEW, split_few


@pytest.mark.full_data
def test_nobody_is_both_learned_from_and_validated_with(mnist: Dataset, pen_digits: tuple[PenDigit, ...]) -> None:
    training, validation = split_mnist(mnist.train)
    assert training.writers is not None
    assert validation.writers is not None
    assert not set(training.writers) & set(validation.writers)
    assert len(training) + len(validation) == 60_000
    train, held_out = split_by_writer(pen_digits)
    assert {digit.writer for digit in held_out} == HELD_OUT_WRITERS
    assert not {digit.writer for digit in train} & HELD_OUT_WRITERS


@pytest.mark.full_data
def test_a_lesson_is_digits_by_many_hands_and_what_is_none(
    mnist: Dataset, pen_digits: tuple[PenDigit, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    held_out = {id(digit) for digit in split_by_writer(pen_digits)[1]}
    few = tuple(
        digit
        if id(digit) not in held_out
        else replace(digit, strokes=tuple(np.full_like(stroke, np.nan) for stroke in digit.strokes))
        for digit in pen_digits[::60]
    )
    assert any(id(digit) in held_out for digit in pen_digits[::60])
    n = sum(digit.writer not in HELD_OUT_WRITERS for digit in few)
    monkeypatch.setattr(training_sets, "load_pen_digits", lambda: few)
    monkeypatch.setattr(training_sets, "split_mnist", split_few)
    for name, count in (FEW | {"NONDIGITS": 3, "LETTERS": 5, "WRITTEN": 1, "PEN_COPIES": 2}).items():
        monkeypatch.setattr(training_sets, name, count)
    scans, _ = split_few(mnist.train)
    training_set, same = training_sets.make_training_set(5), training_sets.make_training_set(5)
    np.testing.assert_array_equal(training_set.images, same.images)
    digits = len(scans) + 3 * n + len(FORMS)
    kinds = len(TRAINED) + 4  # and what is made of digits
    assert training_set.images.shape == (digits + 3 * (kinds - 1) + 5, 28, 28)
    np.testing.assert_array_equal(training_set.images[: len(scans)], scans.images)
    np.testing.assert_array_equal(training_set.targets[:digits].max(axis=1), 1)
    np.testing.assert_array_equal(training_set.targets[digits:], np.float32(0.1))
    np.testing.assert_allclose(training_set.targets.sum(axis=1), 1, atol=1e-6)
    assert training_set.targets[digits - len(FORMS) : digits].argmax(axis=1).tolist() == [form.label for form in FORMS]
    right = load_classifier().predict_proba(training_set.images[len(scans) : digits]).argmax(axis=1)
    assert (right == training_set.targets[len(scans) : digits].argmax(axis=1)).mean() > 0.9
    strokes = training_sets.make_path_training_set(5)
    assert len(strokes.strokes) == len(strokes.targets) == n + 2 * len(FORMS) + 5 * (kinds - 1) + 10
    assert all(np.isfinite(np.concatenate(one)).all() for one in strokes.strokes)
    assert (strokes.targets.max(axis=1) == 1).sum() == n + 2 * len(FORMS)
