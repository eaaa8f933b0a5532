import gc
import json
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digitrec.errors import RecipeError, RunError
from digitrec.training.recipe import Recipe, from_json
from digitrec.training.run_folders import processes, run_tables, runs, signals, snapshots
from digitrec.training.run_folders.runs import State
from digitrec.training.run_folders.snapshots import Snapshot


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITREC_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def run(place: Path) -> Path:
    return runs.create(Recipe(network="dense-128", source="uci", epochs=3))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    folders: list[Path] = []
    monkeypatch.setattr(processes, "start", folders.append)
    return folders


def write_history(run: Path, epochs: int) -> None:
    rows = [dict.fromkeys(run_tables.HISTORY, 0.5) | {"epoch": n + 1} for n in range(epochs)]
    run_tables.write_table(run / "history.csv", rows, run_tables.HISTORY)


def snapshot() -> Snapshot:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(10), 7).astype(np.float32)
    return Snapshot(probabilities, rng.normal(size=(3, 3, 4)).astype(np.float32), probabilities[0])


def test_a_new_run_waits_with_its_recipe_and_nothing_learned(run: Path) -> None:
    found = runs.read(run)
    assert found.recipe == Recipe(network="dense-128", source="uci", epochs=3)
    assert found.state.name == runs.WAITING
    assert 0 < found.state.updated <= time.time()
    assert (len(found.history), len(found.steps), found.log, found.has_model) == (0, 0, "", False)
    assert (tuple(found.history), tuple(found.steps)) == (run_tables.HISTORY, run_tables.STEPS)
    assert runs.find(found.name) == run


def test_runs_are_kept_where_the_variable_says(run: Path, place: Path) -> None:
    assert run.parent == place == runs.runs_folder()


def test_a_recipe_that_is_refused_leaves_nothing(place: Path) -> None:
    with pytest.raises(RecipeError, match="epochs of 1 to 1000"):
        runs.create(Recipe(epochs=0))
    assert not place.exists()


def test_where_nothing_can_be_written_it_says_where_and_what_to_do(place: Path) -> None:
    place.write_text("in the way")
    with pytest.raises(RunError, match=r"write a run in .*runs\. Received: .*\. Make room there, or set DIGITREC_RUNS"):
        runs.create(Recipe())
    assert runs.list_runs() == []


def test_a_worker_without_a_log_to_write_is_not_started(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_WARM", [])  # a page that was opened before may have left a warm worker
    (run / "log.txt").mkdir()
    with pytest.raises(RunError, match=r"write a run in .*runs\. Received: .*\. Make room there, or set DIGITREC_RUNS"):
        processes.start(run)


def test_runs_of_the_same_second_have_names_of_their_own_and_the_newest_comes_first(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    for stamp in ("20250101-000000", "20250101-000000", "20241231-235959", "20250101-000001"):
        monkeypatch.setattr(time, "strftime", lambda _, stamp=stamp: stamp)
        names.append(runs.create(Recipe(network="cnn-tiny")).name)
    assert names[:2] == ["20250101-000000-cnn-tiny", "20250101-000000-cnn-tiny-1"]
    assert all(runs.NAME.fullmatch(name) for name in names)
    assert runs.list_runs() == [names[3], names[1], names[0], names[2]]


def test_a_hundred_runs_in_a_second_are_not_written_over_one_another(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "strftime", lambda _: "20250101-000000")
    first = [runs.create(Recipe(network="cnn-tiny", seed=seed)) for seed in range(100)]
    with pytest.raises(RunError):
        runs.create(Recipe(network="cnn-tiny", seed=100))
    assert [runs.read(folder).recipe.seed for folder in first] == list(range(100))


def test_what_is_no_run_is_not_listed(run: Path, place: Path) -> None:
    (place / "20250101-000000-empty").mkdir()
    (place / "turn.lock").touch()
    (place / "notes").mkdir()
    (place / "notes" / "recipe.json").write_text("{}")
    assert runs.list_runs() == [run.name]


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "/etc", "20250101-000000-", "20250101-000000-a/..", "a\0b"])
def test_only_the_name_of_a_run_is_found(name: str, run: Path) -> None:
    with pytest.raises(RunError, match="Expected the name of a run"):
        runs.find(name)


def test_a_name_that_leads_elsewhere_is_not_found_though_a_run_is_there(run: Path) -> None:
    for name in (f"../runs/{run.name}", str(run), f"{run.name}/", f"{run.name}\n", run.name.upper()):
        with pytest.raises(RunError, match="Expected the name of a run"):
            runs.find(name)


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"epochs": 0}', "\xff"])
def test_a_folder_without_a_readable_recipe_is_no_run(text: str | None, run: Path) -> None:
    path = run / "recipe.json"
    path.unlink() if text is None else path.write_bytes(text.encode("latin-1"))
    with pytest.raises(RunError, match="without a readable recipe"):
        runs.read(run)


