"""A small disk of its own, which can be filled to the last byte."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.servers import is_root

_CHUNK_BYTES = 1 << 16


class SmallDisk:
    """A folder on a file system of a few megabytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    @property
    def free_bytes(self) -> int:
        """How much could still be written."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self) -> None:
        """Takes all that is left."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (_CHUNK_BYTES, 4096):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    def free(self) -> None:
        """Gives back what `fill` took."""
        self._filler.unlink()


@contextmanager
def mounted(path: Path, size: str, options: str = "") -> Iterator[SmallDisk]:
    """A memory disk at a path. Where none can be mounted the test is skipped, and in CI fails: there it has to run."""
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700{options}", "tmpfs", str(path)]
    reason = "not root" if not is_root() else ""
    if not reason:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        reason = done.stderr.strip() if done.returncode else ""
    if reason:
        sentence = f"no small disk can be mounted: {reason}"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
