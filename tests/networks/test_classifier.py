import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from digitrec.datasets import Dataset
from digitrec.datasets.sources.pen import PenDigit, split_by_writer
from digitrec.datasets.synthetic.samples import own_sample
from digitrec.datasets.synthetic.stroke_variation import draw_at_random
from digitrec.errors import InkError, ModelError
from digitrec.ink.drawings import render, to_image
from digitrec.ink.pen_paths import to_path
from digitrec.ink.preprocessing import Preprocessed, preprocess
from digitrec.networks.card import read_card, read_model_file
from digitrec.networks.classifier import BATCH, FEW, Classifier, load_classifier
from digitrec.networks.registry import find_model
from digitrec.networks.verdict import CLOSE, FULL_REASON, Reading, combine, digit_probability, give_reason

Images = NDArray[np.uint8]
Shares = NDArray[np.float32]


def some_images(n: int) -> Images:
    rng = np.random.default_rng(n)
    return (rng.integers(0, 256, (n, 28, 28)) * (rng.random((n, 28, 28)) < rng.random((n, 1, 1)))).astype(np.uint8)


def some_digits(n: int) -> Images:
    drawn = [to_image(own_sample(digit, np.random.default_rng(digit)).drawing) for digit in range(10)]
    return np.stack([np.roll(drawn[i % 10], i // 10, axis=1) for i in range(n)])


def shares(**of: float) -> Shares:
    given = {int(name[1:]): value for name, value in of.items()}
    rest = (1 - sum(given.values())) / (10 - len(given))
    return np.array([given.get(digit, rest) for digit in range(10)], np.float32)


def deciding_at(classifier: Classifier, unsure_below: float, digit_below: float = 0.0) -> Classifier:
    content = read_model_file(find_model(), "model.tflite", classifier.card)
    thresholds = {"unsure_below": unsure_below, "digit_below": digit_below}
    return Classifier(content, classifier.card.model_copy(update=thresholds))


@pytest.mark.parametrize("n", [1, FEW, FEW + 1, BATCH, BATCH + 1, 3 * BATCH - 5])
def test_rows_are_probabilities(n: int, classifier: Classifier) -> None:
    probabilities = classifier.predict_proba(some_images(n))
    assert probabilities.shape == (n, 10)
    assert probabilities.dtype == np.float32
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("n", [FEW, BATCH + 9])
def test_a_batch_is_read_as_its_images_one_by_one(n: int, classifier: Classifier) -> None:
    images = np.stack([to_image(own_sample(i % 10, np.random.default_rng(i)).drawing) for i in range(n)])
    one_by_one = np.concatenate([classifier.predict_proba(image[None]) for image in images])
    assert len(np.unique(one_by_one, axis=0)) > 2
    np.testing.assert_allclose(classifier.predict_proba(images), one_by_one, atol=1e-5)


def test_no_images_have_no_probabilities(classifier: Classifier) -> None:
    probabilities = classifier.predict_proba(np.empty((0, 28, 28), np.uint8))
    assert probabilities.shape == (0, 10)
    assert probabilities.dtype == np.float32


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((28, 28), np.uint8),
        np.zeros((1, 28, 28, 1), np.uint8),
        np.zeros((1, 28, 27), np.uint8),
        np.zeros((1, 784), np.uint8),
        np.zeros((1, 28, 28)),
        np.zeros((1, 28, 28), bool),
        [],
        None,
    ],
    ids=lambda images: f"{np.shape(images)} {np.asarray(images).dtype}",
)
def test_other_images_are_refused_with_rule_and_remedy(images: Any, classifier: Classifier) -> None:
    with pytest.raises(InkError, match=r"uint8 of shape \(n, 28, 28\).* Received: shape .*Make them with `preprocess`"):
        classifier.predict_proba(images)


def test_the_last_layer_answers_the_probabilities(classifier: Classifier) -> None:
    for image in some_images(3):
        answers = classifier.activations(image)
        np.testing.assert_allclose(answers[-1].values, classifier.predict_proba(image[None])[0], atol=1e-6)


def test_every_layer_answers_in_floats_under_a_name_of_its_own(classifier: Classifier) -> None:
    answers = classifier.activations(some_images(1)[0])
    assert len({answer.layer for answer in answers}) == len(answers) > 4
    assert all(answer.values.dtype == np.float32 for answer in answers)
    assert all(answer.values.ndim in {1, 3} for answer in answers)
    assert answers[0].values.shape[:2] == (28, 28)


def test_answers_stay_when_another_image_is_read(classifier: Classifier) -> None:
    first, second = some_images(2)
    answers = classifier.activations(first)
    before = [answer.values.copy() for answer in answers]
    classifier.activations(second)
    assert all(np.array_equal(answer.values, kept) for answer, kept in zip(answers, before, strict=True))


def test_activations_of_anything_but_an_image_are_refused(classifier: Classifier) -> None:
    with pytest.raises(InkError, match="Make them with `preprocess`"):
        classifier.activations(np.zeros((20, 20), np.uint8))


def test_several_threads_at_once_get_what_one_gets(classifier: Classifier) -> None:
    batches = [some_images(n) for n in (1, 2, BATCH, 1, BATCH + 30, 9)] * 4
    expected = [classifier.predict_proba(images) for images in batches]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(classifier.predict_proba, batches))
        layers = list(pool.map(classifier.activations, some_images(12)))
    for answer, alone in zip(answers, expected, strict=True):
        np.testing.assert_allclose(answer, alone, atol=1e-5)
    last = np.stack([answers[-1].values for answers in layers])
    np.testing.assert_allclose(last, classifier.predict_proba(some_images(12)), atol=1e-5)


