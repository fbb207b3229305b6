"""What a client may ask of a conversation, and what is wrong with it when it may not."""

from typing import Any

import pytest

from hongyan.model import commands as ask
from hongyan.model.codes import ContentTooLarge, InvalidField
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.protocol.codec_content import text_content
from hongyan.protocol.codec_submit import read_submit, write_submit
from hongyan.protocol.frames import Limits, Submit
from hongyan.protocol.wire import frame_pb2

TOKEN = "a-token-of-the-least-length"
TEXT = {"text": {"text": "new"}}


def submit(**command: Any) -> frame_pb2.Submit:
    return frame_pb2.Submit(conversation_id="g:books", client_msg_id="m-1", **command)


COMMANDS: list[tuple[dict[str, Any], ask.AnyCommand]] = [
    ({"edit_message": {"seq": 2, "content": TEXT}}, ask.EditMessage(2, 1, text_content("new"))),
    ({"delete_message": {"seq": 2}}, ask.DeleteMessage(2)),
    ({"react": {"seq": 2, "emoji": "👍", "on": True}}, ask.React(2, "👍")),
    ({"pin": {"seq": 2}}, ask.Pin(2, on=False)),
    ({"block": {"on": True}}, ask.Block()),
    ({"set_role": {"user_id": "bob", "role": "admin"}}, ask.SetRole(UserId("bob"), ask.Role.ADMIN)),
    ({"transfer_owner": {"user_id": "bob"}}, ask.TransferOwner(UserId("bob"))),
    ({"mute_member": {"user_id": "bob", "until_ms": 9}}, ask.MuteMember(UserId("bob"), 9)),
    ({"mute_all": {"on": True, "allowed_ids": ["bob"]}}, ask.MuteAll(True, (UserId("bob"),))),
    ({"set_group_profile": {"announcement": "line\nline"}}, ask.SetGroupProfile(announcement="line\nline")),
    ({"set_nickname": {}}, ask.SetNickname("")),
    ({"set_group_rules": {"join_policy": "link"}}, ask.SetGroupRules(join_policy=ask.JoinPolicy.LINK)),
    ({"make_join_link": {"link_id": "l", "token": TOKEN, "uses": 1}}, ask.MakeJoinLink("l", TOKEN, 0, 1)),
    ({"revoke_join_link": {"link_id": "l"}}, ask.RevokeJoinLink("l")),
    ({"join_by_link": {"token": TOKEN}}, ask.JoinByLink(TOKEN)),
    ({"request_join": {"note": "it is me"}}, ask.RequestJoin("it is me")),
    ({"answer_join": {"user_id": "bob", "accept": True}}, ask.AnswerJoin(UserId("bob"), True)),
    ({"dismiss_group": {}}, ask.DismissGroup()),
]


@pytest.mark.parametrize(("message", "command"), COMMANDS, ids=lambda value: type(value).__name__)
def test_a_command_is_read_and_written(message: dict[str, Any], command: ask.AnyCommand) -> None:
    read = read_submit(submit(**message), Limits())
    assert read == Submit(ConversationId("g:books"), ClientMsgId("m-1"), command)
    assert write_submit(read).SerializeToString() == submit(**message).SerializeToString()


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("edit_message.seq", {"edit_message": {"content": TEXT}}),
    ("message", {"edit_message": {"seq": 1}}),
    ("delete_message.seq", {"delete_message": {}}),
    ("react.seq", {"react": {"emoji": "👍", "on": True}}),
    ("react.emoji", {"react": {"seq": 1, "on": True}}),
    ("react.emoji", {"react": {"seq": 1, "emoji": "a b"}}),
    ("react.emoji", {"react": {"seq": 1, "emoji": "x" * 17}}),
    ("react.emoji", {"react": {"seq": 1, "emoji": "\x00"}}),
    ("pin.seq", {"pin": {"on": True}}),
    ("set_role.role", {"set_role": {"user_id": "bob", "role": "owner"}}),
    ("set_role.role", {"set_role": {"user_id": "bob", "role": "king"}}),
    ("set_role.user_id", {"set_role": {"role": "admin"}}),
    ("mute_member.until_ms", {"mute_member": {"user_id": "bob", "until_ms": -1}}),
    ("set_group_profile", {"set_group_profile": {}}),
    ("set_group_profile.name", {"set_group_profile": {"name": " "}}),
    ("set_group_profile.avatar", {"set_group_profile": {"avatar": "x" * 513}}),
    ("set_group_profile.announcement", {"set_group_profile": {"announcement": "x" * 4_097}}),
    ("set_group_profile.announcement", {"set_group_profile": {"announcement": "\x07"}}),
    ("set_nickname.nickname", {"set_nickname": {"nickname": "x" * 65}}),
    ("set_group_rules", {"set_group_rules": {}}),
    ("set_group_rules.join_policy", {"set_group_rules": {"join_policy": ""}}),
    ("set_group_rules.who_may_add", {"set_group_rules": {"who_may_add": "all"}}),
    ("make_join_link.token", {"make_join_link": {"link_id": "l", "token": "short"}}),
    ("make_join_link.link_id", {"make_join_link": {"link_id": "", "token": TOKEN}}),
    ("make_join_link.uses", {"make_join_link": {"link_id": "l", "token": TOKEN, "uses": 1_000_001}}),
    ("make_join_link.expires_ms", {"make_join_link": {"link_id": "l", "token": TOKEN, "expires_ms": -1}}),
    ("request_join.note", {"request_join": {"note": "x" * 257}}),
    ("submit", {}),
]


@pytest.mark.parametrize(("field", "message"), WRONG, ids=str)
def test_what_is_not_in_shape_is_refused_by_its_field(field: str, message: dict[str, Any]) -> None:
    with pytest.raises(InvalidField) as refused:
        read_submit(submit(**message), Limits())
    assert refused.value.fields["field"] == field


def test_an_edit_is_as_large_as_a_message_may_be() -> None:
    with pytest.raises(ContentTooLarge):
        read_submit(
            submit(edit_message={"seq": 1, "content": {"text": {"text": "x" * 300}}}), Limits(content_bytes=300)
        )


@pytest.mark.parametrize("command", [ask.Befriend(UserId("bob")), ask.Unfriend(UserId("bob")), ask.MovePositions(())])
def test_no_client_can_write_what_only_the_system_says(command: ask.AnyCommand) -> None:
    with pytest.raises(KeyError):
        write_submit(Submit(ConversationId("s:a:b"), ClientMsgId("m"), command))
