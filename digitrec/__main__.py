"""Read handwritten digits, and train and evaluate the networks that read them."""

import sys
from typing import Annotated

import typer

from digitrec import __version__
from digitrec.commands.app import start_app
from digitrec.commands.bench import bench
from digitrec.commands.data import data
from digitrec.commands.exchange import add, export, weights
from digitrec.commands.models import evaluate, models
from digitrec.commands.predict import predict
from digitrec.commands.train import list_settings, train

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("app")(start_app)
for command in (predict, data, train, evaluate, models, export, add, weights, bench):
    app.command(epilog=list_settings() if command is train else None)(command)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"digitrec {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Read handwritten digits, and train and evaluate the networks that read them."""


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m digitrec"))
