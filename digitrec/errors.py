"""The exceptions that digitrec raises on purpose.

DigitrecError            any error that a user can correct; its text says the rule, what came in and what to do
├── InkError             an array that is not an image of ink
├── PictureError         a file that cannot be read as a picture
├── DrawingError         a shared or saved drawing that is broken
├── DataError            a dataset that is missing, incomplete or damaged
├── ModelError           a model folder that is missing, damaged or foreign
├── RecipeError          settings that cannot be used for training
├── RunError             a training run that is missing or damaged, or cannot be continued
├── EvaluationError      figures that cannot be computed from what was given
└── AddressError         an address or port that the app cannot listen on

The core raises them. Only the pages, `digitrec.ui` and `digitrec.commands` turn them into messages.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class DigitrecError(Exception):
    """The base class of all errors that digitrec raises on purpose. Its text can be shown to users as it is."""


class InkError(DigitrecError, ValueError):
    """An array that is not an image of ink."""


class PictureError(DigitrecError, ValueError):
    """A file that cannot be read as a picture."""


class DrawingError(DigitrecError, ValueError):
    """A shared or saved drawing that is broken."""


class DataError(DigitrecError, ValueError):
    """A dataset that is missing, incomplete or damaged."""


class ModelError(DigitrecError, ValueError):
    """A model folder that is missing, damaged or foreign."""


class RecipeError(DigitrecError, ValueError):
    """Settings that cannot be used for training."""


class RunError(DigitrecError, ValueError):
    """A training run that is missing or damaged, or cannot be continued."""


class EvaluationError(DigitrecError, ValueError):
    """Figures that cannot be computed from what was given."""


class AddressError(DigitrecError, ValueError):
    """An address or port that the app cannot listen on."""


@contextmanager
def writing(what: str, error: type[DigitrecError], advice: str) -> Iterator[None]:
    """Turn an OSError into another error, `error`: what was to be written, why it failed and what to do."""
    try:
        yield
    except OSError as refused:
        raise error(f"Expected to write {what}. Received: {refused.strerror or refused}. {advice}") from None
