from hongyan.protocol.wire import content_pb2 as _content_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Entry(_message.Message):
    __slots__ = ("conversation_id", "seq", "message_id", "sender_id", "client_msg_id", "time_ms", "countable", "message", "recalled", "recall", "group_created", "members_added", "members_removed", "member_left", "deleted", "delete", "edit", "reaction", "pin", "befriended", "role_set", "owner_transferred", "member_muted", "all_muted", "group_profile_set", "nickname_set", "group_rules_set", "join_link_made", "join_link_revoked", "member_joined", "join_requested", "join_answered", "group_dismissed", "amendment")
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
    DELETED_FIELD_NUMBER: _ClassVar[int]
    DELETE_FIELD_NUMBER: _ClassVar[int]
    EDIT_FIELD_NUMBER: _ClassVar[int]
    REACTION_FIELD_NUMBER: _ClassVar[int]
    PIN_FIELD_NUMBER: _ClassVar[int]
    BEFRIENDED_FIELD_NUMBER: _ClassVar[int]
    ROLE_SET_FIELD_NUMBER: _ClassVar[int]
    OWNER_TRANSFERRED_FIELD_NUMBER: _ClassVar[int]
    MEMBER_MUTED_FIELD_NUMBER: _ClassVar[int]
    ALL_MUTED_FIELD_NUMBER: _ClassVar[int]
    GROUP_PROFILE_SET_FIELD_NUMBER: _ClassVar[int]
    NICKNAME_SET_FIELD_NUMBER: _ClassVar[int]
    GROUP_RULES_SET_FIELD_NUMBER: _ClassVar[int]
    JOIN_LINK_MADE_FIELD_NUMBER: _ClassVar[int]
    JOIN_LINK_REVOKED_FIELD_NUMBER: _ClassVar[int]
    MEMBER_JOINED_FIELD_NUMBER: _ClassVar[int]
    JOIN_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    JOIN_ANSWERED_FIELD_NUMBER: _ClassVar[int]
    GROUP_DISMISSED_FIELD_NUMBER: _ClassVar[int]
    AMENDMENT_FIELD_NUMBER: _ClassVar[int]
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
    deleted: Deleted
    delete: Delete
    edit: Edit
    reaction: React
    pin: Pin
    befriended: Befriended
    role_set: SetRole
    owner_transferred: TransferOwner
    member_muted: MuteMember
    all_muted: MuteAll
    group_profile_set: SetGroupProfile
    nickname_set: SetNickname
    group_rules_set: SetGroupRules
    join_link_made: JoinLinkMade
    join_link_revoked: RevokeJoinLink
    member_joined: MemberJoined
    join_requested: JoinRequested
    join_answered: JoinAnswered
    group_dismissed: GroupDismissed
    amendment: Amendment
    def __init__(self, conversation_id: _Optional[str] = ..., seq: _Optional[int] = ..., message_id: _Optional[int] = ..., sender_id: _Optional[str] = ..., client_msg_id: _Optional[str] = ..., time_ms: _Optional[int] = ..., countable: _Optional[int] = ..., message: _Optional[_Union[_content_pb2.Content, _Mapping]] = ..., recalled: _Optional[_Union[Recalled, _Mapping]] = ..., recall: _Optional[_Union[Recall, _Mapping]] = ..., group_created: _Optional[_Union[GroupCreated, _Mapping]] = ..., members_added: _Optional[_Union[MembersAdded, _Mapping]] = ..., members_removed: _Optional[_Union[MembersRemoved, _Mapping]] = ..., member_left: _Optional[_Union[MemberLeft, _Mapping]] = ..., deleted: _Optional[_Union[Deleted, _Mapping]] = ..., delete: _Optional[_Union[Delete, _Mapping]] = ..., edit: _Optional[_Union[Edit, _Mapping]] = ..., reaction: _Optional[_Union[React, _Mapping]] = ..., pin: _Optional[_Union[Pin, _Mapping]] = ..., befriended: _Optional[_Union[Befriended, _Mapping]] = ..., role_set: _Optional[_Union[SetRole, _Mapping]] = ..., owner_transferred: _Optional[_Union[TransferOwner, _Mapping]] = ..., member_muted: _Optional[_Union[MuteMember, _Mapping]] = ..., all_muted: _Optional[_Union[MuteAll, _Mapping]] = ..., group_profile_set: _Optional[_Union[SetGroupProfile, _Mapping]] = ..., nickname_set: _Optional[_Union[SetNickname, _Mapping]] = ..., group_rules_set: _Optional[_Union[SetGroupRules, _Mapping]] = ..., join_link_made: _Optional[_Union[JoinLinkMade, _Mapping]] = ..., join_link_revoked: _Optional[_Union[RevokeJoinLink, _Mapping]] = ..., member_joined: _Optional[_Union[MemberJoined, _Mapping]] = ..., join_requested: _Optional[_Union[JoinRequested, _Mapping]] = ..., join_answered: _Optional[_Union[JoinAnswered, _Mapping]] = ..., group_dismissed: _Optional[_Union[GroupDismissed, _Mapping]] = ..., amendment: _Optional[_Union[Amendment, _Mapping]] = ...) -> None: ...

class Amendment(_message.Message):
    __slots__ = ("edit_seq", "edited_ms", "reactions", "amended_seq")
    EDIT_SEQ_FIELD_NUMBER: _ClassVar[int]
    EDITED_MS_FIELD_NUMBER: _ClassVar[int]
    REACTIONS_FIELD_NUMBER: _ClassVar[int]
    AMENDED_SEQ_FIELD_NUMBER: _ClassVar[int]
    edit_seq: int
    edited_ms: int
    reactions: _containers.RepeatedCompositeFieldContainer[Reaction]
    amended_seq: int
    def __init__(self, edit_seq: _Optional[int] = ..., edited_ms: _Optional[int] = ..., reactions: _Optional[_Iterable[_Union[Reaction, _Mapping]]] = ..., amended_seq: _Optional[int] = ...) -> None: ...

