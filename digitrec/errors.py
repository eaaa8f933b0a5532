"""What can go wrong, by name.

DigitrecError            anything that a person can put right; its text says the rule, what came in and what to do
├── InkError             an array that is not a picture of ink
├── PictureError         a file that cannot be read as a picture
├── DrawingError         a shared or saved drawing that is broken
├── DataError            a dataset that is missing, incomplete or damaged
├── ModelError           a model folder that is missing, damaged or foreign
├── RecipeError          settings that nothing can be trained with
├── RunError             a training run that is missing, damaged or cannot go on
├── EvaluationError      figures asked of what cannot give them
└── AddressError         an address or port that the app cannot listen on

The core raises them; only the pages, `digitrec.ui` and `digitrec.commands` turn them into messages.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class DigitrecError(Exception):
    """The base of every error that digitrec raises on purpose. Its text may be shown to a user as it is."""


class InkError(DigitrecError, ValueError):
    """An array that is not a picture of ink."""


class PictureError(DigitrecError, ValueError):
    """A file that cannot be read as a picture."""


class DrawingError(DigitrecError, ValueError):
    """A shared or saved drawing that is broken."""


class DataError(DigitrecError, ValueError):
    """A dataset that is missing, incomplete or damaged."""


class ModelError(DigitrecError, ValueError):
    """A model folder that is missing, damaged or foreign."""


class RecipeError(DigitrecError, ValueError):
    """Settings that nothing can be trained with."""


class RunError(DigitrecError, ValueError):
    """A training run that is missing, damaged or cannot go on."""


class EvaluationError(DigitrecError, ValueError):
    """Figures asked of what cannot give them."""


class AddressError(DigitrecError, ValueError):
    """An address or port that the app cannot listen on."""


@contextmanager
def writing(what: str, error: type[DigitrecError], advice: str) -> Iterator[None]:
    """Turn what the disk refuses into an error that says what was to be written, and what to do."""
    try:
        yield
    except OSError as refused:
        raise error(f"Expected to write {what}. Received: {refused.strerror}. {advice}") from None
