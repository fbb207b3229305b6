"""`hongyan config` shows, checks and explains."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hongyan.cli import build_app
from hongyan.config.load import load
from hongyan.config.manual import markdown
from hongyan.model.errors import SetupError


def run(*words: str) -> Result:
    """Runs a command."""
    return CliRunner().invoke(build_app(), ["config", *words])


def test_what_is_shown_is_what_a_server_would_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "hongyan.toml"
    path.write_text("[limits]\nsync_page = 7\ngroup_members = 7\n")
    monkeypatch.setenv("HONGYAN_LIMITS_GROUP_MEMBERS", "9")
    result = run("show", "--redacted", "--config", str(path), "--set", "listen.http=127.0.0.1:0")
    shown = tmp_path / "shown.toml"
    shown.write_text(result.output)
    config = load(shown)
    assert (config.limits.sync_page, config.limits.group_members, config.listen.http) == (7, 9, "127.0.0.1:0")


def test_the_file_may_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "hongyan.toml"
    path.write_text("[limits]\nsync_page = 7\n")
    monkeypatch.setenv("HONGYAN_CONFIG", str(path))
    assert "sync_page = 7\n" in run("show").output


def test_a_right_configuration_is_said_to_be_right_and_a_wrong_one_is_named() -> None:
    assert run("check").exit_code == 0
    wrong = run("check", "--set", "users.access_ttl_s=1")
    assert isinstance(wrong.exception, SetupError)


def test_the_manual_is_the_committed_one() -> None:
    assert run("doc").output == markdown()
    assert (Path(__file__).parents[3] / "docs/reference/config.md").read_text() == markdown()
