import math

import numpy as np
import pytest
from numpy.typing import NDArray

from digitrec import load_dataset
from digitrec.evaluation.saliency import PATCH, SMALLEST, STRIDE, evidence, log_odds, occlusion, onto_canvas
from digitrec.ink.preprocessing import BOX, Preprocessed, preprocess
from digitrec.networks.classifier import Classifier

Images = NDArray[np.uint8]
Shares = NDArray[np.float32]
HALF = PATCH // 2


def some_image() -> Images:
    rng = np.random.default_rng(0)
    return (rng.integers(0, 256, (28, 28)) * (rng.random((28, 28)) < 0.3)).astype(np.uint8)


def weigh(images: Images) -> Shares:
    weights = np.random.default_rng(1).normal(0, 1e-3, (784, 10))
    scores = np.exp(images.reshape(len(images), 784) @ weights)
    return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def looks_at(row: int, column: int) -> object:
    def predict(images: Images) -> Shares:
        share = np.where(images[:, row, column] > 0, 0.9, 0.2)[:, None]
        return np.where(np.arange(10) == 3, share, (1 - share) / 9).astype(np.float32)

    return predict


def occlusion_by_loops(image: Images, digit: int) -> NDArray[np.float64]:
    def odds(picture: Images) -> float:
        share = float(weigh(picture[None])[0, digit])
        return math.log(share / (1 - share))

    losses: list[list[list[float]]] = [[[] for _ in range(28)] for _ in range(28)]
    for middle_y in range(0, 28, STRIDE):
        for middle_x in range(0, 28, STRIDE):
            rows = [y for y in range(middle_y - HALF, middle_y + HALF + 1) if 0 <= y < 28]
            columns = [x for x in range(middle_x - HALF, middle_x + HALF + 1) if 0 <= x < 28]
            covered = image.copy()
            for y in rows:
                for x in columns:
                    covered[y, x] = 0
            for y in rows:
                for x in columns:
                    losses[y][x].append(odds(image) - odds(covered))
    return np.array([[np.mean(losses[y][x]) if image[y, x] else 0 for x in range(28)] for y in range(28)])


def occlusion_of(image: Images) -> NDArray[np.float64]:
    # A patch on empty paper changes nothing, and the mean is taken over those that touch ink: all that cover ink do.
    return occlusion(weigh, image, 3)


def test_occlusion_agrees_with_plain_loops() -> None:
    np.testing.assert_allclose(occlusion_of(some_image()), occlusion_by_loops(some_image(), 3), atol=1e-4)


def test_occlusion_is_zero_where_there_is_no_ink() -> None:
    values = occlusion(weigh, some_image(), 5)
    assert values.shape == (28, 28)
    assert values.dtype == np.float32
    assert (values[some_image() == 0] == 0).all()
    assert (values[some_image() > 0] != 0).any()


@pytest.mark.parametrize("spot", [(13, 9), (14, 10), (0, 0), (27, 14), (14, 27), (27, 27)])
def test_the_pixel_that_decides_is_found(spot: tuple[int, int]) -> None:
    values = occlusion(looks_at(*spot), np.full((28, 28), 200, np.uint8), 3)
    lost = math.log(0.9 / 0.1) - math.log(0.2 / 0.8)
    assert values[spot] == pytest.approx(lost, abs=1e-4) == values.max()
    y, x = np.indices((28, 28))
    assert values[(abs(y - spot[0]) >= PATCH) | (abs(x - spot[1]) >= PATCH)].max() == 0


def test_what_speaks_for_one_digit_speaks_against_another() -> None:
    values = occlusion(looks_at(14, 14), np.full((28, 28), 200, np.uint8), 7)
    assert values[14, 14] == values.min() < 0


def test_an_image_without_ink_is_explained_by_nothing() -> None:
    assert not occlusion(weigh, np.zeros((28, 28), np.uint8), 3).any()


def test_the_image_given_is_left_as_it_was() -> None:
    image = some_image()
    occlusion(weigh, image, 3)
    np.testing.assert_array_equal(image, some_image())


def drawn(left: int, top: int, right: int, bottom: int) -> Preprocessed:
    canvas = np.zeros((280, 280), np.uint8)
    canvas[top:bottom, left:right] = 200
    canvas[top, left] = 255
    return preprocess(canvas)


