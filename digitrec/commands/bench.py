"""`digitrec bench`: measure speed, accuracy and memory, as `make bench` does."""

import json
import subprocess
import sys
from typing import Annotated

import typer

from digitrec.commands.common import AsJson, show_errors
from digitrec.errors import EvaluationError
from digitrec.storage import top_folder


def bench(
    parts: Annotated[
        list[str] | None, typer.Argument(help="The benchmarks to run, such as reading or card; all by default.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Measure speed, accuracy and memory on this machine. All benchmarks together take over an hour.

    They need a clone of the repository and the packages in requirements-dev.txt.
    """
    root = top_folder()
    with show_errors():
        if not (root / "tests" / "benchmarks").is_dir():
            raise EvaluationError(
                f"Expected a clone of digitrec's repository, with tests/benchmarks. Received: {root}, an installed "
                "package without them. Run the benchmarks in a clone."
            )
    output = sys.stderr if as_json else None  # keeps stdout pure JSON
    ran = subprocess.run(  # noqa: S603  part of digitrec, which checks its arguments
        [sys.executable, "-m", "tests.benchmarks", *(parts or [])], cwd=root, stdout=output, check=False
    )
    if ran.returncode:
        raise typer.Exit(ran.returncode)
    if as_json:
        typer.echo(json.dumps(json.loads((root / "build" / "bench.json").read_text("utf-8")), indent=2))
