import ast
import gc
import logging
import os
import signal
import stat
import subprocess
import sys
import threading
import warnings
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import pytest

from digitrec import storage
from digitrec.storage import (
    cache_folder,
    cached_arrays,
    cached_file,
    file_stamp,
    keep_arrays,
    kept_arrays,
    read_arrays,
    replace_arrays,
    replace_file,
    replace_folder,
    write_rows,
)

ARRAYS = {
    "positions": np.arange(8, dtype=np.float32).reshape(4, 2),
    "labels": np.array([3, 1, 4], np.uint8),
    "none": np.empty((0, 28, 28), np.uint8),
    "title": np.array("Zürich ☃.csv"),
}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "maps" / "deep" / "one.npz"
    keep_arrays(path, **ARRAYS)
    return path


def test_arrays_come_back(kept: Path) -> None:
    arrays = kept_arrays(kept)
    assert arrays is not None
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert (arrays[name].shape, arrays[name].dtype) == (array.shape, array.dtype)
        np.testing.assert_array_equal(arrays[name], array)


def test_no_draft_is_left(kept: Path) -> None:
    assert list(kept.parent.iterdir()) == [kept]


def test_what_was_kept_before_is_replaced(kept: Path) -> None:
    keep_arrays(kept, other=np.arange(3))
    arrays = kept_arrays(kept)
    assert arrays is not None
    assert list(arrays) == ["other"]
    assert list(kept.parent.iterdir()) == [kept]


