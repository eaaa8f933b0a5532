import errno
import re

import pytest

from digitrec import errors

CHILDREN = [
    "InkError",
    "PictureError",
    "DrawingError",
    "DataError",
    "ModelError",
    "RecipeError",
    "RunError",
    "EvaluationError",
    "AddressError",
]


@pytest.mark.parametrize("name", CHILDREN)
def test_every_error_is_a_digitrec_error_and_a_value_error(name: str) -> None:
    error = getattr(errors, name)
    assert issubclass(error, errors.DigitrecError)
    assert issubclass(error, ValueError)


def test_the_docstring_shows_the_hierarchy_as_it_is() -> None:
    defined = [
        name
        for name, value in vars(errors).items()
        if getattr(value, "__module__", "") == errors.__name__ and isinstance(value, type)
    ]
    assert re.findall(r"^[├└]?─* ?(\w+Error) ", errors.__doc__, re.MULTILINE) == defined == ["DigitrecError", *CHILDREN]


def test_what_the_disk_refuses_is_told_with_what_to_do() -> None:
    with (
        pytest.raises(errors.RunError, match=r"^Expected to write a run\. Received: No space left\. Make room\.$"),
        errors.writing("a run", errors.RunError, "Make room."),
    ):
        raise OSError(errno.ENOSPC, "No space left")
    with pytest.raises(KeyError), errors.writing("a run", errors.RunError, "Make room."):
        raise KeyError