def test_a_drawing_is_preprocessed_and_read(classifier: Classifier, ink: Images) -> None:
    reading = classifier.read(ink)
    image = preprocess(ink).image
    np.testing.assert_array_equal(reading.preprocessed.image, image)
    np.testing.assert_array_equal(reading.probabilities, classifier.predict_proba(image[None])[0])
    assert reading.digit == int(reading.probabilities.argmax())
    assert type(reading.digit) is int
    assert reading.confidence == reading.probabilities.max()


@pytest.mark.parametrize("canvas", [np.zeros((280, 280), np.uint8), np.full((280, 280, 4), 255, np.uint8)])
def test_without_ink_there_is_no_digit(canvas: Images, classifier: Classifier) -> None:
    reading = classifier.read(canvas)
    assert reading.digit is None
    assert reading.unsure
    assert reading.runner_up is None
    assert reading.reason == "There is no ink to read yet."
    assert reading.probabilities.dtype == np.float32
    np.testing.assert_allclose(reading.probabilities, 0.1)
    assert reading.preprocessed.image is None


def test_a_canvas_full_of_ink_is_unsure_however_sure_the_network(classifier: Classifier) -> None:
    reading = deciding_at(classifier, 0).read(np.full((280, 280), 255, np.uint8))
    assert reading.unsure
    assert reading.reason == FULL_REASON
    assert reading.digit is not None


def test_half_a_canvas_of_ink_is_not_full(classifier: Classifier) -> None:
    canvas = np.zeros((280, 280), np.uint8)
    canvas[:, :200] = 255
    assert not deciding_at(classifier, 0).read(canvas).unsure


def test_the_card_decides_below_which_probability_it_is_unsure(classifier: Classifier, ink: Images) -> None:
    highest = classifier.read(ink).confidence
    assert deciding_at(classifier, min(highest + 1e-4, 1.0)).read(ink).unsure == (highest < 1)
    assert not deciding_at(classifier, highest - 1e-4).read(ink).unsure


