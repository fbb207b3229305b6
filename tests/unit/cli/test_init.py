"""The command line as a whole."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from hongyan import __version__
from hongyan.cli import build_app, main

HEAVY = ("alembic", "argon2", "fastapi", "google.protobuf", "joserfc", "picows", "sqlalchemy", "structlog", "uvicorn")


def test_help_imports_nothing_that_a_server_needs() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from hongyan.cli import build_app\n"
        "result = CliRunner().invoke(build_app(), ['--help'])\n"
        "assert result.exit_code == 0 and 'serve' in result.output, result.output\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_command_and_subcommand_explains_itself() -> None:
    runner, app = CliRunner(), build_app()
    for words in (["serve"], ["chat"], ["user"], ["user", "add"], ["user", "logout"], ["config"], ["config", "show"]):
        result = runner.invoke(app, [*words, "--help"])
        assert result.exit_code == 0
        assert "Usage" in result.output


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(build_app(), ["--version"])
    assert (result.exit_code, result.output) == (0, f"hongyan {__version__}\n")


def test_a_mistake_is_one_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["hongyan", "config", "check", "--set", "limits.nothing=1"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert capsys.readouterr().err == "hongyan: the command line: [limits] has no key nothing.\n"
