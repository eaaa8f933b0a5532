"""A run on the page: its progress while it trains, its results, and a look back at each of its epochs.

run folder -> read once a second -> learning curves, misclassified images, filters, the user's drawing
"""

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from digitrec.charts.alt_text import tell_confusions, tell_curve
from digitrec.charts.mistakes import confusion_matrix
from digitrec.charts.pictures import as_paper, shade
from digitrec.charts.training import learning_curves
from digitrec.datasets import Dataset, Split
from digitrec.errors import DigitrecError
from digitrec.evaluation.metrics import confusion
from digitrec.evaluation.predictions import worst_first
from digitrec.glossary import explain
from digitrec.ink.drawings import WIDE
from digitrec.ink.preprocessing import preprocess
from digitrec.ink.strips import to_strip
from digitrec.networks.architectures import ARCHITECTURES
from digitrec.networks.ctc import decode
from digitrec.networks.registry import keep_model
from digitrec.training.recipe import Recipe, change
from digitrec.training.run_folders import processes, runs, signals, snapshots
from digitrec.training.run_folders.runs import Run
from digitrec.training.run_folders.snapshots import Snapshot
from digitrec.training.splits import split_for
from digitrec.training.validation import DigitValidation, NumberValidation, validation_for
from digitrec.ui import state
from digitrec.ui.cache import dataset
from digitrec.ui.canvas import session_canvas
from digitrec.ui.messages import as_plain_text, show_errors
from digitrec.ui.strip import Captioned, show_strip
from digitrec.ui.theme import text_colour
from digitrec.words import in_percent, in_seconds

SHOWN = 24  # images, misclassified and correct ones each
NUMBERS_SHOWN = 10
FILTERS = 32
PLAIN = {"displayModeBar": False}
TITLES = {
    runs.WAITING: "Waiting for its turn",
    runs.STARTING: "Starting: loading TensorFlow and the data",
    runs.TRAINING: "Training",
    runs.SAVING: "Saving the model",
    runs.FINISHED: "Finished",
    runs.STOPPED: "Stopped",
    runs.FAILED: "Failed",
    runs.DIED: "Ended unexpectedly",
}


@st.cache_resource(show_spinner="Preparing the validation set …", max_entries=3)
def _validation(recipe: Recipe, _data: Dataset, content: str) -> DigitValidation | NumberValidation:
    del content  # tells `_data`, which is not hashed, from other data of the same name
    return validation_for(recipe, split_for(recipe, _data).validation)


def validation_of(recipe: Recipe) -> DigitValidation | NumberValidation:
    """For a run that is shown: the validation set of its recipe, cached by the settings that it depends on."""
    asked = Recipe(
        source=recipe.source,
        images=recipe.images,
        validation=recipe.validation,
        by_writer=recipe.by_writer,
        split_seed=recipe.split_seed,
        batch_size=1,
    )
    reads_numbers = ARCHITECTURES[recipe.network].reads == "number"
    data = dataset(recipe.source)
    return _validation(change(asked, network=recipe.network) if reads_numbers else asked, data, data.fingerprint)


def drawing_for(recipe: Recipe) -> NDArray[np.uint8] | None:
    """The drawing on the canvas, as input for the recipe's network; None if the canvas is empty."""
    if ARCHITECTURES[recipe.network].reads == "digit":
        return preprocess(session_canvas.as_ink()).image
    ink = session_canvas.as_ink(WIDE)
    return to_strip(ink).image if ink.any() else None


def show_run(folder: Path) -> None:
    """Show a run, and update it while it is under way."""
    with show_errors("This run could not be read."):
        pace = _pace(runs.read(folder))
    st.fragment(_show, run_every=pace)(folder, pace)


def _pace(run: Run) -> float | None:
    """Seconds until there may be something new to show."""
    if not run.state.is_under_way:
        return None
    return 1.0 if len(run.steps) else 0.4  # soon after Train was pressed something should move


def _show(folder: Path, pace: float | None) -> None:
    with show_errors("This run could not be read."):
        run = runs.read(folder)
    _show_state(run)
    if len(run.steps) or run.state.is_under_way:  # empty axes at first: the browser loads Plotly meanwhile
        _show_curves(run)
    if len(run.history) or run.state.is_under_way:
        _show_epoch(run)
    if not run.state.is_under_way:
        _show_end(run)
    if _pace(run) != pace:
        st.rerun()  # at another pace; when it has ended, the rest of the page changes too


