"""What Kaggle's Digit Recognizer takes: `ImageId,Label`, a row for each row of its test.csv, numbered from 1.

frame -> `make_submission` -> bytes          bytes -> `check_submission` -> nothing, or what is wrong
"""

import pandas as pd

from digitrec.errors import DataError

HEADER = "ImageId,Label"


def make_submission(frame: pd.DataFrame, expected_rows: int | None = None) -> bytes:
    """A submission from what `digitrec.reading.files.read_batch` read.

    Parameters
    ----------
    frame : with columns row, 1 to n in order, and digit, 0 to 9.
    expected_rows : of the test set; where not given, as many as the frame has.

    Raises
    ------
    DataError, where a row is missing, since Kaggle takes all or none.
    """
    expected = len(frame) if expected_rows is None else expected_rows
    missing = pd.RangeIndex(1, expected + 1).difference(pd.Index(frame["row"]))
    if len(missing):
        first = ", ".join(map(str, missing[:3])) + (f" and {len(missing) - 3:,} more" if len(missing) > 3 else "")
        raise DataError(
            f"Expected a digit for each of rows 1 to {expected:,}. Received: none for {first}. "
            "Mend the rows that could not be read: a submission needs every row."
        )
    table = pd.DataFrame({"ImageId": frame["row"], "Label": frame["digit"]})
    content = table.to_csv(index=False, lineterminator="\n").encode()
    check_submission(content, expected)
    return content


def check_submission(content: bytes, expected_rows: int) -> None:
    """Refuse what Kaggle would refuse.

    Raises
    ------
    DataError, where the header differs, ids are not 1 to n in order, a label is no digit, or rows are too few or many.
    """
    try:
        lines = content.decode("utf-8").replace("\r\n", "\n").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise DataError(
            "Expected a submission as text in UTF-8. Received: other bytes. Make it again from the file of digits."
        ) from None
    header, *rows = lines
    if header != HEADER:
        raise DataError(f"Expected {HEADER} as header. Received: {header[:60]!r}. Put the header right.")
    for number, row in enumerate(rows, 1):
        identity, _, label = row.partition(",")
        if identity != str(number):
            raise DataError(
                f"Expected ids from 1 on, in order. Received: {identity[:20]!r} in row {number}. Number the rows so."
            )
        if len(label) != 1 or label not in "0123456789":
            raise DataError(
                f"Expected a digit, 0 to 9, as label. Received: {label[:20]!r} in row {number}. Put the label right."
            )
    if len(rows) != expected_rows:
        raise DataError(
            f"Expected {expected_rows:,} rows, as many as the test set has. Received: {len(rows):,}. "
            "Read the whole test set."
        )
