"""The examples of proto/client.md are what the codecs read and write."""

import json
import pathlib
import re
import tomllib

import pytest

from hongyan.protocol import codec_opaque as opaque
from hongyan.protocol.client import CLIENT_LIMITS, AfterClose, after_close
from hongyan.protocol.codec import PROTO_SERVER
from hongyan.protocol.codec_json import JSON_CLIENT, JSON_SERVER
from hongyan.protocol.frames import ClientFrame, Limits, Ping, Refused
from hongyan.protocol.framing import PacketSplitter

ROOT = pathlib.Path(__file__).parents[2]
GUIDE = (ROOT / "proto/client.md").read_text()
BLOCKS = re.findall(r"^```(\w+) (\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
COMMANDS = {field.name for field in opaque.ClientFrame.DESCRIPTOR.oneofs_by_name["command"].fields}
EVENTS = {field.name for field in opaque.ServerFrame.DESCRIPTOR.oneofs_by_name["event"].fields}


def examples(who: str) -> list[str]:
    return [text for _, owner, text in BLOCKS if owner == who]


def kinds(who: str) -> set[str]:
    frames = [frame for text in examples(who) for frame in json.loads(text)["frames"]]
    return {name for frame in frames for name in frame} - {"id", "reply_to"}


@pytest.mark.parametrize("text", examples("client"))
def test_what_the_guide_lets_a_client_say_is_accepted(text: str) -> None:
    frames = JSON_SERVER.decode(text.encode(), Limits())

    assert frames
    assert not [str(frame.command.error) for frame in frames if isinstance(frame.command, Refused)]
    assert json.loads(JSON_CLIENT.encode(frames)) == json.loads(text)


@pytest.mark.parametrize("text", examples("server"))
def test_what_the_guide_lets_a_server_say_is_what_it_writes(text: str) -> None:
    frames = JSON_CLIENT.decode(text.encode(), CLIENT_LIMITS)

    assert frames
    assert json.loads(JSON_SERVER.encode(frames)) == json.loads(text)


@pytest.mark.parametrize("text", examples("http"))
def test_bodies_of_http_are_json(text: str) -> None:
    assert isinstance(json.loads(text), dict)


def test_every_command_and_every_event_has_an_example() -> None:
    assert kinds("client") == COMMANDS
    assert kinds("server") == EVENTS


def test_the_bytes_on_tcp_are_a_ping() -> None:
    (text,) = examples("tcp")

    (packet,) = PacketSplitter(100).feed(bytes.fromhex(text))

    assert PROTO_SERVER.decode(packet, Limits()) == [ClientFrame(7, Ping())]


def test_the_table_of_closes_has_every_code_and_what_follows_is_what_a_client_does() -> None:
    rows = re.findall(r"^\| (\d{4}) \| `(\w+)` \| (.+) \|$", GUIDE, re.MULTILINE)
    codes = tomllib.loads((ROOT / "proto/codes.toml").read_text())["closes"]

    assert {name: int(number) for number, name, _ in rows} == {name: row["number"] for name, row in codes.items()}
    for number, _, then in rows:
        expected = {"stop": AfterClose.STOP, "refresh": AfterClose.REFRESH}
        assert after_close(int(number)) is expected.get(re.split(r"\W", then)[0], AfterClose.RESUME)