def _show_state(run: Run) -> None:
    current = run.state
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{TITLES[current.name]}** · {run.recipe.network} on {as_plain_text(run.recipe.source)}")
        if current.is_under_way:
            asked = signals.is_stop_requested(run.folder)
            label, stop = ("Stopping …" if asked else "Stop"), signals.request_stop
            st.button(
                label, icon=":material/stop:", on_click=stop, args=(run.folder,), disabled=asked, **state.STOP.widget
            )
    if current.message:
        show = st.error if current.name in (runs.FAILED, runs.DIED) else st.info
        show(as_plain_text(current.message))
    if current.name in (runs.FAILED, runs.DIED) and run.log:
        with st.expander("Last lines of the log"):
            st.code(run.log, language=None)
    done = float(run.steps["done"].iloc[-1]) if len(run.steps) else 0.0
    fraction = min(done / run.recipe.epochs, 1.0)
    if current.is_under_way:
        left = f", {in_seconds(current.seconds / fraction - current.seconds)} left" if fraction > 0.01 else ""
        text = f"Epoch {max(current.epoch, 1)} of {run.recipe.epochs}{left}"
        st.progress(fraction, text=text)
    figures = st.container(horizontal=True)
    if len(run.steps):
        figures.metric(
            "Training accuracy",
            in_percent(float(run.steps["accuracy"].iloc[-1])),
            help=explain("accuracy", "training set"),
        )
    if len(run.history):
        best = run.history["val_accuracy"]
        gain = f"{100 * (best.iloc[-1] - best.iloc[-2]):+.2f} points" if len(best) > 1 else None
        figures.metric(
            "Validation accuracy",
            in_percent(float(best.iloc[-1])),
            gain,
            help=explain("accuracy", "validation set"),
        )
    if current.results:
        figures.metric(
            f"Test accuracy ({current.results['test_images']:,.0f} images)",
            in_percent(current.results["test_accuracy"]),
            help=explain("accuracy", "test set"),
        )
    if current.seconds:
        figures.metric("Time", in_seconds(current.seconds))


def _show_curves(run: Run) -> None:
    for column, what in zip(st.columns(2), ("accuracy", "loss"), strict=True):
        figure = learning_curves(run.history, run.steps, run.recipe.epochs, what)
        column.plotly_chart(figure, config=PLAIN, key=state.CURVE.of(what).name, alt=tell_curve(run.history, what))


def _show_epoch(run: Run) -> None:
    """A snapshot: the one within the current epoch, or that of the last epoch or the chosen one."""
    last = len(run.history)
    epoch: int | None = last
    if last > 1 and not run.state.is_under_way:
        epoch = st.slider("After epoch", 1, last, last, **state.EPOCH.of(run.name).widget)
    now = snapshots.read_snapshot(run.folder, None) if run.state.is_under_way else None
    snapshot = now or (snapshots.read_snapshot(run.folder, epoch) if epoch else None)
    if snapshot is None:
        if epoch:
            st.info("The snapshot of this epoch no longer exists.")
        return
    when = "right now" if now else f"after epoch {epoch}"
    try:
        validation = validation_of(run.recipe)
    except DigitrecError as error:
        st.warning(as_plain_text(f"The images cannot be shown. {error}"))
        return
    count = len(snapshot.probabilities)
    if len(validation.images) != count and not now:
        st.warning("The data has changed since this run, so its snapshots cannot be shown.")
        return
    if isinstance(validation, NumberValidation):
        _show_wrong_numbers(validation, snapshot, when)
    else:
        _show_wrong(_first(validation.split, count), snapshot, when)
    _show_inside(run, snapshot)
    if not run.state.is_under_way and isinstance(validation, DigitValidation):
        _show_confusion(validation.split, snapshot)


def _first(split: Split, count: int) -> Split:
    return Split(split.images[:count], split.labels[:count])


def _show_wrong(split: Split, snapshot: Snapshot, when: str) -> None:
    read = snapshot.probabilities.argmax(axis=1)
    wrong = worst_first(snapshot.probabilities, split.labels)
    right = np.flatnonzero(read == split.labels)
    shown = [[_captioned(split, read, place) for place in places[:SHOWN].tolist()] for places in (wrong, right)]
    _show_beside(len(wrong), len(right), shown, when, side=56)


def _show_wrong_numbers(asked: NumberValidation, snapshot: Snapshot, when: str) -> None:
    read = [decode(answers).text for answers in snapshot.probabilities]
    texts = asked.numbers.texts[: len(read)]
    is_right = np.array([one == text for one, text in zip(read, texts, strict=True)])
    wrong, right = np.flatnonzero(~is_right), np.flatnonzero(is_right)
    shown = [
        [_captioned_number(asked.images[place], texts[place], read[place]) for place in places[:NUMBERS_SHOWN].tolist()]
        for places in (wrong, right)
    ]
    _show_beside(len(wrong), len(right), shown, when, side=256)