class Reaction(_message.Message):
    __slots__ = ("emoji", "user_ids")
    EMOJI_FIELD_NUMBER: _ClassVar[int]
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    emoji: str
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, emoji: _Optional[str] = ..., user_ids: _Optional[_Iterable[str]] = ...) -> None: ...

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

class Deleted(_message.Message):
    __slots__ = ("by_user_id",)
    BY_USER_ID_FIELD_NUMBER: _ClassVar[int]
    by_user_id: str
    def __init__(self, by_user_id: _Optional[str] = ...) -> None: ...

class Delete(_message.Message):
    __slots__ = ("seq",)
    SEQ_FIELD_NUMBER: _ClassVar[int]
    seq: int
    def __init__(self, seq: _Optional[int] = ...) -> None: ...

class Edit(_message.Message):
    __slots__ = ("seq", "content")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    seq: int
    content: _content_pb2.Content
    def __init__(self, seq: _Optional[int] = ..., content: _Optional[_Union[_content_pb2.Content, _Mapping]] = ...) -> None: ...

class React(_message.Message):
    __slots__ = ("seq", "emoji", "on")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    EMOJI_FIELD_NUMBER: _ClassVar[int]
    ON_FIELD_NUMBER: _ClassVar[int]
    seq: int
    emoji: str
    on: bool
    def __init__(self, seq: _Optional[int] = ..., emoji: _Optional[str] = ..., on: _Optional[bool] = ...) -> None: ...

class Pin(_message.Message):
    __slots__ = ("seq", "on")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    ON_FIELD_NUMBER: _ClassVar[int]
    seq: int
    on: bool
    def __init__(self, seq: _Optional[int] = ..., on: _Optional[bool] = ...) -> None: ...

class Befriended(_message.Message):
    __slots__ = ("by_user_id", "note")
    BY_USER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    by_user_id: str
    note: str
    def __init__(self, by_user_id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class SetRole(_message.Message):
    __slots__ = ("user_id", "role")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    role: str
    def __init__(self, user_id: _Optional[str] = ..., role: _Optional[str] = ...) -> None: ...

class TransferOwner(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class MuteMember(_message.Message):
    __slots__ = ("user_id", "until_ms")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    until_ms: int
    def __init__(self, user_id: _Optional[str] = ..., until_ms: _Optional[int] = ...) -> None: ...

class MuteAll(_message.Message):
    __slots__ = ("on", "allowed_ids")
    ON_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_IDS_FIELD_NUMBER: _ClassVar[int]
    on: bool
    allowed_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, on: _Optional[bool] = ..., allowed_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class SetGroupProfile(_message.Message):
    __slots__ = ("name", "avatar", "announcement")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AVATAR_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCEMENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    avatar: str
    announcement: str
    def __init__(self, name: _Optional[str] = ..., avatar: _Optional[str] = ..., announcement: _Optional[str] = ...) -> None: ...

class SetNickname(_message.Message):
    __slots__ = ("nickname",)
    NICKNAME_FIELD_NUMBER: _ClassVar[int]
    nickname: str
    def __init__(self, nickname: _Optional[str] = ...) -> None: ...

class SetGroupRules(_message.Message):
    __slots__ = ("history_for_newcomers", "join_policy", "who_may_add", "who_may_mention_all")
    HISTORY_FOR_NEWCOMERS_FIELD_NUMBER: _ClassVar[int]
    JOIN_POLICY_FIELD_NUMBER: _ClassVar[int]
    WHO_MAY_ADD_FIELD_NUMBER: _ClassVar[int]
    WHO_MAY_MENTION_ALL_FIELD_NUMBER: _ClassVar[int]
    history_for_newcomers: bool
    join_policy: str
    who_may_add: str
    who_may_mention_all: str
    def __init__(self, history_for_newcomers: _Optional[bool] = ..., join_policy: _Optional[str] = ..., who_may_add: _Optional[str] = ..., who_may_mention_all: _Optional[str] = ...) -> None: ...

class JoinLinkMade(_message.Message):
    __slots__ = ("link_id", "expires_ms", "uses")
    LINK_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_MS_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    link_id: str
    expires_ms: int
    uses: int
    def __init__(self, link_id: _Optional[str] = ..., expires_ms: _Optional[int] = ..., uses: _Optional[int] = ...) -> None: ...

class RevokeJoinLink(_message.Message):
    __slots__ = ("link_id",)
    LINK_ID_FIELD_NUMBER: _ClassVar[int]
    link_id: str
    def __init__(self, link_id: _Optional[str] = ...) -> None: ...

class MemberJoined(_message.Message):
    __slots__ = ("link_id",)
    LINK_ID_FIELD_NUMBER: _ClassVar[int]
    link_id: str
    def __init__(self, link_id: _Optional[str] = ...) -> None: ...

class JoinRequested(_message.Message):
    __slots__ = ("note",)
    NOTE_FIELD_NUMBER: _ClassVar[int]
    note: str
    def __init__(self, note: _Optional[str] = ...) -> None: ...

class JoinAnswered(_message.Message):
    __slots__ = ("user_id", "accept")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    accept: bool
    def __init__(self, user_id: _Optional[str] = ..., accept: _Optional[bool] = ...) -> None: ...

class GroupDismissed(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
