"""The secrets that sign tokens: made at first start, for the owner alone, and refused when others could know them."""

import os
import secrets
import stat
from pathlib import Path

import msgspec

from hongyan.model.errors import SetupError

SECRET_BYTES = 32
_FILE = Path("secrets") / "tokens.json"
_DISTINCT_BYTES = 12  # 32 random bytes have about 30; what was typed or counted has fewer
_KNOWN = (
    b"secret",
    b"password",
    b"changeme",
    b"change_me",
    b"change-me",
    b"example",
    b"default",
    b"hongyan",
    b"openim",
)


class TokenKey(msgspec.Struct, frozen=True):
    """A key and the name that tokens carry."""

    kid: str
    secret: bytes

    def __repr__(self) -> str:
        return f"TokenKey(kid={self.kid!r})"


class Secrets(msgspec.Struct, frozen=True):
    """The file. The first of `access_keys` signs, all of them verify: a key is replaced without logging anybody out."""

    access_keys: tuple[TokenKey, ...]
    refresh_secret: bytes

    def __repr__(self) -> str:
        return f"Secrets(kids={[key.kid for key in self.access_keys]!r})"


def make_secrets() -> Secrets:
    """New random ones."""
    key = TokenKey(secrets.token_hex(4), secrets.token_bytes(SECRET_BYTES))
    return Secrets((key,), secrets.token_bytes(SECRET_BYTES))


def open_secrets(data_dir: Path) -> Secrets:
    """The secrets of a data directory, made when there are none. Raises SetupError when others could know them."""
    path = data_dir / _FILE
    try:
        if not path.exists():
            _write(path, make_secrets())
        _check_rights(path.parent, "700")
        _check_rights(path, "600")
        found = msgspec.json.decode(path.read_bytes(), type=Secrets)
    except OSError as error:
        raise SetupError(f"{path} cannot be read or made: {error.strerror}.") from error
    except msgspec.MsgspecError as error:
        raise SetupError(
            f"{path} does not hold secrets ({error}); restore it, or remove it to log every device out."
        ) from error
    check_secrets(found, str(path))
    return found


def check_secrets(found: Secrets, where: str) -> None:
    """Raises SetupError for secrets that are missing, short, known or not random."""
    if not found.access_keys or len({key.kid for key in found.access_keys}) != len(found.access_keys):
        raise SetupError(f"{where} needs access keys with different names; remove it, and new ones are made.")
    for name, secret in (
        *((key.kid, key.secret) for key in found.access_keys),
        ("refresh_secret", found.refresh_secret),
    ):
        reason = _weakness(secret)
        if reason:
            raise SetupError(f"{where}: {name} {reason}. Remove the file, and a new one is made; devices log in again.")


def _weakness(secret: bytes) -> str:
    if len(secret) < SECRET_BYTES:
        return f"has {len(secret)} bytes; {SECRET_BYTES} are needed"
    if any(known in secret.lower() for known in _KNOWN):
        return "is a known sample"
    if len(set(secret)) < _DISTINCT_BYTES:
        return "is not random"
    return ""


def _check_rights(path: Path, wanted: str) -> None:
    found = path.stat()
    if found.st_uid not in (0, os.geteuid()):
        raise SetupError(f"{path} belongs to another user, who could read it; make it your own: chown $USER {path}")
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        mode = stat.S_IMODE(found.st_mode)
        raise SetupError(f"{path} is open to others (mode {mode:o}); close it: chmod {wanted} {path}")


def _write(path: Path, made: Secrets) -> None:
    """Makes the file whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, msgspec.json.format(msgspec.json.encode(made)) + b"\n")
        os.fsync(file)
    finally:
        os.close(file)
    draft.rename(path)
