import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from digitrec.datasets.synthetic.samples import own_sample
from digitrec.evaluation.calibration import (
    Bin,
    Calibration,
    calibration_error_by_chance,
    expected_calibration_error,
    pool,
    reliability,
)
from digitrec.evaluation.metrics import Kind, Measurement, measure_proportion
from digitrec.networks.card import Card, Rejection, Rival, Sibling, Speed, read_card
from digitrec.networks.card import write_card as put_card
from digitrec.networks.measuring.reference_drawings import ReferenceDrawings, write_reference_drawings
from digitrec.networks.registry import find_model
from digitrec.ui.models.card import FEWEST
from digitrec.ui.models.card_lists import MEANINGS, as_list
from tests.opening import make_app

OpenCard = Callable[..., AppTest]
SCANS = "MNIST test set, 297 writers"
PENS = "Pen digits of six held-out writers, second half, with pen path"
THRESHOLDS = tuple(np.linspace(0, 1, 21).round(3).tolist())
SECTIONS = (
    "Training",
    "Accuracy by group",
    "How much of this is luck?",
    "Calibration",
    "Rejection by threshold",
    "A fair comparison",
)
CHARTS = {"digit", "style", "width", "accuracy", "unsure", "rejected", "seeds", "calibration", "rejection", "rivals"}


def make_reference_drawings(each: int = 3) -> ReferenceDrawings:
    """So many drawings of each digit."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), each).astype(np.uint8)
    drawings = tuple(own_sample(int(label), rng).drawing for label in labels)
    return ReferenceDrawings(drawings, labels, np.full(len(labels), 5, np.int32))


def answer(labels: NDArray[np.uint8], wrong: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """What a reader may answer that is wrong so often."""
    is_wrong = rng.random(len(labels)) < wrong
    return np.where(is_wrong, (labels + rng.integers(1, 10, len(labels))) % 10, labels).astype(np.uint8)


def measure_on(kind: Kind, what: str, on: str, n: int, wrong: int) -> Measurement:
    return measure_proportion(kind, what, np.arange(n) >= wrong).model_copy(update={"on": on})


def make_calibration(what: str, n: int, rng: np.random.Generator) -> Calibration:
    """Of a reader that claims more than it holds, by drawing its confidences and what comes of them."""
    confidence = 1 - rng.beta(0.08, 2.2, n) * 0.8
    labels = rng.integers(0, 10, n).astype(np.uint8)
    read = np.where(rng.random(n) < confidence**1.3, labels, (labels + 1) % 10)
    probabilities = np.full((n, 10), ((1 - confidence) / 9)[:, None])
    probabilities[np.arange(n), read] = confidence
    table = reliability(probabilities, labels)
    bins = tuple(Bin(**{str(name): float(value) for name, value in row.items()}) for row in table.to_dict("records"))
    error, by_chance = expected_calibration_error(probabilities, labels), calibration_error_by_chance(probabilities)
    return Calibration(what=what, n=n, expected_calibration_error=error, by_chance=by_chance, bins=bins)


def make_rival(
    name: str, recipe: str, size: int, reference: ReferenceDrawings, wrong: tuple[float, float, float]
) -> Rival:
    """One that is wrong in such shares of MNIST's scans, of prepared drawings and of naive ones."""
    rng = np.random.default_rng(size)
    answers, naive = (answer(reference.labels, share, rng) for share in wrong[1:])
    return Rival(
        name=name,
        recipe=recipe,
        parameters=size,
        bytes=4 * size,
        scans=measure_on("accuracy", "MNIST test", "", 10_000, round(10_000 * wrong[0])),
        prepared=measure_proportion("accuracy", "prepared", answers == reference.labels),
        naive=measure_proportion("accuracy", "naive", naive == reference.labels),
        answers=tuple(answers.tolist()),
        naive_answers=tuple(naive.tolist()),
    )


