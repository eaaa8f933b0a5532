"""Numbers are read in one sweep in the browser as they are on the server."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from playwright.sync_api import Browser

from digitrec.datasets.synthetic.composing import ImageWriter
from digitrec.datasets.synthetic.number_strips import compose_strips
from digitrec.ink.strips import WIDTH, to_strip
from digitrec.networks.ctc import BLANK, decode
from digitrec.reading.numbers.sequence import load_sequence_reader
from tests.browser.reader import NUMBERS, ReaderPage, as_json, open_reader, shipped_model

pytestmark = pytest.mark.browser

NUMBERS_READ = 40
INK = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=60), elements=st.integers(0, 255), fill=st.just(0))
BEST = arrays(np.int8, (3, 64), elements=st.integers(0, BLANK), fill=st.just(BLANK))


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[ReaderPage]:
    with open_reader(browser) as page:
        page.hand_over("model", as_json(shipped_model()))
        yield page


def test_numbers_are_read_as_on_the_server(reader: ReaderPage, images: tuple[ImageWriter, ...]) -> None:
    """Composed numbers, which have no specks, at twice their size and with a wide margin."""
    strips = compose_strips(images, NUMBERS_READ, [3]).strips
    inks = np.pad(strips.repeat(2, axis=1).repeat(2, axis=2), ((0, 0), (11, 4), (17, 30)))
    reader.hand_over("inks", inks.tobytes())
    found = reader.run(
        """const model = await loadModel(await json("model"))
        const inks = new Uint8Array(await bytes("inks"))
        return Array.from({ length: n }, (_, i) => {
          const ink = inks.subarray(i * width * height, (i + 1) * width * height)
          const read = readPicture(model, { id: i, width, height, ink, isNumber: true })
          const digits = read.digits.map((one) => ({ ...one, probabilities: Array.from(one.probabilities) }))
          return { ...read, digits, strip: Array.from(read.strip.values) }
        })""",
        n=NUMBERS_READ,
        height=inks.shape[1],
        width=inks.shape[2],
    )
    server = load_sequence_reader(NUMBERS)
    print(f"Median {np.median([one['milliseconds'] for one in found]):.0f} ms")
    apart = []
    for ink, theirs in zip(inks, found, strict=True):
        strip = to_strip(ink)
        np.testing.assert_array_equal(np.reshape(theirs["strip"], strip.image.shape), strip.image)
        ours = decode(server.predict_proba(strip.image[None])[0])
        assert theirs["text"] == ours.text
        for digit, probabilities in zip(theirs["digits"], ours.probabilities, strict=True):
            apart.append(np.abs(np.array(digit["probabilities"]) - probabilities).max())
            assert digit["unsure"] == server.is_unsure(probabilities)
    print(f"{len(apart)} digits, probabilities at most {max(apart):.1e} apart")
    assert max(apart) < 0.01


@given(st.lists(INK, min_size=1, max_size=4))
def test_strips_are_those_of_python(reader: ReaderPage, pictures: list[NDArray[np.uint8]]) -> None:
    found = reader.run(
        """return pictures.map(({ width, height, values }) => {
          const strip = toStrip({ width, height, values: Uint8Array.from(values) })
          return strip && { image: Array.from(strip.image.values), columns: strip.columns }
        })""",
        pictures=[{"width": one.shape[1], "height": one.shape[0], "values": one.ravel().tolist()} for one in pictures],
    )
    for picture, theirs in zip(pictures, found, strict=True):
        if not picture.any():
            assert theirs is None
            continue
        ours = to_strip(picture)
        np.testing.assert_array_equal(np.reshape(theirs["image"], (28, WIDTH)), ours.image)
        np.testing.assert_allclose(theirs["columns"], ours.columns, atol=1e-9)


@given(BEST, st.integers(0, 99))
def test_answers_are_decoded_as_in_python(reader: ReaderPage, best: NDArray[np.int8], seed: int) -> None:
    answers = np.random.default_rng(seed).random((len(best), 64, BLANK + 1), np.float32)
    np.put_along_axis(answers, best[..., None].astype(int), 1 + answers[..., :1], axis=2)
    answers /= answers.sum(axis=2, keepdims=True)
    found = reader.run(
        """return answers.map((rows) => decode(Float32Array.from(rows)).map(({ digit, frame, probabilities }) =>
          ({ digit, frame, probabilities: Array.from(probabilities) })))""",
        answers=answers.reshape(len(best), -1).tolist(),
    )
    for rows, theirs in zip(answers, found, strict=True):
        ours = decode(rows)
        assert "".join(str(one["digit"]) for one in theirs) == ours.text
        assert [one["frame"] for one in theirs] == ours.frames.tolist()
        np.testing.assert_allclose(
            [one["probabilities"] for one in theirs] or np.empty((0, 10)), ours.probabilities, atol=1e-6
        )
