import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from digitrec.datasets import Dataset, Split
from digitrec.datasets.sources.pen import PenDigit, split_by_writer
from digitrec.datasets.synthetic.nondigits import scribble, sticks
from digitrec.datasets.synthetic.stroke_variation import draw_at_random
from digitrec.evaluation.metrics import Measurement
from digitrec.evaluation.significance import wilson_interval
from digitrec.ink.drawings import Drawing, to_image
from digitrec.ink.pen_paths import to_path
from digitrec.networks.card import Card, read_card, write_card
from digitrec.networks.classifier import Classifier, load_classifier
from digitrec.networks.measuring import measurements, speed
from digitrec.networks.measuring.measurements import (
    PEN,
    SCANS,
    SECOND_HALF,
    SYNTHETIC,
    THRESHOLDS,
    VALIDATION,
    WITH_PATH,
    WITHOUT_PATH,
    measure_again,
    measure_model,
)
from digitrec.networks.measuring.speed import measure_speed
from digitrec.networks.measuring.test_sets import FEWEST, Drawn, HeldOutSets
from digitrec.networks.measuring.thresholds import MAJORITY, REJECTED_WITH_PATH, choose_powers, choose_thresholds
from digitrec.networks.registry import find_model

UNSURE_BELOW, DIGIT_BELOW = 0.6, 0.95  # the second is one of THRESHOLDS
BOTH = PEN + SECOND_HALF + WITH_PATH


def read(drawings: list[Drawing]) -> Drawn:
    paths = [to_path([stroke.points for stroke in drawing.strokes]) for drawing in drawings]
    return Drawn(np.stack([to_image(drawing) for drawing in drawings]), np.stack(paths))


def mislabelled(labels: NDArray[np.uint8], rng: np.random.Generator, share: float = 0.1) -> NDArray[np.uint8]:
    """Labels of which a share is wrong, so that there is something to count."""
    return np.where(rng.random(len(labels)) < share, (labels + 1) % 10, labels).astype(np.uint8)


