"""What is kept of a session on this machine, and who may read it."""

import stat
from pathlib import Path

import pytest

from hongyan.cli.chat.account import check_url, desk_at, is_overheard, known_users
from hongyan.model.codes import InvalidField
from hongyan.model.errors import SetupError

URL = "http://127.0.0.1:8080"


def test_each_user_of_each_server_has_a_folder(tmp_path: Path) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    folder = desk_at(URL, "bob", environment).folder
    assert folder == tmp_path / "hongyan" / "127.0.0.1:8080" / "bob"
    assert desk_at("https://chat.example/im", "bob", environment).folder.parent.name == "chat.example:443%2Fim"


def test_without_the_variable_it_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    expected = tmp_path / ".local" / "state" / "hongyan" / "127.0.0.1:8080" / "bob"
    assert desk_at(URL, "bob", {}).folder == expected
    assert desk_at(URL, "bob", {"XDG_STATE_HOME": "relative"}).folder == expected


def test_only_the_owner_may_look_into_it(tmp_path: Path) -> None:
    desk = desk_at(URL, "bob", {"XDG_STATE_HOME": str(tmp_path)})
    desk.make()
    folders = [desk.folder, desk.folder.parent, desk.folder.parent.parent]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700] * 3
    assert desk.device_id() == desk.device_id()
    assert stat.S_IMODE((desk.folder / "device").stat().st_mode) == 0o600


def test_who_was_here_last_is_known(tmp_path: Path) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    assert known_users(URL, environment) == []
    desk = desk_at(URL, "bob", environment)
    desk.make()
    (desk.folder / "tokens.json").touch()
    assert known_users(URL, environment) == ["bob"]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "hongyan").touch()
    with pytest.raises(SetupError, match="cannot be made"):
        desk_at(URL, "bob", {"XDG_STATE_HOME": str(tmp_path)}).make()


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b", "x" * 33])
def test_a_name_that_is_no_user_id_never_becomes_a_path(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidField):
        desk_at(URL, name, {"XDG_STATE_HOME": str(tmp_path)})


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ws://127.0.0.1:8081", "http://", ""])
def test_what_is_no_address_of_a_server_is_a_sentence(url: str) -> None:
    with pytest.raises(SetupError, match="looks like"):
        check_url(url)
    assert check_url(f"{URL}/") == URL


def test_only_plain_http_to_another_machine_can_be_overheard() -> None:
    assert is_overheard("http://chat.example:8080")
    assert not is_overheard("https://chat.example")
    assert not any(is_overheard(f"http://{host}:8080") for host in ("127.0.0.1", "localhost", "[::1]"))
