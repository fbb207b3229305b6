"""`hongyan bench SCENARIO`: from options to a plan, from a plan to a report and an exit code."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from hongyan.cli.bench.plan import CLIENTS, Plan, Scenario, check_plan

if TYPE_CHECKING:
    from hongyan.cli.bench.run import Progress
    from hongyan.cli.bench.turns import Targets

BROKEN = 1
COULD_NOT_RUN = 2

DEFAULT_SENDERS = 10
DEFAULT_ENTRIES = 10_000


class Elsewhere(msgspec.Struct, frozen=True):
    """A server that runs already; all "" and 0 means one of our own."""

    http: str = ""
    ws: str = ""
    pid: int = 0
    settings: tuple[str, ...] = ()


def bench(
    scenario: Annotated[Scenario, typer.Argument(help="The kind of load.")],
    seconds: Annotated[float, typer.Option(help="How long the measured load takes.")] = 8.0,
    warmup: Annotated[float, typer.Option(help="Seconds of load before it is measured.")] = 2.0,
    clients: Annotated[
        int, typer.Option("--clients", "--members", "--connections", help="Clients; 0: the scenario's own number.")
    ] = 0,
    size: Annotated[int, typer.Option(help="Bytes of each text.")] = 100,
    window: Annotated[int, typer.Option(help="Closed loop: open submissions of a sender.")] = 5,
    rate: Annotated[float, typer.Option(help="Open loop instead: sends a second of all senders.")] = 0.0,
    senders: Annotated[int, typer.Option(help="Members of the group that talk.")] = DEFAULT_SENDERS,
    entries: Annotated[int, typer.Option(help="Entries to catch up with.")] = DEFAULT_ENTRIES,
    repeats: Annotated[int, typer.Option(help="Returns of the device that catches up.")] = 7,
    processes: Annotated[int, typer.Option(help="Generator processes.")] = 1,
    url: Annotated[str, typer.Option(help="HTTP address of a running server; its users are registered there.")] = "",
    ws: Annotated[str, typer.Option(help="WebSocket address of that server, if not the one it tells.")] = "",
    server_pid: Annotated[int, typer.Option(help="That server's process on this machine, to see its CPU.")] = 0,
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Configuration of our own server.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a page with charts.")] = None,
    bare: Annotated[
        Path | None, typer.Option(metavar="SCRIPT", help="Run this bare path in turns with one-to-one.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Turns with the bare path.")] = 3,
) -> None:
    """Measure a server over the real wire, and check that it kept every promise while it was measured.

    Without --url a server of its own is started on a fresh data directory. Exit code 1: a promise was broken.
    """
    plan = Plan(
        scenario,
        clients or CLIENTS[scenario],
        seconds=seconds,
        warmup_s=warmup,
        size_bytes=size,
        window=window,
        rate_per_s=rate,
        senders=min(senders, clients or CLIENTS[scenario]) if scenario is Scenario.GROUP else 0,
        entries=entries if scenario is Scenario.CATCH_UP else 0,
        repeats=repeats,
        processes=1 if scenario is Scenario.CATCH_UP else processes,
    )
    wrong = check_plan(plan)
    if ws and not url:
        wrong.append("--ws goes with --url: users are registered at a server's HTTP address.")
    if setting and url:
        wrong.append("--set is for a server of our own, not for the one at --url.")
    if bare is not None and (scenario is not Scenario.ONE_TO_ONE or plan.is_open_loop):
        wrong.append("--bare runs beside one-to-one in a closed loop.")
    for sentence in wrong:
        typer.echo(f"hongyan: {sentence}", err=True)
    if wrong:
        raise typer.Exit(COULD_NOT_RUN)
    elsewhere = Elsewhere(url.rstrip("/"), ws, server_pid, tuple(setting or ()))
    raise typer.Exit(_run(plan, elsewhere, Wanted(as_json, report, bare, rounds)))


class Wanted(msgspec.Struct, frozen=True):
    """What is to come out."""

    as_json: bool
    report: Path | None
    bare: Path | None
    rounds: int


def _run(plan: Plan, elsewhere: Elsewhere, wanted: Wanted) -> int:
    """Runs, prints and writes; the exit code."""
    from rich.console import Console

    from hongyan.cli.bench.page import render
    from hongyan.cli.bench.procfs import raise_open_files
    from hongyan.cli.bench.progress import LiveProgress
    from hongyan.cli.bench.report import print_report
    from hongyan.cli.bench.result import as_json
    from hongyan.cli.bench.troubles import CannotRunError
    from hongyan.cli.bench.turns import run_in_turns, run_once
    from hongyan.model.errors import SetupError

    raise_open_files()
    compared = None
    try:
        with LiveProgress(Console(stderr=True)) as progress:
            targets = _targets(plan, elsewhere, progress)
            if wanted.bare is None:
                result = run_once(plan, targets, progress)
            else:
                result, compared = run_in_turns(plan, targets, wanted.bare, wanted.rounds, progress)
    except (CannotRunError, SetupError) as error:
        typer.echo(f"hongyan: {error}", err=True)
        return COULD_NOT_RUN
    if wanted.report is not None:
        wanted.report.write_text(render(result, shlex.join(["hongyan", *sys.argv[1:]]), compared), encoding="utf-8")
    if wanted.as_json:
        typer.echo(as_json(result, compared))
    else:
        print_report(Console(), result, compared)
    return 0 if result.passed else BROKEN


def _targets(plan: Plan, elsewhere: Elsewhere, progress: "Progress") -> "Targets":
    from hongyan.cli.bench.accounts import websocket_url
    from hongyan.cli.bench.run import other_target, own_target
    from hongyan.cli.bench.server import Endpoints

    if elsewhere.http:
        endpoints = Endpoints(elsewhere.http, elsewhere.ws or websocket_url(elsewhere.http))
        return lambda: other_target(plan, endpoints, elsewhere.pid, progress)
    return lambda: own_target(plan, elsewhere.settings, progress)
