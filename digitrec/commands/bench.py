"""`python -m digitrec bench`: measure what the app promises, as `make bench` does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from digitrec.commands.common import AsJson, show_errors
from digitrec.errors import EvaluationError

ROOT = Path(__file__).parent.parent.parent
WRITTEN = ROOT / "build" / "bench.json"


def bench(
    parts: Annotated[list[str] | None, typer.Argument(help="Which parts, such as reading or card; else all.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Measure speed, accuracy and memory on this machine; all parts take an hour and more.

    It needs the project's folder with its tests, and what requirements-dev.txt names.
    """
    with show_errors():
        if not (ROOT / "tests" / "benchmarks").is_dir():
            raise EvaluationError(
                f"Expected the folder tests beside digitrec. Received: {ROOT}, which has none. Measure in a clone of "
                "the project."
            )
    output = sys.stderr if as_json else None  # so that nothing but JSON is printed
    ran = subprocess.run(  # noqa: S603  our own program, which refuses what is none of its parts
        [sys.executable, "-m", "tests.benchmarks", *(parts or [])], cwd=ROOT, stdout=output, check=False
    )
    if ran.returncode:
        raise typer.Exit(ran.returncode)
    if as_json:
        typer.echo(json.dumps(json.loads(WRITTEN.read_text("utf-8")), indent=2))