def test_a_folder_that_is_gone_is_told_and_not_made_anew(place: Path) -> None:
    gone = place / "20250101-000000-gone"
    with pytest.raises(RunError, match="or none"):
        runs.read(gone)
    with pytest.raises(RunError, match="or none"):
        runs.delete(gone)
    assert signals.is_stop_requested(gone)
    assert not gone.exists()


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    rows = [{"epoch": 1, "loss": 0.123456789}, {"epoch": 2, "loss": 1e-7}]
    run_tables.write_table(tmp_path / "t.csv", rows, ("epoch", "loss"))
    pd.testing.assert_frame_equal(run_tables.read_table(tmp_path / "t.csv", ("epoch", "loss")), pd.DataFrame(rows))


def test_a_table_without_rows_keeps_its_head_so_that_lines_can_follow(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    run_tables.write_table(path, [], ("epoch", "loss"))
    assert len(run_tables.read_table(path, ("epoch", "loss"))) == 0
    with path.open("a") as lines:
        lines.write("1,0.5\n")
    assert run_tables.read_table(path, ("epoch", "loss")).to_numpy().tolist() == [[1, 0.5]]


def test_a_table_with_another_head_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("\n1,1,2.3\n2,1,2.1\n")
    table = run_tables.read_table(tmp_path / "t.csv", ("epoch", "loss"))
    assert (len(table), list(table.columns)) == (0, ["epoch", "loss"])


@pytest.mark.parametrize(
    ("text", "rows"),
    [("", 0), ("epoch,lo", 0), ("epoch,loss\n", 0), ("epoch,loss\n1,0.5\n2,0.", 1), ("epoch,loss\n1,0.5\n2,0.25\n", 2)],
)
def test_a_line_that_is_still_being_written_is_left_out(text: str, rows: int, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text)
    table = run_tables.read_table(tmp_path / "t.csv", ("epoch", "loss"))
    assert table.to_numpy().tolist() == [[1, 0.5], [2, 0.25]][:rows]
    assert list(table) == ["epoch", "loss"]


def test_a_run_whose_steps_were_torn_and_then_went_on_can_be_read(run: Path) -> None:
    (run / "steps.csv").write_text("epoch,step,loss,accuracy,done\n1,4,0.5,0.5,0.25\n1,5,0.51,4,0.5,0.5,0.25\n")
    assert 0.25 in set(runs.read(run).steps["done"])


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"colour": 1}', "\xff"])
def test_a_damaged_state_is_a_run_that_failed(text: str, run: Path) -> None:
    (run / "state.json").write_bytes(text.encode("latin-1"))
    assert runs.read(run).state == State(
        runs.FAILED, message="The state of this run cannot be read. Delete it, and train again."
    )


def test_a_state_comes_back_with_the_time_it_was_written(run: Path) -> None:
    state = State(runs.TRAINING, 2, 3, 9, "so", 0.0, 1.5, 2.5, {"test_accuracy": 0.5})
    before = time.time()
    runs.write_state(run, state)
    found = runs.read_state(run)
    assert before <= found.updated <= time.time()
    assert json.loads((run / "state.json").read_text())["results"] == {"test_accuracy": 0.5}
    assert State(**{**vars(found), "updated": 0.0}) == state


