import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Split
from digitrec.ink.strips import FRAMES
from digitrec.networks.ctc import BLANK, decode, encode
from digitrec.networks.ctc import ctc_loss as plain_loss
from digitrec.training.published import PUBLISHED
from digitrec.training.recipe import change
from digitrec.training.worker.losses import keras_ctc_loss, whole_number_accuracy
from digitrec.training.worker.minibatches import (
    Batch,
    ComposedNumbers,
    DigitBatches,
    NumberBatches,
    TrainingSet,
    prepare,
    to_targets,
)

RECIPE = change(PUBLISHED["digitrec-numbers"], batch_size=16, seed=4)
TEXTS = st.lists(st.text("0012345678", min_size=1, max_size=8), min_size=1, max_size=8)


def random_answers(seed: int, n: int, sure: float = 0.0) -> NDArray[np.float32]:
    """Answers at random; the surer, the fewer digits they say."""
    drawn = np.random.default_rng(seed).dirichlet(np.full(11, 0.4), (n, FRAMES)) + 1e-3
    drawn[..., BLANK] += sure
    return (drawn / drawn.sum(axis=2, keepdims=True)).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), texts=TEXTS)
def test_the_loss_that_is_learned_from_is_the_one_that_is_reported(seed: int, texts: list[str]) -> None:
    answers = random_answers(seed, len(texts))
    learned = keras_ctc_loss(tf.constant(encode(texts)), tf.constant(answers)).numpy()
    assert learned.shape == (len(texts),)
    np.testing.assert_allclose(learned, plain_loss(answers, texts), rtol=5e-4)


def test_certain_answers_lose_nothing() -> None:
    answers = np.eye(11, dtype=np.float32)[[[1, BLANK, 1, 2] + [BLANK] * 60, [5] * 64]]
    assert keras_ctc_loss(tf.constant(encode(["112", "5"])), tf.constant(answers)).numpy() == pytest.approx(
        [0, 0], abs=1e-3
    )
    assert (keras_ctc_loss(tf.constant(encode(["12", "55"])), tf.constant(answers)).numpy() > 10).all()


def test_digits_may_be_of_any_type_of_number() -> None:
    answers, digits = tf.constant(random_answers(0, 2)), encode(["12", "20456789"])
    for kind in (np.float32, np.int64):
        np.testing.assert_allclose(
            keras_ctc_loss(tf.constant(digits.astype(kind)), answers).numpy(),
            keras_ctc_loss(tf.constant(digits), answers).numpy(),
        )


def test_a_step_against_its_slope_makes_a_number_likelier() -> None:
    logits, digits = tf.Variable(np.log(random_answers(1, 3) + 1e-3)), tf.constant(encode(["7", "2024", "11"]))
    with tf.GradientTape() as tape:
        before = keras_ctc_loss(digits, tf.nn.softmax(logits))
    logits.assign_sub(0.1 * tape.gradient(before, logits))
    assert (keras_ctc_loss(digits, tf.nn.softmax(logits)).numpy() < before.numpy()).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), texts=TEXTS, sure=st.sampled_from([0.0, 0.7, 0.85, 2.0]), data=st.data())
def test_who_counts_as_right_is_who_decodes_rightly(
    seed: int, texts: list[str], sure: float, data: st.DataObject
) -> None:
    answers = random_answers(seed, len(texts), sure)
    read = [decode(one).text for one in answers]
    # What was read if that is a number, with a digit too few, or something else.
    known = [
        data.draw(st.sampled_from([own, own, own[:-1], text])) if len(own) <= 8 else text
        for own, text in zip(read, texts, strict=True)
    ]
    right = whole_number_accuracy(tf.constant(encode(known)), tf.constant(answers)).numpy()
    assert right.tolist() == [own == text for own, text in zip(read, known, strict=True)]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ([], ""),
        ([7], "7"),
        ([7, 7, 7], "7"),
        ([7, BLANK, 7], "77"),
        ([0, 0, BLANK, BLANK, 0, 1], "001"),
        ([1, 2, 1, 2, 1, 2, 1, 2], "12121212"),
    ],
)
def test_repeated_digits_count_once_and_blanks_part_them(said: list[int], text: str) -> None:
    answers = tf.constant(np.eye(11, dtype=np.float32)[[said + [BLANK] * (FRAMES - len(said))]])
    backwards = tf.reverse(answers, [1])
    for known, is_right in ((text, True), (text[:-1] + "9", False), (text[1:], not text)):
        assert whole_number_accuracy(tf.constant(encode([known])), answers).numpy().tolist() == [is_right]
    assert whole_number_accuracy(tf.constant(encode([text[::-1]])), backwards).numpy().tolist() == [True]


