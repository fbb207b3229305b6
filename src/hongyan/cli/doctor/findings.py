"""What the doctor says: a finding a thing looked at, and what follows from all of them."""

from collections.abc import Iterable
from enum import Enum

import msgspec

SICK = 1
"""The exit code when something keeps a server from working."""


class Level(Enum):
    """How bad it is: nothing, worth a thought, or no server will work like this."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at. `name` is short and stable, for programs; a finding that is not OK has a `cure`."""

    name: str
    level: Level
    sentence: str
    cure: str = ""


class Report(msgspec.Struct, frozen=True):
    """All of it, as printed with --json."""

    healthy: bool
    findings: tuple[Finding, ...]


def ok(name: str, sentence: str) -> Finding:
    """It is as it should be."""
    return Finding(name, Level.OK, sentence)


def warning(name: str, sentence: str, cure: str) -> Finding:
    """A server works, but not as well, as long or as safely as it could."""
    return Finding(name, Level.WARNING, sentence, cure)


def bad(name: str, sentence: str, cure: str) -> Finding:
    """A server does not start, or not for long."""
    return Finding(name, Level.BAD, sentence, cure)


def report_of(findings: Iterable[Finding]) -> Report:
    """Healthy is what has no bad finding; warnings are advice."""
    found = tuple(findings)
    return Report(not any(finding.level is Level.BAD for finding in found), found)


def exit_code(report: Report, *, strict: bool) -> int:
    """0, or SICK; with `strict` a warning is enough."""
    if strict and any(finding.level is Level.WARNING for finding in report.findings):
        return SICK
    return 0 if report.healthy else SICK


def as_json(report: Report) -> str:
    """The report for programs."""
    return msgspec.json.format(msgspec.json.encode(report)).decode()
