"""How a run goes on, on standard error: a live line on a terminal, nothing where nobody watches."""

import time
from collections.abc import Sequence
from typing import Self

from rich.console import Console
from rich.status import Status

from hongyan.cli.bench.messages import Tick


class LiveProgress:
    """Implements `run.Progress`. Use as a context."""

    def __init__(self, console: Console) -> None:
        self._status = Status("", console=console)
        self._is_shown = console.is_terminal
        self._name = ""
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        if self._is_shown:
            self._status.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._is_shown:
            self._status.stop()

    def phase(self, name: str) -> None:
        """Something else begins."""
        self._name, self._began = name, time.monotonic()
        self._show("")

    def ticks(self, ticks: Sequence[Tick]) -> None:
        """Totals so far."""
        sent, delivered = sum(tick.sent for tick in ticks), sum(tick.delivered for tick in ticks)
        self._show(f"{sent:,} sent, {delivered:,} delivered" if sent or delivered else "")

    def count(self, done: int, total: int) -> None:
        """So many of so many."""
        filled = 30 * done // max(1, total)
        self._show(f"[cyan]{'━' * filled}[/][dim]{'━' * (30 - filled)}[/] {done:,} of {total:,}")

    def _show(self, detail: str) -> None:
        elapsed_s = time.monotonic() - self._began
        self._status.update(f"{self._name} [dim]{elapsed_s:.0f} s[/] {detail}")
