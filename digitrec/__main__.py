"""digitrec from a terminal: the same core as the app."""

import sys

import typer

from digitrec.commands.bench import bench
from digitrec.commands.data import data
from digitrec.commands.exchange import add, export
from digitrec.commands.models import evaluate, models
from digitrec.commands.predict import predict
from digitrec.commands.train import list_settings, train

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for command in (predict, data, train, evaluate, models, export, add, bench):
    app.command(epilog=list_settings() if command is train else None)(command)


@app.callback()
def main() -> None:
    """Read handwritten digits, and train the network that does."""


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m digitrec"))
