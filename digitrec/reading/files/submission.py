"""Submissions to Kaggle's Digit Recognizer: `ImageId,Label`, one row for each row of its test.csv, from 1.

frame -> `make_submission` -> bytes          bytes -> `check_submission` -> nothing, or DataError
"""

import pandas as pd

from digitrec.errors import DataError

HEADER = "ImageId,Label"


def make_submission(frame: pd.DataFrame, expected_rows: int | None = None) -> bytes:
    """Make a submission from the frame of `digitrec.reading.files.read_batch`.

    Parameters
    ----------
    frame : with columns row, 1 to n in order, and digit, 0 to 9.
    expected_rows : rows of the test set; those of the frame by default.

    Raises
    ------
    DataError, if a row is missing, since Kaggle requires all.
    """
    expected = len(frame) if expected_rows is None else expected_rows
    missing = pd.RangeIndex(1, expected + 1).difference(pd.Index(frame["row"]))
    if len(missing):
        first = ", ".join(map(str, missing[:3])) + (f" and {len(missing) - 3:,} more" if len(missing) > 3 else "")
        raise DataError(
            f"Expected a digit for each of rows 1 to {expected:,}. Received: none for {first}. "
            "Correct the rows that could not be read: a submission needs every row."
        )
    table = pd.DataFrame({"ImageId": frame["row"], "Label": frame["digit"]})
    content = table.to_csv(index=False, lineterminator="\n").encode()
    check_submission(content, expected)
    return content


def check_submission(content: bytes, expected_rows: int) -> None:
    """Check a submission as Kaggle does.

    Raises
    ------
    DataError, if the header differs, ids are not 1 to n in order, a label is not a digit, or the row count differs.
    """
    try:
        lines = content.decode("utf-8").replace("\r\n", "\n").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise DataError(
            "Expected a submission as text in UTF-8. Received: other bytes. Make it again from the file of digits."
        ) from None
    header, *rows = lines
    if header != HEADER:
        raise DataError(f"Expected {HEADER} as header. Received: {header[:60]!r}. Correct the header.")
    for number, row in enumerate(rows, 1):
        identity, _, label = row.partition(",")
        if identity != str(number):
            raise DataError(
                f"Expected ids from 1 on, in order. Received: {identity[:20]!r} in row {number}. "
                "Number the rows in order."
            )
        if len(label) != 1 or label not in "0123456789":
            raise DataError(
                f"Expected a digit, 0 to 9, as label. Received: {label[:20]!r} in row {number}. Correct the label."
            )
    if len(rows) != expected_rows:
        raise DataError(
            f"Expected {expected_rows:,} rows, as many as the test set has. Received: {len(rows):,}. "
            "Read the whole test set."
        )
