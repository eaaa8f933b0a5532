"""`digitrec app`: start the app, from the repository or from an installed package, in any folder."""

import runpy
import socket
import sys
from typing import Annotated

import typer

from digitrec.commands.common import show_errors
from digitrec.errors import AddressError
from digitrec.storage import top_folder


def start_app(
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8501,
    address: Annotated[
        str, typer.Option(help="The address to listen on; 0.0.0.0 makes the app available to your network.")
    ] = "localhost",
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the app in the default browser.")
    ] = True,
) -> None:
    """Start the app. Press Ctrl-C to stop it."""
    with show_errors():
        _check_free(address, port)
    typer.echo(f"digitrec is at http://{address}:{port}. Press Ctrl-C to stop it.", err=True)
    _run_streamlit(
        str(top_folder() / "app.py"),
        f"--server.address={address}",
        f"--server.port={port}",
        f"--server.headless={not browser}",
        "--server.showEmailPrompt=false",
        "--logger.hideWelcomeMessage=true",  # for 0.0.0.0, it would look up this machine's address online
    )


def _check_free(address: str, port: int) -> None:
    try:
        socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET).close()
    except OSError as error:
        raise AddressError(
            f"Expected an address and a port that are free on this machine. Received: {address}, port {port}: "
            f"{error.strerror or error}. Choose others with --address and --port."
        ) from None


def _run_streamlit(*arguments: str) -> None:
    """Run `streamlit run` in this process, so that it receives Ctrl-C and other signals."""
    sys.argv = ["streamlit", "run", *arguments]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
