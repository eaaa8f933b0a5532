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
]


@pytest.mark.parametrize("name", CHILDREN)
def test_every_error_is_a_digitrec_error_and_a_value_error(name: str) -> None:
    error = getattr(errors, name)
    assert issubclass(error, errors.DigitrecError)
    assert issubclass(error, ValueError)


def test_the_docstring_shows_the_hierarchy_as_it_is() -> None:
    defined = [name for name, value in vars(errors).items() if isinstance(value, type)]
    assert re.findall(r"^[├└]?─* ?(\w+Error) ", errors.__doc__, re.MULTILINE) == defined == ["DigitrecError", *CHILDREN]
