from pathlib import Path

import numpy as np
import pytest

from digitrec.datasets import load_dataset
from digitrec.datasets.synthetic.composing import SPACED, Number, PenWriter, compose, image_writers
from digitrec.errors import ModelError
from digitrec.ink.preprocessing import preprocess
from digitrec.networks.card import SHIPPED, read_card
from digitrec.networks.classifier import Classifier
from digitrec.networks.registry import NUMBERS_NAME, SHIPPED_NAME, input_kind, list_models
from digitrec.reading.numbers.readers import CombinedReader, PieceReader, load_number_reader
from digitrec.reading.numbers.segmentation import NumberReading, read_apart
from digitrec.reading.numbers.sequence import SequenceReader, load_sequence_reader
from tests.touching import TOUCHING, find_touching


@pytest.fixture(scope="module")
def sweep() -> SequenceReader:
    return load_sequence_reader()


def all_touch(pens: tuple[PenWriter, ...], count: int) -> list[Number]:
    return [number for number in compose(pens, count, TOUCHING, seed=9) if all(find_touching(number))]


def texts(reading: NumberReading) -> list[str]:
    return [str(found.digit) for found in reading.digits]


def test_a_model_is_loaded_as_what_it_reads() -> None:
    assert isinstance(load_number_reader(), CombinedReader)
    assert isinstance(load_number_reader(NUMBERS_NAME), SequenceReader)
    assert isinstance(load_number_reader(SHIPPED_NAME), PieceReader)
    with pytest.raises(ModelError, match="no such folder"):
        load_number_reader("nobody")


def test_models_for_numbers_are_listed_by_themselves() -> None:
    assert next(iter(list_models("number"))) == NUMBERS_NAME
    assert NUMBERS_NAME not in list_models()
    assert {SHIPPED_NAME, NUMBERS_NAME} <= set(list_models(None))
    assert input_kind(SHIPPED / NUMBERS_NAME) == "number"


def test_a_number_network_is_no_classifier_and_the_other_way_round(classifier: Classifier) -> None:
    for name, other in ((NUMBERS_NAME, SHIPPED_NAME), (SHIPPED_NAME, NUMBERS_NAME)):
        content = (SHIPPED / other / "model.tflite").read_bytes()
        card = classifier.card.model_copy(update={"name": name})
        with pytest.raises(ModelError, match="It cannot read"):
            (SequenceReader if other == SHIPPED_NAME else Classifier)(content, card)


def test_what_stands_apart_is_read_piece_by_piece(
    pens: tuple[PenWriter, ...], classifier: Classifier, sweep: SequenceReader
) -> None:
    pieces = PieceReader(classifier)
    suited = CombinedReader(pieces, sweep)
    apart = 0
    for number in compose(pens, 25, SPACED, seed=8):
        reading = read_apart(number.ink, classifier.predict_proba)
        if reading is None:
            assert texts(suited.read(number.ink)) == texts(sweep.read(number.ink))
            continue
        apart += 1
        assert texts(suited.read(number.ink)) == texts(reading)
        images = np.stack([found.image for found in reading.digits])
        answers = classifier.predict_proba(images)
        np.testing.assert_allclose([found.probabilities for found in reading.digits], answers, atol=1e-5)
    assert apart >= 20


def test_what_touches_is_read_in_one_sweep_unless_the_strokes_are_known(
    pens: tuple[PenWriter, ...], classifier: Classifier, sweep: SequenceReader
) -> None:
    pieces = PieceReader(classifier)
    suited = CombinedReader(pieces, sweep)
    numbers = all_touch(pens, 20)
    swept = 0
    for number in numbers:
        assert texts(suited.read(number.ink, number.strokes)) == texts(pieces.read(number.ink, number.strokes))
        if read_apart(number.ink, classifier.predict_proba) is None:
            swept += 1
            assert texts(suited.read(number.ink)) == texts(sweep.read(number.ink))
    assert swept >= 0.8 * len(numbers)


