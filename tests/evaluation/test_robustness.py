import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from digitrec.datasets import Dataset, load_dataset
from digitrec.errors import InkError
from digitrec.evaluation.robustness import CORRUPTIONS, accuracy_by_strength, corrupt, verdict_map
from digitrec.evaluation.significance import wilson_interval
from digitrec.networks.classifier import Classifier

Images = NDArray[np.uint8]
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)
NAMES = list(CORRUPTIONS)
RANDOM = {"noised", "covered", "striped"}
TWO_SIDED = {"turned", "shifted_right", "shifted_down", "sized", "sheared", "thickened"}
OF_MNIST_C = {
    *("shot_noise", "impulse_noise", "glass_blur", "motion_blur", "shear", "scale", "rotate", "brightness"),
    *("translate", "stripe", "fog", "spatter", "dotted_line", "zigzag", "canny_edges"),
}
CASES = st.sampled_from(NAMES).flatmap(
    lambda name: st.tuples(st.just(name), st.floats(CORRUPTIONS[name].smallest, CORRUPTIONS[name].largest))
)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("uci")


def some_images(n: int = 3, seed: int = 0) -> Images:
    rng = np.random.default_rng(seed)
    return (rng.integers(0, 256, (n, 28, 28)) * (rng.random((n, 28, 28)) < 0.4)).astype(np.uint8)


def dot(row: int = 14, column: int = 14) -> Images:
    images = np.zeros((1, 28, 28), np.uint8)
    images[0, row, column] = 255
    return images


def full(n: int = 1) -> Images:
    return np.full((n, 28, 28), 255, np.uint8)


def leans_left(images: Images) -> NDArray[np.float32]:
    """Says 1 where the ink's centre of mass is left of the middle, 7 elsewhere, the surer the farther it is."""
    mass = images.sum(axis=(1, 2), dtype=np.float64)
    column = images.sum(axis=1, dtype=np.float64) @ np.arange(28) / np.maximum(mass, 1)
    share = 1 / (1 + np.exp(column - 13.5))
    answers = np.zeros((len(images), 10), np.float32)
    answers[:, 1], answers[:, 7] = share, 1 - share
    return answers


def test_each_is_found_by_its_name_and_says_what_it_is() -> None:
    assert [kind.name for kind in CORRUPTIONS.values()] == NAMES
    assert len({kind.title for kind in CORRUPTIONS.values()}) == len(NAMES)
    assert {name for name, kind in CORRUPTIONS.items() if kind.is_two_sided} == TWO_SIDED
    for kind in CORRUPTIONS.values():
        assert kind.smallest == (-kind.largest if kind.is_two_sided else 0)
        assert kind.largest > 0
        assert kind.title
        assert kind.unit


def test_what_is_mnist_cs_is_named_as_there() -> None:
    named = {name: kind.mnist_c for name, kind in CORRUPTIONS.items() if kind.mnist_c}
    assert set(named.values()) <= OF_MNIST_C
    assert named == {
        "turned": "rotate",
        "shifted_right": "translate",
        "shifted_down": "translate",
        "sized": "scale",
        "sheared": "shear",
        "noised": "shot_noise",
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "images", [some_images(), full(2), np.zeros((2, 28, 28), np.uint8)], ids=["noise", "full", "blank"]
)
def test_an_amount_of_0_gives_a_copy(name: str, images: Images) -> None:
    changed = corrupt(images, name, 0)
    np.testing.assert_array_equal(changed, images)
    assert not np.shares_memory(changed, images)


@settings(max_examples=80, deadline=None)
@given(CASES, st.integers(0, 2**32), st.integers(0, 4))
def test_same_seed_same_images_of_the_same_shape_and_type(case: tuple[str, float], seed: int, n: int) -> None:
    name, amount = case
    images = some_images(n, seed % 5)
    changed = corrupt(images, name, amount, seed)
    assert (changed.shape, changed.dtype) == ((n, 28, 28), np.uint8)
    np.testing.assert_array_equal(changed, corrupt(images, name, amount, seed))
    np.testing.assert_array_equal(images, some_images(n, seed % 5))


