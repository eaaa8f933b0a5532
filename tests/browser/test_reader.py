"""The reader in the browser: its worker, what it refuses, and the laws of its parts on any input."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from playwright.sync_api import Browser

from digitrec.ink.pen_paths import POINTS, to_path
from digitrec.ink.preprocessing import Preprocessed, find_ink, preprocess
from digitrec.networks.card import read_card
from digitrec.networks.classifier import Classifier
from digitrec.networks.verdict import FULL_REASON, NO_INK, Reading, give_reason
from digitrec.networks.weights import PATH_WEIGHTS, WEIGHTS
from digitrec.ui.canvas.live import PAPER_COLOUR, describe
from digitrec.ui.reader import reader_spec
from digitrec.words import in_percent
from tests.browser.reader import DIGITREC, NUMBERS, ReaderPage, as_json, as_lists, open_reader, shipped_model

pytestmark = pytest.mark.browser

STEPS = ("cropped", "square", "small", "stretched", "image")
ALIKE = 1e-5

# Any picture on white paper: colours and opacity at random, mostly blank.
SIDES = st.integers(1, 40)
RGBA = arrays(np.uint8, st.tuples(SIDES, SIDES, st.just(4)), elements=st.integers(0, 255), fill=st.just(255))
INK = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=60), elements=st.integers(0, 255), fill=st.just(0))
STROKE = arrays(np.float32, st.tuples(st.integers(0, 12), st.just(2)), elements=st.floats(-50, 330, width=32))
WHOLE = arrays(np.float32, st.tuples(st.integers(1, 6), st.just(2)), elements=st.integers(0, 280).map(float))
STROKES = st.lists(STROKE | WHOLE, min_size=1, max_size=POINTS + 2)
PROBABILITIES = arrays(np.float64, 10, elements=st.floats(1e-4, 1), unique=True)


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[ReaderPage]:
    with open_reader(browser) as page:
        page.hand_over("model", as_json(shipped_model()))
        yield page


def ask(reader: ReaderPage, drawings: list[dict[str, Any]], wanted: int) -> list[dict[str, Any]]:
    """Load the shipped model in a worker, ask for all drawings at once, and wait for so many answers."""
    found: list[dict[str, Any]] = reader.run(
        """const script = await text("scripts")
        const model = await json("model")
        return new Promise((resolve, reject) => {
          const answers = []
          const onReading = (answer) => {
            answers.push(answer)
            if (answers.length < wanted) return
            reader.stop()
            resolve(answers.map(({ layers, steps, ...others }) => ({
              ...others,
              layers: layers?.map(({ name, shape, values }) => ({ name, shape, values: Array.from(values) })),
              steps: steps && Object.keys(steps),
            })))
          }
          const reader = startReader(script, onReading, reject)
          reader.load(model)
          for (const { ink, ...drawing } of drawings)
            reader.read({ ...drawing, ...(ink && { ink: Uint8Array.from(ink) }) })
        })""",
        drawings=drawings,
        wanted=wanted,
    )
    return found


def as_drawing(number: int, ink: NDArray[np.uint8], strokes: Any = None, **more: Any) -> dict[str, Any]:
    height, width = ink.shape
    return {"id": number, "width": width, "height": height, "ink": ink.ravel().tolist(), "strokes": strokes, **more}


def test_of_many_drawings_the_newest_is_read(reader: ReaderPage, ink: NDArray[np.uint8]) -> None:
    blank = np.zeros_like(ink)
    drawings = [as_drawing(number, blank) for number in range(8)] + [as_drawing(8, ink)]
    (answer,) = ask(reader, drawings, 1)
    assert (answer["id"], answer["verdict"]["shown"]) == (8, "3")


def test_without_ink_there_is_nothing_to_read(reader: ReaderPage) -> None:
    (answer,) = ask(reader, [as_drawing(1, np.zeros((280, 280), np.uint8))], 1)
    empty = Reading(None, np.full(10, 0.1, np.float32), True, NO_INK, Preprocessed(np.zeros((280, 280), np.uint8)))
    assert answer["verdict"] == describe(empty)


def test_a_full_canvas_is_never_sure(reader: ReaderPage) -> None:
    (answer,) = ask(reader, [as_drawing(1, np.full((280, 280), 255, np.uint8))], 1)
    assert (answer["verdict"]["shown"], answer["verdict"]["reason"]) == ("?", FULL_REASON)


def test_too_many_strokes_are_read_from_the_image(reader: ReaderPage, ink: NDArray[np.uint8]) -> None:
    (answer,) = ask(reader, [as_drawing(1, ink, [[[1, 2], [3, 4]]] * (POINTS + 1))], 1)
    assert (answer["verdict"]["shown"], answer["verdict"]["ways"]) == ("3", "")


def test_the_model_that_is_loaded_names_its_layers(reader: ReaderPage) -> None:
    layers = reader.run(
        """const script = await text("scripts")
        const model = await json("model")
        return new Promise((resolve, reject) =>
          startReader(script, reject, reject, resolve).load(model))"""
    )
    assert set(layers) == {"ink", "path", "number"}
    assert layers["ink"][1] == {"name": "Convolution 1", "kind": "conv", "shape": [28, 28, 32]}
    assert layers["path"][-1] == {"name": "Softmax 1", "kind": "softmax", "shape": [1, 1, 10]}


def test_another_model_reads_what_is_drawn_after_it_was_chosen(reader: ReaderPage, ink: NDArray[np.uint8]) -> None:
    reader.hand_over("ink", ink.tobytes())
    answers = reader.run(
        """const script = await text("scripts")
        const model = await json("model")
        const unsure = { confidence: 2, digit: 0 }
        const doubtful = { ...model, spec: { ...model.spec, thresholds: unsure } }
        const drawing = { width: 280, height: 280, ink: new Uint8Array(await bytes("ink")), strokes: null }
        return new Promise((resolve, reject) => {
          const answers = []
          const onReading = ({ id, verdict, failed }) => {
            answers.push([id, verdict?.shown ?? failed])
            if (id === 1) reader.read({ ...drawing, id: 2 })
            if (id === 2) resolve(answers)
          }
          const reader = startReader(script, onReading, reject)
          reader.load(model)
          reader.read({ ...drawing, id: 1 })
          reader.load(doubtful)
        })""",
    )
    assert answers in ([[1, "?"], [2, "?"]], [[1, "3"], [2, "?"]])


def test_a_number_is_read_by_the_worker(reader: ReaderPage, ink: NDArray[np.uint8]) -> None:
    wide = np.concatenate([ink, ink, ink], axis=1)
    (answer,) = ask(reader, [as_drawing(1, wide, isNumber=True)], 1)
    assert answer["text"] == "333"
    assert [round(digit["column"] / 280 - 0.5) for digit in answer["digits"]] == [0, 1, 2]


def test_layers_are_those_that_the_server_shows(
    reader: ReaderPage, ink: NDArray[np.uint8], classifier: Classifier
) -> None:
    image = preprocess(ink).image
    assert image is not None
    (answer,) = ask(reader, [as_drawing(1, ink, layers=True)], 1)
    theirs = {layer["name"]: np.array(layer["values"]) for layer in answer["layers"]}
    for ours in classifier.activations(image):
        values = ours.values.ravel()
        apart = np.abs(theirs[ours.layer] - values).max() / max(np.abs(values).max(), 1)
        assert apart < 0.1, (ours.layer, apart)  # the server calculates in 8 bits
    assert set(STEPS) <= set(answer["steps"])


def test_a_picture_of_the_canvas_is_read_as_its_ink(reader: ReaderPage, ink: NDArray[np.uint8]) -> None:
    paper = 255 - ink
    reader.hand_over("rgba", np.stack([paper, paper, paper, np.full_like(paper, 255)], axis=2).tobytes())
    shown = reader.run(
        """const model = await loadModel(await json("model"))
        const rgba = new Uint8ClampedArray(await bytes("rgba"))
        return readPicture(model, { id: 1, width: 280, height: 280, rgba, strokes: null }).verdict""",
    )
    (answer,) = ask(reader, [as_drawing(1, ink)], 1)
    assert shown == answer["verdict"]


def refusal(reader: ReaderPage, model: dict[str, Any]) -> str:
    """The sentence with which a worker refuses to load a model."""
    reader.hand_over("other", as_json(model))
    said: str = reader.run(
        """const script = await text("scripts")
        const model = await json("other")
        return new Promise((resolve) =>
          startReader(script, resolve, resolve, () => resolve("loaded")).load(model))"""
    )
    return said


def encode(content: bytes, digest: str | None = None) -> dict[str, str]:
    return {
        "content": base64.b64encode(content).decode(),
        "sha256": digest or hashlib.sha256(content).hexdigest(),
    }


def without_tensor(content: bytes) -> bytes:
    """The file with another name for one of its tensors."""
    return content.replace(b'"Dense 1, bias":{', b'"Dense 9, bias":{')


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda content: content[:-2], "whose [0-9]+ numbers are not all there"),
        (lambda content: content[:5], "5 bytes, which have no header"),
        (lambda content: b"\xff" * 8 + content[8:], "which have no header"),
        (lambda content: content[:8] + b"[" + content[9:], "a header that is not JSON"),
        (
            lambda content: content.replace(b"__metadata__", b"__metamata__"),
            '"__metamata__" with numbers of type undefined',
        ),
        (lambda content: content.replace(b'\\"padding\\":\\"valid', b'\\"padding\\":\\"other'), "does not fit"),
        (lambda content: content.replace(b'\\"kind\\":\\"pool\\"', b'\\"kind\\":\\"loop\\"'), 'unknown kind "loop"'),
        (without_tensor, 'a file without "Dense 1, bias"'),
        (lambda _: (DIGITREC / PATH_WEIGHTS).read_bytes(), "takes 64 × 5 × 1 numbers and gives 1 × 1 × 10"),
        (lambda _: (NUMBERS / WEIGHTS).read_bytes(), "takes 28 × 256 × 1 numbers and gives 1 × 64 × 11"),
    ],
    ids=["cut", "tiny", "length", "header", "metadata", "padding", "kind", "tensor", "swapped", "for numbers"],
)
def test_what_is_no_network_for_images_is_refused(
    reader: ReaderPage, damage: Callable[[bytes], bytes], said: str
) -> None:
    content = damage((DIGITREC / WEIGHTS).read_bytes())
    sentence = refusal(reader, {**shipped_model(), "ink": encode(content)})
    assert sentence.startswith("Expected the weights of a network")
    assert re.search(said, sentence), sentence


def test_a_file_that_is_not_the_one_on_the_card_is_refused(reader: ReaderPage) -> None:
    content = bytearray((DIGITREC / WEIGHTS).read_bytes())
    content[-1] ^= 1
    sentence = refusal(reader, {**shipped_model(), "ink": encode(bytes(content), read_card(DIGITREC).files[WEIGHTS])})
    assert "a file with the SHA-256" in sentence


def test_without_a_model_nothing_is_read(reader: ReaderPage) -> None:
    said = reader.run(
        """const worker = new Worker(URL.createObjectURL(new Blob([await text("scripts")])))
        return new Promise((resolve) => {
          worker.onmessage = ({ data }) => resolve(data)
          worker.postMessage({ read: { id: 7 } })
        })"""
    )
    assert (said["id"], said["failed"][:31]) == (7, "Expected a model to read with. ")


def test_a_browser_without_workers_says_so(reader: ReaderPage) -> None:
    said = reader.run(
        """const kept = window.Worker
        delete window.Worker
        try {
          return await new Promise((resolve) => startReader("", resolve, resolve))
        } finally {
          window.Worker = kept
        }"""
    )
    assert said.startswith("Expected a browser with Web Workers.")


def pack(pictures: list[NDArray[np.uint8]]) -> list[dict[str, Any]]:
    return [{"width": one.shape[1], "height": one.shape[0], "values": one.ravel().tolist()} for one in pictures]


def unpack(picture: dict[str, Any]) -> NDArray[np.int64]:
    return np.array(picture["values"], int).reshape(picture["height"], picture["width"])


TO_PLAIN = "const plain = (picture) => picture && { ...picture, values: Array.from(picture.values) };"


@given(st.lists(RGBA, min_size=1, max_size=10))
def test_ink_is_found_as_in_python(reader: ReaderPage, pictures: list[NDArray[np.uint8]]) -> None:
    found = reader.run(
        TO_PLAIN + "return pictures.map(({ values, width, height }) => plain(findInk(values, width, height)))",
        pictures=pack(pictures),
    )
    for picture, ink in zip(pictures, found, strict=True):
        np.testing.assert_array_equal(unpack(ink), find_ink(picture, PAPER_COLOUR))


@given(st.lists(INK, min_size=1, max_size=10))
def test_each_step_of_preprocessing_is_that_of_python(reader: ReaderPage, pictures: list[NDArray[np.uint8]]) -> None:
    found = reader.run(
        TO_PLAIN
        + """return pictures.map((picture) => {
          const { box, shift, ...steps } = preprocess({ ...picture, values: Uint8Array.from(picture.values) })
          const pictures = Object.entries(steps).map(([name, one]) => [name, plain(one)])
          return { box, shift, steps: Object.fromEntries(pictures) }
        })""",
        pictures=pack(pictures),
    )
    for picture, theirs in zip(pictures, found, strict=True):
        ours = preprocess(picture)
        assert theirs["box"] == (None if ours.box is None else ours.box._asdict())
        if ours.shift is not None:
            assert (theirs["shift"]["down"], theirs["shift"]["right"]) == ours.shift
        for name in STEPS:
            step = getattr(ours, name)
            assert (name in theirs["steps"]) == (step is not None)
            if step is not None:
                far = 0 if name in ("cropped", "square") else 1
                np.testing.assert_allclose(unpack(theirs["steps"][name]), step, atol=far, err_msg=name)


@given(st.lists(STROKES, min_size=1, max_size=5))
def test_pen_paths_are_those_of_python(reader: ReaderPage, drawings: list[list[NDArray[np.float32]]]) -> None:
    found = reader.run(
        "return drawings.map((strokes) => { const path = toPath(strokes); return path && Array.from(path) })",
        drawings=[as_lists(strokes) for strokes in drawings],
    )
    for strokes, path in zip(drawings, found, strict=True):
        if not 1 <= sum(len(one) > 0 for one in strokes) <= POINTS:
            assert path is None
        else:
            np.testing.assert_allclose(np.reshape(path, (POINTS, 5)), to_path(strokes), atol=ALIKE)


@given(st.lists(st.tuples(PROBABILITIES, st.booleans()), min_size=1, max_size=20))
def test_verdicts_are_put_into_the_same_words(
    reader: ReaderPage, given_ones: list[tuple[NDArray[np.float64], bool]]
) -> None:
    readings = []
    for weights, unsure in given_ones:
        probabilities = (weights / weights.sum()).astype(np.float32)
        digit, reason = int(probabilities.argmax()), give_reason(probabilities, unsure)
        readings.append(Reading(digit, probabilities, unsure, reason, Preprocessed(np.zeros((1, 1), np.uint8))))
    found = reader.run(
        """return readings.map(({ numbers, unsure }) => {
          const probabilities = Float32Array.from(numbers)
          const digit = indexOfLargest(probabilities)
          const reason = giveReason(probabilities, unsure, spec)
          return describeReading({ digit, probabilities, unsure, reason, byPath: null, steps: {} }, spec)
        })""",
        readings=[{"numbers": one.probabilities.tolist(), "unsure": one.unsure} for one in readings],
        spec=reader_spec(read_card(DIGITREC)),
    )
    assert found == [json.loads(json.dumps(describe(one))) for one in readings]


def test_percentages_are_rounded_as_in_python(reader: ReaderPage) -> None:
    numbers = [n / 8000 for n in range(8001)]
    found = reader.run(
        "return numbers.map((number) => inPercent(number, spec))",
        numbers=numbers,
        spec=reader_spec(read_card(DIGITREC)),
    )
    assert found == [in_percent(number) for number in numbers]
