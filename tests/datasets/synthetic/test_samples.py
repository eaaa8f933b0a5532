import numpy as np
import pytest

from digitrec.datasets.sources.pen import HELD_OUT_WRITERS, PenDigit
from digitrec.datasets.synthetic.samples import OWN, own_sample, sample_digit
from digitrec.ink.drawings import CANVAS, render
from digitrec.networks.classifier import Classifier


@pytest.mark.parametrize("label", range(10))
def test_own_digits_are_read_as_they_were_meant(label: int, classifier: Classifier) -> None:
    samples = [own_sample(label, np.random.default_rng(seed)) for seed in range(10)]
    readings = [classifier.read(render(sample.drawing)) for sample in samples]
    assert sum(reading.digit == label for reading in readings) >= 9


@pytest.mark.parametrize("label", range(10))
def test_own_digits_stay_on_the_canvas(label: int) -> None:
    sample = own_sample(label, np.random.default_rng(0))
    points = np.concatenate([stroke.points for stroke in sample.drawing.strokes])
    assert points.min() > 0
    assert points.max() < CANVAS
    assert np.ptp(points, axis=0).max() >= 129
    assert sample.label == label
    assert str(label) in sample.origin


def test_there_is_one_of_each_digit() -> None:
    assert sorted(OWN) == list(range(10))


def test_without_pen_digits_a_sample_is_one_of_our_own() -> None:
    rng = np.random.default_rng(0)
    samples = [sample_digit((), rng) for _ in range(60)]
    assert {sample.label for sample in samples} == set(range(10))
    assert all("drawn for digitrec" in sample.origin for sample in samples)


def test_pen_digits_of_writers_that_the_network_met_are_not_shown() -> None:
    stroke = np.array([[0, 0], [3, 9]], np.float32)
    known = tuple(PenDigit((stroke,), 1, writer) for writer in range(1, 31) if writer not in HELD_OUT_WRITERS)
    assert "digitrec" in sample_digit(known, np.random.default_rng(0)).origin
    held_out = (*known, PenDigit((stroke,), 7, 20))
    for seed in range(5):
        sample = sample_digit(held_out, np.random.default_rng(seed))
        assert sample.label == 7
        assert "writer 20" in sample.origin
        assert "not used for training" in sample.origin


def test_a_pen_sample_is_what_its_writer_wrote(pen_digits: tuple[PenDigit, ...]) -> None:
    sample = sample_digit(pen_digits, np.random.default_rng(3))
    drawn = np.concatenate([stroke.points for stroke in sample.drawing.strokes])
    written = [np.concatenate(digit.strokes) for digit in pen_digits if digit.label == sample.label]
    same = [points for points in written if points.shape == drawn.shape]
    scaled = [(points - points[0]) * np.ptp(drawn, axis=0).max() / np.ptp(points, axis=0).max() for points in same]
    assert min(np.abs(points - (drawn - drawn[0])).max() for points in scaled) < 0.01
