from hongyan.protocol.wire import content_pb2 as _content_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Entry(_message.Message):
    __slots__ = ("conversation_id", "seq", "message_id", "sender_id", "client_msg_id", "time_ms", "countable", "message", "recalled", "recall", "group_created", "members_added", "members_removed", "member_left")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    SENDER_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_MSG_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    COUNTABLE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RECALLED_FIELD_NUMBER: _ClassVar[int]
    RECALL_FIELD_NUMBER: _ClassVar[int]
    GROUP_CREATED_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_ADDED_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_REMOVED_FIELD_NUMBER: _ClassVar[int]
    MEMBER_LEFT_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    seq: int
    message_id: int
    sender_id: str
    client_msg_id: str
    time_ms: int
    countable: int
    message: _content_pb2.Content
    recalled: Recalled
    recall: Recall
    group_created: GroupCreated
    members_added: MembersAdded
    members_removed: MembersRemoved
    member_left: MemberLeft
    def __init__(self, conversation_id: _Optional[str] = ..., seq: _Optional[int] = ..., message_id: _Optional[int] = ..., sender_id: _Optional[str] = ..., client_msg_id: _Optional[str] = ..., time_ms: _Optional[int] = ..., countable: _Optional[int] = ..., message: _Optional[_Union[_content_pb2.Content, _Mapping]] = ..., recalled: _Optional[_Union[Recalled, _Mapping]] = ..., recall: _Optional[_Union[Recall, _Mapping]] = ..., group_created: _Optional[_Union[GroupCreated, _Mapping]] = ..., members_added: _Optional[_Union[MembersAdded, _Mapping]] = ..., members_removed: _Optional[_Union[MembersRemoved, _Mapping]] = ..., member_left: _Optional[_Union[MemberLeft, _Mapping]] = ...) -> None: ...

class Recalled(_message.Message):
    __slots__ = ("by_user_id",)
    BY_USER_ID_FIELD_NUMBER: _ClassVar[int]
    by_user_id: str
    def __init__(self, by_user_id: _Optional[str] = ...) -> None: ...

class Recall(_message.Message):
    __slots__ = ("seq",)
    SEQ_FIELD_NUMBER: _ClassVar[int]
    seq: int
    def __init__(self, seq: _Optional[int] = ...) -> None: ...

class GroupCreated(_message.Message):
    __slots__ = ("name", "member_ids")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MEMBER_IDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    member_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., member_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class MembersAdded(_message.Message):
    __slots__ = ("member_ids",)
    MEMBER_IDS_FIELD_NUMBER: _ClassVar[int]
    member_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, member_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class MembersRemoved(_message.Message):
    __slots__ = ("member_ids",)
    MEMBER_IDS_FIELD_NUMBER: _ClassVar[int]
    member_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, member_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class MemberLeft(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
