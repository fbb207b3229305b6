from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class ConversationSettings(_message.Message):
    __slots__ = ("pin_order", "muted", "muted_until_ms", "hidden", "hidden_countable", "cleared_seq", "marked_unread", "labels")
    PIN_ORDER_FIELD_NUMBER: _ClassVar[int]
    MUTED_FIELD_NUMBER: _ClassVar[int]
    MUTED_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_COUNTABLE_FIELD_NUMBER: _ClassVar[int]
    CLEARED_SEQ_FIELD_NUMBER: _ClassVar[int]
    MARKED_UNREAD_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    pin_order: int
    muted: bool
    muted_until_ms: int
    hidden: bool
    hidden_countable: int
    cleared_seq: int
    marked_unread: bool
    labels: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, pin_order: _Optional[int] = ..., muted: _Optional[bool] = ..., muted_until_ms: _Optional[int] = ..., hidden: _Optional[bool] = ..., hidden_countable: _Optional[int] = ..., cleared_seq: _Optional[int] = ..., marked_unread: _Optional[bool] = ..., labels: _Optional[_Iterable[str]] = ...) -> None: ...

class Draft(_message.Message):
    __slots__ = ("text", "quote_seq", "time_ms")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    QUOTE_SEQ_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    text: str
    quote_seq: int
    time_ms: int
    def __init__(self, text: _Optional[str] = ..., quote_seq: _Optional[int] = ..., time_ms: _Optional[int] = ...) -> None: ...

class Hidden(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Contact(_message.Message):
    __slots__ = ("remark", "tags", "note")
    REMARK_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    remark: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    note: str
    def __init__(self, remark: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., note: _Optional[str] = ...) -> None: ...

class Settings(_message.Message):
    __slots__ = ("quiet_from_min", "quiet_to_min", "utc_offset_min")
    QUIET_FROM_MIN_FIELD_NUMBER: _ClassVar[int]
    QUIET_TO_MIN_FIELD_NUMBER: _ClassVar[int]
    UTC_OFFSET_MIN_FIELD_NUMBER: _ClassVar[int]
    quiet_from_min: int
    quiet_to_min: int
    utc_offset_min: int
    def __init__(self, quiet_from_min: _Optional[int] = ..., quiet_to_min: _Optional[int] = ..., utc_offset_min: _Optional[int] = ...) -> None: ...

class Relation(_message.Message):
    __slots__ = ("friend", "blocked", "since_ms")
    FRIEND_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_FIELD_NUMBER: _ClassVar[int]
    SINCE_MS_FIELD_NUMBER: _ClassVar[int]
    friend: bool
    blocked: bool
    since_ms: int
    def __init__(self, friend: _Optional[bool] = ..., blocked: _Optional[bool] = ..., since_ms: _Optional[int] = ...) -> None: ...

class FriendRequest(_message.Message):
    __slots__ = ("from_user_id", "to_user_id", "note", "source", "state", "time_ms")
    FROM_USER_ID_FIELD_NUMBER: _ClassVar[int]
    TO_USER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    from_user_id: str
    to_user_id: str
    note: str
    source: str
    state: str
    time_ms: int
    def __init__(self, from_user_id: _Optional[str] = ..., to_user_id: _Optional[str] = ..., note: _Optional[str] = ..., source: _Optional[str] = ..., state: _Optional[str] = ..., time_ms: _Optional[int] = ...) -> None: ...

class Profile(_message.Message):
    __slots__ = ("name", "handle", "avatar")
    NAME_FIELD_NUMBER: _ClassVar[int]
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    AVATAR_FIELD_NUMBER: _ClassVar[int]
    name: str
    handle: str
    avatar: str
    def __init__(self, name: _Optional[str] = ..., handle: _Optional[str] = ..., avatar: _Optional[str] = ...) -> None: ...

class Privacy(_message.Message):
    __slots__ = ("strangers", "presence", "unlisted")
    STRANGERS_FIELD_NUMBER: _ClassVar[int]
    PRESENCE_FIELD_NUMBER: _ClassVar[int]
    UNLISTED_FIELD_NUMBER: _ClassVar[int]
    strangers: str
    presence: str
    unlisted: bool
    def __init__(self, strangers: _Optional[str] = ..., presence: _Optional[str] = ..., unlisted: _Optional[bool] = ...) -> None: ...
