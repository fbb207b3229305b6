"""Python, the clock and the open-file limit, as they could be."""

import os
from pathlib import Path

import pytest

from hongyan.cli.doctor.findings import Level
from hongyan.cli.doctor.machine import (
    OWN_FILES,
    ClockSeen,
    check_clock,
    check_files,
    check_python,
    look_at_clock,
    look_at_files,
    look_at_python,
)
from hongyan.config import Config, Limits

NOW_MS = 1_800_000_000_000


def test_this_python_is_good_enough_for_these_tests() -> None:
    assert [finding.level for finding in look_at_python()] == [Level.OK]


@pytest.mark.parametrize(
    ("version", "sqlite", "protobuf", "name"),
    [
        ((3, 10, 9), (3, 40, 0), "upb", "python"),
        ((3, 12, 0), (3, 31, 0), "upb", "sqlite"),
        ((3, 12, 0), (3, 40, 0), "python", "protobuf"),
    ],
)
def test_what_is_too_old_or_too_slow_is_named_with_its_cure(
    version: tuple[int, ...], sqlite: tuple[int, ...], protobuf: str, name: str
) -> None:
    found = [finding for finding in check_python(version, sqlite, protobuf) if finding.level is Level.BAD]
    assert [finding.name for finding in found] == [name]
    assert found[0].cure


@pytest.mark.parametrize(
    ("seen", "level"),
    [
        (ClockSeen(NOW_MS, synchronised=True), Level.OK),
        (ClockSeen(NOW_MS, synchronised=None), Level.OK),
        (ClockSeen(NOW_MS, synchronised=False), Level.WARNING),
        (ClockSeen(NOW_MS, True, NOW_MS + 3_600_000, "log.db"), Level.WARNING),
        (ClockSeen(NOW_MS, True, NOW_MS + 1_000, "log.db"), Level.OK),
        (ClockSeen(0, synchronised=True), Level.BAD),
    ],
)
def test_a_clock_is_wrong_when_it_is_long_past_was_set_back_or_is_kept_by_nothing(
    seen: ClockSeen, level: Level
) -> None:
    finding = check_clock(seen)
    assert finding.level is level
    assert bool(finding.cure) == (level is not Level.OK)


def test_files_of_the_data_directory_from_the_future_tell_of_a_clock_that_was_set_back(tmp_path: Path) -> None:
    file = tmp_path / "log.db"
    file.touch()
    os.utime(file, (NOW_MS / 1000 + 60, NOW_MS / 1000 + 60))
    assert "log.db was written 60 s after" in look_at_clock(NOW_MS, tmp_path).sentence


@pytest.mark.parametrize(
    ("soft", "hard", "level", "words"),
    [
        (20_000, 20_000, Level.OK, ""),
        (1_024, 20_000, Level.WARNING, "ulimit -n 15200"),
        (1_024, 4_096, Level.WARNING, "limits.conf"),
        (OWN_FILES, 20_000, Level.BAD, "ulimit -n 15200"),
    ],
)
def test_fewer_open_files_than_connections_are_told_with_the_way_to_more(
    soft: int, hard: int, level: Level, words: str
) -> None:
    finding = check_files(soft, hard, 15_000)
    assert (finding.level, words in finding.cure) == (level, True)


def test_the_limit_looked_at_is_that_of_this_process() -> None:
    assert look_at_files(Config(limits=Limits(connections=1))).level is Level.OK
