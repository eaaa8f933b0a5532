"""The shipped model measured again: does every figure agree with its card?"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from digitrec.datasets import is_available
from digitrec.networks.card import read_card
from digitrec.networks.measuring.measurements import measure_again
from digitrec.networks.measuring.reference_drawings import read_reference_drawings
from digitrec.networks.measuring.test_sets import make_held_out_sets
from digitrec.networks.registry import SHIPPED_NAME, find_model
from digitrec.training.shipped.rivals import measure_rival
from tests.benchmarks.table import row


def card() -> list[dict[str, Any]]:
    """Every figure of the card that can be measured from the shipped files, with its new measurement."""
    if not (is_available("mnist") and is_available("pen")):
        print("MNIST or the pen digits are not in the data folder: the card was not measured.")
        return []
    folder = find_model(SHIPPED_NAME)
    before = read_card(folder)
    seed = before.seeds[0].seed if before.seeds else before.recipe["seed"]  # all seeds are measured on the same sets
    held_out = make_held_out_sets(seed)
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / SHIPPED_NAME
        shutil.copytree(folder, copy)
        now = measure_again(copy, held_out)
    rows, differ = [], 0
    for old, new in zip(before.measured, now.measured, strict=True):
        agrees = old == new
        differ += not agrees
        what = f"{new.kind}: {new.what}" + (f" ({new.on})" if new.on else "")
        rows.append(
            row(what, f"{100 * new.value:.2f} %", "as the card" if agrees else f"{100 * old.value:.2f} %", new.n)
        )
    for calibrated, again in zip(before.calibration, now.calibration, strict=True):
        differ += calibrated != again
        what = f"expected calibration error: {again.what}"
        rows.append(
            row(
                what,
                f"{100 * again.expected_calibration_error:.2f} %",
                f"{100 * calibrated.expected_calibration_error:.2f} %",
                again.n,
            )
        )
    rows.append(
        row("rejection curves", "as the card" if now.rejection == before.rejection else "different", "as the card", 1)
    )
    differ += now.rejection != before.rejection
    reference, own = (
        read_reference_drawings(folder),
        next(rival for rival in before.rivals if rival.name == before.network),
    )
    assert reference is not None
    compared = measure_rival(folder, own.recipe, held_out, reference)
    differ += compared != own
    for figure, carded in ((compared.prepared, own.prepared), (compared.naive, own.naive)):
        what = f"in the comparison, {'preprocessed' if figure is compared.prepared else 'whole canvas shrunk'}"
        rows.append(row(what, f"{100 * figure.value:.2f} %", f"{100 * carded.value:.2f} %", figure.n))
    if now.speed is not None:
        rows.append(row("one image", f"{now.speed.milliseconds:.3f} ms", "< 1 ms", 300))
    return [*rows, row("metrics that differ from the card", str(differ), "0", len(rows))]
