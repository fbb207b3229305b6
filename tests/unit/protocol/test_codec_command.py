from typing import Any

import pytest

from hongyan.model import commands as ask
from hongyan.model.codes import ContentTooLarge, InvalidField, UnknownCommand
from hongyan.model.errors import HongyanError
from hongyan.model.ids import UserId
from hongyan.protocol.codec_command import MAX_POSITION_USERS, read_frame, write_frame
from hongyan.protocol.codec_content import text_content
from hongyan.protocol.codec_submit import MAX_MEMBER_IDS
from hongyan.protocol.frames import ClientFrame, Connect, Limits, Refused, Submit
from hongyan.protocol.wire import frame_pb2

LIMITS = Limits(content_bytes=1_000)
HERE = "s:a:b"
HELLO = {"text": {"text": "hello"}}


def read(**frame: Any) -> ClientFrame:
    return read_frame(frame_pb2.ClientFrame(**frame), LIMITS)


def refusal(**frame: Any) -> HongyanError:
    refused = read(id=5, **frame)
    assert refused.id == 5
    assert isinstance(refused.command, Refused)
    return refused.command.error


def submit(**command: Any) -> dict[str, Any]:
    return {"submit": {"conversation_id": HERE, "client_msg_id": "c-1", **command}}


def many(count: int) -> list[str]:
    return [f"u{number}" for number in range(count)]


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("submit", submit()),
    ("conversation_id", {"submit": {"client_msg_id": "c-1", "message": HELLO}}),
    ("conversation_id", submit(conversation_id="s:b:a", message=HELLO)),
    ("conversation_id", submit(conversation_id="s:a:a", message=HELLO)),
    ("conversation_id", submit(conversation_id="s:a:b\0", message=HELLO)),
    ("conversation_id", submit(conversation_id="G:x", message=HELLO)),
    ("client_msg_id", submit(client_msg_id="", message=HELLO)),
    ("client_msg_id", submit(client_msg_id="x" * 65, message=HELLO)),
    ("client_msg_id", submit(client_msg_id="a b", message=HELLO)),
    ("message", submit(message={})),
    ("message.text.text", submit(message={"text": {}})),
    ("recall.seq", submit(recall={})),
    ("recall.seq", submit(recall={"seq": 2**63})),
    ("create_group.name", submit(create_group={"name": " "})),
    ("create_group.name", submit(create_group={"name": "a\0"})),
    ("create_group.member_ids", submit(create_group={"name": "x", "member_ids": ["not ok"]})),
    ("create_group.member_ids", submit(create_group={"name": "x", "member_ids": many(MAX_MEMBER_IDS + 1)})),
    ("add_members.member_ids", submit(add_members={})),
    ("remove_members.member_ids", submit(remove_members={})),
    ("connect.token", {"connect": {"token": "x" * 4097}}),
    ("connect.client", {"connect": {"client": "a\tb"}}),
    ("connect.capabilities", {"connect": {"capabilities": ["x"] * 17}}),
    ("connect.capabilities", {"connect": {"capabilities": ["x" * 33]}}),
    ("connect.cursor", {"connect": {"cursor": "x" * 513}}),
    ("mark.read_seq", {"mark": {"conversation_id": HERE, "read_seq": 2**63}}),
    ("mark.delivered_seq", {"mark": {"conversation_id": HERE, "delivered_seq": 2**64 - 1}}),
    ("conversation_id", {"mark": {"read_seq": 1}}),
    ("signal.kind", {"signal": {"conversation_id": HERE}}),
    ("signal.kind", {"signal": {"conversation_id": HERE, "kind": "x" * 33}}),
    ("sync.cursor", {"sync": {"cursor": "x" * 513}}),
    ("get_entries.seq", {"get_entries": {"conversation_id": HERE, "seq": 2**63}}),
    ("conversation_id", {"get_entries": {}}),
    ("get_members.cursor", {"get_members": {"conversation_id": HERE, "cursor": "x" * 513}}),
    ("get_positions.user_ids", {"get_positions": {"conversation_id": HERE, "user_ids": many(MAX_POSITION_USERS + 1)}}),
    ("get_positions.user_ids", {"get_positions": {"conversation_id": HERE, "user_ids": [""]}}),
]


@pytest.mark.parametrize(("field", "frame"), REFUSED, ids=[f"{n}-{row[0]}" for n, row in enumerate(REFUSED)])
def test_a_field_that_is_not_valid_is_refused_by_its_name(field: str, frame: dict[str, Any]) -> None:
    error = refusal(**frame)

    assert isinstance(error, InvalidField)
    assert error.fields["field"] == field


def test_a_frame_without_a_command_known_here_is_refused() -> None:
    assert isinstance(refusal(), UnknownCommand)


@pytest.mark.parametrize(("size", "fits"), [(989, True), (995, False)])
def test_content_is_measured_as_it_will_be_kept(size: int, fits: bool) -> None:
    read_back = read(id=1, **submit(message={"text": {"text": "x" * size}})).command

    if fits:
        assert isinstance(read_back, Submit)
    else:
        assert isinstance(read_back, Refused)
        assert isinstance(read_back.error, ContentTooLarge)


def test_mention_all_is_told_beside_the_content() -> None:
    command = read(id=1, **submit(message={**HELLO, "mention": {"all": True}})).command

    assert isinstance(command, Submit)
    assert command.command == ask.SendMessage(1, text_content("hello", mention_all=True), mention_all=True)


def test_a_new_group_may_leave_its_conversation_to_the_server_and_nobody_sets_limits() -> None:
    command = read(id=1, submit={"client_msg_id": "c", "create_group": {"name": "x", "member_ids": ["b"]}}).command

    assert isinstance(command, Submit)
    assert command.conversation_id == ""
    assert command.command == ask.CreateGroup("x", (UserId("b"),), limit=0)


def test_an_empty_token_is_for_the_authentication_to_refuse() -> None:
    assert read(id=1, connect={}).command == Connect("")


def test_what_no_client_sends_cannot_be_written() -> None:
    with pytest.raises(KeyError):
        write_frame(ClientFrame(1, Refused(UnknownCommand())))
