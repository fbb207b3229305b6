"""The golden vectors of proto/vectors, through both codecs. Every SDK runs the same."""

import json
import pathlib
from typing import Any

import pytest

from hongyan.model.errors import HongyanError
from hongyan.protocol.client import CLIENT_LIMITS
from hongyan.protocol.codec import PROTO_CLIENT, PROTO_SERVER
from hongyan.protocol.codec_json import JSON_CLIENT, JSON_SERVER
from hongyan.protocol.frames import ClientFrame, Limits, Refused
from hongyan.protocol.server import ServerCodec
from tools.make_vectors import FOLDER, rewritten

Vector = dict[str, Any]


def vectors(name: str) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in json.loads((FOLDER / f"{name}.json").read_text())]


def text_of(packet: dict[str, Any]) -> bytes:
    return json.dumps(packet, ensure_ascii=False).encode()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_the_bytes_are_those_that_the_official_library_makes_of_the_json(path: pathlib.Path) -> None:
    assert rewritten(path) == path.read_text()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_no_two_vectors_have_the_same_name(path: pathlib.Path) -> None:
    names = [vector["name"] for vector in json.loads(path.read_text())]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("vector", vectors("client"))
def test_what_a_client_says_is_read_and_written_alike_in_both_codecs(vector: Vector) -> None:
    data = bytes.fromhex(vector["hex"])
    frames = PROTO_SERVER.decode(data, Limits())
    assert not any(isinstance(frame.command, Refused) for frame in frames)
    assert JSON_SERVER.decode(vector.get("text", "").encode() or text_of(vector["json"]), Limits()) == frames
    for other in vector.get("json_also", ()):
        assert JSON_SERVER.decode(text_of(other), Limits()) == frames
    assert vector.get("compressed") or PROTO_CLIENT.encode(frames) == data
    assert json.loads(JSON_CLIENT.encode(frames)) == {"frames": [], **vector["json"]}


@pytest.mark.parametrize("vector", vectors("server"))
def test_what_a_server_says_is_read_and_written_alike_in_both_codecs(vector: Vector) -> None:
    data = bytes.fromhex(vector["hex"])
    frames = PROTO_CLIENT.decode(data, CLIENT_LIMITS)
    assert JSON_CLIENT.decode(vector.get("text", "").encode() or text_of(vector["json"]), CLIENT_LIMITS) == frames
    assert vector.get("compressed") or PROTO_SERVER.encode(frames) == data
    assert json.loads(JSON_SERVER.encode(frames)) == {"frames": [], **vector["json"]}


def packets(vector: Vector) -> list[tuple[ServerCodec, bytes]]:
    found: list[tuple[ServerCodec, bytes]] = []
    if "hex" in vector:
        found.append((PROTO_SERVER, bytes.fromhex(vector["hex"])))
    if "text" in vector:
        found.append((JSON_SERVER, vector["text"].encode()))
    if "json" in vector:
        found.append((JSON_SERVER, text_of(vector["json"])))
    return found


REFUSED = vectors("refused")


@pytest.mark.parametrize("vector", REFUSED)
def test_what_is_not_accepted_is_refused_with_its_code(vector: Vector) -> None:
    limits = Limits(**vector.get("limits", {}))
    for codec, data in packets(vector):
        if "code" in vector:
            with pytest.raises(HongyanError) as caught:
                codec.decode(data, limits)
            assert caught.value.code == vector["code"]
        else:
            assert_answers(codec.decode(data, limits), vector["answers"])


def assert_answers(frames: list[ClientFrame], answers: list[Vector | None]) -> None:
    assert len(frames) == len(answers)
    for frame, answer in zip(frames, answers, strict=True):
        if answer is None:
            assert not isinstance(frame.command, Refused)
            continue
        assert isinstance(frame.command, Refused)
        error = frame.command.error
        assert (frame.id, error.code) == (answer["reply_to"], answer["code"])
        assert ("field" in answer) == ("field" in error.fields)
        assert error.fields.get("field") == answer.get("field")
