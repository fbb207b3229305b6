from hongyan.protocol.wire import content_pb2 as _content_pb2
from hongyan.protocol.wire import entry_pb2 as _entry_pb2
from hongyan.protocol.wire import personal_pb2 as _personal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ClientPacket(_message.Message):
    __slots__ = ("frames", "gzip")
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    GZIP_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[ClientFrame]
    gzip: bytes
    def __init__(self, frames: _Optional[_Iterable[_Union[ClientFrame, _Mapping]]] = ..., gzip: _Optional[bytes] = ...) -> None: ...

class ServerPacket(_message.Message):
    __slots__ = ("frames", "gzip")
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    GZIP_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[ServerFrame]
    gzip: bytes
    def __init__(self, frames: _Optional[_Iterable[_Union[ServerFrame, _Mapping]]] = ..., gzip: _Optional[bytes] = ...) -> None: ...

class ClientFrame(_message.Message):
    __slots__ = ("id", "connect", "submit", "mark", "signal", "sync", "get_entries", "get_members", "get_positions", "ping", "watch_presence", "put_items", "get_items", "get_group")
    ID_FIELD_NUMBER: _ClassVar[int]
    CONNECT_FIELD_NUMBER: _ClassVar[int]
    SUBMIT_FIELD_NUMBER: _ClassVar[int]
    MARK_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    SYNC_FIELD_NUMBER: _ClassVar[int]
    GET_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    GET_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    GET_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    PING_FIELD_NUMBER: _ClassVar[int]
    WATCH_PRESENCE_FIELD_NUMBER: _ClassVar[int]
    PUT_ITEMS_FIELD_NUMBER: _ClassVar[int]
    GET_ITEMS_FIELD_NUMBER: _ClassVar[int]
    GET_GROUP_FIELD_NUMBER: _ClassVar[int]
    id: int
    connect: Connect
    submit: Submit
    mark: Mark
    signal: Signal
    sync: Sync
    get_entries: GetEntries
    get_members: GetMembers
    get_positions: GetPositions
    ping: Ping
    watch_presence: WatchPresence
    put_items: PutItems
    get_items: GetItems
    get_group: GetGroup
    def __init__(self, id: _Optional[int] = ..., connect: _Optional[_Union[Connect, _Mapping]] = ..., submit: _Optional[_Union[Submit, _Mapping]] = ..., mark: _Optional[_Union[Mark, _Mapping]] = ..., signal: _Optional[_Union[Signal, _Mapping]] = ..., sync: _Optional[_Union[Sync, _Mapping]] = ..., get_entries: _Optional[_Union[GetEntries, _Mapping]] = ..., get_members: _Optional[_Union[GetMembers, _Mapping]] = ..., get_positions: _Optional[_Union[GetPositions, _Mapping]] = ..., ping: _Optional[_Union[Ping, _Mapping]] = ..., watch_presence: _Optional[_Union[WatchPresence, _Mapping]] = ..., put_items: _Optional[_Union[PutItems, _Mapping]] = ..., get_items: _Optional[_Union[GetItems, _Mapping]] = ..., get_group: _Optional[_Union[GetGroup, _Mapping]] = ...) -> None: ...