@settings(max_examples=50, deadline=None)
@given(CASES, st.integers(0, 99))
def test_no_ink_comes_from_nothing(case: tuple[str, float], seed: int) -> None:
    assert not corrupt(np.zeros((2, 28, 28), np.uint8), *case, seed).any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_hardly_noticeable_amount_changes_hardly_anything(name: str, sign: int) -> None:
    if sign > 0 or name in TWO_SIDED:
        # A grey is rounded, and noise is as large as it happens to be.
        for amount in (1e-12, 1e-300, 1e-3):
            changed = corrupt(some_images(), name, sign * amount).astype(int)
            assert np.abs(changed - some_images()).max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_chance_matters_where_it_says_so_and_is_drawn_for_each_image(name: str) -> None:
    images = np.repeat(some_images(1), 4, axis=0)
    amount = CORRUPTIONS[name].largest / 2
    first, other = (corrupt(images, name, amount, seed) for seed in (1, 2))
    assert (first != images).any()
    assert (first != other).any() == (name in RANDOM)
    assert (first != first[0]).any() == (name in RANDOM)


@pytest.mark.parametrize("name", sorted(set(NAMES) - RANDOM))
def test_each_image_is_changed_by_itself(name: str) -> None:
    amount = CORRUPTIONS[name].largest / 3
    alone = [corrupt(image[None], name, amount)[0] for image in some_images(5)]
    np.testing.assert_array_equal(corrupt(some_images(5), name, amount), alone)


def pulled_by_loops(image: Images, matrix: list[list[float]]) -> NDArray[np.float64]:
    """Bilinear, place by place: where (y, x) about 14 comes from is the matrix's product with it."""

    def grey(row: int, column: int) -> float:
        return float(image[row, column]) if 0 <= row < 28 and 0 <= column < 28 else 0.0

    pulled = np.zeros((28, 28))
    for row in range(28):
        for column in range(28):
            y = matrix[0][0] * (row - 14) + matrix[0][1] * (column - 14) + 14
            x = matrix[1][0] * (row - 14) + matrix[1][1] * (column - 14) + 14
            top, left = math.floor(y), math.floor(x)
            for i in (0, 1):
                for j in (0, 1):
                    weight = (1 - abs(y - top - i)) * (1 - abs(x - left - j))
                    pulled[row, column] += weight * grey(top + i, left + j)
    return pulled


def matrix_of(name: str, amount: float) -> list[list[float]]:
    angle = math.radians(amount)
    return {
        "turned": [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]],
        "sheared": [[1, 0], [math.tan(angle), 1]],
        "sized": [[100 / (100 + amount), 0], [0, 100 / (100 + amount)]],
    }[name]


@pytest.mark.parametrize(
    ("name", "amount"),
    [("turned", 23), ("turned", -71.5), ("sheared", 22.9), ("sheared", -45), ("sized", 30), ("sized", -50)],
)
def test_turns_shears_and_sizes_agree_with_plain_loops(name: str, amount: float) -> None:
    expected = [pulled_by_loops(image, matrix_of(name, amount)) for image in some_images(2)]
    np.testing.assert_allclose(corrupt(some_images(2), name, amount), expected, atol=0.51)


@pytest.mark.parametrize(("degrees", "quarters"), [(90, -1), (-90, 1)])
def test_a_quarter_turn_is_numpys(degrees: float, quarters: int) -> None:
    images = some_images()
    # 14 is the middle of rows and columns 1 to 27.
    turned = corrupt(images, "turned", degrees)[:, 1:, 1:]
    np.testing.assert_array_equal(turned, np.rot90(images[:, 1:, 1:], quarters, axes=(1, 2)))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["turned", "sheared", "shifted_right", "shifted_down"]), st.floats(-6, 6))
def test_there_and_back_is_roughly_where_it_was(name: str, amount: float) -> None:
    blob = np.zeros((1, 28, 28))
    blob[0, 8:20, 12:16] = 255
    image = np.rint(ndimage.gaussian_filter(blob, (0, 1, 1))).astype(np.uint8)
    back = corrupt(corrupt(image, name, amount), name, -amount).astype(int)
    assert np.abs(back - image).mean() < 2
    assert np.abs(back - image).max() < 50


def shifted_by_slices(images: Images, down: int, right: int) -> Images:
    rolled = np.roll(images, (down, right), axis=(1, 2))
    for axis, step in ((1, down), (2, right)):
        lost = np.moveaxis(rolled, axis, 0)
        lost[slice(0, step) if step > 0 else slice(28 + step, 28)] = 0
    return rolled