def test_what_is_left_to_no_digit_makes_it_unsure_however_likely_one_is(classifier: Classifier) -> None:
    answers = np.stack([shares(d3=0.97), np.r_[np.full(9, 0.012), 1 - 9 * 0.012].astype(np.float32), shares(d3=0.4)])
    left = [1 - 10 * (0.03 / 9), 1 - 10 * 0.012, 1 - 10 * (0.6 / 9)]
    np.testing.assert_allclose(digit_probability(answers), left, atol=1e-6)
    assert deciding_at(classifier, 0.5).are_unsure(answers).tolist() == [False, False, True]
    assert deciding_at(classifier, 0.5, 0.9).are_unsure(answers).tolist() == [False, True, True]
    assert deciding_at(classifier, 0.5, 0.99).are_unsure(answers).tolist() == [True, True, True]
    assert deciding_at(classifier, 0, 0).are_unsure(answers[:0]).shape == (0,)


def test_the_share_of_digits_is_what_the_network_does_not_give_to_none(classifier: Classifier) -> None:
    image = np.random.default_rng(1).integers(0, 256, (28, 28), np.uint8)
    for one in (image, *some_images(5)):
        eleven = {answer.layer: answer.values for answer in classifier.activations(one)}["Softmax 1"]
        found = digit_probability(classifier.predict_proba(one[None]))[0]
        assert found == pytest.approx(1 - eleven[10] - 10 * eleven[:10].min(), abs=1e-5)


def test_a_canvas_that_is_none_is_refused(classifier: Classifier) -> None:
    with pytest.raises(InkError, match="Expected a picture"):
        classifier.read(np.zeros((28, 28)))


@pytest.mark.parametrize(
    ("probabilities", "unsure", "reason"),
    [
        (shares(d3=0.99), False, "It looks like a 3 and like no other digit."),
        (shares(d8=0.99), False, "It looks like an 8 and like no other digit."),
        (shares(d4=0.7, d9=0.28), False, "It looks most like a 4, and somewhat like a 9."),
        (shares(d1=0.75, d8=0.24), False, "It looks most like a 1, and somewhat like an 8."),
        (shares(d4=0.5, d9=0.45), True, "It could be a 4 or a 9."),
        (shares(d8=0.5, d3=0.45), True, "It could be an 8 or a 3."),
        (shares(d4=0.4, d9=0.3), True, "It does not look enough like any digit."),
        (shares(d4=0.85), True, "It does not look enough like any digit."),
        (np.full(10, 0.1, np.float32), True, "It does not look enough like any digit."),
    ],
)
def test_the_reason_says_what_the_probabilities_say(probabilities: Shares, unsure: bool, reason: str) -> None:
    assert give_reason(probabilities, unsure) == reason


@pytest.mark.parametrize(
    ("digit", "probabilities", "expected"),
    [
        (4, shares(d4=0.7, d9=0.25), 9),
        (4, shares(d4=0.7, d9=CLOSE - 0.01), None),
        (0, shares(d0=0.99), None),
        (None, shares(d4=0.5, d9=0.45), None),
    ],
)
def test_a_runner_up_is_named_where_it_is_close(digit: int | None, probabilities: Shares, expected: int | None) -> None:
    nothing = Preprocessed(np.zeros((1, 1), np.uint8))
    assert Reading(digit, probabilities, unsure=False, reason="", preprocessed=nothing).runner_up == expected


def test_a_folder_becomes_a_classifier_that_reads_alike(
    model_folder: Path, classifier: Classifier, ink: Images
) -> None:
    np.testing.assert_array_equal(
        load_classifier(model_folder).read(ink).probabilities, classifier.read(ink).probabilities
    )


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"named '.*no-model'.*Put it there"):
        load_classifier(tmp_path / "no-model")


