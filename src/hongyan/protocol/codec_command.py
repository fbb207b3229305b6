"""A client's frame as a record, and back: shapes are checked here, once, for every codec.

What a command may be is decided here; whether this user may give it is decided later.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from hongyan.model import commands as ask
from hongyan.model.codes import ContentTooLarge, InvalidField, UnknownCommand
from hongyan.model.errors import CallerFault
from hongyan.model.ids import ConversationId, UserId, parse_client_msg_id, parse_conversation_id, parse_user_id
from hongyan.protocol import codec_opaque as opaque
from hongyan.protocol.codec_content import check_content, check_name, check_number, is_plain_text
from hongyan.protocol.codec_event import write_item
from hongyan.protocol.codec_personal import MAX_ITEMS, read_item
from hongyan.protocol.codec_presence import read_watch, write_watch
from hongyan.protocol.frames import (
    ClientFrame,
    Connect,
    GetEntries,
    GetItems,
    GetMembers,
    GetPositions,
    Limits,
    MarkRequest,
    Ping,
    PutItems,
    Refused,
    SignalRequest,
    Submit,
    Sync,
    WatchPresence,
)
from hongyan.protocol.wire import content_pb2, frame_pb2

MAX_MEMBER_IDS = 1_000
"""Users named by one command; a larger group is filled by several."""
MAX_POSITION_USERS = 500
MAX_TOKEN_CHARS = 4_096
MAX_CURSOR_CHARS = 512
MAX_CLIENT_CHARS = 256
MAX_CAPABILITIES = 16

_SIGNAL = re.compile(r"[A-Za-z0-9_.:-]{1,32}", re.ASCII)

# The same conversations are named again and again; only valid ids, at most 67 characters long, are kept.
_conversation = lru_cache(maxsize=16_384)(parse_conversation_id)


def read_frame(frame: frame_pb2.ClientFrame, limits: Limits) -> ClientFrame:
    """A parsed frame as a record; Refused with the reason where its command is not one that can be accepted."""
    name = frame.WhichOneof("command")
    try:
        if name is None:
            raise UnknownCommand
        return ClientFrame(frame.id, _READERS[name](getattr(frame, name), limits))
    except CallerFault as error:
        return ClientFrame(frame.id, Refused(error))


def _read_submit(submit: frame_pb2.Submit, limits: Limits) -> Submit:
    name = submit.WhichOneof("command")
    if name is None:
        raise InvalidField(field="submit", reason="it holds no command that this server knows")
    text = submit.conversation_id
    conversation_id = _conversation(text) if text or name != "create_group" else ConversationId("")
    client_msg_id = parse_client_msg_id(submit.client_msg_id)
    command: ask.AnyCommand
    if name == "message":
        command = _read_message(submit.message, conversation_id, limits)
    else:
        command = _SUBMITTED[name](getattr(submit, name))
    return Submit(conversation_id, client_msg_id, command, submit.resend)


def _read_message(content: content_pb2.Content, conversation_id: ConversationId, limits: Limits) -> ask.SendMessage:
    encoded = content.SerializeToString()
    if len(encoded) > limits.content_bytes:
        raise ContentTooLarge(size_bytes=len(encoded), limit_bytes=limits.content_bytes)
    if is_plain_text(encoded):
        return ask.SendMessage(1, encoded)
    kind = check_content(content, conversation_id)
    return ask.SendMessage(kind, encoded, content.HasField("mention") and content.mention.all)


def _read_create_group(command: frame_pb2.CreateGroup) -> ask.CreateGroup:
    check_name(command.name, "create_group.name", required=True)
    return ask.CreateGroup(command.name, _read_users(command.member_ids, "create_group.member_ids"), limit=0)


def _read_add_members(command: frame_pb2.AddMembers) -> ask.AddMembers:
    return ask.AddMembers(_read_users(command.member_ids, "add_members.member_ids", least=1), limit=0)


def _read_remove_members(command: frame_pb2.RemoveMembers) -> ask.RemoveMembers:
    return ask.RemoveMembers(_read_users(command.member_ids, "remove_members.member_ids", least=1))


def _read_users(
    user_ids: Iterable[str], field: str, *, least: int = 0, most: int = MAX_MEMBER_IDS
) -> tuple[UserId, ...]:
    users = tuple(parse_user_id(user_id, field) for user_id in user_ids)
    if not least <= len(users) <= most:
        raise InvalidField(field=field, reason=f"{least} to {most} users are allowed")
    return users


# Limits and windows that an operator sets are stamped by admission; a client cannot say them.
_SUBMITTED: dict[str, Callable[[Any], ask.AnyCommand]] = {
    "recall": lambda recall: ask.Recall(check_number(recall.seq, "recall.seq", least=1), window_ms=0),
    "create_group": _read_create_group,
    "add_members": _read_add_members,
    "remove_members": _read_remove_members,
    "leave_group": lambda _leave: ask.LeaveGroup(),
}


def _read_connect(connect: frame_pb2.Connect, _limits: Limits) -> Connect:
    _check_length(connect.token, "connect.token", MAX_TOKEN_CHARS)
    check_name(connect.client, "connect.client")
    capabilities = tuple(connect.capabilities)
    if len(capabilities) > MAX_CAPABILITIES:
        raise InvalidField(field="connect.capabilities", reason=f"at most {MAX_CAPABILITIES} are allowed")
    for capability in capabilities:
        _check_length(capability, "connect.capabilities", 32)
    return Connect(connect.token, connect.client, capabilities, _read_cursor(connect.cursor, "connect.cursor"))


def _read_mark(mark: frame_pb2.Mark, _limits: Limits) -> MarkRequest:
    return MarkRequest(
        _conversation(mark.conversation_id),
        check_number(mark.read_seq, "mark.read_seq"),
        check_number(mark.delivered_seq, "mark.delivered_seq"),
    )


def _read_signal(signal: frame_pb2.Signal, _limits: Limits) -> SignalRequest:
    if not _SIGNAL.fullmatch(signal.kind):
        raise InvalidField(field="signal.kind", reason="1 to 32 of A-Z a-z 0-9 _ - . : are allowed")
    return SignalRequest(_conversation(signal.conversation_id), signal.kind)


def _read_sync(sync: frame_pb2.Sync, _limits: Limits) -> Sync:
    return Sync(_read_cursor(sync.cursor, "sync.cursor"), sync.limit)


def _read_get_entries(get: frame_pb2.GetEntries, _limits: Limits) -> GetEntries:
    seq = check_number(get.seq, "get_entries.seq")
    return GetEntries(_conversation(get.conversation_id), seq, get.backward, get.limit)


def _read_get_members(get: frame_pb2.GetMembers, _limits: Limits) -> GetMembers:
    return GetMembers(_conversation(get.conversation_id), _read_cursor(get.cursor, "get_members.cursor"), get.limit)


def _read_get_positions(get: frame_pb2.GetPositions, _limits: Limits) -> GetPositions:
    users = _read_users(get.user_ids, "get_positions.user_ids", most=MAX_POSITION_USERS)
    return GetPositions(_conversation(get.conversation_id), users)


def _read_put_items(put: frame_pb2.PutItems, _limits: Limits) -> PutItems:
    if not 1 <= len(put.items) <= MAX_ITEMS:
        raise InvalidField(field="put_items.items", reason=f"1 to {MAX_ITEMS} are allowed")
    items = tuple(read_item(item) for item in put.items)
    if len({(item.topic, item.key) for item in items}) < len(items):
        raise InvalidField(field="put_items.items", reason="an item is there twice")
    return PutItems(items)


def _read_get_items(get: frame_pb2.GetItems, _limits: Limits) -> GetItems:
    since_version = check_number(get.since_version, "get_items.since_version")
    return GetItems(since_version, _read_cursor(get.cursor, "get_items.cursor"), get.limit)


def _read_cursor(cursor: str, field: str) -> str:
    return _check_length(cursor, field, MAX_CURSOR_CHARS)


def _check_length(text: str, field: str, most: int) -> str:
    if len(text) > most:
        raise InvalidField(field=field, reason=f"at most {most} characters are allowed")
    return text


_READERS: dict[str, Callable[[Any, Limits], Any]] = {
    "connect": _read_connect,
    "submit": _read_submit,
    "mark": _read_mark,
    "signal": _read_signal,
    "sync": _read_sync,
    "get_entries": _read_get_entries,
    "get_members": _read_get_members,
    "get_positions": _read_get_positions,
    "put_items": _read_put_items,
    "get_items": _read_get_items,
    "ping": lambda _ping, _limits: Ping(),
    "watch_presence": lambda watch, _limits: read_watch(watch),
}


def write_frame(frame: ClientFrame) -> Any:
    """A record as an opaque ClientFrame. Raises KeyError for what no client can send: Refused, MovePositions."""
    name, write = _WRITERS[type(frame.command)]
    return opaque.ClientFrame(id=frame.id, **{name: write(frame.command)})


def _write_connect(connect: Connect) -> Any:
    return opaque.Connect(
        token=connect.token, client=connect.client, capabilities=connect.capabilities, cursor=connect.cursor
    )


def _write_submit(submit: Submit) -> Any:
    command = submit.command
    if type(command) is ask.SendMessage:
        name, value = "message", command.content
    else:
        name, write = _SUBMITTED_WRITERS[type(command)]
        value = write(command)
    return opaque.Submit(
        conversation_id=submit.conversation_id,
        client_msg_id=submit.client_msg_id,
        resend=submit.resend,
        **{name: value},
    )


_SUBMITTED_WRITERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    ask.Recall: ("recall", lambda command: opaque.Recall(seq=command.seq)),
    ask.CreateGroup: (
        "create_group",
        lambda command: opaque.CreateGroup(name=command.name, member_ids=command.member_ids),
    ),
    ask.AddMembers: ("add_members", lambda command: opaque.AddMembers(member_ids=command.member_ids)),
    ask.RemoveMembers: ("remove_members", lambda command: opaque.RemoveMembers(member_ids=command.member_ids)),
    ask.LeaveGroup: ("leave_group", lambda _command: opaque.LeaveGroup()),
}


def _write_mark(mark: MarkRequest) -> Any:
    return opaque.Mark(conversation_id=mark.conversation_id, read_seq=mark.read_seq, delivered_seq=mark.delivered_seq)


def _write_get_entries(get: GetEntries) -> Any:
    return opaque.GetEntries(conversation_id=get.conversation_id, seq=get.seq, backward=get.backward, limit=get.limit)


def _write_get_members(get: GetMembers) -> Any:
    return opaque.GetMembers(conversation_id=get.conversation_id, cursor=get.cursor, limit=get.limit)


_WRITERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    Connect: ("connect", _write_connect),
    Submit: ("submit", _write_submit),
    MarkRequest: ("mark", _write_mark),
    SignalRequest: ("signal", lambda sign: opaque.Signal(conversation_id=sign.conversation_id, kind=sign.kind)),
    Sync: ("sync", lambda sync: opaque.Sync(cursor=sync.cursor, limit=sync.limit)),
    GetEntries: ("get_entries", _write_get_entries),
    GetMembers: ("get_members", _write_get_members),
    GetPositions: (
        "get_positions",
        lambda get: opaque.GetPositions(conversation_id=get.conversation_id, user_ids=get.user_ids),
    ),
    PutItems: ("put_items", lambda put: opaque.PutItems(items=[write_item(item) for item in put.items])),
    GetItems: (
        "get_items",
        lambda get: opaque.GetItems(since_version=get.since_version, cursor=get.cursor, limit=get.limit),
    ),
    Ping: ("ping", lambda _ping: opaque.Ping()),
    WatchPresence: ("watch_presence", write_watch),
}