@settings(max_examples=40, deadline=None)
@given(st.integers(-8, 8), st.integers(-8, 8))
def test_whole_pixels_are_a_roll_without_the_wrap(down: int, right: int) -> None:
    moved = corrupt(corrupt(some_images(), "shifted_right", right), "shifted_down", down)
    np.testing.assert_array_equal(moved, shifted_by_slices(some_images(), down, right))


def test_half_a_pixel_is_between_two_whole_ones() -> None:
    images = some_images()
    between = (shifted_by_slices(images, 0, 2).astype(float) + shifted_by_slices(images, 0, 3)) / 2
    np.testing.assert_allclose(corrupt(images, "shifted_right", 2.5), between, atol=0.51)


def test_directions_are_as_the_titles_say() -> None:
    assert corrupt(dot(4, 14), "turned", 90)[0, 14, 24] == 255
    assert corrupt(dot(4, 14), "sheared", 45)[0, 4, 24] == 255
    assert corrupt(dot(24, 14), "sheared", 45)[0, 24, 4] == 255
    assert corrupt(dot(10, 10), "shifted_right", 3)[0, 10, 13] == 255
    assert corrupt(dot(10, 10), "shifted_down", 3)[0, 13, 10] == 255
    assert corrupt(dot(10, 10), "sized", 50)[0, 8, 8] == 255
    assert corrupt(full(), "sized", -50).sum() < 0.3 * full().sum()


@pytest.mark.parametrize(("amount", "filtered"), [(1, "grey_dilation"), (-1, "grey_erosion"), (2, "grey_dilation")])
def test_thicker_and_thinner_are_scipys_morphology(amount: int, filtered: str) -> None:
    expected = some_images()
    for _ in range(abs(amount)):
        expected = np.array(
            [getattr(ndimage, filtered)(image, footprint=CROSS, mode="constant", cval=0) for image in expected]
        )
    np.testing.assert_array_equal(corrupt(some_images(), "thickened", amount), expected)


@pytest.mark.parametrize(("amount", "below", "above"), [(0.3, 0, 1), (1.3, 1, 2), (-0.3, 0, -1), (-1.3, -1, -2)])
def test_part_of_a_pixel_of_thickness_is_a_mixture(amount: float, below: float, above: float) -> None:
    changed, low, high = (corrupt(some_images(), "thickened", pixels) for pixels in (amount, below, above))
    np.testing.assert_allclose(changed, 0.7 * low + 0.3 * high, atol=0.51)


@settings(max_examples=30, deadline=None)
@given(st.floats(-2, 2), st.floats(-2, 2))
def test_the_thicker_the_more_ink_everywhere(one: float, other: float) -> None:
    thin, thick = (corrupt(some_images(), "thickened", amount) for amount in sorted((one, other)))
    assert (thin <= thick).all()


@pytest.mark.parametrize("percent", [8, 20, 60])
@pytest.mark.parametrize("grey", [40, 100])
def test_shot_noise_counts_photons(percent: float, grey: int) -> None:
    images = np.full((60, 28, 28), grey, np.uint8)
    changed = corrupt(images, "noised", percent).astype(float)
    photons = (100 / percent) ** 2
    # Whole photons that still fit into 255; the brighter ones are cut.
    counts = np.arange(int(photons * 12) + 2)
    chances = np.exp(
        counts * math.log(grey / 255 * photons) - grey / 255 * photons - [math.lgamma(k + 1) for k in counts]
    )
    greys = np.rint(np.clip(counts / photons * 255, 0, 255))
    mean = (chances * greys).sum()
    spread = math.sqrt((chances * (greys - mean) ** 2).sum())
    assert set(np.unique(changed)) <= set(greys)
    assert changed.mean() == pytest.approx(mean, abs=5 * spread / math.sqrt(changed.size))
    assert changed.std() == pytest.approx(spread, rel=0.03)


def test_shot_noise_leaves_paper_alone() -> None:
    images = some_images()
    assert not corrupt(images, "noised", 60)[images == 0].any()


@pytest.mark.parametrize("pixels", [0.5, 1, 2.5])
def test_blur_is_a_normal_curve_each_way(pixels: float) -> None:
    curve = [math.exp(-((i - 14) ** 2) / (2 * pixels**2)) if abs(i - 14) <= 4 * pixels else 0 for i in range(28)]
    curve = [value / sum(curve) for value in curve]
    expected = [[255 * y * x for x in curve] for y in curve]
    np.testing.assert_allclose(corrupt(dot(), "blurred", pixels)[0], expected, atol=0.51)