def put_model(folder: Path, content: bytes, change_card: Callable[..., None]) -> None:
    (folder / "model.tflite").write_bytes(content)
    change_card(files=read_card(folder).files | {"model.tflite": hashlib.sha256(content).hexdigest()})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"This is a text and no model.",
        b"\x89PNG\r\n\x1a\n" + bytes(200),
        b"PK\x03\x04" + bytes(range(256)) * 8,
        b"\x00\x00\x00\x00TFL3" + bytes(100),
        np.random.default_rng(0).bytes(5000),
    ],
    ids=["empty", "text", "PNG", "zip as .keras is", "header alone", "noise"],
)
def test_bytes_of_another_kind_are_no_model(
    content: bytes, model_folder: Path, change_card: Callable[..., None]
) -> None:
    put_model(model_folder, content, change_card)
    with pytest.raises(
        ModelError, match=rf"model\.tflite .*Received: {len(content):,} bytes .* Export the model again"
    ):
        load_classifier(model_folder)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_model_cut_short_is_refused(share: float, model_folder: Path, change_card: Callable[..., None]) -> None:
    content = (model_folder / "model.tflite").read_bytes()
    put_model(model_folder, content[: int(len(content) * share)], change_card)
    with pytest.raises(ModelError, match=r"model\.tflite .*Export the model again"):
        load_classifier(model_folder)


class ForeignInterpreter:
    signature = (([1, 224, 224, 3],), ([1, 1000],))

    def __init__(self, **_: Any) -> None:
        pass

    def allocate_tensors(self) -> None:
        pass

    def get_input_details(self) -> list[dict[str, Any]]:
        return [{"index": 0, "shape": np.array(shape), "dtype": np.float32} for shape in self.signature[0]]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [{"index": 1, "shape": np.array(shape), "dtype": np.float32} for shape in self.signature[1]]


@pytest.mark.parametrize(
    "signature",
    [
        (([1, 224, 224, 3],), ([1, 1000],)),
        (([1, 28, 28, 1],), ([1, 26],)),
        (([1, 28, 28, 3],), ([1, 10],)),
        (([1, 28, 28, 1], [1, 4]), ([1, 10],)),
        (([1, 28, 28, 1],), ([1, 10], [1, 4])),
    ],
    ids=["photographs", "letters", "colour", "two inputs", "two outputs"],
)
def test_a_model_of_another_trade_is_refused(
    signature: tuple[Any, Any], model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ForeignInterpreter, "signature", signature)
    monkeypatch.setattr("digitrec.networks.interpreters.Interpreter", ForeignInterpreter)
    with pytest.raises(ModelError, match=r"model\.tflite .*take \(1, 28, 28, 1\) .*Received: .*use another"):
        load_classifier(model_folder)


