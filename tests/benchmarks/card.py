"""The metrics on the shipped model's card, measured again and compared."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from digitrec.datasets import is_there
from digitrec.networks.card import read_card
from digitrec.networks.measuring.figures import measure_again
from digitrec.networks.measuring.reference_drawings import read_reference_drawings
from digitrec.networks.measuring.test_sets import make_checks
from digitrec.networks.registry import SHIPPED_NAME, find_model
from digitrec.training.shipped.rivals import measure_rival
from tests.benchmarks.table import row


def card() -> list[dict[str, Any]]:
    """Every metric of the card that can be measured from the shipped files, old and new."""
    if not (is_there("mnist") and is_there("pen")):
        print("MNIST or the pen digits are not in the data folder: the card was not measured.")
        return []
    folder = find_model(SHIPPED_NAME)
    before = read_card(folder)
    seed = before.seeds[0].seed if before.seeds else before.recipe["seed"]  # the same test sets are used for all seeds
    checks = make_checks(seed)
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / SHIPPED_NAME
        shutil.copytree(folder, copy)
        now = measure_again(copy, checks)
    rows, differ = [], 0
    for old, new in zip(before.measured, now.measured, strict=True):
        agrees = old == new
        differ += not agrees
        what = f"{new.kind}: {new.what}" + (f" ({new.on})" if new.on else "")
        rows.append(
            row(what, f"{100 * new.share:.2f} %", "as on the card" if agrees else f"{100 * old.share:.2f} %", new.n)
        )
    for calibrated, again in zip(before.calibration, now.calibration, strict=True):
        differ += calibrated != again
        what = f"expected calibration error: {again.what}"
        rows.append(row(what, f"{100 * again.error:.2f} %", f"{100 * calibrated.error:.2f} %", again.n))
    rows.append(
        row("rejection curves", "as on the card" if now.refusal == before.refusal else "different", "as on the card", 1)
    )
    differ += now.refusal != before.refusal
    reference, own = (
        read_reference_drawings(folder),
        next(rival for rival in before.rivals if rival.name == before.network),
    )
    assert reference is not None
    compared = measure_rival(folder, own.recipe, checks, reference)
    differ += compared != own
    for figure, carded in ((compared.prepared, own.prepared), (compared.careless, own.careless)):
        what = f"as compared, {'prepared' if figure is compared.prepared else 'the whole canvas shrunk'}"
        rows.append(row(what, f"{100 * figure.share:.2f} %", f"{100 * carded.share:.2f} %", figure.n))
    if now.speed is not None:
        rows.append(row("one image", f"{now.speed.milliseconds:.3f} ms", "< 1 ms", 300))
    return [*rows, row("metrics that differ from the card", str(differ), "0", len(rows))]
