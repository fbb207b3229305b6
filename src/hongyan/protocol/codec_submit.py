"""What a client asks of a conversation, as a record and back: the shapes of everything that takes a place in a log."""

import re
from collections.abc import Callable, Iterable
from enum import IntEnum
from functools import lru_cache
from typing import Any, TypeVar

from hongyan.model import commands as ask
from hongyan.model.codes import ContentTooLarge, InvalidField
from hongyan.model.commands import JoinPolicy, Role
from hongyan.model.ids import ConversationId, UserId, parse_client_msg_id, parse_conversation_id, parse_user_id
from hongyan.protocol import codec_opaque as opaque
from hongyan.protocol.codec_body import fields_of
from hongyan.protocol.codec_content import check_content, check_name, check_number, is_plain_text
from hongyan.protocol.frames import Limits, Submit
from hongyan.protocol.wire import content_pb2, entry_pb2, frame_pb2

E = TypeVar("E", bound=IntEnum)

MAX_MEMBER_IDS = 1_000
"""Users named by one command; a larger group is filled by several."""
MAX_EMOJI_CHARS = 16
MAX_AVATAR_CHARS = 512
MAX_ANNOUNCEMENT_CHARS = 4_096
MAX_NICKNAME_CHARS = 64
MAX_NOTE_CHARS = 256
MAX_LINK_USES = 1_000_000

_LINK_ID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")

known_conversation = lru_cache(maxsize=16_384)(parse_conversation_id)
"""The same conversations are named again and again; only valid ids, at most 67 characters long, are kept."""


def read_submit(submit: frame_pb2.Submit, limits: Limits) -> Submit:
    """A submission as a record. Raises the coded error of what is not in shape."""
    name = submit.WhichOneof("command")
    if name is None:
        raise InvalidField(field="submit", reason="it holds no command that this server knows")
    text = submit.conversation_id
    conversation_id = known_conversation(text) if text or name != "create_group" else ConversationId("")
    client_msg_id = parse_client_msg_id(submit.client_msg_id)
    command: ask.AnyCommand
    if name == "message":
        command = _read_message(submit.message, conversation_id, limits)
    elif name == "edit_message":
        command = _read_edit(submit.edit_message, conversation_id, limits)
    else:
        command = _READERS[name](getattr(submit, name))
    return Submit(conversation_id, client_msg_id, command, submit.resend)


def _read_message(content: content_pb2.Content, conversation_id: ConversationId, limits: Limits) -> ask.SendMessage:
    encoded = content.SerializeToString()
    if len(encoded) > limits.content_bytes:
        raise ContentTooLarge(size_bytes=len(encoded), limit_bytes=limits.content_bytes)
    if is_plain_text(encoded):
        return ask.SendMessage(1, encoded)
    kind = check_content(content, conversation_id)
    return ask.SendMessage(kind, encoded, content.HasField("mention") and content.mention.all)


def _read_edit(edit: frame_pb2.EditMessage, conversation_id: ConversationId, limits: Limits) -> ask.EditMessage:
    seq = check_number(edit.seq, "edit_message.seq", least=1)
    said = _read_message(edit.content, conversation_id, limits)
    return ask.EditMessage(seq, said.kind, said.content, said.mention_all)


def _read_create_group(command: frame_pb2.CreateGroup) -> ask.CreateGroup:
    check_name(command.name, "create_group.name", required=True)
    return ask.CreateGroup(command.name, read_users(command.member_ids, "create_group.member_ids"), limit=0)


def _read_add_members(command: frame_pb2.AddMembers) -> ask.AddMembers:
    return ask.AddMembers(read_users(command.member_ids, "add_members.member_ids", least=1), limit=0)


def _read_remove_members(command: frame_pb2.RemoveMembers) -> ask.RemoveMembers:
    return ask.RemoveMembers(read_users(command.member_ids, "remove_members.member_ids", least=1))


def read_users(
    user_ids: Iterable[str], field: str, *, least: int = 0, most: int = MAX_MEMBER_IDS
) -> tuple[UserId, ...]:
    """User ids, so many of them. Raises InvalidField."""
    users = tuple(parse_user_id(user_id, field) for user_id in user_ids)
    if not least <= len(users) <= most:
        raise InvalidField(field=field, reason=f"{least} to {most} users are allowed")
    return users