class ServerFrame(_message.Message):
    __slots__ = ("reply_to", "error", "connected", "receipt", "sync_page", "entry_page", "member_page", "positions", "pong", "item_page", "items_changed", "group", "push", "signal", "go_away", "resync", "presences")
    REPLY_TO_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    SYNC_PAGE_FIELD_NUMBER: _ClassVar[int]
    ENTRY_PAGE_FIELD_NUMBER: _ClassVar[int]
    MEMBER_PAGE_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    PONG_FIELD_NUMBER: _ClassVar[int]
    ITEM_PAGE_FIELD_NUMBER: _ClassVar[int]
    ITEMS_CHANGED_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    PUSH_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    GO_AWAY_FIELD_NUMBER: _ClassVar[int]
    RESYNC_FIELD_NUMBER: _ClassVar[int]
    PRESENCES_FIELD_NUMBER: _ClassVar[int]
    reply_to: int
    error: Error
    connected: Connected
    receipt: Receipt
    sync_page: SyncPage
    entry_page: EntryPage
    member_page: MemberPage
    positions: Positions
    pong: Pong
    item_page: ItemPage
    items_changed: ItemsChanged
    group: Group
    push: Push
    signal: SignalPush
    go_away: GoAway
    resync: Resync
    presences: Presences
    def __init__(self, reply_to: _Optional[int] = ..., error: _Optional[_Union[Error, _Mapping]] = ..., connected: _Optional[_Union[Connected, _Mapping]] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ..., sync_page: _Optional[_Union[SyncPage, _Mapping]] = ..., entry_page: _Optional[_Union[EntryPage, _Mapping]] = ..., member_page: _Optional[_Union[MemberPage, _Mapping]] = ..., positions: _Optional[_Union[Positions, _Mapping]] = ..., pong: _Optional[_Union[Pong, _Mapping]] = ..., item_page: _Optional[_Union[ItemPage, _Mapping]] = ..., items_changed: _Optional[_Union[ItemsChanged, _Mapping]] = ..., group: _Optional[_Union[Group, _Mapping]] = ..., push: _Optional[_Union[Push, _Mapping]] = ..., signal: _Optional[_Union[SignalPush, _Mapping]] = ..., go_away: _Optional[_Union[GoAway, _Mapping]] = ..., resync: _Optional[_Union[Resync, _Mapping]] = ..., presences: _Optional[_Union[Presences, _Mapping]] = ...) -> None: ...

class Error(_message.Message):
    __slots__ = ("code", "name", "message", "retry_after_ms", "permanent")
    CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    PERMANENT_FIELD_NUMBER: _ClassVar[int]
    code: int
    name: str
    message: str
    retry_after_ms: int
    permanent: bool
    def __init__(self, code: _Optional[int] = ..., name: _Optional[str] = ..., message: _Optional[str] = ..., retry_after_ms: _Optional[int] = ..., permanent: _Optional[bool] = ...) -> None: ...

class Connect(_message.Message):
    __slots__ = ("token", "client", "capabilities", "cursor")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    token: str
    client: str
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    cursor: str
    def __init__(self, token: _Optional[str] = ..., client: _Optional[str] = ..., capabilities: _Optional[_Iterable[str]] = ..., cursor: _Optional[str] = ...) -> None: ...