@pytest.fixture(scope="module")
def held_out(mnist: Dataset, pen_digits: tuple[PenDigit, ...]) -> HeldOutSets:
    """Few images, none of them chosen well: figures are counted, whatever they are of."""
    rng = np.random.default_rng(0)
    digits = split_by_writer(pen_digits)[1][::9]
    labels = mislabelled(np.array([digit.label for digit in digits], np.uint8), rng, 0.04)
    images, n = mnist.test.images, len(digits)
    scans = Split(images[:300], mislabelled(mnist.test.labels[:300], rng))
    names = np.array(["1, upstroke"] * 60 + ["7, crossed"] * (FEWEST - 1) + ["8, one stroke"] * FEWEST)
    return HeldOutSets(
        scans=scans,
        validation=Split(images[300:540], mislabelled(mnist.test.labels[300:540], rng)),
        pen=read([draw_at_random(digit.strokes, rng) for digit in digits]),
        pen_labels=labels,
        naive=images[:n],
        styles=rng.choice(["", "7 crossed", "1 in one stroke"], n, p=[0.5, 0.3, 0.2]),
        widths={f"pen {width}": images[width : width + n] for width in (6, 32)},
        rotated={side: images[200 + place : 200 + place + n] for place, side in enumerate(("right", "left"))},
        forms=Split(images[540 : 540 + len(names)], mislabelled(mnist.test.labels[540 : 540 + len(names)], rng)),
        form_names=names,
        nondigits={
            "Scribbles": read([draw_at_random(scribble(rng), rng) for _ in range(20)]),
            "Sticks": read([draw_at_random(sticks(rng), rng) for _ in range(15)]),
            "Letters of fonts": Drawn(images[700:730], np.empty((0, 64, 5), np.float32)),
        },
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped model, unsure below a probability that is one of the thresholds."""
    copy = tmp_path / "model"
    shutil.copytree(find_model(), copy)
    write_card(copy, read_card(copy).model_copy(update={"unsure_below": UNSURE_BELOW, "digit_below": DIGIT_BELOW}))
    return copy


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "TIMES", 3)


def together(classifier: Classifier, drawn: Drawn, powers: tuple[float, float]) -> NDArray[np.float64]:
    """The combined probabilities, computed plainly."""
    ink, path = (
        np.maximum(answer.astype(float), 1e-7)
        for answer in (classifier.predict_proba(drawn.images), classifier.predict_from_paths(drawn.paths))
    )
    shares = ink ** powers[0] * path ** powers[1]
    return shares / shares.sum(axis=1, keepdims=True)


def unsure_of_both(classifier: Classifier, drawn: Drawn) -> NDArray[np.bool_]:
    path = classifier.card.path
    assert path is not None
    ink, way = classifier.predict_proba(drawn.images), classifier.predict_from_paths(drawn.paths)
    found = [
        (max(0, 1 - 10 * float(a.min())) + max(0, 1 - 10 * float(b.min()))) / 2 for a, b in zip(ink, way, strict=True)
    ]
    return (together(classifier, drawn, path.powers).max(axis=1) < path.unsure_below) | (
        np.array(found) < path.digit_below
    )


def count(classifier: Classifier, held_out: HeldOutSets) -> dict[tuple[str, str, str], NDArray[np.bool_]]:
    """What each figure is the proportion of, by kind, what and on."""

    def right(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        return classifier.predict_proba(images).argmax(axis=1) == labels

    def unsure(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
        answers = classifier.predict_proba(images)
        return (answers.max(axis=1) < UNSURE_BELOW) | (1 - 10 * answers.min(axis=1).astype(float) < DIGIT_BELOW)

    path = classifier.card.path
    assert path is not None
    labels = held_out.pen_labels
    scans, pen = right(held_out.scans.images, held_out.scans.labels), right(held_out.pen.images, labels)
    forms = right(held_out.forms.images, held_out.forms.labels)
    both = together(classifier, held_out.pen, path.powers)[1::2]
    found = {
        ("accuracy", SCANS, ""): scans,
        ("accuracy", VALIDATION, ""): right(held_out.validation.images, held_out.validation.labels),
        ("accuracy", PEN, ""): pen,
        ("unsure", SCANS, ""): unsure(held_out.scans.images),
        ("unsure", PEN + SECOND_HALF, ""): unsure(held_out.pen.images)[1::2],
        ("accuracy", BOTH, ""): both.argmax(axis=1) == labels[1::2],
        ("accuracy", PEN + SECOND_HALF + WITHOUT_PATH, ""): pen[1::2],
        ("unsure", BOTH, ""): unsure_of_both(classifier, held_out.pen)[1::2],
        ("style", "7 crossed", PEN): pen[held_out.styles == "7 crossed"],
        ("style", "1 in one stroke", PEN): pen[held_out.styles == "1 in one stroke"],
        ("style", "1, upstroke", SYNTHETIC): forms[:60],
        ("style", "8, one stroke", SYNTHETIC): forms[60 + FEWEST - 1 :],
    }
    for side, images in held_out.rotated.items():
        found["accuracy", f"{PEN}, {side}", ""] = right(images, labels)
    for width, images in held_out.widths.items():
        found["width", width, PEN] = right(images, labels)
    for kind, drawn in held_out.nondigits.items():
        found["rejected", kind, ""] = unsure(drawn.images)
        if len(drawn.paths):
            found["rejected", kind + WITH_PATH, ""] = unsure_of_both(classifier, drawn)
    for digit in range(10):
        found["digit", str(digit), SCANS] = scans[held_out.scans.labels == digit]
        found["digit", str(digit), PEN] = pen[labels == digit]
    return found


def by_name(card: Card) -> dict[tuple[str, str, str], Measurement]:
    return {(figure.kind, figure.what, figure.on): figure for figure in card.measured}


def changed_card() -> Card:
    """The shipped one, with thresholds that lie far apart."""
    card = read_card(find_model())
    assert card.path is not None
    path = card.path.model_copy(update={"unsure_below": 0.9, "digit_below": 0.97})
    return card.model_copy(update={"unsure_below": UNSURE_BELOW, "digit_below": DIGIT_BELOW, "path": path})


@pytest.fixture(scope="module")
def measured(held_out: HeldOutSets, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("measured") / "model"
    shutil.copytree(find_model(), copy)
    write_card(copy, changed_card())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "TIMES", 3)
        assert measure_again(copy, held_out) == read_card(copy)
    return copy


def test_figures_are_what_an_independent_count_gives(measured: Path, held_out: HeldOutSets) -> None:
    found, expected = by_name(read_card(measured)), count(load_classifier(measured), held_out)
    assert len(found) == len(read_card(measured).measured)
    assert set(found) == set(expected)
    for name, counted in expected.items():
        figure, n, k = found[name], len(counted), int(counted.sum())
        assert figure.n == n, name
        assert figure.value == pytest.approx(k / n), name
        assert (figure.low, figure.high) == pytest.approx(wilson_interval(k, n)), name


def test_digits_add_up_to_all(measured: Path) -> None:
    figures_by_name = by_name(read_card(measured))
    for what in (SCANS, PEN):
        each = [figures_by_name["digit", str(digit), what] for digit in range(10)]
        whole = figures_by_name["accuracy", what, ""]
        assert sum(figure.n for figure in each) == whole.n
        assert sum(figure.n * figure.value for figure in each) == pytest.approx(whole.n * whole.value)


def test_ways_that_few_write_in_are_not_measured(measured: Path) -> None:
    schools = {what for kind, what, _ in by_name(read_card(measured)) if kind == "style"}
    assert "7, crossed" not in schools
    assert "" not in schools


def test_calibration_errors_are_those_of_a_plain_loop(measured: Path, held_out: HeldOutSets) -> None:
    card, classifier = read_card(measured), load_classifier(measured)
    assert card.path is not None
    answers: dict[str, tuple[NDArray[Any], NDArray[np.uint8]]] = {
        SCANS: (classifier.predict_proba(held_out.scans.images), held_out.scans.labels),
        PEN + SECOND_HALF: (classifier.predict_proba(held_out.pen.images)[1::2], held_out.pen_labels[1::2]),
        BOTH: (together(classifier, held_out.pen, card.path.powers)[1::2], held_out.pen_labels[1::2]),
    }
    assert [one.what for one in card.calibration] == list(answers)
    for one in card.calibration:
        probabilities, labels = answers[one.what]
        error, filled = 0.0, 0
        for k in range(15):
            inside = [i for i in range(len(labels)) if k / 15 < probabilities[i].max() <= (k + 1) / 15]
            right = sum(int(probabilities[i].argmax() == labels[i]) for i in inside)
            error += abs(right - sum(float(probabilities[i].max()) for i in inside)) / len(labels)
            if inside:
                shown = one.bins[filled]
                assert (shown.low, shown.high) == pytest.approx((k / 15, (k + 1) / 15))
                assert shown.n == len(inside)
                assert shown.accuracy == pytest.approx(right / len(inside))
                filled += 1
        assert one.expected_calibration_error == pytest.approx(error, abs=1e-5)
        assert one.expected_calibration_error > 0.01
        assert (one.n, len(one.bins)) == (len(labels), filled)


def test_more_is_refused_at_a_higher_threshold_and_what_the_figures_say_at_its_own(
    measured: Path, held_out: HeldOutSets
) -> None:
    card, classifier = read_card(measured), load_classifier(measured)
    rejection, found = card.rejection, by_name(card)
    assert rejection is not None
    assert rejection.thresholds == THRESHOLDS
    assert set(rejection.digits) == {SCANS, PEN + SECOND_HALF}
    assert set(rejection.others) == set(held_out.nondigits)
    own = THRESHOLDS.index(DIGIT_BELOW)
    for kind, sets in (("unsure", rejection.digits), ("rejected", rejection.others)):
        for what, shares in sets.items():
            assert len(shares) == len(THRESHOLDS)
            assert (np.diff(shares) >= 0).all()
            assert shares[own] == pytest.approx(found[kind, what, ""].value, abs=1e-5)
    answers = classifier.predict_proba(held_out.nondigits["Scribbles"].images).tolist()
    for threshold, share in zip(THRESHOLDS, rejection.others["Scribbles"], strict=True):
        refused = sum(max(one) < UNSURE_BELOW or 1 - 10 * min(one) < threshold for one in answers)
        assert share == pytest.approx(refused / len(answers), abs=1e-5)


def test_without_an_answer_for_none_the_thresholds_are_of_the_likeliest_digit(
    classifier: Classifier, held_out: HeldOutSets
) -> None:
    plain = with_card(classifier, network="cnn-tiny", digit_below=0.0, unsure_below=0.8)
    answers = {
        name: plain.predict_proba(part.images) for name, part in (("scans", held_out.scans), ("pen", held_out.pen))
    }
    confidence = plain.predict_proba(held_out.nondigits["Sticks"].images).max(axis=1).tolist()
    shares = measurements._rejection(plain, held_out, answers).others["Sticks"]
    for threshold, share in zip(THRESHOLDS, shares, strict=True):
        assert share == pytest.approx(sum(one < threshold for one in confidence) / len(confidence), abs=1e-5)


def test_thresholds_rise_finer_towards_1() -> None:
    steps = np.diff(THRESHOLDS)
    assert 0 < THRESHOLDS[0] < 0.3
    assert 0.99 < THRESHOLDS[-1] < 1
    assert (steps > 0).all()
    assert steps.max() == pytest.approx(0.05)
    assert steps[-5:].max() < 0.011


def test_what_was_chosen_and_told_stays_when_it_is_measured_again(measured: Path, held_out: HeldOutSets) -> None:
    before, after = changed_card(), read_card(measured)
    kept = {"name", "parameters", "weaknesses", "recipe", "data", "environment", "files", "path", "date", "history"}
    assert before.model_dump(include=kept) == after.model_dump(include=kept)
    assert (after.unsure_below, after.digit_below) == (UNSURE_BELOW, DIGIT_BELOW)
    assert load_classifier(measured).reads_paths
    assert after.speed is not None


def with_card(classifier: Classifier, **changes: object) -> Classifier:
    """The shipped model, as another card has it."""
    content, path_content = ((find_model() / name).read_bytes() for name in ("model.tflite", "path.tflite"))
    return Classifier(content, classifier.card.model_copy(update=changes), path_content)


@pytest.mark.parametrize("network", ["digitrec", "cnn-tiny"])
def test_the_threshold_suits_scans_and_pen_digits_of_the_first_half(
    network: str, held_out: HeldOutSets, classifier: Classifier
) -> None:
    chosen = choose_thresholds(with_card(classifier, network=network), held_out)
    knows_none = network == "digitrec"
    assert set(chosen) == {"unsure_below", "digit_below"}
    assert (chosen["unsure_below"] if knows_none else chosen["digit_below"]) == (MAJORITY if knows_none else 0)
    threshold = chosen["digit_below" if knows_none else "unsure_below"]
    sources = []
    for images in (held_out.validation.images, held_out.pen.images):
        answers = classifier.predict_proba(images[0::2]).astype(float)
        likely, any_digit = answers.max(axis=1), 1 - 10 * answers.min(axis=1)
        sources.append(np.sort(np.where(likely < MAJORITY, 0, any_digit) if knows_none else likely))
    for confidence in sources:
        assert (confidence < threshold).sum() <= 0.01 * len(confidence) + 1
    lowest = min(sources, key=lambda confidence: float(np.quantile(confidence, 0.01)))
    assert lowest[0] - 0.001 < threshold < lowest[2] + 0.001
    assert threshold == round(threshold, 3)


@pytest.mark.parametrize("source", ["validation", "pen"])
def test_the_source_that_is_read_less_surely_sets_the_threshold(
    source: str, held_out: HeldOutSets, classifier: Classifier
) -> None:
    """Many images of it that are hard to read bring it down, those of the second half do not."""
    before = choose_thresholds(classifier, held_out)["digit_below"]
    kept: Any = getattr(held_out, source)
    hard = held_out.nondigits["Scribbles"].images
    for first in (1, 0):
        images = kept.images.copy()
        images[first::2] = np.resize(hard, images[first::2].shape)
        other: dict[str, Any] = {source: replace(kept, images=images)}
        changed = choose_thresholds(classifier, replace(held_out, **other))["digit_below"]
        assert (changed < before) == (first == 0)
        assert first == 0 or changed == before


def loss(classifier: Classifier, held_out: HeldOutSets, powers: tuple[float, float]) -> float:
    rows = zip(together(classifier, held_out.pen, powers)[0::2], held_out.pen_labels[0::2], strict=True)
    return float(-np.log(np.maximum([row[label] for row, label in rows], 1e-7)).mean())


def test_powers_have_the_least_loss_on_the_first_half(held_out: HeldOutSets, classifier: Classifier) -> None:
    path = classifier.card.path
    assert path is not None
    chosen = choose_powers(classifier, path, held_out)
    least = loss(classifier, held_out, chosen.powers)
    assert least < loss(classifier, held_out, (1, 1)) - 0.01
    for ink in (0.1, 0.3, 0.6, 1, 2):
        assert all(least <= loss(classifier, held_out, (ink, path)) + 1e-3 for path in (0.1, 0.3, 0.6, 1, 2))
    assert chosen.parameters == path.parameters


def test_the_share_of_the_first_half_that_both_doubt_is_the_wanted_one(
    held_out: HeldOutSets, classifier: Classifier
) -> None:
    path = classifier.card.path
    assert path is not None
    chosen = choose_powers(classifier, path, held_out)
    assert chosen.unsure_below == MAJORITY
    more = chosen.model_copy(update={"digit_below": chosen.digit_below + 0.002})
    doubted, doubted_more = (
        unsure_of_both(with_card(classifier, path=one), held_out.pen)[0::2].mean() for one in (chosen, more)
    )
    assert doubted <= REJECTED_WITH_PATH <= doubted_more


def test_nothing_of_the_second_half_is_chosen_on(held_out: HeldOutSets, classifier: Classifier) -> None:
    path = classifier.card.path
    assert path is not None
    images, paths, labels = held_out.pen.images.copy(), held_out.pen.paths.copy(), held_out.pen_labels.copy()
    images[1::2], paths[1::2], labels[1::2] = 255 - images[1::2], -paths[1::2], (labels[1::2] + 5) % 10
    other = replace(held_out, pen=Drawn(images, paths), pen_labels=labels)
    assert choose_powers(classifier, path, other) == choose_powers(classifier, path, held_out)


def test_a_model_is_measured_with_what_was_chosen_for_it(folder: Path, held_out: HeldOutSets) -> None:
    old = read_card(folder)
    classifier = load_classifier(folder)
    card = measure_model(folder, old.model_copy(update={"measured": ()}), held_out)
    assert read_card(folder) == card
    thresholds = choose_thresholds(classifier, held_out)
    assert {"unsure_below": card.unsure_below, "digit_below": card.digit_below} == thresholds
    assert old.path is not None
    assert card.path == choose_powers(classifier, old.path, held_out)
    doubted = load_classifier(folder).are_unsure(classifier.predict_proba(held_out.scans.images))
    assert by_name(card)["unsure", SCANS, ""].value == pytest.approx(doubted.mean())
    both = unsure_of_both(load_classifier(folder), held_out.pen)[1::2]
    assert by_name(card)["unsure", BOTH, ""].value == pytest.approx(both.mean())


def test_a_model_that_reads_no_paths_is_measured_without_them(folder: Path, held_out: HeldOutSets) -> None:
    card = measure_model(folder, read_card(folder).model_copy(update={"path": None}), held_out)
    assert card.path is None
    assert not [figure.what for figure in card.measured if "path" in figure.what]
    assert [one.what for one in card.calibration] == [SCANS, PEN + SECOND_HALF]
    assert ("rejected", "Scribbles", "") in by_name(card)


def test_speed_is_what_a_clock_shows(
    classifier: Classifier, held_out: HeldOutSets, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter([0.0, 0.002, 1.0, 1.002, 2.0, 2.002, *(float(3 + k) for k in range(10))])
    monkeypatch.setattr("digitrec.networks.measuring.speed.time.perf_counter", lambda: next(ticks))
    speed = measure_speed(classifier, held_out.scans.images)
    assert speed.milliseconds == pytest.approx(2)
    assert speed.images_per_second == pytest.approx(len(held_out.scans.images))
    assert "cores" in speed.machine
