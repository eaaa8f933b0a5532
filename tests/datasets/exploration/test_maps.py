from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from digitrec.datasets.exploration import maps
from digitrec.datasets.exploration.maps import CHUNK, FEWEST, make_map
from digitrec.datasets.exploration.projection import Features, Projection, place_image, project, to_features
from digitrec.errors import DataError

Images = NDArray[np.uint8]
IMAGES = np.random.default_rng(0).integers(0, 256, (50, 28, 28), dtype=np.uint8)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_CACHE", str(tmp_path))
    return tmp_path / "maps"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods by which something was laid out; quick ones in the place of t-SNE."""
    made: list[str] = []

    def spy(features: Features, method: str, seed: int, progress: Callable[[float], None]) -> Projection:
        made.append(method)
        for share in (0.5, 1.0):
            progress(share)
        return Projection(project(features, "PCA", seed, progress).positions)

    monkeypatch.setattr(maps, "project", spy)
    return made


def first_pixels(images: Images) -> Features:
    return to_features(images)[:, :30]


def silent(_share: float) -> None:
    pass


def draw(
    images: Images = IMAGES, method: str = "t-SNE", see: Callable[[Images], Features] = to_features
) -> maps.DigitMap:
    return make_map(images, see, method, 40, silent)


def test_a_map_is_laid_out_by_t_sne_and_kept(folder: Path) -> None:
    told: list[float] = []
    first = make_map(IMAGES, to_features, "t-SNE", 30, told.append)
    expected = project(first.features, "t-SNE", maps.SEED, silent)
    np.testing.assert_array_equal(first.projection.positions, expected.positions)
    assert (np.diff(told) > 0).all()
    assert told[0] <= maps.FEATURES_FRACTION
    assert told[-1] == 1
    again = make_map(IMAGES, to_features, "t-SNE", 30, silent)
    np.testing.assert_array_equal(again.projection.positions, first.projection.positions)
    assert again.projection.positions.dtype == np.float32
    assert [path.suffix for path in folder.iterdir()] == [".npz"]


@pytest.mark.parametrize(("count", "expected"), [(2, 2), (25, 25), (50, 50), (1000, 50)])
def test_places_ascend_and_are_as_many_as_asked_for(count: int, expected: int, calls: list[str]) -> None:
    places = make_map(IMAGES, to_features, "t-SNE", count, silent).places
    assert len(places) == expected
    assert (np.diff(places) > 0).all()
    assert set(places.tolist()) <= set(range(50))


def test_places_are_drawn_from_all_images_and_are_the_same_again(calls: list[str]) -> None:
    places = make_map(IMAGES, to_features, "PCA", 20, silent).places
    assert places.max() > 30
    assert set(places.tolist()) != set(range(20))
    np.testing.assert_array_equal(make_map(IMAGES, to_features, "PCA", 20, silent).places, places)


def test_features_are_those_of_the_images_at_the_places() -> None:
    images = np.random.default_rng(1).integers(0, 256, (2 * CHUNK + 9, 28, 28), dtype=np.uint8)
    sizes: list[int] = []

    def see(chunk: Images) -> Features:
        sizes.append(len(chunk))
        return first_pixels(chunk)

    told: list[float] = []
    digits = make_map(images, see, "PCA", 2 * CHUNK + 1, told.append)
    np.testing.assert_array_equal(digits.features, first_pixels(images[digits.places]))
    assert sizes == [CHUNK, CHUNK, 1]
    assert told == pytest.approx([maps.FEATURES_FRACTION * part / 3 for part in (1, 2, 3)])


def test_by_pca_a_map_is_projects_and_nothing_is_kept(folder: Path) -> None:
    digits = draw(method="PCA")
    np.testing.assert_array_equal(
        digits.projection.positions, project(digits.features, "PCA", maps.SEED, silent).positions
    )
    np.testing.assert_allclose(
        place_image(digits.projection, digits.features, digits.features[5]), digits.projection.positions[5], atol=1e-4
    )
    assert not folder.exists()


def test_the_second_time_nothing_is_laid_out(calls: list[str]) -> None:
    first, again = draw(), draw()
    assert calls == ["t-SNE"]
    for name in ("places", "features"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    np.testing.assert_array_equal(again.projection.positions, first.projection.positions)


@pytest.mark.parametrize("content", [b"", b"half a map"])
def test_a_damaged_map_is_made_again(content: bytes, folder: Path, calls: list[str]) -> None:
    first = draw()
    (path,) = folder.iterdir()
    path.write_bytes(content)
    again = draw()
    assert calls == ["t-SNE", "t-SNE"]
    np.testing.assert_array_equal(again.projection.positions, first.projection.positions)
    assert list(folder.iterdir()) == [path]
    draw()
    assert len(calls) == 2


def test_other_features_have_another_file(folder: Path, calls: list[str]) -> None:
    changed = IMAGES.copy()
    changed[:, 14, 14] ^= 1
    draw()
    draw(changed)
    draw(see=first_pixels)
    assert len(list(folder.iterdir())) == len(calls) == 3


def test_the_same_numbers_in_another_shape_have_another_file(folder: Path, calls: list[str]) -> None:
    flat = np.arange(4 * FEWEST * 6, dtype=np.float32)
    for rows in (2 * FEWEST, 4 * FEWEST):
        images = np.zeros((rows, 28, 28), np.uint8)
        make_map(images, lambda chunk: flat.reshape(len(chunk), -1), "t-SNE", rows, silent)
    assert len(list(folder.iterdir())) == len(calls) == 2


@pytest.mark.parametrize(("name", "value"), [("SEED", 1), ("version", lambda _: "0.0")])
def test_another_seed_or_another_release_of_t_sne_has_another_file(
    name: str, value: object, folder: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_map(IMAGES, to_features, "t-SNE", len(IMAGES), silent)
    monkeypatch.setattr(maps, name, value)
    make_map(IMAGES, to_features, "t-SNE", len(IMAGES), silent)
    assert len(list(folder.iterdir())) == len(calls) == 2


def test_a_map_that_cannot_be_kept_is_drawn(folder: Path, calls: list[str]) -> None:
    folder.write_text("a file where the folder would be")
    assert len(draw().projection.positions) == 40
    draw()
    assert len(calls) == 2


@pytest.mark.parametrize("n", [0, FEWEST - 1])
def test_too_few_images_are_told(n: int, folder: Path) -> None:
    with pytest.raises(DataError, match=rf"at least {FEWEST} images.*Received: {n}\. Choose a larger"):
        draw(IMAGES[:n])
    assert len(draw(IMAGES[:FEWEST], "PCA").places) == FEWEST