def test_a_model_of_whole_numbers_is_refused_when_it_is_loaded(
    model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from digitrec.networks.classifier import load_classifier

    class Quantised:
        def __init__(self, **_: Any) -> None:
            pass

        def allocate_tensors(self) -> None:
            pass

        def get_input_details(self) -> list[dict[str, Any]]:
            return [{"index": 0, "shape": np.array([1, 28, 28, 1]), "dtype": np.int8}]

        def get_output_details(self) -> list[dict[str, Any]]:
            return [{"index": 1, "shape": np.array([1, 10]), "dtype": np.int8}]

    monkeypatch.setattr("digitrec.networks.interpreters.Interpreter", Quantised)
    with pytest.raises(ModelError, match=r"model\.tflite"):
        load_classifier(model_folder)


@pytest.mark.parametrize("n", [1, FEW, FEW + 1, BATCH, 2 * BATCH + 3])
def test_features_of_a_batch_are_those_of_its_images_one_by_one(n: int, classifier: Classifier) -> None:
    images = some_digits(n)
    features = classifier.features(images)
    assert (len(features), features.ndim, features.dtype) == (n, 2, np.float32)
    one_by_one = np.concatenate([classifier.features(image[None]) for image in images])
    np.testing.assert_allclose(features, one_by_one, atol=1e-4)
    assert len(np.unique(features.round(2), axis=0)) == n


def test_the_last_layer_is_affine_in_the_features(classifier: Classifier, mnist: Dataset) -> None:
    images = np.concatenate([mnist.test.images[:1000], mnist.train.images[:1000]])
    softmax = [{one.layer: one.values for one in classifier.activations(image)}["Softmax 1"] for image in images]
    probabilities = np.stack(softmax).astype(float)  # before that of no digit is shared out
    extended = np.c_[classifier.features(images), np.ones(len(images))].astype(float)
    for first, second in ((4, 9), (3, 5), (0, 1)):
        usable = np.flatnonzero((probabilities[:, [first, second]] > 1e-25).all(axis=1))
        logits = np.log(probabilities[:, first] / probabilities[:, second])
        learned, held = usable[:-300], usable[-300:]
        assert len(learned) > 1.2 * extended.shape[1], "too few to tell an affine function from any other"
        weights = np.linalg.lstsq(extended[learned], logits[learned], rcond=1e-7)[0]
        np.testing.assert_allclose(extended[held] @ weights, logits[held], atol=0.01)
        assert np.ptp(logits[held]) > 10


def test_features_do_not_change_with_what_is_read_next(classifier: Classifier) -> None:
    images = some_digits(3)
    features = classifier.features(images)
    before = features.copy()
    classifier.features(some_digits(5)[3:])
    np.testing.assert_array_equal(features, before)


def test_several_threads_get_the_features_that_one_gets(classifier: Classifier) -> None:
    batches = [some_digits(n) for n in (1, 2, BATCH + 30, 9)] * 3
    expected = [classifier.features(images) for images in batches]
    with ThreadPoolExecutor(8) as pool:
        for found, alone in zip(pool.map(classifier.features, batches), expected, strict=True):
            np.testing.assert_allclose(found, alone, atol=1e-4)


def test_no_images_have_no_features(classifier: Classifier) -> None:
    features = classifier.features(np.empty((0, 28, 28), np.uint8))
    assert (len(features), features.ndim, features.dtype) == (0, 2, np.float32)


def test_no_features_are_as_wide_as_others(classifier: Classifier) -> None:
    none, some = (classifier.features(some_digits(1)[:n]) for n in (0, 1))
    assert none.shape[1] == some.shape[1]


def test_features_of_anything_but_images_are_refused(classifier: Classifier) -> None:
    with pytest.raises(InkError, match="Make them with `preprocess`"):
        classifier.features(np.zeros((28, 28), np.uint8))


def test_a_network_without_a_dense_layer_is_told(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "digitrec.networks.interpreters.Interpreter._get_ops_details", lambda _: [{"op_name": "CONV_2D"}]
    )
    with pytest.raises(ModelError, match=r"ends in a dense layer\. Received: 'digitrec'"):
        classifier.features(some_digits(1))


def test_of_no_images_there_are_no_answers(classifier: Classifier) -> None:
    nothing = np.empty((0, 28, 28), np.uint8)
    assert classifier.predict_proba(nothing).shape == (0, 10)
    assert classifier.features(nothing).shape == (0, classifier.features(np.zeros((1, 28, 28), np.uint8)).shape[1])


# Ink and path


def test_what_ink_and_path_say_is_multiplied() -> None:
    rng = np.random.default_rng(0)
    ink, path = (rng.dirichlet(np.ones(10), 5).astype(np.float32) for _ in range(2))
    together = combine(ink, path, (1.5, 0.5))
    for row, one, other in zip(together, ink, path, strict=True):
        product = [float(a) ** 1.5 * float(b) ** 0.5 for a, b in zip(one, other, strict=True)]
        np.testing.assert_allclose(row, np.array(product) / sum(product), rtol=1e-4)
    np.testing.assert_allclose(combine(ink, path, (1, 0)), ink, rtol=1e-5)
    np.testing.assert_array_equal(combine(ink[0], path[0], (1.5, 0.5)), together[0])


def test_the_pens_path_is_read_where_it_is_known(classifier: Classifier, pen_digits: tuple[PenDigit, ...]) -> None:
    drawing = own_sample(7, np.random.default_rng(0)).drawing
    ink = render(drawing)
    known, unknown = classifier.read(ink, drawing.paths), classifier.read(ink)
    assert classifier.card.path is not None
    assert known.by_path is not None
    assert known.by_ink is not None
    np.testing.assert_array_equal(known.by_ink, unknown.probabilities)
    expected = combine(known.by_ink, known.by_path, classifier.card.path.powers)
    np.testing.assert_array_equal(known.probabilities, expected)
    assert unknown.by_path is None
    assert known.digit == unknown.digit == 7
    held_out = split_by_writer(pen_digits)[1][::6]
    rng = np.random.default_rng(1)
    right = {"both": 0, "ink": 0}
    for digit in held_out:
        drawn = draw_at_random(digit.strokes, rng)
        picture = render(drawn, oversampling=2)
        right["both"] += classifier.read(picture, drawn.paths).digit == digit.label
        right["ink"] += classifier.read(picture).digit == digit.label
    assert right["both"] >= max(right["ink"], 0.985 * len(held_out))


def test_ink_and_path_doubt_together_what_is_weak_for_any_digit_or_for_all(classifier: Classifier) -> None:
    content, path_content = (
        read_model_file(find_model(), name, classifier.card) for name in ("model.tflite", "path.tflite")
    )
    assert classifier.card.path is not None
    path = classifier.card.path.model_copy(update={"powers": (1, 1), "unsure_below": 0.5, "digit_below": 0.8})
    judge = Classifier(content, classifier.card.model_copy(update={"path": path}), path_content)
    sure, other, none = shares(_3=0.91), shares(_3=0.451, _8=0.459), shares()
    both_ways = shares(_3=0.44, _8=0.46)
    for ink, pen, is_unsure in (
        (sure, sure, False),
        (sure, other, False),
        (both_ways, both_ways, False),
        (sure, none, True),  # the pen went as for no digit, so half of the belief in any is gone
        (none, sure, True),
        (none, none, True),
    ):
        assert judge.are_unsure_of_both(ink[None], pen[None]) == [is_unsure]
    undecided = shares(_3=0.4, _5=0.299, _8=0.3)
    assert judge.are_unsure_of_both(undecided[None], shares(_3=0.3, _5=0.399, _8=0.3)[None])


def test_a_path_that_tells_nothing_is_left_aside(classifier: Classifier) -> None:
    ink = render(own_sample(3, np.random.default_rng(0)).drawing)
    dots = [np.array([(5.0, 5.0)])] * 65
    for strokes in (None, [], dots):
        assert classifier.read(ink, strokes).by_path is None


def test_paths_of_another_shape_are_refused(classifier: Classifier) -> None:
    with pytest.raises(InkError, match=r"Expected paths of shape \(n, 64, 5\)"):
        classifier.predict_from_paths(np.zeros((1, 64, 4), np.float32))


def test_a_model_without_a_path_network_reads_the_ink_alone(classifier: Classifier) -> None:
    content = read_model_file(find_model(), "model.tflite", classifier.card)
    alone = Classifier(content, classifier.card.model_copy(update={"path": None}))
    drawing = own_sample(4, np.random.default_rng(0)).drawing
    reading = alone.read(render(drawing), drawing.paths)
    assert not alone.reads_paths
    assert reading.by_path is None
    with pytest.raises(ModelError, match="Expected a model that reads paths"):
        alone.predict_from_paths(np.zeros((1, 64, 5), np.float32))
    with pytest.raises(ModelError, match="Expected a model that reads paths"):
        alone.are_unsure_of_both(shares()[None], shares()[None])


def test_one_path_and_many_are_read_alike(classifier: Classifier) -> None:
    rng = np.random.default_rng(0)
    paths = np.stack([to_path(own_sample(k % 10, rng).drawing.paths or []) for k in range(70)])
    many = classifier.predict_from_paths(paths)
    np.testing.assert_allclose(many[:5], classifier.predict_from_paths(paths[:5]), atol=1e-5)
    assert (many.argmax(axis=1) == np.arange(70) % 10).mean() > 0.8