class Connected(_message.Message):
    __slots__ = ("connection_id", "user_id", "device_id", "server_time_ms", "heartbeat_ms", "limits", "sync_page", "items_version")
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    SYNC_PAGE_FIELD_NUMBER: _ClassVar[int]
    ITEMS_VERSION_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    user_id: str
    device_id: str
    server_time_ms: int
    heartbeat_ms: int
    limits: Limits
    sync_page: SyncPage
    items_version: int
    def __init__(self, connection_id: _Optional[str] = ..., user_id: _Optional[str] = ..., device_id: _Optional[str] = ..., server_time_ms: _Optional[int] = ..., heartbeat_ms: _Optional[int] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., sync_page: _Optional[_Union[SyncPage, _Mapping]] = ..., items_version: _Optional[int] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("packet_bytes", "frames_per_packet", "content_bytes", "pending_submissions", "page_entries")
    PACKET_BYTES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_PER_PACKET_FIELD_NUMBER: _ClassVar[int]
    CONTENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    PENDING_SUBMISSIONS_FIELD_NUMBER: _ClassVar[int]
    PAGE_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    packet_bytes: int
    frames_per_packet: int
    content_bytes: int
    pending_submissions: int
    page_entries: int
    def __init__(self, packet_bytes: _Optional[int] = ..., frames_per_packet: _Optional[int] = ..., content_bytes: _Optional[int] = ..., pending_submissions: _Optional[int] = ..., page_entries: _Optional[int] = ...) -> None: ...

class Submit(_message.Message):
    __slots__ = ("conversation_id", "client_msg_id", "resend", "message", "recall", "create_group", "add_members", "remove_members", "leave_group", "edit_message", "delete_message", "react", "pin", "block", "set_role", "transfer_owner", "mute_member", "mute_all", "set_group_profile", "set_nickname", "set_group_rules", "make_join_link", "revoke_join_link", "join_by_link", "request_join", "answer_join", "dismiss_group")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_MSG_ID_FIELD_NUMBER: _ClassVar[int]
    RESEND_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RECALL_FIELD_NUMBER: _ClassVar[int]
    CREATE_GROUP_FIELD_NUMBER: _ClassVar[int]
    ADD_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    REMOVE_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    LEAVE_GROUP_FIELD_NUMBER: _ClassVar[int]
    EDIT_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DELETE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REACT_FIELD_NUMBER: _ClassVar[int]
    PIN_FIELD_NUMBER: _ClassVar[int]
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    SET_ROLE_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_OWNER_FIELD_NUMBER: _ClassVar[int]
    MUTE_MEMBER_FIELD_NUMBER: _ClassVar[int]
    MUTE_ALL_FIELD_NUMBER: _ClassVar[int]
    SET_GROUP_PROFILE_FIELD_NUMBER: _ClassVar[int]
    SET_NICKNAME_FIELD_NUMBER: _ClassVar[int]
    SET_GROUP_RULES_FIELD_NUMBER: _ClassVar[int]
    MAKE_JOIN_LINK_FIELD_NUMBER: _ClassVar[int]
    REVOKE_JOIN_LINK_FIELD_NUMBER: _ClassVar[int]
    JOIN_BY_LINK_FIELD_NUMBER: _ClassVar[int]
    REQUEST_JOIN_FIELD_NUMBER: _ClassVar[int]
    ANSWER_JOIN_FIELD_NUMBER: _ClassVar[int]
    DISMISS_GROUP_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    client_msg_id: str
    resend: bool
    message: _content_pb2.Content
    recall: _entry_pb2.Recall
    create_group: CreateGroup
    add_members: AddMembers
    remove_members: RemoveMembers
    leave_group: LeaveGroup
    edit_message: EditMessage
    delete_message: DeleteMessage
    react: _entry_pb2.React
    pin: _entry_pb2.Pin
    block: Block
    set_role: _entry_pb2.SetRole
    transfer_owner: _entry_pb2.TransferOwner
    mute_member: _entry_pb2.MuteMember
    mute_all: _entry_pb2.MuteAll
    set_group_profile: _entry_pb2.SetGroupProfile
    set_nickname: _entry_pb2.SetNickname
    set_group_rules: _entry_pb2.SetGroupRules
    make_join_link: MakeJoinLink
    revoke_join_link: _entry_pb2.RevokeJoinLink
    join_by_link: JoinByLink
    request_join: RequestJoin
    answer_join: AnswerJoin
    dismiss_group: DismissGroup
    def __init__(self, conversation_id: _Optional[str] = ..., client_msg_id: _Optional[str] = ..., resend: _Optional[bool] = ..., message: _Optional[_Union[_content_pb2.Content, _Mapping]] = ..., recall: _Optional[_Union[_entry_pb2.Recall, _Mapping]] = ..., create_group: _Optional[_Union[CreateGroup, _Mapping]] = ..., add_members: _Optional[_Union[AddMembers, _Mapping]] = ..., remove_members: _Optional[_Union[RemoveMembers, _Mapping]] = ..., leave_group: _Optional[_Union[LeaveGroup, _Mapping]] = ..., edit_message: _Optional[_Union[EditMessage, _Mapping]] = ..., delete_message: _Optional[_Union[DeleteMessage, _Mapping]] = ..., react: _Optional[_Union[_entry_pb2.React, _Mapping]] = ..., pin: _Optional[_Union[_entry_pb2.Pin, _Mapping]] = ..., block: _Optional[_Union[Block, _Mapping]] = ..., set_role: _Optional[_Union[_entry_pb2.SetRole, _Mapping]] = ..., transfer_owner: _Optional[_Union[_entry_pb2.TransferOwner, _Mapping]] = ..., mute_member: _Optional[_Union[_entry_pb2.MuteMember, _Mapping]] = ..., mute_all: _Optional[_Union[_entry_pb2.MuteAll, _Mapping]] = ..., set_group_profile: _Optional[_Union[_entry_pb2.SetGroupProfile, _Mapping]] = ..., set_nickname: _Optional[_Union[_entry_pb2.SetNickname, _Mapping]] = ..., set_group_rules: _Optional[_Union[_entry_pb2.SetGroupRules, _Mapping]] = ..., make_join_link: _Optional[_Union[MakeJoinLink, _Mapping]] = ..., revoke_join_link: _Optional[_Union[_entry_pb2.RevokeJoinLink, _Mapping]] = ..., join_by_link: _Optional[_Union[JoinByLink, _Mapping]] = ..., request_join: _Optional[_Union[RequestJoin, _Mapping]] = ..., answer_join: _Optional[_Union[AnswerJoin, _Mapping]] = ..., dismiss_group: _Optional[_Union[DismissGroup, _Mapping]] = ...) -> None: ...

class CreateGroup(_message.Message):
    __slots__ = ("name", "member_ids")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MEMBER_IDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    member_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., member_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class AddMembers(_message.Message):
    __slots__ = ("member_ids",)
    MEMBER_IDS_FIELD_NUMBER: _ClassVar[int]
    member_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, member_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class RemoveMembers(_message.Message):
    __slots__ = ("member_ids",)
    MEMBER_IDS_FIELD_NUMBER: _ClassVar[int]
    member_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, member_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class LeaveGroup(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class EditMessage(_message.Message):
    __slots__ = ("seq", "content")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    seq: int
    content: _content_pb2.Content
    def __init__(self, seq: _Optional[int] = ..., content: _Optional[_Union[_content_pb2.Content, _Mapping]] = ...) -> None: ...

class DeleteMessage(_message.Message):
    __slots__ = ("seq",)
    SEQ_FIELD_NUMBER: _ClassVar[int]
    seq: int
    def __init__(self, seq: _Optional[int] = ...) -> None: ...

class Block(_message.Message):
    __slots__ = ("on",)
    ON_FIELD_NUMBER: _ClassVar[int]
    on: bool
    def __init__(self, on: _Optional[bool] = ...) -> None: ...

class MakeJoinLink(_message.Message):
    __slots__ = ("link_id", "token", "expires_ms", "uses")
    LINK_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_MS_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    link_id: str
    token: str
    expires_ms: int
    uses: int
    def __init__(self, link_id: _Optional[str] = ..., token: _Optional[str] = ..., expires_ms: _Optional[int] = ..., uses: _Optional[int] = ...) -> None: ...

class JoinByLink(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class RequestJoin(_message.Message):
    __slots__ = ("note",)
    NOTE_FIELD_NUMBER: _ClassVar[int]
    note: str
    def __init__(self, note: _Optional[str] = ...) -> None: ...

class AnswerJoin(_message.Message):
    __slots__ = ("user_id", "accept")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    accept: bool
    def __init__(self, user_id: _Optional[str] = ..., accept: _Optional[bool] = ...) -> None: ...

class DismissGroup(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("conversation_id", "client_msg_id", "seq", "message_id", "time_ms", "countable")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_MSG_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    COUNTABLE_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    client_msg_id: str
    seq: int
    message_id: int
    time_ms: int
    countable: int
    def __init__(self, conversation_id: _Optional[str] = ..., client_msg_id: _Optional[str] = ..., seq: _Optional[int] = ..., message_id: _Optional[int] = ..., time_ms: _Optional[int] = ..., countable: _Optional[int] = ...) -> None: ...

class Mark(_message.Message):
    __slots__ = ("conversation_id", "read_seq", "delivered_seq")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    READ_SEQ_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_SEQ_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    read_seq: int
    delivered_seq: int
    def __init__(self, conversation_id: _Optional[str] = ..., read_seq: _Optional[int] = ..., delivered_seq: _Optional[int] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("user_id", "read_seq", "delivered_seq")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    READ_SEQ_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_SEQ_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    read_seq: int
    delivered_seq: int
    def __init__(self, user_id: _Optional[str] = ..., read_seq: _Optional[int] = ..., delivered_seq: _Optional[int] = ...) -> None: ...

class Positions(_message.Message):
    __slots__ = ("conversation_id", "positions")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    positions: _containers.RepeatedCompositeFieldContainer[Position]
    def __init__(self, conversation_id: _Optional[str] = ..., positions: _Optional[_Iterable[_Union[Position, _Mapping]]] = ...) -> None: ...

class GetPositions(_message.Message):
    __slots__ = ("conversation_id", "user_ids")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, conversation_id: _Optional[str] = ..., user_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class Signal(_message.Message):
    __slots__ = ("conversation_id", "kind")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    kind: str
    def __init__(self, conversation_id: _Optional[str] = ..., kind: _Optional[str] = ...) -> None: ...

class SignalPush(_message.Message):
    __slots__ = ("conversation_id", "sender_id", "kind")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SENDER_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    sender_id: str
    kind: str
    def __init__(self, conversation_id: _Optional[str] = ..., sender_id: _Optional[str] = ..., kind: _Optional[str] = ...) -> None: ...

class Sync(_message.Message):
    __slots__ = ("cursor", "limit")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    limit: int
    def __init__(self, cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class SyncPage(_message.Message):
    __slots__ = ("conversations", "cursor", "more")
    CONVERSATIONS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    conversations: _containers.RepeatedCompositeFieldContainer[ConversationHead]
    cursor: str
    more: bool
    def __init__(self, conversations: _Optional[_Iterable[_Union[ConversationHead, _Mapping]]] = ..., cursor: _Optional[str] = ..., more: _Optional[bool] = ...) -> None: ...

class ConversationHead(_message.Message):
    __slots__ = ("conversation_id", "seq", "countable", "read_seq", "delivered_seq", "unread", "first_seq", "preview", "name", "member")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    COUNTABLE_FIELD_NUMBER: _ClassVar[int]
    READ_SEQ_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_SEQ_FIELD_NUMBER: _ClassVar[int]
    UNREAD_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQ_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    seq: int
    countable: int
    read_seq: int
    delivered_seq: int
    unread: int
    first_seq: int
    preview: _entry_pb2.Entry
    name: str
    member: bool
    def __init__(self, conversation_id: _Optional[str] = ..., seq: _Optional[int] = ..., countable: _Optional[int] = ..., read_seq: _Optional[int] = ..., delivered_seq: _Optional[int] = ..., unread: _Optional[int] = ..., first_seq: _Optional[int] = ..., preview: _Optional[_Union[_entry_pb2.Entry, _Mapping]] = ..., name: _Optional[str] = ..., member: _Optional[bool] = ...) -> None: ...

class GetEntries(_message.Message):
    __slots__ = ("conversation_id", "seq", "backward", "limit")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    BACKWARD_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    seq: int
    backward: bool
    limit: int
    def __init__(self, conversation_id: _Optional[str] = ..., seq: _Optional[int] = ..., backward: _Optional[bool] = ..., limit: _Optional[int] = ...) -> None: ...

class EntryPage(_message.Message):
    __slots__ = ("conversation_id", "entries", "more", "too_long_restart_seq", "head_seq")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    TOO_LONG_RESTART_SEQ_FIELD_NUMBER: _ClassVar[int]
    HEAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    entries: _containers.RepeatedCompositeFieldContainer[_entry_pb2.Entry]
    more: bool
    too_long_restart_seq: int
    head_seq: int
    def __init__(self, conversation_id: _Optional[str] = ..., entries: _Optional[_Iterable[_Union[_entry_pb2.Entry, _Mapping]]] = ..., more: _Optional[bool] = ..., too_long_restart_seq: _Optional[int] = ..., head_seq: _Optional[int] = ...) -> None: ...

class GetMembers(_message.Message):
    __slots__ = ("conversation_id", "cursor", "limit")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    cursor: str
    limit: int
    def __init__(self, conversation_id: _Optional[str] = ..., cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class Member(_message.Message):
    __slots__ = ("user_id", "role", "joined_seq", "muted_until_ms", "nickname")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    JOINED_SEQ_FIELD_NUMBER: _ClassVar[int]
    MUTED_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    NICKNAME_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    role: str
    joined_seq: int
    muted_until_ms: int
    nickname: str
    def __init__(self, user_id: _Optional[str] = ..., role: _Optional[str] = ..., joined_seq: _Optional[int] = ..., muted_until_ms: _Optional[int] = ..., nickname: _Optional[str] = ...) -> None: ...

class MemberPage(_message.Message):
    __slots__ = ("conversation_id", "members", "cursor", "more")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    members: _containers.RepeatedCompositeFieldContainer[Member]
    cursor: str
    more: bool
    def __init__(self, conversation_id: _Optional[str] = ..., members: _Optional[_Iterable[_Union[Member, _Mapping]]] = ..., cursor: _Optional[str] = ..., more: _Optional[bool] = ...) -> None: ...

class Item(_message.Message):
    __slots__ = ("key", "version", "deleted", "conversation", "draft", "hidden", "contact", "settings", "relation", "request", "profile", "privacy")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    DRAFT_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    RELATION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_FIELD_NUMBER: _ClassVar[int]
    key: str
    version: int
    deleted: bool
    conversation: _personal_pb2.ConversationSettings
    draft: _personal_pb2.Draft
    hidden: _personal_pb2.Hidden
    contact: _personal_pb2.Contact
    settings: _personal_pb2.Settings
    relation: _personal_pb2.Relation
    request: _personal_pb2.FriendRequest
    profile: _personal_pb2.Profile
    privacy: _personal_pb2.Privacy
    def __init__(self, key: _Optional[str] = ..., version: _Optional[int] = ..., deleted: _Optional[bool] = ..., conversation: _Optional[_Union[_personal_pb2.ConversationSettings, _Mapping]] = ..., draft: _Optional[_Union[_personal_pb2.Draft, _Mapping]] = ..., hidden: _Optional[_Union[_personal_pb2.Hidden, _Mapping]] = ..., contact: _Optional[_Union[_personal_pb2.Contact, _Mapping]] = ..., settings: _Optional[_Union[_personal_pb2.Settings, _Mapping]] = ..., relation: _Optional[_Union[_personal_pb2.Relation, _Mapping]] = ..., request: _Optional[_Union[_personal_pb2.FriendRequest, _Mapping]] = ..., profile: _Optional[_Union[_personal_pb2.Profile, _Mapping]] = ..., privacy: _Optional[_Union[_personal_pb2.Privacy, _Mapping]] = ...) -> None: ...

class PutItems(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Item]
    def __init__(self, items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ...) -> None: ...

class GetItems(_message.Message):
    __slots__ = ("since_version", "cursor", "limit")
    SINCE_VERSION_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    since_version: int
    cursor: str
    limit: int
    def __init__(self, since_version: _Optional[int] = ..., cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ItemPage(_message.Message):
    __slots__ = ("items", "version", "cursor", "more", "reset")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Item]
    version: int
    cursor: str
    more: bool
    reset: bool
    def __init__(self, items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., version: _Optional[int] = ..., cursor: _Optional[str] = ..., more: _Optional[bool] = ..., reset: _Optional[bool] = ...) -> None: ...

class ItemsChanged(_message.Message):
    __slots__ = ("items", "from_version", "version")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    FROM_VERSION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Item]
    from_version: int
    version: int
    def __init__(self, items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., from_version: _Optional[int] = ..., version: _Optional[int] = ...) -> None: ...

class GetGroup(_message.Message):
    __slots__ = ("conversation_id",)
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    def __init__(self, conversation_id: _Optional[str] = ...) -> None: ...

class Group(_message.Message):
    __slots__ = ("conversation_id", "name", "avatar", "announcement", "member_count", "me", "history_for_newcomers", "join_policy", "who_may_add", "who_may_mention_all", "muted_all", "allowed_ids", "pinned_seqs", "links", "requests")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    AVATAR_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCEMENT_FIELD_NUMBER: _ClassVar[int]
    MEMBER_COUNT_FIELD_NUMBER: _ClassVar[int]
    ME_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FOR_NEWCOMERS_FIELD_NUMBER: _ClassVar[int]
    JOIN_POLICY_FIELD_NUMBER: _ClassVar[int]
    WHO_MAY_ADD_FIELD_NUMBER: _ClassVar[int]
    WHO_MAY_MENTION_ALL_FIELD_NUMBER: _ClassVar[int]
    MUTED_ALL_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_IDS_FIELD_NUMBER: _ClassVar[int]
    PINNED_SEQS_FIELD_NUMBER: _ClassVar[int]
    LINKS_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    name: str
    avatar: str
    announcement: str
    member_count: int
    me: Member
    history_for_newcomers: bool
    join_policy: str
    who_may_add: str
    who_may_mention_all: str
    muted_all: bool
    allowed_ids: _containers.RepeatedScalarFieldContainer[str]
    pinned_seqs: _containers.RepeatedScalarFieldContainer[int]
    links: _containers.RepeatedCompositeFieldContainer[JoinLink]
    requests: _containers.RepeatedCompositeFieldContainer[JoinRequest]
    def __init__(self, conversation_id: _Optional[str] = ..., name: _Optional[str] = ..., avatar: _Optional[str] = ..., announcement: _Optional[str] = ..., member_count: _Optional[int] = ..., me: _Optional[_Union[Member, _Mapping]] = ..., history_for_newcomers: _Optional[bool] = ..., join_policy: _Optional[str] = ..., who_may_add: _Optional[str] = ..., who_may_mention_all: _Optional[str] = ..., muted_all: _Optional[bool] = ..., allowed_ids: _Optional[_Iterable[str]] = ..., pinned_seqs: _Optional[_Iterable[int]] = ..., links: _Optional[_Iterable[_Union[JoinLink, _Mapping]]] = ..., requests: _Optional[_Iterable[_Union[JoinRequest, _Mapping]]] = ...) -> None: ...

class JoinLink(_message.Message):
    __slots__ = ("link_id", "by_user_id", "expires_ms", "uses", "used")
    LINK_ID_FIELD_NUMBER: _ClassVar[int]
    BY_USER_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_MS_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    link_id: str
    by_user_id: str
    expires_ms: int
    uses: int
    used: int
    def __init__(self, link_id: _Optional[str] = ..., by_user_id: _Optional[str] = ..., expires_ms: _Optional[int] = ..., uses: _Optional[int] = ..., used: _Optional[int] = ...) -> None: ...

class JoinRequest(_message.Message):
    __slots__ = ("user_id", "note", "time_ms")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    note: str
    time_ms: int
    def __init__(self, user_id: _Optional[str] = ..., note: _Optional[str] = ..., time_ms: _Optional[int] = ...) -> None: ...

class Ping(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Pong(_message.Message):
    __slots__ = ("server_time_ms",)
    SERVER_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    server_time_ms: int
    def __init__(self, server_time_ms: _Optional[int] = ...) -> None: ...

class Push(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_entry_pb2.Entry]
    def __init__(self, entries: _Optional[_Iterable[_Union[_entry_pb2.Entry, _Mapping]]] = ...) -> None: ...

class GoAway(_message.Message):
    __slots__ = ("retry_within_ms",)
    RETRY_WITHIN_MS_FIELD_NUMBER: _ClassVar[int]
    retry_within_ms: int
    def __init__(self, retry_within_ms: _Optional[int] = ...) -> None: ...

class Resync(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WatchPresence(_message.Message):
    __slots__ = ("user_ids",)
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, user_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class Presence(_message.Message):
    __slots__ = ("user_id", "online", "last_seen_ms")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ONLINE_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_MS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    online: bool
    last_seen_ms: int
    def __init__(self, user_id: _Optional[str] = ..., online: _Optional[bool] = ..., last_seen_ms: _Optional[int] = ...) -> None: ...

class Presences(_message.Message):
    __slots__ = ("presences",)
    PRESENCES_FIELD_NUMBER: _ClassVar[int]
    presences: _containers.RepeatedCompositeFieldContainer[Presence]
    def __init__(self, presences: _Optional[_Iterable[_Union[Presence, _Mapping]]] = ...) -> None: ...
