"""One process a data directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hongyan.app.lock import DirectoryLock
from hongyan.model.errors import SetupError


def test_a_second_one_is_refused_with_a_sentence_that_names_the_first(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path)
    with pytest.raises(SetupError, match=rf"process {os.getpid()}\).*--data"):
        DirectoryLock(tmp_path)
    lock.close()
    DirectoryLock(tmp_path).close()


def test_what_a_dead_process_held_is_free(tmp_path: Path) -> None:
    program = f"""
import os, pathlib
from hongyan.app.lock import DirectoryLock
DirectoryLock(pathlib.Path({str(tmp_path)!r}))
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    DirectoryLock(tmp_path).close()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path)
    assert (tmp_path / "lock").stat().st_mode & 0o077 == 0
    lock.close()