def test_ink_beyond_the_border_is_not_made_up_by_blur() -> None:
    blurred = corrupt(full(), "blurred", 3)[0]
    weight = 1 / (3 * math.sqrt(2 * math.pi))
    assert blurred[14, 14] == 255
    assert blurred[0, 14] == pytest.approx(255 * (1 + weight) / 2, abs=1)
    assert blurred[0, 0] == pytest.approx(255 * ((1 + weight) / 2) ** 2, abs=1)


@pytest.mark.parametrize("pixels", [0.5, 0.8, 1, 2, 14])
@pytest.mark.parametrize("row", [0, 14, 27])
def test_a_square_lies_around_some_ink(pixels: float, row: int) -> None:
    left = corrupt(dot(row), "covered", pixels)[0]
    assert left.max() == left[row, 14] == round(255 * (1 - min(pixels, 1) ** 2))


@pytest.mark.parametrize("pixels", [1, 3, 4.5, 8])
def test_a_square_is_as_wide_as_told(pixels: float) -> None:
    changed = corrupt(full(300), "covered", pixels)
    lost = 1 - changed / 255
    whole = lost[:, 7:21, 7:21].sum(axis=(1, 2)) == lost.sum(axis=(1, 2))
    assert whole.any()
    np.testing.assert_allclose(lost[whole].sum(axis=(1, 2)), pixels**2, atol=0.1)
    for axis in (1, 2):
        np.testing.assert_allclose(lost[whole].max(axis=axis).sum(axis=1), pixels, atol=0.1)


@pytest.mark.parametrize("pixels", [0.5, 1, 3, 4.5, 10])
def test_a_stripe_goes_from_border_to_border_either_way(pixels: float) -> None:
    lost = 1 - corrupt(full(200), "striped", pixels) / 255
    lies = (lost == lost[:, :, :1]).all(axis=(1, 2))
    stands = (lost == lost[:, :1, :]).all(axis=(1, 2))
    assert (lies ^ stands).all()
    assert 0.35 < lies.mean() < 0.65
    widths = np.where(lies, lost[:, :, 0].sum(axis=1), lost[:, 0, :].sum(axis=1))
    assert widths.max() == pytest.approx(pixels, abs=0.01)
    assert np.median(widths) == pytest.approx(pixels, abs=0.01)


@pytest.mark.parametrize("name", ["covered", "striped"])
def test_ink_is_what_is_missing_wherever_it_is(name: str) -> None:
    # Few pixels of ink each, at 0 for most of the picture, and one image without any.
    images = np.concatenate([dot(0, 0), dot(27, 27), dot(3, 20), np.zeros((1, 28, 28), np.uint8), full()])
    changed = corrupt(images, name, 1)
    assert not changed[:4].any()
    assert (changed[4] == 0).sum() in (1, 28)


