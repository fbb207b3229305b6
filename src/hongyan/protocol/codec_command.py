"""A client's frame as a record, and back: shapes are checked here, once, for every codec.

What a command may be is decided here; whether this user may give it is decided later.
"""

import re
from collections.abc import Callable
from typing import Any

from hongyan.model.codes import InvalidField, UnknownCommand
from hongyan.model.errors import CallerFault
from hongyan.protocol import codec_opaque as opaque
from hongyan.protocol.codec_content import check_name, check_number
from hongyan.protocol.codec_event import write_item
from hongyan.protocol.codec_personal import MAX_ITEMS, read_item
from hongyan.protocol.codec_presence import read_watch, write_watch
from hongyan.protocol.codec_submit import known_conversation, read_submit, read_users, write_submit
from hongyan.protocol.frames import (
    ClientFrame,
    Connect,
    GetEntries,
    GetGroup,
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
from hongyan.protocol.wire import frame_pb2

MAX_POSITION_USERS = 500
MAX_TOKEN_CHARS = 4_096
MAX_CURSOR_CHARS = 512
MAX_CLIENT_CHARS = 256
MAX_CAPABILITIES = 16

_SIGNAL = re.compile(r"[A-Za-z0-9_.:-]{1,32}", re.ASCII)


def read_frame(frame: frame_pb2.ClientFrame, limits: Limits) -> ClientFrame:
    """A parsed frame as a record; Refused with the reason where its command is not one that can be accepted."""
    name = frame.WhichOneof("command")
    try:
        if name is None:
            raise UnknownCommand
        return ClientFrame(frame.id, _READERS[name](getattr(frame, name), limits))
    except CallerFault as error:
        return ClientFrame(frame.id, Refused(error))


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
        known_conversation(mark.conversation_id),
        check_number(mark.read_seq, "mark.read_seq"),
        check_number(mark.delivered_seq, "mark.delivered_seq"),
    )


def _read_signal(signal: frame_pb2.Signal, _limits: Limits) -> SignalRequest:
    if not _SIGNAL.fullmatch(signal.kind):
        raise InvalidField(field="signal.kind", reason="1 to 32 of A-Z a-z 0-9 _ - . : are allowed")
    return SignalRequest(known_conversation(signal.conversation_id), signal.kind)


def _read_sync(sync: frame_pb2.Sync, _limits: Limits) -> Sync:
    return Sync(_read_cursor(sync.cursor, "sync.cursor"), sync.limit)


def _read_get_entries(get: frame_pb2.GetEntries, _limits: Limits) -> GetEntries:
    seq = check_number(get.seq, "get_entries.seq")
    return GetEntries(known_conversation(get.conversation_id), seq, get.backward, get.limit)


def _read_get_members(get: frame_pb2.GetMembers, _limits: Limits) -> GetMembers:
    return GetMembers(
        known_conversation(get.conversation_id), _read_cursor(get.cursor, "get_members.cursor"), get.limit
    )


def _read_get_positions(get: frame_pb2.GetPositions, _limits: Limits) -> GetPositions:
    users = read_users(get.user_ids, "get_positions.user_ids", most=MAX_POSITION_USERS)
    return GetPositions(known_conversation(get.conversation_id), users)


def _read_put_items(put: frame_pb2.PutItems, _limits: Limits) -> PutItems:
    if not 1 <= len(put.items) <= MAX_ITEMS:
        raise InvalidField(field="put_items.items", reason=f"1 to {MAX_ITEMS} are allowed")
    # Of an item that is there twice the last one counts, as if they had come one after the other.
    items = {(item.topic, item.key): item for item in map(read_item, put.items)}
    return PutItems(tuple(items.values()))


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
    "submit": read_submit,
    "mark": _read_mark,
    "signal": _read_signal,
    "sync": _read_sync,
    "get_entries": _read_get_entries,
    "get_members": _read_get_members,
    "get_group": lambda get, _limits: GetGroup(known_conversation(get.conversation_id)),
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


def _write_mark(mark: MarkRequest) -> Any:
    return opaque.Mark(conversation_id=mark.conversation_id, read_seq=mark.read_seq, delivered_seq=mark.delivered_seq)


def _write_get_entries(get: GetEntries) -> Any:
    return opaque.GetEntries(conversation_id=get.conversation_id, seq=get.seq, backward=get.backward, limit=get.limit)


def _write_get_members(get: GetMembers) -> Any:
    return opaque.GetMembers(conversation_id=get.conversation_id, cursor=get.cursor, limit=get.limit)


_WRITERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    Connect: ("connect", _write_connect),
    Submit: ("submit", write_submit),
    MarkRequest: ("mark", _write_mark),
    SignalRequest: ("signal", lambda sign: opaque.Signal(conversation_id=sign.conversation_id, kind=sign.kind)),
    Sync: ("sync", lambda sync: opaque.Sync(cursor=sync.cursor, limit=sync.limit)),
    GetEntries: ("get_entries", _write_get_entries),
    GetMembers: ("get_members", _write_get_members),
    GetGroup: ("get_group", lambda get: opaque.GetGroup(conversation_id=get.conversation_id)),
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
