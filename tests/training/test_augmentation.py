import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage, optimize

from digitrec.ink.morphology import neighbourhood
from digitrec.training.augmentation import Augmentation, augment, augment_copies, change_stroke_width, warp

NOTHING = {"degrees": 0, "shift": 0, "zoom": 0, "shear": 0, "bend": 0, "thicker": 0, "thinner": 0}
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)
MIDDLE = np.array([14.0, 14.0])
Images = NDArray[np.float32]


def only(**strengths: float) -> Augmentation:
    return Augmentation(**(NOTHING | strengths))


def noise(n: int = 6) -> Images:
    return np.random.default_rng(1).uniform(0, 255, (n, 28, 28)).astype(np.float32)


def blobs(n: int) -> Images:
    spots = np.zeros((n, 28, 28))
    spots[:, 9:19, 13:15] = 255
    spots[:, 17, 11:18] = 160
    return ndimage.gaussian_filter(spots, (0, 1, 1)).astype(np.float32)


def pulled(image: Images, matrix: NDArray[np.float64]) -> Images:
    return ndimage.affine_transform(
        image, matrix, MIDDLE - matrix @ MIDDLE, order=1, mode="grid-constant", output=np.float32
    )


def test_zero_strength_changes_nothing() -> None:
    np.testing.assert_array_equal(augment(noise(), only(), np.random.default_rng(0)), noise())


@pytest.mark.parametrize("seed", range(4))
def test_shape_type_and_range_stay(seed: int) -> None:
    strong = Augmentation(degrees=40, shift=9, zoom=0.5, shear=0.5, bend=4, thicker=1, thinner=1)
    changed = augment(noise(30), strong, np.random.default_rng(seed))
    assert changed.shape == (30, 28, 28)
    assert changed.dtype == np.float32
    assert changed.min() >= -1e-3
    assert changed.max() <= 255.001


