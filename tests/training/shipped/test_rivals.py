from pathlib import Path

import pytest

from digitrec.errors import RunError
from digitrec.training.shipped import rivals


def test_a_rival_that_cannot_be_taught_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITREC_RUNS", str(tmp_path))
    with pytest.raises(RunError, match="Expected no-such to be trained"):
        rivals._train("no-such")
    assert list((tmp_path / "rivals").iterdir()) == []