def _read_react(react: entry_pb2.React) -> ask.React:
    _check_line(react.emoji, "react.emoji", MAX_EMOJI_CHARS)
    if not react.emoji or any(each.isspace() for each in react.emoji):
        raise InvalidField(field="react.emoji", reason="it is empty, or holds a space")
    return ask.React(check_number(react.seq, "react.seq", least=1), react.emoji, react.on)


def _read_set_role(command: entry_pb2.SetRole) -> ask.SetRole:
    role = _named(Role, command.role, "set_role.role")
    if role is Role.OWNER:
        raise InvalidField(field="set_role.role", reason='expected "admin" or "member"; transfer_owner makes an owner')
    return ask.SetRole(parse_user_id(command.user_id, "set_role.user_id"), role)


def _read_mute_member(mute: entry_pb2.MuteMember) -> ask.MuteMember:
    until_ms = check_number(mute.until_ms, "mute_member.until_ms")
    return ask.MuteMember(parse_user_id(mute.user_id, "mute_member.user_id"), until_ms)


def _read_profile(profile: entry_pb2.SetGroupProfile) -> ask.SetGroupProfile:
    where = "set_group_profile"
    name = profile.name if profile.HasField("name") else None
    avatar = profile.avatar if profile.HasField("avatar") else None
    announcement = profile.announcement if profile.HasField("announcement") else None
    if name is None and avatar is None and announcement is None:
        raise InvalidField(field=where, reason="it changes nothing")
    if name is not None:
        check_name(name, f"{where}.name", required=True)
    _check_line(avatar or "", f"{where}.avatar", MAX_AVATAR_CHARS)
    if announcement is not None:
        _check_length(announcement, f"{where}.announcement", MAX_ANNOUNCEMENT_CHARS)
        if _CONTROL_BUT_LINES.search(announcement):
            raise InvalidField(field=f"{where}.announcement", reason="control characters are not allowed")
    return ask.SetGroupProfile(name, avatar, announcement)


def _read_rules(rules: entry_pb2.SetGroupRules) -> ask.SetGroupRules:
    where = "set_group_rules"
    read = ask.SetGroupRules(
        rules.history_for_newcomers if rules.HasField("history_for_newcomers") else None,
        _named(JoinPolicy, rules.join_policy, f"{where}.join_policy") if rules.HasField("join_policy") else None,
        _named(Role, rules.who_may_add, f"{where}.who_may_add") if rules.HasField("who_may_add") else None,
        _named(Role, rules.who_may_mention_all, f"{where}.who_may_mention_all")
        if rules.HasField("who_may_mention_all")
        else None,
    )
    if read == ask.SetGroupRules():
        raise InvalidField(field=where, reason="it changes nothing")
    return read


def _read_make_link(link: frame_pb2.MakeJoinLink) -> ask.MakeJoinLink:
    expires_ms = check_number(link.expires_ms, "make_join_link.expires_ms")
    if link.uses > MAX_LINK_USES:
        raise InvalidField(field="make_join_link.uses", reason=f"at most {MAX_LINK_USES}, or 0 for any number")
    link_id = _read_link_id(link.link_id, "make_join_link.link_id")
    return ask.MakeJoinLink(link_id, _read_token(link.token, "make_join_link.token"), expires_ms, link.uses)


def _read_request_join(request: frame_pb2.RequestJoin) -> ask.RequestJoin:
    _check_line(request.note, "request_join.note", MAX_NOTE_CHARS)
    return ask.RequestJoin(request.note)


def _read_nickname(command: entry_pb2.SetNickname) -> ask.SetNickname:
    _check_line(command.nickname, "set_nickname.nickname", MAX_NICKNAME_CHARS)
    return ask.SetNickname(command.nickname)


def _read_link_id(link_id: str, field: str) -> str:
    if not _LINK_ID.fullmatch(link_id):
        raise InvalidField(field=field, reason="1 to 32 of A-Z a-z 0-9 _ - are allowed")
    return link_id


