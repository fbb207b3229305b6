"""The command line: one file a subcommand. What a command needs is imported when it runs, so that `--help` is quick.

Knows how to ask and how to print; what it does is done by `app` and the services. A mistake of the operator is one
sentence on standard error and exit code 2.
"""

import sys
from typing import Annotated

import typer

from hongyan import __version__
from hongyan.cli import config, key, user
from hongyan.cli.bench.command import bench
from hongyan.cli.chat.command import chat
from hongyan.cli.demo.command import demo
from hongyan.cli.doctor.command import doctor
from hongyan.cli.serve import serve
from hongyan.model.errors import HongyanError, SetupError


def build_app() -> typer.Typer:
    """All commands. A new one is a file beside this one and a line here."""
    app = typer.Typer(name="hongyan", no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_about)
    app.command("serve")(serve)
    app.command("chat")(chat)
    app.command("bench")(bench)
    app.command("demo")(demo)
    app.command("doctor")(doctor)
    app.command("token")(key.token)
    app.add_typer(user.app, name="user")
    app.add_typer(key.app, name="key")
    app.add_typer(config.app, name="config")
    return app


def main() -> None:
    """The entry point of the program `hongyan`."""
    try:
        build_app()()
    except SetupError as error:
        sys.stderr.write(f"hongyan: {error}\n")
        raise SystemExit(2) from None
    except HongyanError as error:
        sys.stderr.write(f"hongyan: {error}\n")
        raise SystemExit(1) from None


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hongyan {__version__}")
        raise typer.Exit


def _about(
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", is_eager=True, callback=_say_version)
    ] = False,
) -> None:
    """Instant messaging that you host yourself: 鸿雁."""