def _show_beside(wrong: int, right: int, shown: list[list[Captioned]], when: str, side: int) -> None:
    titles = f"{wrong:,} of {wrong + right:,} misclassified {when}", f"{right:,} correct"
    for column, title, pictures in zip(st.columns(2, gap="large"), titles, shown, strict=True):
        with column:
            st.markdown(f"**{title}**")
            show_strip(pictures, side=side)


def _captioned(split: Split, read: NDArray[np.intp], place: int) -> Captioned:
    label, digit = split.labels[place], read[place]
    caption = f"{label}" if label == digit else f"{label} → {digit}"
    return Captioned(as_paper(split.images[place]), caption, f"A {label}, classified as {digit}")


def _captioned_number(strip: NDArray[np.uint8], text: str, read: str) -> Captioned:
    caption = text if text == read else f"{text} → {read or 'nothing'}"
    return Captioned(as_paper(strip), caption, f"The number {text}, read as {read or 'nothing'}")


def _show_inside(run: Run, snapshot: Snapshot) -> None:
    sides = st.columns(2, gap="large")
    with sides[0]:
        st.markdown(
            "**Filters of the first layer.** Dark pixels have high weights, white ones low weights.",
            help=explain("filter"),
        )
        filters = [snapshot.filters[..., index] for index in range(min(snapshot.filters.shape[-1], FILTERS))]
        show_strip([Captioned(shade(one), "", f"Filter {index}") for index, one in enumerate(filters, 1)], side=40)
    architecture = ARCHITECTURES[run.recipe.network]
    drawing = snapshots.read_drawing(run.folder, architecture.width)
    if drawing is None or not len(snapshot.drawing):
        return
    with sides[1]:
        if architecture.reads == "number":
            st.markdown(f"**Your number**, read as **{decode(snapshot.drawing).text or 'nothing'}**.")
            show_strip([Captioned(as_paper(drawing), "", "Your number as a strip of 28 by 256 pixels")], side=320)
        else:
            digit = int(snapshot.drawing.argmax())
            st.markdown(f"**Your drawing**, classified as **{digit}** ({in_percent(float(snapshot.drawing[digit]))}).")
            show_strip([Captioned(as_paper(drawing), "", "Your drawing as 28 by 28 pixels")], side=84)


def _show_confusion(split: Split, snapshot: Snapshot) -> None:
    st.markdown(
        "**Confusion matrix** of the validation set. Rows: the label; columns: the predicted digit.",
        help=explain("confusion matrix"),
    )
    counts = confusion(split.labels, snapshot.probabilities.argmax(axis=1))
    figure = confusion_matrix(counts, text_colour())
    st.plotly_chart(figure, width=620, config=PLAIN, key=state.CONFUSION.name, alt=tell_confusions(counts))


def _show_end(run: Run) -> None:
    if run.has_model:
        st.subheader("Keep the model", anchor=False)
        with st.form("keep", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name", f"{run.recipe.network} {run.name[4:8]}", max_chars=40, width=280)
            if st.form_submit_button("Keep this model", icon=":material/save:"):
                _keep(run, name)
        kept = state.KEPT.get()
        if kept is not None and kept[0] == run.name:
            text = f"Kept as {kept[1]}. Choose it on the Draw page, or compare it on the Models page."
            st.success(as_plain_text(text), icon=":material/check:")
    st.subheader("Resume", anchor=False)
    with st.form("resume", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        more = st.number_input("More epochs", 1, 1000, max(1, run.recipe.epochs - len(run.history)), width=140)
        lowered = (
            "The highest rate; the schedule of the recipe lowers it. Clean epochs may have their own learning rate."
        )
        rate = st.number_input(
            "Learning rate", 1e-8, 1e8, run.recipe.learning_rate, 1e-3, "%g", help=lowered, width=160
        )
        if st.form_submit_button("Resume", icon=":material/play_arrow:"):
            with show_errors("The training could not be resumed."):
                processes.resume(run.folder, {"epochs": len(run.history) + more, "learning_rate": rate})
            st.rerun()
    with st.popover("Delete this run", icon=":material/delete:"):
        st.markdown("The learning curves and the trained network will be deleted. Models that you kept from it remain.")
        st.button("Delete", type="primary", on_click=_delete, args=(run.folder,))


def _keep(run: Run, name: str) -> None:
    try:
        keep_model(run.model, name)
    except DigitrecError as error:
        st.error(as_plain_text(f"The model was not kept. {error}"), icon=":material/error:")
    else:
        state.KEPT.set((run.name, name))


def _delete(folder: Path) -> None:
    try:
        runs.delete(folder)
    except DigitrecError as error:
        state.RUN_PROBLEM.set(str(error))