def _read_token(token: str, field: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise InvalidField(field=field, reason="16 to 64 of A-Z a-z 0-9 _ - are allowed")
    return token


def _named(kind: type[E], name: str, field: str) -> E:
    named = {each.name.lower(): each for each in kind}
    if name not in named:
        raise InvalidField(field=field, reason=f"expected one of {', '.join(named)}")
    return named[name]


def _check_line(text: str, field: str, most: int) -> None:
    _check_length(text, field, most)
    if _CONTROL.search(text):
        raise InvalidField(field=field, reason="control characters are not allowed")


def _check_length(text: str, field: str, most: int) -> None:
    if len(text) > most:
        raise InvalidField(field=field, reason=f"at most {most} characters are allowed")


# Limits and windows that an operator sets are stamped by admission; a client cannot say them.
_READERS: dict[str, Callable[[Any], ask.AnyCommand]] = {
    "recall": lambda recall: ask.Recall(check_number(recall.seq, "recall.seq", least=1), window_ms=0),
    "create_group": _read_create_group,
    "add_members": _read_add_members,
    "remove_members": _read_remove_members,
    "leave_group": lambda _leave: ask.LeaveGroup(),
    "delete_message": lambda delete: ask.DeleteMessage(check_number(delete.seq, "delete_message.seq", least=1)),
    "react": _read_react,
    "pin": lambda pin: ask.Pin(check_number(pin.seq, "pin.seq", least=1), pin.on),
    "block": lambda block: ask.Block(block.on),
    "set_role": _read_set_role,
    "transfer_owner": lambda give: ask.TransferOwner(parse_user_id(give.user_id, "transfer_owner.user_id")),
    "mute_member": _read_mute_member,
    "mute_all": lambda mute: ask.MuteAll(mute.on, read_users(mute.allowed_ids, "mute_all.allowed_ids")),
    "set_group_profile": _read_profile,
    "set_nickname": _read_nickname,
    "set_group_rules": _read_rules,
    "make_join_link": _read_make_link,
    "revoke_join_link": lambda link: ask.RevokeJoinLink(_read_link_id(link.link_id, "revoke_join_link.link_id")),
    "join_by_link": lambda join: ask.JoinByLink(_read_token(join.token, "join_by_link.token")),
    "request_join": _read_request_join,
    "answer_join": lambda answer: ask.AnswerJoin(parse_user_id(answer.user_id, "answer_join.user_id"), answer.accept),
    "dismiss_group": lambda _dismiss: ask.DismissGroup(),
}

_NAMES: dict[type, str] = {
    ask.Recall: "recall",
    ask.CreateGroup: "create_group",
    ask.AddMembers: "add_members",
    ask.RemoveMembers: "remove_members",
    ask.LeaveGroup: "leave_group",
    ask.EditMessage: "edit_message",
    ask.DeleteMessage: "delete_message",
    ask.React: "react",
    ask.Pin: "pin",
    ask.Block: "block",
    ask.SetRole: "set_role",
    ask.TransferOwner: "transfer_owner",
    ask.MuteMember: "mute_member",
    ask.MuteAll: "mute_all",
    ask.SetGroupProfile: "set_group_profile",
    ask.SetNickname: "set_nickname",
    ask.SetGroupRules: "set_group_rules",
    ask.MakeJoinLink: "make_join_link",
    ask.RevokeJoinLink: "revoke_join_link",
    ask.JoinByLink: "join_by_link",
    ask.RequestJoin: "request_join",
    ask.AnswerJoin: "answer_join",
    ask.DismissGroup: "dismiss_group",
}


def write_submit(submit: Submit) -> Any:
    """An opaque Submit. Raises KeyError for what no client can send, such as MovePositions and Befriend."""
    command = submit.command
    name = "message" if type(command) is ask.SendMessage else _NAMES[type(command)]
    return opaque.Submit(
        conversation_id=submit.conversation_id,
        client_msg_id=submit.client_msg_id,
        resend=submit.resend,
        **{name: command.content if isinstance(command, ask.SendMessage) else _write(name, command)},
    )


def _write(name: str, command: ask.AnyCommand) -> Any:
    """Fields of the record that the message does not have are stamps of the server."""
    message = opaque.submitted_class(name)
    known = message.DESCRIPTOR.fields_by_name
    return message(**{field: value for field, value in fields_of(command).items() if field in known})