def test_every_pixel_of_ink_is_hit_as_often() -> None:
    images = np.repeat(np.maximum(dot(2, 3), np.maximum(dot(10, 20), dot(27, 27) // 9)), 3000, axis=0)
    lost = corrupt(images, "covered", 1) != images
    assert (lost.sum(axis=(1, 2)) == 1).all()
    for row, column in ((2, 3), (10, 20), (27, 27)):
        assert lost[:, row, column].mean() == pytest.approx(1 / 3, abs=0.04)


@pytest.mark.parametrize("name", ["covered", "striped"])
def test_what_is_missing_only_grows(name: str) -> None:
    steps = [corrupt(some_images(9), name, amount, 5) for amount in np.linspace(0, CORRUPTIONS[name].largest, 9)]
    for less, more in pairwise(steps):
        assert (more <= less).all()


@pytest.mark.parametrize("name", NAMES)
def test_amounts_out_of_bounds_are_told(name: str) -> None:
    kind = CORRUPTIONS[name]
    for amount in (kind.largest + 0.01, kind.smallest - 0.01, math.nan, math.inf):
        with pytest.raises(InkError, match=rf"^Expected an amount from .* to {kind.largest:g} .*{name}.* Received: "):
            corrupt(some_images(), name, amount)
    for amount in (kind.largest, kind.smallest):
        corrupt(some_images(), name, amount)


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(InkError, match=r"^Expected a corruption by name\. Received: 'foggy'\. Choose one of turned, "):
        corrupt(some_images(), "foggy", 0)


@pytest.mark.parametrize(
    "images", [np.zeros((28, 28), np.uint8), np.zeros((1, 28, 28)), np.zeros((1, 27, 28), np.uint8)], ids=repr
)
def test_what_is_no_images_is_told(images: NDArray[np.generic]) -> None:
    with pytest.raises(InkError, match=r"^Expected images as uint8 .* Received: shape"):
        corrupt(images, "turned", 0)


def test_accuracy_is_counted_amount_by_amount() -> None:
    images, labels = some_images(40), np.repeat(np.array([1, 7], np.uint8), 20)
    amounts = [-3, 0, 0.5, 3]
    frame = accuracy_by_strength(leans_left, images, labels, "shifted_right", amounts)
    assert list(frame) == ["amount", "n", "accuracy", "low", "high"]
    assert frame["amount"].tolist() == amounts
    for row, amount in zip(frame.itertuples(), amounts, strict=True):
        right = 0
        for image, label in zip(images, labels, strict=True):
            changed = corrupt(image[None], "shifted_right", amount)
            right += leans_left(changed)[0].argmax() == label
        assert (row.n, row.accuracy) == (40, right / 40)
        assert (row.low, row.high) == wilson_interval(right, 40)


def test_accuracy_meets_the_chance_of_its_seed() -> None:
    seen: list[Images] = []

    def read(images: Images) -> NDArray[np.float32]:
        seen.append(images)
        return leans_left(images)

    accuracy_by_strength(read, some_images(), np.ones(3, np.uint8), "noised", [30, 60], seed=8)
    for images, amount in zip(seen, (30, 60), strict=True):
        np.testing.assert_array_equal(images, corrupt(some_images(), "noised", amount, 8))


@pytest.mark.parametrize("name", NAMES)
def test_a_real_reader_reads_worse_what_is_corrupted_most(name: str, classifier: Classifier, digits: Dataset) -> None:
    images, labels = digits.test.images[:60], digits.test.labels[:60]
    frame = accuracy_by_strength(classifier.predict_proba, images, labels, name, [0, CORRUPTIONS[name].largest])
    plain = (classifier.predict_proba(images).argmax(axis=1) == labels).mean()
    assert frame["accuracy"][0] == plain
    assert frame["accuracy"][1] <= plain
    assert ((frame["low"] <= frame["accuracy"]) & (frame["accuracy"] <= frame["high"])).all()


def test_no_amounts_are_no_rows_and_no_images_an_error() -> None:
    assert accuracy_by_strength(leans_left, some_images(), np.ones(3, np.uint8), "turned", []).shape == (0, 5)
    with pytest.raises(InkError, match=r"^Expected at least one image"):
        accuracy_by_strength(leans_left, some_images(0), np.ones(0, np.uint8), "turned", [0])


def test_a_map_is_read_cell_by_cell(classifier: Classifier, digits: Dataset) -> None:
    image = digits.test.images[0]
    first, second = ("covered", [0, 5, 12]), ("noised", [0, 30])
    found = verdict_map(classifier.predict_proba, image, first, second, seed=3)
    assert (found.shape, found.dtype) == ((3, 2, 10), np.float32)
    for i, pixels in enumerate(first[1]):
        for j, percent in enumerate(second[1]):
            changed = corrupt(corrupt(image[None], "covered", pixels, 3), "noised", percent, 3)
            plain = classifier.predict_proba(changed)[0]
            np.testing.assert_allclose(found[i, j], plain, atol=1e-5)


@pytest.mark.parametrize("names", [("turned", "sized"), ("noised", "covered"), ("shifted_down", "shifted_down")])
def test_a_map_where_nothing_is_changed_has_the_plain_verdict(
    names: tuple[str, str], classifier: Classifier, digits: Dataset
) -> None:
    image = digits.test.images[5]
    plain = classifier.predict_proba(image[None])[0]
    found = verdict_map(classifier.predict_proba, image, (names[0], [0]), (names[1], [0]))
    np.testing.assert_array_equal(found, [[plain]])


def test_chance_is_the_same_in_every_cell_of_a_map() -> None:
    found = verdict_map(leans_left, some_images()[0], ("covered", [7, 7, 7]), ("noised", [30, 30]))
    assert len(np.unique(found.reshape(6, 10), axis=0)) == 1


def test_a_map_of_no_amounts_is_empty() -> None:
    assert verdict_map(leans_left, dot()[0], ("turned", []), ("sized", [0, 1])).shape == (0, 2, 10)
