"""One process a data directory."""

import fcntl
import os
from pathlib import Path

from hongyan.model.errors import SetupError


class DirectoryLock:
    """Holds a data directory until `close`; the system lets go of it when the process dies, however it dies."""

    def __init__(self, data_dir: Path) -> None:
        """Takes the lock. Raises SetupError when another process holds it."""
        self._file = os.open(data_dir / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.read(self._file, 32).decode(errors="replace").strip()
            os.close(self._file)
            whose = f" (process {owner})" if owner else ""
            raise SetupError(
                f"{data_dir} is in use by another hongyan{whose}; stop it or choose another --data."
            ) from error
        os.ftruncate(self._file, 0)
        os.write(self._file, str(os.getpid()).encode())

    def close(self) -> None:
        """Lets go."""
        os.close(self._file)
