"""The browser reads as Python does: drawings of people whom no training saw, and golden images.

Keras calculates with all digits of float32, the browser from weights of 16 bits, and LiteRT, on the server, in 8 bits.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser

from digitrec.datasets.sources.pen import PenDigit, split_by_writer
from digitrec.datasets.synthetic.stroke_variation import draw_at_random
from digitrec.ink.drawings import Drawing, render
from digitrec.ink.pen_paths import to_path
from digitrec.networks.classifier import Classifier
from digitrec.networks.exchange.golden import golden_images
from digitrec.networks.verdict import Reading, combine
from digitrec.ui.canvas.live import describe
from tests.browser.reader import DIGITREC, ReaderPage, as_json, as_lists, open_reader, shipped_model

pytestmark = pytest.mark.browser

HELD_OUT = 1499
SAME_PIXELS = 0.999
CLOSE = 0.01  # of a probability
OTHER_VERDICTS = 2  # of all held-out drawings
ROUNDED = 0.05  # of a probability that the server calculates in 8 bits
BATCH = 100

READ = """
    const model = await loadModel(await json("model"))
    const inks = new Uint8Array(await bytes("inks"))
    return (await json("strokes")).map((strokes, i) => {
      const ink = inks.subarray(i * side * side, (i + 1) * side * side)
      const { layers, ...read } = readPicture(model, { id: i, width: side, height: side, ink, strokes })
      const { shown, best, reason, words, ways, pixels } = read.verdict
      const numbers = [read.byInk, read.byPath, read.probabilities].map((values) => Array.from(values))
      return { shown, best, reason, words, ways, pixels, numbers, unsure: read.unsure, milliseconds: read.milliseconds }
    })"""


@dataclass(frozen=True, eq=False)
class Everything:
    """What was read from the held-out drawings: by the browser, by the server, and by Keras from the image and path."""

    browser: list[dict[str, object]]
    server: list[Reading]
    exact: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]

    def numbers(self, which: int) -> NDArray[np.float32]:
        """The browser's probabilities: 0 from the image, 1 from the path, 2 from both."""
        return np.array([one["numbers"][which] for one in self.browser], np.float32)  # type: ignore[index]


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[ReaderPage]:
    with open_reader(browser) as page:
        page.hand_over("model", as_json(shipped_model()))
        yield page


@pytest.fixture(scope="module")
def read(reader: ReaderPage, pen_digits: tuple[PenDigit, ...], classifier: Classifier) -> Everything:
    rng = np.random.default_rng(0)
    drawings = [draw_at_random(digit.strokes, rng) for digit in split_by_writer(pen_digits)[1]]
    assert len(drawings) == HELD_OUT
    inks = np.stack([render(drawing) for drawing in drawings])
    seen = [read_in_browser(reader, drawings[i : i + BATCH], inks[i : i + BATCH]) for i in range(0, HELD_OUT, BATCH)]
    server = [classifier.read(ink, drawing.paths) for ink, drawing in zip(inks, drawings, strict=True)]
    images = np.stack([one.preprocessed.image for one in server if one.preprocessed.image is not None])
    paths = np.stack([to_path(drawing.paths or []) for drawing in drawings])
    by_ink, by_path = predict("model", images), predict("path", paths)
    assert classifier.card.path is not None
    exact = by_ink, by_path, combine(by_ink, by_path, classifier.card.path.powers)
    return Everything([one for batch in seen for one in batch], server, exact)


def read_in_browser(reader: ReaderPage, drawings: list[Drawing], inks: NDArray[np.uint8]) -> list[dict[str, object]]:
    reader.hand_over("inks", inks.tobytes())
    reader.hand_over("strokes", as_json([as_lists(drawing.paths) for drawing in drawings]))
    found: list[dict[str, object]] = reader.run(READ, side=inks.shape[1])
    return found


def predict(name: str, inputs: NDArray[np.generic]) -> NDArray[np.float32]:
    model = keras.saving.load_model(DIGITREC / f"{name}.keras", compile=False)
    return np.asarray(model.predict(inputs[..., None].astype(np.float32), batch_size=500, verbose=0))


def test_the_network_sees_the_same_image(read: Everything) -> None:
    ours = np.stack([one.preprocessed.image for one in read.server if one.preprocessed.image is not None]).astype(int)
    theirs = np.array([one["pixels"] for one in read.browser]).reshape(ours.shape)
    print(f"{(ours != theirs).sum()} of {ours.size:,} pixels differ")
    assert (ours == theirs).mean() >= SAME_PIXELS
    assert np.abs(ours - theirs).max() <= 1


@pytest.mark.parametrize("which", range(3), ids=["image", "path", "both"])
def test_probabilities_are_those_of_keras(read: Everything, which: int) -> None:
    apart = np.abs(read.numbers(which) - read.exact[which]).max()
    print(f"At most {apart:.1e} apart")
    assert apart < CLOSE


def test_how_far_the_server_is_from_both(read: Everything) -> None:
    server = np.stack([one.by_ink for one in read.server if one.by_ink is not None])
    for name, others in (("browser", read.numbers(0)), ("Keras", read.exact[0])):
        apart = np.abs(server - others).max()
        print(f"LiteRT in 8 bits and {name}: at most {apart:.3f} apart")
        assert apart < ROUNDED


def test_the_verdict_is_that_of_the_server(read: Everything) -> None:
    others = []
    for number, (theirs, reading) in enumerate(zip(read.browser, read.server, strict=True)):
        ours = describe(reading)
        if (theirs["shown"], theirs["best"]) != (ours["shown"], ours["best"]):
            others.append((number, theirs["shown"], theirs["best"], ours["shown"], ours["best"]))
    print("Other verdicts:", others)
    assert len(others) <= OTHER_VERDICTS, others


def test_the_verdict_is_that_of_keras(read: Everything, classifier: Classifier) -> None:
    by_ink, by_path, both = read.exact
    unsure = classifier.are_unsure_of_both(by_ink, by_path)
    ours = ["?" if is_unsure else str(digit) for is_unsure, digit in zip(unsure, both.argmax(axis=1), strict=True)]
    assert sum(one["shown"] != shown for one, shown in zip(read.browser, ours, strict=True)) <= OTHER_VERDICTS


def test_it_says_the_same_in_the_same_words(read: Everything) -> None:
    said = [describe(reading) for reading in read.server]
    for part in (
        "reason",
        "words",
        "ways",
    ):  # figures of 8 bits are rounded to another tenth of a percent here and there
        same = np.mean([theirs[part] == ours[part] for theirs, ours in zip(read.browser, said, strict=True)])
        print(f"{part}: the same for {same:.1%}")
        assert same > 0.8
    assert {str(one["reason"])[:20] for one in read.browser} == {one["reason"][:20] for one in said}


def test_golden_images_are_answered_as_keras_answers(reader: ReaderPage) -> None:
    images = golden_images()
    reader.hand_over("inks", images.tobytes())
    answers = reader.run(
        """const { networks } = await loadModel(await json("model"))
        const images = new Uint8Array(await bytes("inks"))
        const image = (i) => images.subarray(784 * i, 784 * (i + 1))
        return Array.from({ length: n }, (_, i) => Array.from(answer(networks.ink, image(i))))""",
        n=len(images),
    )
    assert np.abs(np.array(answers) - predict("model", images)).max() < CLOSE
