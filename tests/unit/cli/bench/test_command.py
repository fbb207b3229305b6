"""What the command line refuses, before anything is started."""

import pytest
import typer
from typer.testing import CliRunner

from hongyan.cli.bench.command import COULD_NOT_RUN, bench


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["one-to-one", "--clients", "7"], "7 is odd"),
        (["group", "--seconds", "100000"], "--seconds"),
        (["one-to-one", "--ws", "ws://127.0.0.1:1"], "--ws goes with --url"),
        (["one-to-one", "--url", "ftp://127.0.0.1"], "is not an HTTP address"),
        (["one-to-one", "--url", "http://127.0.0.1:1"], "cannot be asked"),
        (["one-to-one", "--url", "http://127.0.0.1:1", "--set", "a.b=c"], "--set is for a server of our own"),
        (["group", "--bare", "bare.py"], "--bare runs beside one-to-one"),
        (["one-to-one", "--rate", "5", "--bare", "bare.py"], "--bare runs beside one-to-one"),
    ],
)
def test_what_cannot_be_run_is_a_sentence_and_an_exit_code(arguments: list[str], sentence: str) -> None:
    app = typer.Typer()
    app.command()(bench)
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == COULD_NOT_RUN
    assert sentence in done.output
