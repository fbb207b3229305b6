"""The data directory, as it could be."""

import os
from pathlib import Path

import pytest

from hongyan.app.lock import DirectoryLock
from hongyan.cli.doctor.disk import (
    LITTLE_BYTES,
    TOO_LITTLE_BYTES,
    check_file_system,
    check_rights,
    check_room,
    check_speed,
    look_at_directory,
    nearest,
    probe,
    server_of,
)
from hongyan.cli.doctor.findings import Level


def test_a_directory_that_is_not_there_yet_is_looked_at_where_it_will_be_made(tmp_path: Path) -> None:
    wanted = tmp_path / "a" / "b"
    assert nearest(wanted) == tmp_path
    assert check_rights(wanted, tmp_path).level is Level.OK
    assert not wanted.exists()


def test_a_directory_that_others_may_enter_is_to_be_closed(data_dir: Path) -> None:
    data_dir.chmod(0o755)
    finding = check_rights(data_dir, data_dir)
    assert (finding.level, finding.cure) == (Level.WARNING, f"chmod 700 {data_dir}")
    data_dir.chmod(0o700)
    assert check_rights(data_dir, data_dir).level is Level.OK


def test_a_file_in_the_place_of_the_directory_keeps_a_server_out(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.touch()
    assert next(finding.level for finding in look_at_directory(file)) is Level.BAD


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_the_right_to_write_is_all_that_is_said(data_dir: Path) -> None:
    data_dir.chmod(0o500)
    assert [finding.level for finding in look_at_directory(data_dir)] == [Level.BAD]


@pytest.mark.parametrize(
    ("kind", "level"), [("ext4", Level.OK), ("nfs4", Level.BAD), ("cifs", Level.BAD), ("tmpfs", Level.WARNING)]
)
def test_the_file_system_is_that_of_the_nearest_mount(tmp_path: Path, kind: str, level: Level) -> None:
    mounts = tmp_path / "mounts"
    place = tmp_path / "with space"
    place.mkdir()
    shown = str(place.resolve()).replace(" ", "\\040")
    mounts.write_text(f"a / nfs rw 0 0\nb {shown} {kind} rw 0 0\nc {shown}/deeper nfs rw 0 0\n")
    assert check_file_system(place, mounts).level is level


@pytest.mark.parametrize(
    ("free_bytes", "level"),
    [(LITTLE_BYTES, Level.OK), (LITTLE_BYTES - 1, Level.WARNING), (TOO_LITTLE_BYTES - 1, Level.BAD)],
)
def test_little_room_is_told(tmp_path: Path, free_bytes: int, level: Level) -> None:
    assert check_room(tmp_path, free_bytes).level is level


@pytest.mark.parametrize(
    ("taken_ms", "level"),
    [([0.5, 0.6, 40.0], Level.OK), ([12.0, 20.0, 30.0], Level.WARNING), ([float("inf")], Level.BAD)],
)
def test_a_disk_is_judged_by_what_is_usual(tmp_path: Path, taken_ms: list[float], level: Level) -> None:
    assert check_speed(tmp_path, taken_ms).level is level


def test_probing_the_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    assert probe(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_server_of_a_directory_is_known_by_its_lock(data_dir: Path) -> None:
    assert server_of(data_dir) == 0
    lock = DirectoryLock(data_dir)
    assert server_of(data_dir) == os.getpid()
    lock.close()
    assert server_of(data_dir) == 0