def make_full_card(card: Card, reference: ReferenceDrawings) -> Card:
    """The card with made-up figures for all that a card can tell, each at one with the others."""
    rng = np.random.default_rng(0)
    digits = [
        measure_on("digit", str(digit), on, n, int(rng.integers(0, n // 25)))
        for on, n in ((SCANS, 1000), (PENS, 150))
        for digit in range(10)
    ]
    schools = [
        measure_on("style", what, on, 300, wrong + extra)
        for what, wrong in (
            ("1 with an upstroke", 22),
            ("7 crossed, with a serif", 3),
            ("4 open", 9),
            ("0 slashed", 31),
        )
        for on, extra in (("without pen path", 8), ("with pen path", 0))
    ]
    widths = [
        measure_on("width", f"{share} of the digit's height", "", 1499, wrong)
        for share, wrong in (("a thirtieth", 31), ("a tenth", 14), ("a fifth", 23), ("a third", 88))
    ]
    highest = np.array(THRESHOLDS)
    return card.model_copy(
        update={
            "measured": (*card.measured, *digits, *schools, *widths),
            "temperature": 1.12,
            "calibration": (make_calibration(SCANS, 10_000, rng), make_calibration(PENS, 1499, rng)),
            "rejection": Rejection(
                thresholds=THRESHOLDS,
                digits={SCANS: tuple(0.05 * highest**6), PENS: tuple(0.09 * highest**5)},
                others={
                    name: tuple(np.clip(highest * steep, 0, 1))
                    for name, steep in (
                        ("Scribbles", 1.6),
                        ("Other signs, not in the training data", 1.05),
                        ("Waves", 1.3),
                    )
                },
            ),
            "rivals": (
                make_rival("digitrec", "this model", 213_226, reference, (0.003, 0.02, 0.2)),
                make_rival("digitrec", "on MNIST alone, 12 epochs", 213_225, reference, (0.004, 0.06, 0.3)),
                make_rival("dense-128", "on MNIST alone, 5 epochs", 101_770, reference, (0.022, 0.2, 0.6)),
            ),
            "seeds": tuple(
                Sibling(
                    seed=seed,
                    measured=(measure_on("accuracy", SCANS, "", 10_000, wrong), *card.measured[1:]),
                    note=note,
                )
                for seed, wrong, note in ((17, 40, ""), (18, 25, ""), (19, 31, "It had *one* epoch more."))
            ),
            "speed": Speed(milliseconds=0.21, images_per_second=12_345, machine="2 cores of a *fast* machine"),
        }
    )


@pytest.fixture
def open_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> OpenCard:
    """Opens the page on a copy of the shipped model that has this card, and drawings if there are any."""

    def open_(card: Card, reference: ReferenceDrawings | None = None) -> AppTest:
        folder = tmp_path / "models" / "mine"
        shutil.copytree(find_model(), folder)
        (folder / "drawings.npz").unlink(missing_ok=True)
        put_card(folder, card)
        if reference is not None:
            write_reference_drawings(folder, reference)
        monkeypatch.setenv("DIGITREC_MODELS", str(tmp_path / "models"))
        app = make_app()
        app.query_params["model"] = "mine"
        app = app.run().switch_page("pages/network.py").run()
        return app.selectbox(key="model").set_value("mine").run()

    return open_


def bare(card: Card) -> Card:
    """What is known of a model that came as a file."""
    return Card(
        name="mine",
        network="from a file",
        parameters=card.parameters,
        unsure_below=0.5,
        measured=(),
        weaknesses=(),
        recipe={},
        data={},
        environment={},
        date="2026-01-02",
        files={"model.tflite": card.files["model.tflite"]},
    )


def titles(app: AppTest) -> list[str]:
    return [part.value for part in app.subheader]


def words(app: AppTest) -> str:
    return "\n".join(part.value for part in (*app.markdown, *app.caption))


def charts(app: AppTest) -> set[str]:
    return {part.proto.id.rpartition("-")[2] for part in app.get("plotly_chart")}


@pytest.fixture(scope="module")
def card() -> Card:
    """The shipped model's, without what later ones tell."""
    card = read_card(find_model())
    plain = tuple(one for one in card.measured if one.kind in ("accuracy", "unsure", "rejected"))
    nothing = {"calibration": (), "rejection": None, "rivals": (), "speed": None, "temperature": 1.0, "seeds": ()}
    return card.model_copy(update={"measured": plain, **nothing})


@pytest.fixture(scope="module")
def reference() -> ReferenceDrawings:
    return make_reference_drawings()


def test_a_full_card_is_at_one_with_itself(card: Card, reference: ReferenceDrawings) -> None:
    full = make_full_card(card, reference)
    assert Card.model_validate_json(full.model_dump_json()) == full
    for one in full.calibration:
        assert sum(part.n for part in one.bins) == one.n
        gaps = [part.n * abs(part.accuracy - part.confidence) for part in one.bins]
        assert sum(gaps) / one.n == pytest.approx(one.expected_calibration_error)
    for one in full.rivals:
        assert one.prepared.value == pytest.approx(np.mean(np.array(one.answers) == reference.labels))


def test_a_full_card_is_shown_in_full(open_card: OpenCard, card: Card, reference: ReferenceDrawings) -> None:
    full = make_full_card(card, reference)
    app = open_card(full, reference)
    assert not app.exception
    assert not app.error
    assert [title for title in titles(app) if title in SECTIONS] == list(SECTIONS)
    assert charts(app) == CHARTS
    assert not app.info
    read = {one.what: one for one in full.measured if one.kind == "accuracy"}
    scans = next(one for what, one in read.items() if "MNIST test" in what)
    alone = next(one for what, one in read.items() if "without pen path" in what)
    both = next(one for what, one in read.items() if "with pen path" in what)
    size = sum(file.stat().st_size for file in find_model().glob("*.tflite"))
    assert [(one.label, one.value) for one in app.metric] == [
        ("MNIST accuracy", f"{100 * scans.value:.2f} %"),
        ("Pen digit accuracy", f"{100 * alone.value:.2f} %"),
        ("With pen path", f"{100 * both.value:.2f} %"),
        ("Size", f"{size / 1000:,.0f} kB"),
        ("Time per image", "0.21 ms"),
    ]
    assert app.metric[0].delta == f"{100 * scans.low:.2f} to {100 * scans.high:.2f} %"
    assert "12,345 images per second" in words(app)
    assert r"\*fast\* machine" in words(app), "what a card says is shown as it is"


def test_each_section_says_what_its_figures_say(open_card: OpenCard, card: Card, reference: ReferenceDrawings) -> None:
    full = make_full_card(card, reference)
    told = words(open_card(full, reference)).replace("\\", "")
    for kind in ("digit", "style", "width"):
        worst = min((one for one in full.measured if one.kind == kind), key=lambda one: one.value)
        on = f" ({worst.on})" if worst.on else ""
        assert f"Lowest accuracy: {worst.what}{on}, {100 * worst.value:.1f} % of {worst.n:,}." in told
    for one in full.calibration:
        surest = pool(one.bins, FEWEST)[-1]
        assert f"the {surest.n:,} most confident of {one.n:,} answers" in told
        assert (
            f"confidence of {100 * surest.confidence:.1f} % and an accuracy of **{100 * surest.accuracy:.1f} %**"
            in told
        )
        assert f"**{100 * one.expected_calibration_error:.2g} percentage points**" in told
        assert f"Even with perfect calibration, chance would make it {100 * one.by_chance:.2g}." in told
    assert "a temperature of 1.12" in told
    assert "was run with 3 seeds" in told
    assert "Seed 19: It had *one* epoch more." in told
    assert "Seed 18: " not in told
    assert f"{SCANS}: 99.60 % to 99.75 %, mean 99.68 %." in told
    doubted = 100 * np.interp(full.digit_below, THRESHOLDS, full.rejection.digits[PENS])
    refused = 100 * np.interp(
        full.digit_below, THRESHOLDS, full.rejection.others["Other signs, not in the training data"]
    )
    assert f"rejects at most {doubted:.1f} % of digits ({PENS})" in told
    assert f"at least {refused:.1f} % of non-digits (Other signs, not in the training data)" in told
    assert "**dense-128** has an accuracy of 97.8 % on the MNIST test set" in told


@pytest.mark.parametrize(
    ("digit_below", "told"), [(0.0, ""), (0.912, ", or if the mean score for being any digit is below 91.2 %")]
)
def test_when_ink_and_path_are_not_sure_together_is_told(
    digit_below: float, told: str, open_card: OpenCard, card: Card
) -> None:
    assert card.path is not None
    path = card.path.model_copy(update={"unsure_below": 0.55, "digit_below": digit_below})
    said = words(open_card(card.model_copy(update={"path": path})))
    assert f"It is **not sure** if no digit has a probability of 55.0 % or more{told}." in said
    assert ("91.2 %" in said) == bool(told)


def test_what_it_learned_from_is_told_in_lists(open_card: OpenCard, card: Card, reference: ReferenceDrawings) -> None:
    told = words(open_card(make_full_card(card, reference), reference)).replace("\\", "")
    assert f"- Epochs: **{card.recipe['epochs']}** *(how many times the network sees every training image)*" in told
    assert f"- Training images: **{card.data['training images']:,}**" in told
    assert f"  - Degrees: **{card.recipe['augmentation']['degrees']}**" in told
    assert str(card.environment["keras"]) in told
    assert not any(value in told for value in card.data["sha256"].values()), "hashes are for machines"


def test_networks_are_compared_on_the_drawings_that_they_disagree_on(
    open_card: OpenCard, card: Card, reference: ReferenceDrawings
) -> None:
    full = make_full_card(card, reference)
    app = open_card(full, reference)
    readers, drawings = (part.value for part in app.dataframe)
    by_share = sorted(full.rivals, key=lambda one: -one.prepared.value)
    assert readers["recipe"].tolist() == [one.recipe for one in by_share]
    names = ["digitrec, this model", "digitrec, on MNIST alone, 12 epochs", "dense-128"]
    assert drawings.columns.tolist() == ["picture", "label", *names]
    check_answers(drawings, [one.answers for one in by_share], reference)
    parted = sum(len(set(answers)) > 1 for answers in zip(*(one.answers for one in full.rivals), strict=True))
    assert f"They disagree on {parted} of {len(reference.labels)} drawings" in words(app)
    app.segmented_control(key="drawing_version").set_value("Naive").run()
    assert not app.exception
    shrunk = app.dataframe[1].value
    check_answers(shrunk, [one.naive_answers for one in by_share], reference)
    assert not set(shrunk["picture"]) & set(drawings["picture"])


def check_answers(shown: pd.DataFrame, answers: Sequence[tuple[int, ...]], reference: ReferenceDrawings) -> None:
    """Each row is one drawing's, over which readers part, and those that part the most come first."""
    expected = [
        (str(label), *(f"{'✓' if one == label else '✗'} {one}" for one in given))
        for *given, label in zip(*answers, reference.labels.tolist(), strict=True)
    ]
    rows = [tuple(row) for row in shown.drop(columns="picture").to_numpy().tolist()]
    assert rows
    assert set(rows) <= set(expected)
    apart = [len(set(row[1:])) for row in rows]
    assert apart == sorted(apart, reverse=True)
    assert min(apart) > 1
    assert shown["picture"].str.startswith("data:image/png;base64,").all()
    assert shown["picture"].nunique() == len(shown)


def test_a_bare_card_says_what_to_do_and_shows_no_empty_section(open_card: OpenCard, card: Card) -> None:
    app = open_card(bare(card))
    assert not app.exception
    assert titles(app) == []
    assert charts(app) == set()
    assert not app.dataframe
    assert "python -m digitrec train" in app.info[0].value
    assert [one.label for one in app.metric] == ["Size"]
    assert "answers **not sure** if no digit has a probability of 50.0 % or more" in words(app)


def test_a_card_of_ones_own_shows_its_one_figure(open_card: OpenCard, card: Card) -> None:
    one = measure_on("accuracy", "Kept aside", "", 100, 7)
    app = open_card(bare(card).model_copy(update={"measured": (one,), "recipe": {"epochs": 3, "patience": 0}}))
    assert not app.exception
    assert (app.metric[0].label, app.metric[0].value) == ("Accuracy", "93.00 %")
    assert titles(app) == ["Training", "Accuracy"]
    assert "Patience" not in words(app), "what is off is left out"
    assert not app.info


@pytest.mark.parametrize("wrong", ["no drawings", "other drawings"])
def test_answers_without_their_drawings_are_not_shown(
    open_card: OpenCard, card: Card, reference: ReferenceDrawings, wrong: str
) -> None:
    app = open_card(make_full_card(card, reference), None if wrong == "no drawings" else make_reference_drawings(1))
    assert not app.exception
    assert len(app.dataframe) == 1
    assert "not in the model's folder" in words(app)


def test_networks_that_always_agree_are_told(open_card: OpenCard, card: Card, reference: ReferenceDrawings) -> None:
    full = make_full_card(card, reference)
    app = open_card(full.model_copy(update={"rivals": full.rivals[:1]}), reference)
    assert not app.exception
    assert f"They agree on all {len(reference.labels)} drawings" in words(app)


BAD = "<img src=x onerror=alert(1)> [link](http://example.org) $x$ :material/home: **bold**"


def test_text_of_somebodys_card_stays_text(open_card: OpenCard, card: Card, reference: ReferenceDrawings) -> None:
    full = make_full_card(card, reference)
    one = full.measured[0].model_copy(update={"what": f"MNIST test {BAD}"})
    worst = measure_on("digit", BAD, BAD, 10, 10)
    bad = full.model_copy(
        update={
            "measured": (one, worst),
            "weaknesses": (BAD,),
            "recipe": {BAD: BAD, "deep": {"deeper": {"deepest": {"too deep": 1}}}},
            "data": {"list": [BAD, 2], "long": "x" * 9999, "lines\n# of text": "a\n\n# title"},
            "date": BAD,
            "calibration": tuple(one.model_copy(update={"what": BAD}) for one in full.calibration),
            "rejection": Rejection(thresholds=(0, 1), digits={BAD: (0, 1)}, others={BAD: (0, 1)}),
            "rivals": tuple(rival.model_copy(update={"name": BAD, "recipe": BAD}) for rival in full.rivals),
            "speed": full.speed.model_copy(update={"machine": BAD}),
        }
    )
    app = open_card(bad, reference)
    assert not app.exception
    told = words(app)
    for mark in ("<img", "[link]", " $x$", " :material", " **bold**"):
        assert not re.search(r"(?<!\\)" + re.escape(mark.strip()), told), mark
    assert not re.search(r"^\s*#", told, re.MULTILINE)
    assert "x" * 200 not in told
    help_ = app.metric[0].proto.help
    assert "<img" not in help_.replace(r"\<", "")


def test_another_model_is_another_card(open_card: OpenCard, card: Card, reference: ReferenceDrawings) -> None:
    app = open_card(bare(card))
    app.selectbox(key="model").set_value("digitrec").run()
    assert not app.exception
    assert {"accuracy", "unsure", "rejected"} <= charts(app)
    assert app.metric[0].label == "MNIST accuracy"


def test_a_card_that_was_written_before_has_the_present_names_of_its_settings() -> None:
    former, present = ({name: 0.1} for name in ("smoothing", "label_smoothing"))
    assert list(as_list(former, MEANINGS)) == list(as_list(present, MEANINGS))
    assert next(as_list(former, MEANINGS)).startswith("- Label smoothing: **0.1** *(the fraction of the target")
