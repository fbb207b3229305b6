"""`hongyan bench` as it is run: a server process, generator processes, the wire between them. Nothing is timed here."""

import io
import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from hongyan.cli.bench.command import bench
from hongyan.cli.bench.messages import Tick
from hongyan.cli.bench.plan import Plan, Scenario
from hongyan.cli.bench.progress import LiveProgress
from hongyan.cli.bench.run import Run, own_target
from hongyan.cli.bench.server import OwnServer
from hongyan.cli.bench.troubles import ServerFailedError

TINY = {
    "one-to-one": ["--clients", "10", "--processes", "2"],
    "group": ["--members", "12", "--senders", "3", "--processes", "2"],
    "storm": ["--connections", "40"],
    "idle": ["--connections", "30"],
    "catch-up": ["--entries", "1500", "--repeats", "2"],
}


class Said(msgspec.Struct):
    """What of the object is judged here."""

    scenario: str
    passed: bool
    lost: int
    duplicated: int
    misordered: int
    holes: int
    unread_wrong: int
    delivered_per_s: float
    machine: str
    ready_ms: float | None
    server_rss_bytes_start: int
    heartbeats: int
    catch_up_ms: float | None
    back_p99_s: float | None


def run(*arguments: str) -> Said:
    """The object that a run printed; it has to be one line alone on standard output."""
    app = typer.Typer()
    app.command()(bench)
    done = CliRunner().invoke(app, [*arguments, "--seconds", "1", "--warmup", "0.2", "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert done.stdout.count("\n") == 1
    return msgspec.json.decode(done.stdout, type=Said)


@pytest.mark.parametrize("scenario", list(TINY))
def test_every_scenario_runs_against_a_server_of_its_own_and_finds_every_promise_kept(scenario: str) -> None:
    said = run(scenario, *TINY[scenario])
    assert said.scenario == scenario
    assert (said.lost, said.duplicated, said.misordered, said.holes, said.unread_wrong) == (0, 0, 0, 0, 0)
    assert said.passed
    assert said.ready_ms
    assert said.server_rss_bytes_start > 0
    assert (said.heartbeats > 0) == (scenario == "idle")
    assert (said.catch_up_ms is not None) == (scenario == "catch-up")
    assert (said.back_p99_s is not None) == (scenario == "storm")
    assert (said.delivered_per_s > 0) == (scenario in ("one-to-one", "group", "storm"))


def test_an_open_loop_writes_its_page(tmp_path: Path) -> None:
    page = tmp_path / "run.html"
    run("one-to-one", "--clients", "4", "--rate", "50", "--report", str(page))
    assert re.search(r"<h2>Latency</h2><svg", page.read_text())


def test_a_running_server_is_loaded_by_users_registered_there(data_dir: Path) -> None:
    server = OwnServer(data_dir, {"users.argon2_memory_kib": "64"})
    try:
        endpoints = server.start()
        said = run("one-to-one", "--clients", "4", "--url", endpoints.http, "--server-pid", str(server.pid))
    finally:
        server.stop()
    assert said.passed
    assert said.delivered_per_s > 0
    assert said.ready_ms is None


def test_a_server_that_dies_under_load_is_told() -> None:
    plan = Plan(Scenario.ONE_TO_ONE, clients=4, seconds=30, warmup_s=0)

    class Killer(LiveProgress):
        """Ends the server as soon as there is load."""

        pid = 0

        def ticks(self, ticks: Sequence[Tick]) -> None:
            if any(tick.delivered for tick in ticks) and self.pid:
                os.kill(self.pid, signal.SIGKILL)
                self.pid = 0

    def run_and_kill() -> None:
        progress = Killer(Console(file=io.StringIO()))
        with own_target(plan, (), progress) as target:
            progress.pid = target.pid
            Run(plan, target, progress).measure()

    with pytest.raises(ServerFailedError, match="code -9"):
        run_and_kill()


def test_a_server_that_cannot_start_is_told_with_its_own_words() -> None:
    app = typer.Typer()
    app.command()(bench)
    done = CliRunner().invoke(app, ["one-to-one", "--clients", "2", "--set", "limits.packet_bytes=1"])
    assert done.exit_code == 2
    assert "limits.packet_bytes" in done.output