def test_more_digits_than_a_number_has_are_wrong() -> None:
    said = [1, 2] * 32
    answers = tf.constant(np.eye(11, dtype=np.float32)[[said]])
    assert not whole_number_accuracy(tf.constant(encode(["12121212"])), answers).numpy().any()


@pytest.fixture(scope="module")
def digits(mnist: Dataset) -> Split:
    some = mnist.train
    assert some.writers is not None
    return Split(some.images[:70], some.labels[:70], some.writers[:70])


@pytest.fixture(scope="module")
def batches(digits: Split) -> NumberBatches:
    return NumberBatches(ComposedNumbers(digits), RECIPE)


def same(one: Batch, other: Batch) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_lesson_of_numbers_gives_batches_of_numbers(digits: Split) -> None:
    assert isinstance(prepare(ComposedNumbers(digits), RECIPE), NumberBatches)
    assert isinstance(prepare(TrainingSet(digits.images, to_targets(digits.labels)), RECIPE), DigitBatches)
    assert ComposedNumbers(digits).images is digits.images


def test_an_epoch_has_as_many_numbers_as_there_are_digits(batches: NumberBatches) -> None:
    all_of_them = list(batches.from_step(0, 0))
    assert len(all_of_them) == len(batches) == 5
    assert [len(strips) for strips, _ in all_of_them] == [16, 16, 16, 16, 6]
    for strips, targets in all_of_them:
        assert strips.shape[1:] == (28, 256, 1)
        assert strips.dtype == np.float32
        assert targets.shape == (len(strips), 8)
        assert targets.dtype == np.int32
        assert (strips.max(axis=(1, 2, 3)) == 255).all()
        assert strips.min() == 0


def test_batches_that_come_out_even_are_all_whole(digits: Split) -> None:
    even = NumberBatches(ComposedNumbers(digits), change(RECIPE, batch_size=35))
    assert [len(strips) for strips, _ in even.from_step(0, 0)] == [35, 35]


def test_the_same_seed_makes_the_same_batch_and_no_two_are_alike(batches: NumberBatches, digits: Split) -> None:
    first = batches.make(1, 2)
    assert same(first, batches.make(1, 2))
    assert same(first, NumberBatches(ComposedNumbers(digits), RECIPE).make(1, 2))
    other_seed = NumberBatches(ComposedNumbers(digits), change(RECIPE, seed=5))
    for other in (batches.make(2, 2), batches.make(1, 1), batches.make(2, 1), other_seed.make(1, 2)):
        assert not same(first, other)


@pytest.mark.parametrize("first", [0, 1, 4])
def test_an_epoch_goes_on_from_the_middle_as_it_would_have(batches: NumberBatches, first: int) -> None:
    whole, rest = list(batches.from_step(3, 0)), list(batches.from_step(3, first))
    assert len(rest) == 5 - first
    assert all(same(one, other) for one, other in zip(whole[first:], rest, strict=True))
    assert all(same(batch, batches.make(3, step)) for step, batch in enumerate(whole))


def test_targets_are_the_digits_that_the_strips_show() -> None:
    """Numbers of a digit that nobody else wrote have no other digit in them, and more of it are wider."""
    block = np.zeros((28, 28), np.uint8)
    block[4:24, 9:19] = 255
    split = Split(np.repeat(block[None], 40, axis=0), np.full(40, 7, np.uint8))
    strips, targets = NumberBatches(ComposedNumbers(split), change(RECIPE, batch_size=40)).make(0, 0)
    assert set(targets.ravel().tolist()) == {7, -1}
    lengths = (targets != -1).sum(axis=1)
    assert set(lengths.tolist()) == set(range(1, 9))
    assert all((row[:length] == 7).all() for row, length in zip(targets, lengths, strict=True))
    assert np.corrcoef((strips > 128).sum(axis=(1, 2, 3)), lengths)[0, 1] > 0.9


def test_numbers_are_written_by_one_hand_of_the_lesson() -> None:
    block = np.zeros((28, 28), np.uint8)
    block[4:24, 9:19] = 255
    labels = np.tile(np.arange(10, dtype=np.uint8), 4)
    split = Split(np.repeat(block[None], 40, axis=0), labels, (labels // 2).astype(np.int32))
    _, targets = NumberBatches(ComposedNumbers(split), change(RECIPE, batch_size=40)).make(0, 0)
    hands = [{digit // 2 for digit in row if digit >= 0} for row in targets.tolist()]
    assert all(len(hand) == 1 for hand in hands)
    assert set.union(*hands) == set(range(5))
