"""Secrets are made once, for the owner alone, and refused when others could know them."""

import os
from pathlib import Path

import msgspec
import pytest

from hongyan.model.errors import SetupError
from hongyan.services.users.secrets import Secrets, TokenKey, make_secrets, open_secrets

RANDOM = bytes(range(7, 39))


def written(data_dir: Path, found: Secrets) -> Path:
    """A file with these secrets, with the rights of ours."""
    path = data_dir / "secrets" / "tokens.json"
    path.unlink(missing_ok=True)
    open_secrets(data_dir)
    path.write_bytes(msgspec.json.encode(found))
    return path


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    made = open_secrets(tmp_path)
    assert len(made.access_keys[0].secret) == 32
    assert len(made.refresh_secret) == 32
    assert made.refresh_secret != made.access_keys[0].secret
    assert open_secrets(tmp_path) == made
    assert make_secrets() != made


def test_only_the_owner_may_read_them_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        open_secrets(tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()] == [0o600]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601])
def test_a_file_open_to_others_is_refused_with_the_command_that_closes_it(tmp_path: Path, mode: int) -> None:
    open_secrets(tmp_path)
    path = tmp_path / "secrets" / "tokens.json"
    path.chmod(mode)
    with pytest.raises(SetupError, match=rf"tokens.json is open to others \(mode {mode:o}\); close it: chmod 600 "):
        open_secrets(tmp_path)


def test_a_folder_open_to_others_is_refused(tmp_path: Path) -> None:
    open_secrets(tmp_path)
    (tmp_path / "secrets").chmod(0o755)
    with pytest.raises(SetupError, match=r"secrets is open to others \(mode 755\); close it: chmod 700 "):
        open_secrets(tmp_path)


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        (b"", "has 0 bytes; 32 are needed"),
        (RANDOM[:31], "has 31 bytes; 32 are needed"),
        (bytes(32), "is not random"),
        (b"ab" * 32, "is not random"),
        (b"0123456789" * 4, "is not random"),
        (b"openIM123" + RANDOM, "is a known sample"),
        (b"ChangeMe" + RANDOM, "is a known sample"),
        (RANDOM + b"hongyan-secret", "is a known sample"),
    ],
)
def test_a_short_known_or_made_up_secret_is_refused_wherever_it_stands(
    tmp_path: Path, secret: bytes, reason: str
) -> None:
    for weak in (
        Secrets((TokenKey("k", secret),), RANDOM),
        Secrets((TokenKey("k", RANDOM), TokenKey("old", secret)), RANDOM),
        Secrets((TokenKey("k", RANDOM),), secret),
    ):
        written(tmp_path, weak)
        with pytest.raises(SetupError, match=reason):
            open_secrets(tmp_path)


def test_keys_need_names_of_their_own(tmp_path: Path) -> None:
    for keys in ((), (TokenKey("k", RANDOM), TokenKey("k", RANDOM[::-1]))):
        written(tmp_path, Secrets(keys, RANDOM))
        with pytest.raises(SetupError, match="needs access keys with different names"):
            open_secrets(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"access_keys": []}', '{"access_keys": 7, "refresh_secret": ""}'])
def test_a_file_that_holds_no_secrets_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    open_secrets(tmp_path)
    (tmp_path / "secrets" / "tokens.json").write_text(text)
    with pytest.raises(SetupError, match="does not hold secrets"):
        open_secrets(tmp_path)


def test_a_start_that_was_interrupted_does_not_leave_half_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    (folder / "tokens.new").write_bytes(b'{"access_k')
    made = open_secrets(tmp_path)
    assert open_secrets(tmp_path) == made
    assert [path.name for path in folder.iterdir()] == ["tokens.json"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "secrets").touch()
    with pytest.raises(SetupError, match=r"tokens.json cannot be read or made: "):
        open_secrets(tmp_path)


def test_what_is_secret_is_in_no_repr() -> None:
    found = make_secrets()
    shown = f"{found!r} {found} {found.access_keys[0]!r}"
    assert repr(found.refresh_secret)[2:-1] not in shown
    assert repr(found.access_keys[0].secret)[2:-1] not in shown
    assert found.access_keys[0].kid in shown
