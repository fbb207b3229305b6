"""What the kernel says, read from a copy of its files."""

from pathlib import Path

import pytest

from hongyan.cli.bench.procfs import Resident, Usage, commit, machine, machine_cpu_s, resident, usage


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A process 7 whose name tries to look like fields."""
    folder = tmp_path / "7"
    folder.mkdir()
    fields = ["S", *["0"] * 10, "150", "50", *["0"] * 8, "1000", *["0"] * 28]
    (folder / "stat").write_text(f"7 (a) S 1 (b) {' '.join(fields)}\n")
    (folder / "smaps_rollup").write_text("00-ff ---p 0 0 0 [rollup]\nRss: 100 kB\nPss: 80 kB\nAnonymous: 60 kB\n")
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: A Processor\n")
    (tmp_path / "stat").write_text("cpu  100 10 40 9000 70 5 5 40 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n")
    (tmp_path / "meminfo").write_text("MemTotal:       24641536 kB\n")
    return tmp_path


def test_cpu_and_memory_are_read_behind_any_name(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getpagesize", lambda: 4096)
    assert usage(7, proc) == Usage(2.0, 4_096_000)


def test_resident_memory_is_told_apart(proc: Path) -> None:
    assert resident(7, proc) == Resident(102_400, 81_920, 61_440)


def test_a_process_that_is_gone_has_no_figures(proc: Path) -> None:
    assert usage(8, proc) is None
    assert resident(8, proc) is None


def test_the_machines_cpu_is_all_but_idling_and_waiting(proc: Path) -> None:
    assert machine_cpu_s(proc) == 2.0


def test_the_machine_is_a_line(proc: Path) -> None:
    line = machine(proc)
    assert line.startswith("A Processor, ")
    assert "23.5 GiB" in line


def test_outside_of_a_checkout_there_is_no_commit(tmp_path: Path) -> None:
    assert commit(tmp_path) == ""
