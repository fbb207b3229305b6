"""The configuration is what was said last, and every mistake is named with its place."""

from pathlib import Path

import pytest

from hongyan.config import Config
from hongyan.config.load import load, parse_address
from hongyan.model.errors import SetupError


def file(folder: Path, text: str) -> Path:
    """A configuration file."""
    path = folder / "hongyan.toml"
    path.write_text(text)
    return path


def test_nothing_said_is_the_defaults() -> None:
    assert load() == Config()


def test_the_command_line_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    path = file(tmp_path, "data_dir = 'f'\n[limits]\ncontent_bytes = 1000\nsync_page = 10\ngroup_members = 3\n")
    environment = {"HONGYAN_LIMITS_CONTENT_BYTES": "2000", "HONGYAN_LIMITS_SYNC_PAGE": "20", "HOME": "/"}
    config = load(path, environment, ["limits.content_bytes=3000"])
    assert (config.limits.content_bytes, config.limits.sync_page, config.limits.group_members) == (3000, 20, 3)
    assert config.data_dir == Path("f")
    assert config.limits.page_entries == Config().limits.page_entries


def test_lists_are_written_with_commas_in_texts_and_as_lists_in_the_file(tmp_path: Path) -> None:
    assert load(assignments=["gateway.origins=a.example, b.example"]).gateway.origins == ("a.example", "b.example")
    assert load(environment={"HONGYAN_GATEWAY_ORIGINS": ""}).gateway.origins == ()
    assert load(file(tmp_path, "[gateway]\norigins = ['a.example']")).gateway.origins == ("a.example",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[limits]\ncontent_byte = 1",
            r"hongyan.toml: \[limits\] has no key content_byte; did you mean limits.content",
        ),
        ("[limit]\ncontent_bytes = 1", r"hongyan.toml: there is no key or section limit; did you mean"),
        ("limits = 3", r"limits is a section; write \[limits\]"),
        ("[limits]\ncontent_bytes = '1000'", r"hongyan.toml, \[limits\] content_bytes: Expected `int`, got `str`"),
        ("[limits]\ncontent_bytes = 1", r"content_bytes: Expected `int` >= 256"),
        ("[users]\nregistration = 'maybe'", r"\[users\] registration: Invalid enum value 'maybe'"),
        ("[limits\n", r"hongyan.toml is not TOML: .*line 1"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SetupError, match=sentence):
        load(file(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"nowhere.toml cannot be read: No such file"):
        load(tmp_path / "nowhere.toml")


def test_an_unknown_variable_of_a_section_is_refused_and_foreign_ones_are_not_ours() -> None:
    assert load(environment={"HONGYAN_CONFIG": "x", "PATH": "/bin", "HONGYANG_LIMITS_X": "1"}) == Config()
    with pytest.raises(SetupError, match=r"HONGYAN_USERS_ACCESS_TTL names no key; did you mean HONGYAN_USERS_ACCESS_"):
        load(environment={"HONGYAN_USERS_ACCESS_TTL": "1"})


def test_a_mistake_in_a_variable_or_on_the_command_line_is_named() -> None:
    with pytest.raises(SetupError, match=r"HONGYAN_LIMITS_SYNC_PAGE: Expected `int`, got `str`"):
        load(environment={"HONGYAN_LIMITS_SYNC_PAGE": "many"})
    with pytest.raises(SetupError, match=r"the command line, limits.sync_page: Expected `int` >= 1"):
        load(assignments=["limits.sync_page=0"])
    with pytest.raises(SetupError, match=r"the command line: \[limits\] has no key sync"):
        load(assignments=["limits.sync=0"])
    with pytest.raises(SetupError, match=r"Expected section\.key=value"):
        load(assignments=["limits.sync_page"])


@pytest.mark.parametrize(
    ("assignments", "sentence"),
    [
        (["listen.http=127.0.0.1:9", "listen.ws=127.0.0.1:9"], "two of them are the same"),
        (["listen.http=8080"], r"\[listen\] http: expected host:port"),
        (["limits.content_bytes=4000", "limits.packet_bytes=4000"], "content_bytes must be smaller than packet_bytes"),
        (["data_dir="], "command line, data_dir: expected the path of a folder"),
        (["users.access_ttl_s=600", "users.refresh_ttl_s=600"], "access_ttl_s must be smaller"),
        (["gateway.origins=*"], "any page speak for your users"),
    ],
)
def test_values_that_do_not_go_together_are_refused(assignments: list[str], sentence: str) -> None:
    with pytest.raises(SetupError, match=sentence):
        load(assignments=assignments)


def test_port_0_may_be_given_thrice() -> None:
    config = load(assignments=[f"listen.{name}=127.0.0.1:0" for name in ("http", "ws", "tcp")])
    assert parse_address(config.listen.ws, "ws") == ("127.0.0.1", 0)


@pytest.mark.parametrize(("text", "address"), [("a.example:1", ("a.example", 1)), ("[::1]:65535", ("::1", 65535))])
def test_an_address_is_host_and_port(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text, "x") == address


@pytest.mark.parametrize("text", ["", ":", "a", "a:", ":1", "a:b", "::1:80", "a:65536", "a:-1", "a:١"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(SetupError, match="x: expected host:port"):
        parse_address(text, "x")


def test_four_steps_are_written_with_commas_and_must_rise() -> None:
    config = load(None, {}, ["overload.loop_lag_ms=100,200,300,300"])
    assert config.overload.loop_lag_ms == (100, 200, 300, 300)
    for wrong in ("100,200,300", "100,200,300,x", "400,300,200,100", "0,1,2,3"):
        with pytest.raises(SetupError, match="loop_lag_ms"):
            load(None, {}, [f"overload.loop_lag_ms={wrong}"])