BOXES = [(60, 40, 200, 240), (10, 40, 270, 140), (100, 100, 137, 141), (0, 0, 280, 280)]


@pytest.mark.parametrize("box", BOXES, ids=repr)
def test_a_map_lies_over_the_inks_box_alone(box: tuple[int, int, int, int]) -> None:
    over = onto_canvas(np.full((28, 28), 3, np.float32), drawn(*box))
    left, top, right, bottom = box
    assert over.shape == (280, 280)
    assert over.dtype == np.float32
    np.testing.assert_allclose(over[top:bottom, left:right], 3)
    assert over.sum() == pytest.approx(3 * (bottom - top) * (right - left), rel=1e-5)


@pytest.mark.parametrize("box", BOXES, ids=repr)
def test_each_place_of_the_drawing_gets_the_value_of_its_place_in_the_image(box: tuple[int, int, int, int]) -> None:
    whole = drawn(*box)
    left, top, right, bottom = box
    side = max(bottom - top, right - left)
    above, beside = (side - (bottom - top)) // 2, (side - (right - left)) // 2
    row, column = np.indices((28, 28)).astype(np.float32)
    rows, columns = onto_canvas(row, whole), onto_canvas(column, whole)
    for y in range(top, bottom, 7):
        for x in range(left, right, 7):
            expected_row = (y - top + above + 0.5) * BOX / side + whole.shift[0] - 0.5
            expected_column = (x - left + beside + 0.5) * BOX / side + whole.shift[1] - 0.5
            assert abs(rows[y, x] - expected_row) <= 0.51
            assert abs(columns[y, x] - expected_column) <= 0.51


def test_a_single_dot_of_ink_gets_one_value() -> None:
    whole = drawn(50, 30, 51, 31)
    over = onto_canvas(np.ones((28, 28), np.float32), whole)
    assert over[30, 50] == 1
    assert over.sum() == 1


def test_without_ink_nothing_is_laid_over() -> None:
    over = onto_canvas(np.ones((28, 28), np.float32), preprocess(np.zeros((50, 70), np.uint8)))
    assert over.shape == (50, 70)
    assert not over.any()


@pytest.mark.parametrize("digit", [1, 7])
def test_the_evidence_adds_up_to_the_answer(digit: int, classifier: Classifier) -> None:
    images = load_dataset("uci").test.images[:20]
    features, (weights, biases) = classifier.features(images), classifier.last_layer()
    assert (weights.shape, biases.shape) == ((11, features.shape[1]), (11,))
    weights, biases = weights[:10], biases[:10]  # of the digits
    shape = classifier.activations(images[0])[-4].values.shape
    assert len(shape) == 3
    softmax = [{one.layer: one.values for one in classifier.activations(image)}["Softmax 1"] for image in images]
    logs = np.log(np.stack(softmax)[:, :10].astype(np.float64) + 1e-30)
    for one, answer in zip(features, logs, strict=True):
        found = evidence(one, weights, digit, shape)
        assert found.shape == shape[:2]
        total = found.sum() + biases[digit] - biases.mean()
        assert total == pytest.approx(answer[digit] - answer.mean(), abs=0.01)


def test_evidence_is_found_where_the_features_are() -> None:
    features, weights = np.zeros((2, 3, 4), np.float32), np.zeros((10, 24), np.float32)
    features[1, 2, 3] = 5
    weights[6] = 1
    found = evidence(features.ravel(), weights, 6, (2, 3, 4))
    np.testing.assert_allclose(found, [[0, 0, 0], [0, 0, 5 * 0.9]], atol=1e-6)
    assert evidence(features.ravel(), weights, 2, (2, 3, 4))[1, 2] == pytest.approx(-0.5)
    assert evidence(features.ravel(), weights, 6, (24,)).shape == (1, 24)


def test_log_odds_are_bounded_and_symmetric() -> None:
    shares = np.array([0, 0.1, 0.5, 0.9, 1], np.float32)
    expected = [math.log(share / (1 - share)) for share in (SMALLEST, 0.1, 0.5, 0.9, 1 - SMALLEST)]
    np.testing.assert_allclose(log_odds(shares), expected, atol=1e-6)
