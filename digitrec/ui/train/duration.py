"""The estimated duration of a training, measured in the background if it is not known yet."""

from digitrec.training import duration
from digitrec.training.recipe import Recipe
from digitrec.training.run_folders import signals
from digitrec.training.splits import Parts
from digitrec.ui.jobs import start_job
from digitrec.words import in_seconds


def describe_size(recipe: Recipe, parts: Parts) -> str:
    """A sentence with the number of images, and how long the training will take."""
    return (
        f"{len(parts.train):,} training images, {len(parts.validation):,} validation images; "
        f"{_describe_duration(recipe, len(parts.train))}."
    )


def _describe_duration(recipe: Recipe, images: int) -> str:
    step, is_busy = duration.known_step(recipe), signals.is_training_lock_held()
    if step is None and not is_busy:  # the result is shown when the page runs next
        job = start_job(("speed", duration.step_key(recipe)), lambda _: duration.measure_step(recipe))
        if job.future.done() and not job.future.exception():
            step = job.future.result()
    if step is not None:
        return f"about {in_seconds(duration.estimate(recipe, images, step))} on this machine"
    return "the duration can be measured when no training is running" if is_busy else "the duration is being measured"