def test_what_was_kept_stays_where_writing_fails(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(file: BinaryIO, **_: object) -> None:
        file.write(b"PK half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fill)
    keep_arrays(kept, other=np.arange(3))
    arrays = kept_arrays(kept)
    assert arrays is not None
    assert set(arrays) == set(ARRAYS)
    assert list(kept.parent.iterdir()) == [kept]


def test_where_nothing_can_be_written_the_log_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("no folder")
    path = tmp_path / "file" / "one.npz"
    with caplog.at_level(logging.WARNING, "digitrec"):
        keep_arrays(path, **ARRAYS)
    assert f"{path} could not be written" in caplog.text
    assert (tmp_path / "file").read_text() == "no folder"


def test_what_was_never_kept_is_none_and_no_matter(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert kept_arrays(tmp_path / "one.npz") is None
    assert not caplog.records


@pytest.mark.parametrize("content", [b"", b"P", b"text", b"\x80\x04K\x01."])
def test_what_is_no_npz_is_none(content: bytes, kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept.write_bytes(content)
    with caplog.at_level(logging.WARNING, "digitrec"):
        assert kept_arrays(kept) is None
    assert f"{kept} is damaged" in caplog.text


def test_objects_are_none(kept: Path) -> None:
    np.savez(kept, positions=np.array([1, None], object))
    assert kept_arrays(kept) is None


def test_a_file_cut_short_is_none(kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "digitrec")  # a record would hold on to the file
    whole = kept.read_bytes()
    for length in range(0, len(whole), 3):
        kept.write_bytes(whole[:length])
        assert kept_arrays(kept) is None


def test_a_file_with_a_changed_byte_is_none_or_whole(kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "digitrec")  # a record would hold on to the file
    whole = kept.read_bytes()
    for place in range(len(whole)):
        kept.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        for name, array in (kept_arrays(kept) or {}).items():
            np.testing.assert_array_equal(array, ARRAYS[name])


def test_an_array_alone_is_none(kept: Path) -> None:
    with kept.open("wb") as file:
        np.save(file, np.arange(3))
    assert kept_arrays(kept) is None


def test_a_damaged_file_is_closed(kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "digitrec")
    kept.write_bytes(b"PK\x03\x04")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        kept_arrays(kept)
        gc.collect()
    assert not told


def python(program: str, *arguments: object, stdout: int | None = None) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, text=True, stdout=stdout)


SLOW = """
import sys, time
from pathlib import Path
from digitrec.storage import replace_file

def write(file):
    file.write(b"half of the new content")
    file.flush()
    print("writing", flush=True)
    time.sleep(600)

replace_file(Path(sys.argv[1]), write)
"""


def test_a_process_killed_while_it_writes_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with python(SLOW, path, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "writing\n"
        writer.send_signal(signal.SIGKILL)
    assert path.read_bytes() == b"old"
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"


MANY = """
import sys
from pathlib import Path
from digitrec.storage import replace_file

for _ in range(40):
    replace_file(Path(sys.argv[1]), sys.argv[2].encode() * 200_000)
"""


def test_two_processes_and_two_threads_at_once_never_leave_a_mixture(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_file(path, b"a" * 200_000)
    seen: set[bytes] = set()

    def write(letter: bytes) -> None:
        for _ in range(40):
            replace_file(path, letter * 200_000)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b")]
    processes = [python(MANY, path, letter) for letter in "cd"]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or any(process.poll() is None for process in processes):
        content = path.read_bytes()
        assert len(content) == 200_000
        seen |= {bytes([byte]) for byte in set(content)}
        assert content == content[:1] * 200_000
    assert [process.returncode for process in processes] == [0, 0]
    assert len(seen) > 1
    assert list(tmp_path.iterdir()) == [path]


FULL = """
import resource, sys
from pathlib import Path
from digitrec.storage import replace_arrays, replace_file
import numpy as np

resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
for write in (
    lambda: replace_file(Path(sys.argv[1]), bytes(1_000_000)),
    lambda: replace_arrays(Path(sys.argv[1]), array=np.zeros(1_000_000)),
):
    try:
        write()
    except OSError as error:
        print(error.strerror, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of a file")
def test_a_disk_without_room_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with python(FULL, path, stdout=subprocess.PIPE) as writer:
        assert writer.communicate()[0].splitlines() == ["File too large"] * 2
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_written_as_utf_8_with_its_line_ends(tmp_path: Path) -> None:
    replace_file(tmp_path / "file", "Zürich\n☃\r\n")
    assert (tmp_path / "file").read_bytes() == "Zürich\n☃\r\n".encode()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions and links")
def test_links_devices_and_permissions_stay_what_they_are(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    replace_file(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    os.mkfifo(tmp_path / "pipe")
    with python("import sys; print(open(sys.argv[1]).read())", tmp_path / "pipe", stdout=subprocess.PIPE) as reader:
        replace_file(tmp_path / "pipe", "through the pipe")
        assert reader.communicate()[0] == "through the pipe\n"


def test_a_folder_is_replaced_or_stays(tmp_path: Path) -> None:
    for name in ("draft", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    with pytest.raises(OSError, match="gone"):
        replace_folder(tmp_path / "gone", tmp_path / "target")
    assert (tmp_path / "target" / "file").read_text() == "target"
    replace_folder(tmp_path / "draft", tmp_path / "target")
    assert (tmp_path / "target" / "file").read_text() == "draft"
    assert list(tmp_path.iterdir()) == [tmp_path / "target"]


@pytest.mark.parametrize("n", [1, storage.ROWS_AT_ONCE, storage.ROWS_AT_ONCE + 1])
def test_rows_are_written_in_chunks_as_a_npy(n: int, tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((n, 3)).astype(np.float32)
    done: list[float] = []
    replace_file(tmp_path / "rows.npy", partial(write_rows, lambda part: part[:, :2], images, done.append))
    rows = np.load(tmp_path / "rows.npy", mmap_mode="r", allow_pickle=False)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, images[:, :2])
    assert done[-1] == 1
    assert done == sorted(done)


def test_a_stamp_changes_with_every_change_of_a_file(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    stamps = [file_stamp([one, other])]
    one.write_bytes(b"1")
    stamps.append(file_stamp([one, other]))
    before = one.stat()
    replace_file(one, b"2")
    os.utime(one, ns=(before.st_atime_ns, before.st_mtime_ns))  # the same size and time
    stamps.append(file_stamp([one, other]))
    other.touch()
    stamps.append(file_stamp([one, other]))
    assert len(set(stamps)) == 4
    assert file_stamp([one, other]) == stamps[-1]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DIGITREC_CACHE_MB", "0.001")
    return tmp_path / "cache"


def put(name: str, age: float, kind: Literal["maps", "uploads"] = "maps") -> Path:
    path = cached_file(kind, name, bytes(400))
    used = path.stat().st_mtime - age
    os.utime(path, (used, used))
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_the_cache_stands_beside_the_default_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    from digitrec.datasets import data_folder

    for name in ("DIGITREC_CACHE", "DIGITREC_DATA"):
        monkeypatch.setenv(name, "")
    assert cache_folder().parts[-2:] == ("digitrec", "cache")
    assert cache_folder().parent == data_folder().parent
    assert cache_folder() != data_folder()


def test_what_was_used_longest_ago_goes_first(cache: Path) -> None:
    put("oldest", 3000)
    put("old", 2000, "uploads")
    assert names(cache) == {"oldest", "old"}
    cached_file("maps", "oldest", b"")  # which is used again
    put("new", 0)
    assert names(cache) == {"oldest", "new"}


def test_what_is_in_use_or_just_written_stays(cache: Path) -> None:
    put("in use", 1)
    cached_file("maps", "large", bytes(2000))
    assert names(cache) == {"in use", "large"}
    os.utime(cache / "maps" / "large", (0, 0))
    put("another", 0)
    assert names(cache) == {"in use", "another"}


def test_files_that_are_not_the_caches_stay(cache: Path) -> None:
    for path in (cache / "own" / "mine.csv", cache / "letter.txt"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(5000))
        os.utime(path, (0, 0))
    for age, name in enumerate(("three", "two", "one")):
        put(name, 300 - 100 * age)
    assert names(cache) == {"mine.csv", "letter.txt", "two", "one"}


def test_what_is_cached_is_not_made_again_and_what_is_damaged_is(cache: Path) -> None:
    made: list[int] = []

    def make() -> dict[str, np.ndarray]:
        made.append(1)
        return {"array": np.arange(3)}

    for _ in range(2):
        np.testing.assert_array_equal(cached_arrays("maps", "one.npz", make)["array"], np.arange(3))
    assert len(made) == 1
    (cache / "maps" / "one.npz").write_bytes(b"damaged")
    np.testing.assert_array_equal(cached_arrays("maps", "one.npz", make)["array"], np.arange(3))
    assert len(made) == 2
    assert set(read_arrays(cache / "maps" / "one.npz")) == {"array"}


def test_a_cache_that_cannot_be_written_is_done_without(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache.write_text("in the way")
    arrays = cached_arrays("maps", "one.npz", lambda: {"array": np.arange(3)})
    np.testing.assert_array_equal(arrays["array"], np.arange(3))
    assert "could not be written" in caplog.text
    with pytest.raises(OSError, match="cache"):
        cached_file("maps", "one", b"")


def test_a_limit_that_is_no_number_is_reported(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DIGITREC_CACHE_MB", "much")
    put("one", 100)
    put("two", 0)
    assert names(cache) == {"one", "two"}
    assert "Expected DIGITREC_CACHE_MB to be a number of megabytes. Received: 'much'" in caplog.text


def test_no_file_that_is_read_or_written_may_hold_objects() -> None:
    for path in Path(storage.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.load", "np.save", "np.savez"):
                assert "allow_pickle=False" in ast.unparse(node), f"{path}:{node.lineno}"


def test_arrays_of_objects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        replace_arrays(tmp_path / "one.npz", array=np.array([1, None], object))
    assert not list(tmp_path.iterdir())
