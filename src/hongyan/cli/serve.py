"""`hongyan serve`: everything in one process."""

from pathlib import Path
from typing import Annotated, Optional

import typer


def serve(
    data: Annotated[Optional[Path], typer.Option(help="The data directory; made when absent.")] = None,  # noqa: UP045 - typer reads it
    http: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="REST, OpenAPI and the web page. Port 0: a free one.")
    ] = "",
    ws: Annotated[str, typer.Option(metavar="HOST:PORT", help="WebSocket connections.")] = "",
    tcp: Annotated[str, typer.Option(metavar="HOST:PORT", help="Raw TCP connections.")] = "",
    config: Annotated[Optional[Path], typer.Option(help="A TOML file; see `hongyan config doc`.")] = None,  # noqa: UP045 - as above
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Any other key.")] = None,
    ready_json: Annotated[bool, typer.Option("--ready-json", help="Print the addresses as one JSON line.")] = False,
) -> None:
    """Run a server with nothing beside it, until Ctrl-C."""
    import os

    from hongyan.app.serve import announce_json, announce_text, run_server
    from hongyan.config.load import load
    from hongyan.model.errors import SetupError

    said = {"data_dir": data, "listen.http": http, "listen.ws": ws, "listen.tcp": tcp}
    assignments = [*(set_ or ()), *(f"{key}={value}" for key, value in said.items() if value)]
    try:
        run_server(load(config, os.environ, assignments), announce_json if ready_json else announce_text)
    except SetupError as error:
        typer.echo(f"hongyan: {error}", err=True)
        raise typer.Exit(2) from error
