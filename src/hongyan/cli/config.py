"""`hongyan config`: what holds, whether it is right, and the manual."""

import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Show, check and explain the configuration.", no_args_is_help=True)

File = Annotated[Path | None, typer.Option("--config", envvar="HONGYAN_CONFIG", help="A TOML file.")]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="A key, as often as needed.")
]


@app.command()
def show(
    file: File = None,
    assignments: Assignments = None,
    redacted: Annotated[bool, typer.Option("--redacted", help="Hide what is secret.")] = False,
) -> None:
    """Print the configuration that a server would run with, as a TOML file."""
    from hongyan.config.load import load
    from hongyan.config.manual import toml

    typer.echo(toml(load(file, os.environ, assignments or ()), redacted=redacted), nl=False)


@app.command()
def check(file: File = None, assignments: Assignments = None) -> None:
    """Say whether the configuration is right; exit code 2 when it is not."""
    from hongyan.config.load import load

    load(file, os.environ, assignments or ())
    typer.echo("The configuration is right.")


@app.command()
def doc() -> None:
    """Print the manual of every key, in Markdown."""
    from hongyan.config.manual import markdown

    typer.echo(markdown(), nl=False)