def test_same_seed_same_images_and_each_image_its_own_way() -> None:
    images = np.repeat(blobs(1), 5, axis=0)
    first, again, other = (augment(images, Augmentation(), np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 10
    assert np.abs(first[0] - first[1]).max() > 10


def test_the_images_given_are_left_as_they_were() -> None:
    images = noise()
    augment(images, Augmentation(), np.random.default_rng(0))
    np.testing.assert_array_equal(images, noise())


def test_a_pure_shift_is_scipys() -> None:
    changed = warp(blobs(20), only(shift=2.5), np.random.default_rng(0))
    moves = []
    for before, after in zip(blobs(20), changed, strict=True):
        # Bilinear reading moves the centre of mass by just the shift.
        move = np.subtract(ndimage.center_of_mass(after), ndimage.center_of_mass(before))
        np.testing.assert_allclose(after, ndimage.shift(before, move, order=1, mode="grid-constant"), atol=0.1)
        moves.append(move)
    assert 1.5 < np.abs(moves).max() <= 2.5


def turning(angle: float) -> NDArray[np.float64]:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def shearing(amount: float) -> NDArray[np.float64]:
    return np.array([[1, 0], [amount, 1]])


@pytest.mark.parametrize(
    ("settings", "matrix", "spread"),
    [(only(degrees=12), turning, np.deg2rad(12)), (only(shear=0.2), shearing, 0.2)],
    ids=["turn", "shear"],
)
def test_a_pure_turn_or_shear_is_scipys(settings: Augmentation, matrix: object, spread: float) -> None:
    changed = warp(blobs(25), settings, np.random.default_rng(0))
    amounts = []
    for before, after in zip(blobs(25), changed, strict=True):
        found = optimize.minimize_scalar(
            lambda amount, before=before, after=after: float(((pulled(before, matrix(amount)) - after) ** 2).sum()),
            bounds=(-4 * spread, 4 * spread),
            options={"xatol": 1e-7},
        )
        np.testing.assert_allclose(pulled(before, matrix(found.x)), after, atol=0.1)
        amounts.append(found.x)
    assert 0.6 * spread < np.std(amounts) < 1.5 * spread


def test_a_pure_zoom_keeps_the_middle_and_its_bounds() -> None:
    image = np.zeros((40, 28, 28), np.float32)
    image[:, 14, 14] = 255
    changed = warp(image, only(zoom=0.2), np.random.default_rng(0))
    assert (changed[:, 14, 14] == 255).all()
    wide = np.zeros((40, 28, 28), np.float32)
    wide[:, 4:25, 4:25] = 255
    sides = np.sqrt(warp(wide, only(zoom=0.2), np.random.default_rng(0)).sum(axis=(1, 2)) / 255)
    assert 21 / 1.25 < sides.min() < 20
    assert 22 < sides.max() < 21 / 0.75


def test_bending_is_smooth_and_moves_ink_about_as_far_as_told() -> None:
    slope = np.tile((np.arange(28, dtype=np.float32)[:, None] + 20) * 5, (60, 1, 28))
    moved = (warp(slope, only(bend=0.8), np.random.default_rng(0)) - slope)[:, 3:-3, 3:-3] / 5
    assert 0.4 < moved.std() < 1.0
    assert np.abs(np.diff(moved, axis=1)).max() < 1.2


def test_beyond_the_border_there_is_no_ink() -> None:
    full = np.full((30, 28, 28), 255, np.float32)
    changed = warp(full, only(shift=6), np.random.default_rng(0))
    assert (changed.min(axis=(1, 2)) < 0.3).mean() > 0.9
    assert (changed[:, 14, 14] == 255).all()


def test_thicker_adds_ink_and_takes_none() -> None:
    changed = change_stroke_width(blobs(40), only(thicker=1), np.random.default_rng(0))
    assert (changed >= blobs(40)).all()
    grown = (changed.sum(axis=(1, 2)) > blobs(40).sum(axis=(1, 2))).mean()
    assert 0.25 < grown < 0.75


def test_thinner_takes_ink_and_adds_none() -> None:
    changed = change_stroke_width(blobs(40), only(thinner=1), np.random.default_rng(0))
    assert (changed <= blobs(40)).all()
    shrunk = (changed.sum(axis=(1, 2)) < blobs(40).sum(axis=(1, 2))).mean()
    assert 0.25 < shrunk < 0.75


def test_no_image_grows_and_shrinks_at_once() -> None:
    changed = change_stroke_width(blobs(40), only(thicker=1, thinner=1), np.random.default_rng(0)) - blobs(40)
    grows, shrinks = (changed > 0.01).any(axis=(1, 2)), (changed < -0.01).any(axis=(1, 2))
    assert grows.any()
    assert shrinks.any()
    assert not (grows & shrinks).any()


@pytest.mark.parametrize(("extreme", "name"), [(np.maximum, "grey_dilation"), (np.minimum, "grey_erosion")])
def test_neighbourhood_is_scipys_with_a_cross(extreme: np.ufunc, name: str) -> None:
    expected = [getattr(ndimage, name)(image, footprint=CROSS, mode="constant", cval=0) for image in noise()]
    np.testing.assert_array_equal(neighbourhood(noise(), extreme), expected)


@pytest.mark.parametrize("count", [1, 12])
def test_variations_are_what_training_is_shown(count: int) -> None:
    image = np.rint(blobs(1)[0]).astype(np.uint8)
    strong = Augmentation(degrees=30, thicker=1, thinner=1)
    varied = augment_copies(image, count, strong, np.random.default_rng(5))
    assert (varied.shape, varied.dtype) == ((count, 28, 28), np.uint8)
    expected = augment(np.stack([image] * count).astype(np.float32), strong, np.random.default_rng(5))
    np.testing.assert_array_equal(varied, expected.round().clip(0, 255))
    assert len(np.unique(varied, axis=0)) == count


def test_variations_of_zero_strength_are_the_image_itself() -> None:
    image = np.rint(noise(1)[0]).astype(np.uint8)
    np.testing.assert_array_equal(augment_copies(image, 4, only(), np.random.default_rng(0)), [image] * 4)


def test_no_variations_are_none() -> None:
    assert augment_copies(np.zeros((28, 28), np.uint8), 0, Augmentation(), np.random.default_rng(0)).shape == (
        0,
        28,
        28,
    )


def test_greys_beyond_the_range_are_cut_and_do_not_wrap_around(monkeypatch: pytest.MonkeyPatch) -> None:
    over = np.array([-0.6, 255.6, 127.5, 128.5], np.float32).reshape(1, 2, 2)
    monkeypatch.setattr("digitrec.training.augmentation.augment", lambda *_: over)
    assert augment_copies(np.zeros((2, 2), np.uint8), 1, only(), np.random.default_rng(0)).ravel().tolist() == [
        0,
        255,
        128,
        128,
    ]