def test_a_snapshot_comes_back(run: Path) -> None:
    kept = snapshot()
    snapshots.write_snapshot(run, 3, kept)
    found = snapshots.read_snapshot(run, 3)
    np.testing.assert_allclose(found.probabilities, kept.probabilities, atol=5e-4)
    np.testing.assert_array_equal(found.filters, kept.filters)
    np.testing.assert_array_equal(found.drawing, kept.drawing)
    assert {part.dtype for part in vars(found).values()} == {np.dtype(np.float32)}
    assert [path.name for path in (run / "epochs").iterdir()] == ["0003.npz"]
    assert snapshots.read_snapshot(run, 2) is None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: b"\0" * len(content), id="zeros"),
        pytest.param(lambda content: b"PK\x03\x04", id="begun"),
        pytest.param(lambda content: content[:-30], id="torn"),
        pytest.param(lambda content: content[:300] + b"\0" * 40 + content[340:], id="overwritten"),
    ],
)
def test_a_damaged_snapshot_is_none(damage: Callable[[bytes], bytes], run: Path) -> None:
    snapshots.write_snapshot(run, 1, snapshot())
    path = run / "epochs" / "0001.npz"
    path.write_bytes(damage(path.read_bytes()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # NumPy leaves a file open that is no .npz
        try:
            found: object = snapshots.read_snapshot(run, 1)
        except zipfile.BadZipFile as error:
            found = type(error)
        gc.collect()
    assert found is None


@pytest.mark.parametrize("epoch", [None, 1])
def test_a_snapshot_does_not_bring_back_a_run_that_was_deleted(epoch: int | None, place: Path) -> None:
    place.mkdir()
    gone = place / "20250101-000000-gone"
    with pytest.raises(FileNotFoundError):
        snapshots.write_snapshot(gone, epoch, snapshot())
    assert not gone.exists()


def test_the_drawing_comes_back(place: Path) -> None:
    drawing = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    run = runs.create(Recipe(), drawing)
    np.testing.assert_array_equal(snapshots.read_drawing(run), drawing)
    assert snapshots.read_drawing(runs.create(Recipe())) is None


@pytest.mark.parametrize("other", [np.zeros((28, 27), np.uint8), np.zeros((28, 28)), np.array([{}]), None])
def test_another_file_is_no_drawing(other: np.ndarray | None, run: Path) -> None:
    if other is None:
        (run / "drawing.npy").write_bytes(b"\x93NUMPY")
    else:
        np.save(run / "drawing.npy", other)
    assert snapshots.read_drawing(run) is None


@pytest.mark.parametrize("name", [runs.STARTING, runs.TRAINING, runs.SAVING])
def test_a_run_that_nobody_is_at_has_died(name: str, run: Path) -> None:
    runs.write_state(run, State(name, epoch=2))
    with runs.run_lock(run):
        assert runs.read(run).state.name == name
    found = runs.read(run).state
    assert (found.name, found.epoch) == (runs.DIED, 2)
    assert "can be resumed" in found.message
    assert not found.is_under_way
    assert runs.read_state(run).name == name, "reading changes nothing"


@pytest.mark.parametrize("name", [runs.FINISHED, runs.STOPPED, runs.FAILED])
def test_a_run_that_has_ended_stays_as_it_is(name: str, run: Path) -> None:
    runs.write_state(run, State(name))
    assert runs.read(run).state.name == name


def test_a_worker_that_was_just_started_has_time_to_come(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert runs.read(run).state.name == runs.WAITING
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + runs.GRACE + 1)
    assert runs.read(run).state.name == runs.DIED
    with runs.run_lock(run):
        assert runs.read(run).state.name == runs.WAITING


def test_a_run_goes_on_with_more_epochs(run: Path, started: list[Path]) -> None:
    runs.write_state(run, State(runs.STOPPED))
    write_history(run, 2)
    processes.resume(run, {"epochs": 5, "learning_rate": 0.5})
    assert started == [run]
    assert from_json((run / "recipe.json").read_text()) == Recipe(
        network="dense-128", source="uci", epochs=5, learning_rate=0.5
    )


@pytest.mark.parametrize(
    ("state", "epochs", "changes", "told"),
    [
        (runs.TRAINING, 1, {"epochs": 5}, "Received: one under way. Stop it first"),
        (runs.FINISHED, 3, {}, "more than the 3 epochs that are done. Received: 3"),
        (runs.FINISHED, 3, {"epochs": 2}, "Received: 2. Ask for more"),
        (runs.STOPPED, 1, {"batch_size": 3}, "epochs or learning rate. Received: another"),
        (runs.STOPPED, 1, {"epochs": 0}, "epochs of 1 to 1000"),
        (runs.STOPPED, 1, {"colour": 0}, "Received: 'colour'"),
    ],
)
def test_where_a_run_cannot_go_on_nothing_is_changed(
    *, state: str, epochs: int, changes: dict[str, int], told: str, run: Path, started: list[Path]
) -> None:
    runs.write_state(run, State(state))
    write_history(run, epochs)
    before = (run / "recipe.json").read_bytes()
    with runs.run_lock(run), pytest.raises((RunError, RecipeError), match=told):
        processes.resume(run, changes)
    assert (run / "recipe.json").read_bytes() == before
    assert not started


def test_a_run_is_deleted_when_it_has_ended(run: Path) -> None:
    runs.write_state(run, State(runs.TRAINING))
    with runs.run_lock(run), pytest.raises(RunError, match="Stop it first"):
        runs.delete(run)
    assert runs.read(run).state.name == runs.DIED
    runs.delete(run)
    assert not run.exists()
    assert runs.list_runs() == []


def test_a_stop_is_asked_for(run: Path) -> None:
    assert not signals.is_stop_requested(run)
    signals.request_stop(run)
    assert signals.is_stop_requested(run)


def test_asking_for_a_stop_of_a_run_that_is_gone_makes_nothing(place: Path) -> None:
    place.mkdir()
    signals.request_stop(place / "20250101-000000-gone")
    assert list(place.iterdir()) == []


def test_the_log_is_its_last_lines(run: Path) -> None:
    lines = [f"line {n} ×" for n in range(2000)]
    (run / "log.txt").write_bytes("\n".join(lines).encode() + b"\nlast \xff\n")
    assert runs.read(run).log.splitlines() == [*lines[-11:], "last \ufffd"]
