import io
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from digitrec.errors import PictureError
from digitrec.ink.image_files import MAX_BYTES, MIN_CONTRAST, NOISE, SIDE, decode_grey, load_ink
from digitrec.ink.preprocessing import preprocess

Ink = NDArray[np.uint8]


def cleared(ink: Ink) -> Ink:
    return np.where(ink < NOISE * 255, 0, ink)


def dark_on_light(ink: Ink) -> Image.Image:
    return Image.fromarray(255 - ink)


def with_opacity(ink: Ink, colour: int) -> Image.Image:
    return Image.fromarray(np.dstack([np.full((*ink.shape, 3), colour, np.uint8), ink]))


def sixteen_bits(ink: Ink) -> Image.Image:
    return Image.fromarray((255 - ink).astype(np.uint16) * 257)


def grey_and_opacity(ink: Ink) -> Image.Image:
    return Image.merge("LA", [Image.new("L", ink.shape[::-1], 0), Image.fromarray(ink)])


KINDS: dict[str, tuple[Callable[[Ink], Image.Image], str]] = {
    "grey": (dark_on_light, "png"),
    "grey, light on dark": (Image.fromarray, "png"),
    "RGB": (lambda ink: dark_on_light(ink).convert("RGB"), "png"),
    "RGB bitmap": (lambda ink: dark_on_light(ink).convert("RGB"), "bmp"),
    "opaque RGBA": (lambda ink: dark_on_light(ink).convert("RGBA"), "png"),
    "black on transparent": (lambda ink: with_opacity(ink, 0), "png"),
    "white on transparent": (lambda ink: with_opacity(ink, 255), "png"),
    "LA": (grey_and_opacity, "png"),
    "palette": (lambda ink: dark_on_light(ink).convert("P"), "png"),
    "palette GIF": (dark_on_light, "gif"),
    "palette, light on dark": (lambda ink: Image.fromarray(ink).convert("P"), "png"),
    "CMYK": (lambda ink: dark_on_light(ink).convert("CMYK"), "tiff"),
    "16 bits": (sixteen_bits, "png"),
    "floats": (lambda ink: dark_on_light(ink).convert("F"), "tiff"),
    "lossless WebP": (lambda ink: dark_on_light(ink).convert("RGB"), "webp"),
}


@pytest.mark.parametrize(("make", "ending"), KINDS.values(), ids=KINDS)
def test_every_kind_of_picture_gives_the_same_ink(
    make: Callable[[Ink], Image.Image], ending: str, ink: Ink, tmp_path: Path
) -> None:
    path = tmp_path / f"three.{ending}"
    make(ink).save(path, **({"lossless": True} if ending == "webp" else {}))
    found = load_ink(path)
    assert found.dtype == np.uint8
    assert found.shape == ink.shape
    np.testing.assert_allclose(found.astype(int), cleared(ink), atol=2)


def test_black_and_white_is_read(ink: Ink, tmp_path: Path) -> None:
    Image.fromarray(ink < 128).save(tmp_path / "three.png")
    np.testing.assert_array_equal(load_ink(tmp_path / "three.png"), np.where(ink < 128, 0, 255))


def test_a_pale_pencil_on_grey_paper_is_full_ink(ink: Ink, tmp_path: Path) -> None:
    Image.fromarray((180 - ink * (60 / 255)).astype(np.uint8)).save(tmp_path / "pale.png")
    np.testing.assert_allclose(load_ink(tmp_path / "pale.png").astype(int), cleared(ink), atol=6)


def test_a_bright_spot_beside_dark_ink_is_not_ink(ink: Ink, tmp_path: Path) -> None:
    grey = (200 - ink * (180 / 255)).astype(np.uint8)
    grey[130:150, 3:10] = 255
    Image.fromarray(grey).save(tmp_path / "glare.png")
    np.testing.assert_allclose(load_ink(tmp_path / "glare.png").astype(int), cleared(ink), atol=3)


TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,  # the viewer turns it back by 270 degrees
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize(("orientation", "turned"), TURNS.items())
def test_a_photograph_is_turned_upright(orientation: int, turned: Image.Transpose, ink: Ink, tmp_path: Path) -> None:
    upright = dark_on_light(ink[:, 40:])
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright.transpose(turned).save(tmp_path / "photo.png", exif=exif)
    np.testing.assert_allclose(load_ink(tmp_path / "photo.png").astype(int), cleared(ink[:, 40:]), atol=2)


def test_jpeg_noise_on_paper_is_not_ink(ink: Ink, tmp_path: Path) -> None:
    dark_on_light(ink).save(tmp_path / "three.jpg", quality=30)
    found = load_ink(tmp_path / "three.jpg")
    with Image.open(tmp_path / "three.jpg") as picture:
        assert (np.asarray(picture)[ink == 0] < 255).sum() > 100
    rows, columns = np.nonzero(ink)
    far = np.ones(ink.shape, bool)
    far[rows.min() - 3 : rows.max() + 4, columns.min() - 3 : columns.max() + 4] = False
    assert not found[far].any()
    np.testing.assert_allclose(preprocess(found).image.astype(int), preprocess(ink).image, atol=60)


def test_paper_grain_is_not_ink(ink: Ink, tmp_path: Path) -> None:
    grain = np.random.default_rng(0).integers(-9, 10, ink.shape)
    Image.fromarray((225 - ink * (180 / 255) + grain).astype(np.uint8)).save(tmp_path / "photo.png")
    assert not load_ink(tmp_path / "photo.png")[ink == 0].any()


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P", "CMYK", "I;16", "LA"])
@pytest.mark.parametrize("size", [(1, 1), (40, 30)])
def test_a_uniform_picture_has_no_ink(mode: str, size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "blank.tiff"
    Image.new(mode, size, 0 if mode in {"1", "P"} else None).save(path)
    found = load_ink(path)
    assert found.shape == size[::-1]
    assert not found.any()


@pytest.mark.parametrize(("contrast", "has_ink"), [(MIN_CONTRAST - 1, False), (MIN_CONTRAST, True)])
@pytest.mark.parametrize("sign", [1, -1])
def test_ink_begins_at_the_least_contrast(contrast: int, has_ink: bool, sign: int, tmp_path: Path) -> None:
    grey = np.full((30, 30), 120, np.uint8)
    grey[10:20, 12:16] = 120 + sign * contrast
    Image.fromarray(grey).save(tmp_path / "faint.png")
    assert load_ink(tmp_path / "faint.png").any() == has_ink


@pytest.mark.parametrize("kind", ["grey", "RGB", "black on transparent", "palette", "16 bits", "CMYK"])
def test_a_large_picture_is_reduced_and_keeps_its_shape(kind: str, ink: Ink, tmp_path: Path) -> None:
    make, ending = KINDS[kind]
    make(np.kron(ink[:200], np.ones((6, 6), np.uint8))).save(tmp_path / f"large.{ending}")
    found = load_ink(tmp_path / f"large.{ending}")
    assert max(found.shape) == SIDE
    assert found.shape == pytest.approx((SIDE * 200 / 280, SIDE), abs=1)
    np.testing.assert_allclose(preprocess(found).image.astype(int), preprocess(ink[:200]).image, atol=40)


def test_a_large_jpeg_is_reduced(ink: Ink, tmp_path: Path) -> None:
    dark_on_light(np.kron(ink, np.ones((9, 9), np.uint8))).save(tmp_path / "photo.jpg")
    found = load_ink(tmp_path / "photo.jpg")
    assert found.shape == (SIDE, SIDE)
    np.testing.assert_allclose(preprocess(found).image.astype(int), preprocess(ink).image, atol=40)


def test_greys_are_floats_from_0_to_255(ink: Ink, tmp_path: Path) -> None:
    dark_on_light(ink).save(tmp_path / "three.png")
    grey, _ = decode_grey(tmp_path / "three.png", SIDE)
    assert grey.dtype == np.float32
    np.testing.assert_array_equal(grey, 255 - ink)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of_paper(width: int, height: int) -> bytes:
    packer = zlib.compressobj(1)
    row = bytes(1 + (width + 7) // 8)
    pixels = b"".join(packer.compress(row * 100) for _ in range(height // 100)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("width", "height", "received"), [(30_000, 30_000, "far more"), (10_000, 6_000, "10,000 × 6,000 pixels")]
)
def test_too_many_pixels_are_refused_before_they_are_decoded(
    width: int, height: int, received: str, tmp_path: Path
) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_of_paper(width, height))
    assert path.stat().st_size < 1_000_000
    with pytest.raises(PictureError, match=f"at most 50 million pixels. Received: 'bomb.png' with {received}. Reduce"):
        load_ink(path)


def test_the_bomb_is_a_good_picture_but_for_its_size(tmp_path: Path) -> None:
    (tmp_path / "paper.png").write_bytes(png_of_paper(300, 200))
    assert load_ink(tmp_path / "paper.png").shape == (200, 300)


def test_too_large_a_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(PictureError, match=r"at most 25 MB\. Received: 'large\.png' of 25 MB\. Save it smaller"):
        load_ink(tmp_path / "large.png")


@pytest.mark.parametrize("content", [b"", b"I am a text, whatever my name says.\n" * 9, b"%PDF-1.7\n", bytes(500)])
def test_a_file_that_is_no_picture_is_told_so(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_bytes(content)
    with pytest.raises(PictureError, match=r"Expected a picture such as PNG.* Received: 'text\.png', which is not"):
        load_ink(tmp_path / "text.png")


def test_a_missing_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(
        PictureError, match=r"Received: 'none\.png', which does not exist or is not a file\. Check its name"
    ):
        load_ink(tmp_path / "none.png")


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="Expected a picture file"):
        load_ink(tmp_path)


def encoded(ink: Ink, kind: str) -> bytes:
    buffer = io.BytesIO()
    dark_on_light(ink).save(buffer, format=kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP"])
def test_a_picture_cut_short_is_refused(kind: str, ink: Ink, tmp_path: Path) -> None:
    content = encoded(ink, kind)
    path = tmp_path / "half.png"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(PictureError, match=r"Received: 'half\.png', which .*(Save|Open)"):
        load_ink(path)


@pytest.mark.filterwarnings("ignore")  # Pillow warns of damage that it can mend
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO"])
def test_damage_anywhere_is_a_picture_error_or_still_a_picture(kind: str, ink: Ink, tmp_path: Path) -> None:
    whole, path = encoded(ink[::8, ::8], kind), tmp_path / "damaged"
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(40):
        content = bytearray(whole)
        for place in rng.integers(0, min(len(content), 300), 3):
            content[place] = rng.integers(256)
        path.write_bytes(content)
        try:
            assert load_ink(path).dtype == np.uint8
        except PictureError:
            refused += 1
    assert refused > 0


def test_a_name_too_long_for_a_file_is_told_so() -> None:
    with pytest.raises(PictureError, match="does not exist"):
        load_ink(Path("a" * 300 + ".png"))


@pytest.mark.parametrize("kind", ["AVIF", "BLP"])
def test_damaged_pictures_of_rare_kinds_are_refused(kind: str, tmp_path: Path) -> None:
    grey = np.full((40, 30), 230, np.uint8)
    grey[10:30, 12:18] = 20
    buffer = io.BytesIO()
    Image.fromarray(grey).convert("P" if kind == "BLP" else "L").save(buffer, format=kind)
    rng = np.random.default_rng(0)
    for _ in range(300):
        content = bytearray(buffer.getvalue())
        for spot in rng.integers(0, min(len(content), 200), 3):
            content[spot] = rng.integers(256)
        (tmp_path / "damaged").write_bytes(content)
        with suppress(PictureError):
            load_ink(tmp_path / "damaged")