@pytest.mark.parametrize(("touches", "bar"), [(False, 0.9), (True, 0.75)])
def test_most_numbers_are_read_from_the_ink_alone(pens: tuple[PenWriter, ...], touches: bool, bar: float) -> None:
    numbers = all_touch(pens, 40) if touches else list(compose(pens, 40, SPACED, seed=9))
    reader = load_number_reader()
    right = [reader.read(number.ink).text == number.text for number in numbers]
    assert len(right) >= 30
    assert np.mean(right) >= bar


def test_the_sweep_finds_the_ink_of_each_digit(pens: tuple[PenWriter, ...], sweep: SequenceReader) -> None:
    shares = []
    for number in compose(pens, 20, SPACED, seed=11):
        reading = sweep.read(number.ink)
        assert (
            sum(int((found.ink > 0).sum()) for found in (*reading.digits, *reading.left_out)) == (number.ink > 0).sum()
        )
        if reading.text != number.text:
            continue
        for found, box in zip(reading.digits, number.boxes, strict=True):
            shares.append(abs(found.left - box[0]) + abs(found.right - box[2]) <= 12)
            np.testing.assert_array_equal(found.image, preprocess(found.ink).image)
    assert len(shares) >= 40
    assert np.mean(shares) >= 0.9


def test_nothing_is_read_where_there_is_no_ink(classifier: Classifier, sweep: SequenceReader) -> None:
    blank = np.zeros((280, 840), np.uint8)
    for reader in (PieceReader(classifier), sweep, CombinedReader(PieceReader(classifier), sweep)):
        assert reader.read(blank).digits == ()
        assert reader.read(blank, []).text == ""


def test_a_speck_far_off_is_left_out_and_changes_nothing(pens: tuple[PenWriter, ...], sweep: SequenceReader) -> None:
    (number,) = compose(pens, 1, SPACED, seed=5)
    with_speck = number.ink.copy()
    spare = np.argwhere(np.add.reduceat(np.add.reduceat(with_speck, range(0, 280, 28), 0), range(0, 840, 28), 1) == 0)
    row, column = spare[np.abs(spare - spare.mean(axis=0)).sum(axis=1).argmax()]
    with_speck[28 * row + 12 : 28 * row + 16, 28 * column + 12 : 28 * column + 16] = 255
    plain, other = sweep.read(number.ink), sweep.read(with_speck)
    assert other.text == plain.text
    (speck,) = other.left_out
    assert (speck.left // 28, speck.top // 28) == (column, row)


def test_a_damaged_model_for_numbers_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "numbers"
    folder.mkdir()
    (folder / "card.json").write_bytes((SHIPPED / NUMBERS_NAME / "card.json").read_bytes())
    (folder / "model.tflite").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="sha256"):
        load_number_reader(str(folder))


@pytest.mark.parametrize(("digit_line", "number_line"), [(2.0, 0.0), (0.0, 2.0)])
def test_a_digit_is_unsure_by_the_thresholds_of_the_model_that_read_it(
    classifier: Classifier, digit_line: float, number_line: float
) -> None:
    """A line of 2 doubts everything, one of 0 nothing."""
    content = [(SHIPPED / name / "model.tflite").read_bytes() for name in (SHIPPED_NAME, NUMBERS_NAME)]
    cards = [read_card(SHIPPED / name) for name in (SHIPPED_NAME, NUMBERS_NAME)]
    reader = Classifier(content[0], cards[0].model_copy(update={"unsure_below": digit_line, "digit_below": 0.0}))
    sweep = SequenceReader(content[1], cards[1].model_copy(update={"unsure_below": number_line}))
    suited = CombinedReader(PieceReader(reader), sweep)
    writers = image_writers(load_dataset("uci").test)
    seen = set()
    for settings in (SPACED, TOUCHING):
        for number in compose(writers, 8, settings, seed=3):
            is_apart = read_apart(number.ink, reader.predict_proba) is not None
            seen.add(is_apart)
            line = digit_line if is_apart else number_line
            assert all(found.unsure == (line > 1) for found in suited.read(number.ink).digits)
    assert seen == {True, False}
