"""`hongyan doctor`: everything is looked at, everything is said."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hongyan.cli.doctor.findings import Finding, Report

MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "bad": "[red]✗[/]"}


def doctor(
    data: Annotated[Path | None, typer.Option(help="The data directory.")] = None,
    config: Annotated[Path | None, typer.Option(envvar="HONGYAN_CONFIG", help="A TOML file.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Any key.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 for warnings too.")] = False,
) -> None:
    """Look at ports, clock, disk, limits and settings, and name the cure of what is wrong.

    Takes the options of `serve`. Exit code 1: a server would not work like this.
    """
    from hongyan.cli.doctor.findings import as_json as json_of
    from hongyan.cli.doctor.findings import exit_code, report_of

    report = report_of(examine(data, config, set_ or []))
    if as_json:
        typer.echo(json_of(report))
    else:
        _print(report)
    raise typer.Exit(exit_code(report, strict=strict))


def examine(data: Path | None, file: Path | None, assignments: list[str]) -> "list[Finding]":
    """All findings. A configuration that is wrong is one of them; what depends on it is then left out."""
    from hongyan.app.node import now_ms
    from hongyan.cli.doctor.disk import look_at_directory, server_of
    from hongyan.cli.doctor.findings import bad
    from hongyan.cli.doctor.machine import look_at_clock, look_at_files, look_at_python
    from hongyan.cli.doctor.settings import check_settings
    from hongyan.cli.doctor.sockets import look_at_ports
    from hongyan.config.load import load
    from hongyan.model.errors import SetupError

    findings = look_at_python()
    try:
        said = [*assignments, *([f"data_dir={data}"] if data else [])]
        config = load(file, os.environ, said)
    except SetupError as error:
        cure = "Mend it there; `hongyan config doc` lists every key with its bounds."
        return [*findings, bad("settings", str(error), cure)]
    findings += check_settings(config)
    findings.append(look_at_clock(now_ms(), config.data_dir))
    findings.append(look_at_files(config))
    findings += look_at_directory(config.data_dir)
    return [*findings, *look_at_ports(config, server_of(config.data_dir))]


def _print(report: "Report") -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    for finding in report.findings:
        console.print(f"{MARKS[finding.level.value]} [bold]{finding.name}[/]  {escape(finding.sentence)}")
        if finding.cure:
            console.print(f"  [cyan]→[/] {escape(finding.cure)}")
    if report.healthy:
        console.print("A server will work here.")
    else:
        console.print("[red]A server will not work like this.[/]")
