import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from digitrec.datasets import Dataset
from digitrec.errors import ModelError
from digitrec.networks.card import read_card, read_model_file
from digitrec.networks.interpreters import Interpreters, answers, check_signature, signature, values
from digitrec.networks.registry import find_model

BATCH = 16


@pytest.fixture(scope="module")
def content() -> bytes:
    folder = find_model()
    return read_model_file(folder, "model.tflite", read_card(folder))


@pytest.fixture
def interpreters(content: bytes) -> Interpreters:
    return Interpreters(content, "digitrec", BATCH)


def read(interpreter: Any, images: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    return answers(interpreter, images, size, int(signature(interpreter)[1][0]["index"]))


def test_nobody_is_lent_what_another_has(interpreters: Interpreters) -> None:
    with interpreters.borrow(1) as one, interpreters.borrow(1) as other, interpreters.borrow(1) as third:
        assert len({id(one), id(other), id(third)}) == 3


def test_what_is_given_back_is_lent_again(interpreters: Interpreters) -> None:
    with interpreters.borrow(1) as one, interpreters.borrow(1) as other:
        pass
    for _ in range(3):
        with interpreters.borrow(1) as again, interpreters.borrow(1) as more:
            assert {id(again), id(more)} == {id(one), id(other)}


def test_what_failed_is_not_lent_again(interpreters: Interpreters) -> None:
    failed = []

    def fail() -> None:
        with interpreters.borrow(1) as one:
            failed.append(one)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with interpreters.borrow(1) as other:
        assert other is not failed[0]
    with interpreters.borrow(1) as again:
        assert again is other


def test_each_is_lent_for_what_it_was_made_for(interpreters: Interpreters) -> None:
    ways = [(size, looks_inside) for size in (1, BATCH) for looks_inside in (False, True)]
    first = []
    for _ in range(2):
        for size, looks_inside in ways:
            with interpreters.borrow(size, looks_inside=looks_inside) as one:
                first.append(one)
                assert signature(one)[0][0]["shape"].tolist() == [size, 28, 28, 1]
                assert keeps_all(one) == looks_inside
    assert first[:4] == first[4:]
    assert len({id(one) for one in first}) == 4
    with pytest.raises(KeyError), interpreters.borrow(7):
        pass


def keeps_all(interpreter: Any) -> bool:
    """Whether what the first layer answered to white paper is still there, rather than overwritten by later layers."""
    source = signature(interpreter)[0][0]
    inner = interpreter._get_ops_details()[0]["outputs"][0]
    kept = []
    for grey in (0, 255):
        interpreter.set_tensor(source["index"], np.full(source["shape"], grey, np.float32))
        interpreter.invoke()
        try:
            kept.append(interpreter.get_tensor(inner))
        except ValueError:  # LiteRT gives only what it keeps
            return False
    return not np.array_equal(*kept)


def test_many_at_once_get_their_own_answers(interpreters: Interpreters, mnist: Dataset) -> None:
    images = mnist.test.images[:64]
    with interpreters.borrow(1) as one:
        expected = read(one, images, 1)
    lent: set[int] = set()
    shared, lock = [], threading.Lock()

    def ask(place: int) -> NDArray[np.float32]:
        with interpreters.borrow(1) as interpreter:
            with lock:
                shared.append(id(interpreter) in lent)
                lent.add(id(interpreter))
            found = read(interpreter, images[place : place + 1], 1)[0]
            with lock:
                lent.remove(id(interpreter))
        return found

    with ThreadPoolExecutor(8) as crowd:
        found = list(crowd.map(ask, [*range(64)] * 4))
    assert not any(shared)
    np.testing.assert_array_equal(found, np.concatenate([expected] * 4))
    assert interpreters._free[1, False].qsize() <= 8


@pytest.mark.parametrize("n", [0, 1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH, 50])
def test_answers_in_batches_are_those_one_by_one(interpreters: Interpreters, mnist: Dataset, n: int) -> None:
    images = mnist.test.images[100 : 100 + n]
    with interpreters.borrow(1) as one, interpreters.borrow(BATCH) as many:
        single, batched = read(one, images, 1), read(many, images, BATCH)
    assert single.shape == batched.shape == (n, 10)
    assert single.dtype == batched.dtype == np.float32
    np.testing.assert_allclose(batched, single, atol=1e-5)
    np.testing.assert_allclose(single.sum(axis=1), 1, atol=1e-5)
    if n:
        assert (single.argmax(axis=1) == mnist.test.labels[100 : 100 + n]).mean() > 0.9


def test_answers_stay_after_others_are_asked_for(interpreters: Interpreters, mnist: Dataset) -> None:
    with interpreters.borrow(1) as one:
        index = int(signature(one)[1][0]["index"])
        read(one, mnist.test.images[:1], 1)
        first = values(one, index)
        kept = first.copy()
        read(one, mnist.test.images[1:2], 1)
        np.testing.assert_array_equal(first, kept)
        assert not np.array_equal(values(one, index), kept)


def test_a_file_that_is_no_model_is_told(content: bytes) -> None:
    for damaged in (b"", b"not a model", content[:1000]):
        with (
            pytest.raises(
                ModelError,
                match=rf"^Expected model.tflite of 'mine' to be a LiteRT model\. Received: {len(damaged):,} bytes",
            ),
            Interpreters(damaged, "mine", BATCH).borrow(1),
        ):
            pass


def test_a_model_is_taken_for_what_it_is(interpreters: Interpreters) -> None:
    with interpreters.borrow(1) as one:
        check_signature(one, "mine", (28, 28, 1), (10,))


@pytest.mark.parametrize(
    ("source", "target", "what"),
    [
        ((28, 256, 1), (64, 11), "numbers"),
        ((28, 28, 1), (64, 11), "numbers"),
        ((28, 256, 1), (10,), "digits"),
        ((28, 28), (10,), "digits"),
        ((28, 28, 1), (11,), "numbers"),
    ],
)
def test_a_model_of_another_face_is_refused(
    interpreters: Interpreters, source: tuple[int, ...], target: tuple[int, ...], what: str
) -> None:
    with interpreters.borrow(1) as one, pytest.raises(ModelError) as told:
        check_signature(one, "mine", source, target)
    text = str(told.value)
    assert text.startswith(f"Expected model.tflite of 'mine' to take {(1, *source)} float32 and give {(1, *target)}")
    assert "takes [((1, 28, 28, 1), 'float32')] and gives [((1, 10), 'float32')]" in text
    assert f"cannot read {what}" in text


class Tensor:
    """Stands in for an interpreter with one input or tensor of a type."""

    def __init__(self, tensor: NDArray[Any], **steps: Any) -> None:
        self.tensor = tensor
        self.details: list[dict[str, Any]] = [
            {"index": 2, "quantization_parameters": None},
            {"index": 5, "shape": np.array(tensor.shape), "dtype": tensor.dtype, "quantization_parameters": steps},
        ]

    def get_tensor(self, _index: int) -> NDArray[Any]:
        return self.tensor

    def get_tensor_details(self) -> list[dict[str, Any]]:
        return self.details

    def get_input_details(self) -> list[dict[str, Any]]:
        return self.details[1:]

    def get_output_details(self) -> list[dict[str, Any]]:
        return self.details[1:]


def test_a_model_of_other_numbers_or_of_several_is_refused() -> None:
    check_signature(Tensor(np.zeros((1, 10), np.float32)), "mine", (10,), (10,))
    with pytest.raises(ModelError, match=r"takes \[\(\(1, 10\), 'uint8'\)\]"):
        check_signature(Tensor(np.zeros((1, 10), np.uint8)), "mine", (10,), (10,))
    several = Tensor(np.zeros((1, 10), np.float32))
    several.details.append(several.details[1])
    with pytest.raises(ModelError):
        check_signature(several, "mine", (10,), (10,))


def test_an_interpreter_is_asked_for_its_signature_once() -> None:
    interpreter = Tensor(np.zeros((1, 10), np.float32))
    before = signature(interpreter)
    interpreter.details = []
    assert signature(interpreter) == before


@given(seed=st.integers(0, 2**32), shape=st.lists(st.integers(1, 4), min_size=1, max_size=4), data=st.data())
def test_what_was_rounded_is_told_by_its_steps(seed: int, shape: list[int], data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    axis = data.draw(st.integers(0, len(shape) - 1))
    count = data.draw(st.sampled_from([1, shape[axis]]))
    scales, zeros = rng.uniform(0.01, 2, count).astype(np.float32), rng.integers(-128, 128, count)
    tensor = rng.integers(-128, 128, shape).astype(np.int8)
    found = values(Tensor(tensor, scales=scales, zero_points=zeros, quantized_dimension=axis), 5)
    assert found.dtype == np.float32
    for place in np.ndindex(*shape):
        step = place[axis] if count > 1 else 0
        assert found[place] == pytest.approx((int(tensor[place]) - int(zeros[step])) * float(scales[step]), rel=1e-5)


def test_values_are_a_copy() -> None:
    tensor = np.arange(4, dtype=np.float32)
    found = values(Tensor(tensor), 5)
    np.testing.assert_array_equal(found, tensor)
    assert not np.shares_memory(found, tensor)


def test_one_rounded_number_is_told_too() -> None:
    one = Tensor(np.array(7, np.int8), scales=np.array([0.5]), zero_points=np.array([3]), quantized_dimension=0)
    assert values(one, 5).reshape(()) == 2
