from pathlib import Path

import numpy as np
import pytest

from digitrec.errors import DataError
from digitrec.ink.image_files import load_ink
from digitrec.ink.preprocessing import preprocess
from digitrec.reading.files import (
    open_batch,
    picture_files,
)
from tests.reading.files.helpers import Images, gather, png, put


def prepared(images: Images) -> Images:
    return np.array([preprocess(load_ink(png(image))).image for image in images])


@pytest.mark.parametrize("where", ["a.zip", "folder"])
@pytest.mark.parametrize("labelled", [False, True])
def test_pictures_come_in_the_order_that_people_count_in(
    where: str, labelled: bool, digits: Images, tmp_path: Path
) -> None:
    names = [f"{'digits/7/' * labelled}{number}.png" for number in range(1, 13)]
    path = put({name: png(image) for name, image in zip(names, digits, strict=True)}, tmp_path / where)
    batch = open_batch(path)
    what = "a zip" if where == "a.zip" else "a folder"
    assert batch.kind == f"{what} of 12 digits in picture files, {'with' if labelled else 'without'} labels"
    found = gather(batch)
    np.testing.assert_array_equal(found.images, prepared(digits))
    assert found.names == tuple(names)
    assert (found.labels is None) != labelled
    if found.labels is not None:
        assert found.labels.tolist() == [7] * 12


@pytest.mark.parametrize("where", ["a.zip", "folder"])
def test_what_is_no_picture_is_named_and_the_others_read(where: str, digits: Images, tmp_path: Path) -> None:
    files = {
        "1.png": png(digits[0]),
        "2.png": b"no picture",
        "3.png": png(np.zeros((28, 28), np.uint8)),
        "4.png": png(digits[1]),
        "5.png": png(digits[2])[:100],
        "__MACOSX/._1.png": b"left behind",
        ".DS_Store": b"left behind",
    }
    found = gather(open_batch(put(files, tmp_path / where)))
    assert found.numbers.tolist() == [1, 4]
    assert found.names == ("1.png", "4.png")
    assert [(row.number, row.name) for row in found.bad] == [(2, "2.png"), (3, "3.png"), (5, "5.png")]
    assert "which is not" in found.bad[0].reason
    assert "Expected ink" in found.bad[1].reason
    assert "is cut short" in found.bad[2].reason


@pytest.mark.parametrize("name", ["../out.png", "/abs.png", "a/../../out.png", "C:/x.png", "..\\out.png"])
def test_a_name_that_leads_out_of_the_zip_is_not_followed(name: str, digits: Images, tmp_path: Path) -> None:
    path = put({name: png(digits[0]), "good.png": png(digits[1])}, tmp_path / "a.zip")
    before = sorted(tmp_path.rglob("*"))
    found = gather(open_batch(path))
    assert found.names == ("good.png",)
    assert "leads out of it" in found.bad[0].reason
    assert sorted(tmp_path.rglob("*")) == before


def test_a_picture_that_unpacks_to_too_much_is_one_bad_row(digits: Images, tmp_path: Path) -> None:
    path = put({"bomb.png": bytes(30_000_000), "good.png": png(digits[1])}, tmp_path / "a.zip")
    found = gather(open_batch(path))
    assert found.names == ("good.png",)
    assert "at most 25 MB" in found.bad[0].reason


def set_flag(path: Path) -> None:
    """Say of each entry that it is encrypted, here and in the directory."""
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(mark)
        while start >= 0:
            content[start + offset] |= 1
            start = content.find(mark, start + 4)
    path.write_bytes(content)


def test_zips_that_cannot_be_read_are_refused(digits: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put({"1.png": png(digits[0]), "2.png": png(digits[1])}, tmp_path / "a.zip")
    with monkeypatch.context() as patch:
        patch.setattr(picture_files, "MAX_UNPACKED", 100)
        with pytest.raises(DataError, match="unpack to at most"):
            open_batch(path)
        patch.setattr(picture_files, "MAX_UNPACKED", 10**9)
        patch.setattr(picture_files, "MAX_PICTURES", 1)
        with pytest.raises(DataError, match=r"at most 1 pictures"):
            open_batch(path)
        with pytest.raises(DataError, match=r"at most 1 pictures"):
            open_batch(put({"1.png": b"", "2.png": b""}, tmp_path / "folder"))
    set_flag(path)
    with pytest.raises(DataError, match=r"an encrypted zip\. Pack it again without"):
        open_batch(path)
    with pytest.raises(DataError, match="without any"):
        open_batch(put({}, tmp_path / "empty.zip"))
    (tmp_path / "bare").mkdir()
    with pytest.raises(DataError, match="a folder without any"):
        open_batch(tmp_path / "bare")
