"""The frames of a connection as records; proto/hongyan/v1/frame.proto is their contract.

Entries travel through the server as the bytes they were encoded to once (`EncodedEntry`), so pages and pushes hold
bytes.
"""

import msgspec

from hongyan.model.commands import AnyCommand
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.personal import Item
from hongyan.model.records import Submitted


class Limits(msgspec.Struct, frozen=True):
    """What a server takes in; told to the client when it connects. A page may hold `page_entries` or `page_bytes`."""

    packet_bytes: int = 262_144
    frames_per_packet: int = 256
    content_bytes: int = 131_072
    inflated_bytes: int = 1_048_576
    pending_submissions: int = 1_000
    page_entries: int = 1_000
    page_bytes: int = 1_048_576


# From the client


class Connect(msgspec.Struct, frozen=True):
    """The first frame."""

    token: str
    client: str = ""
    capabilities: tuple[str, ...] = ()
    cursor: str = ""


class Submit(msgspec.Struct, frozen=True, gc=False):
    """A command for a conversation's log; `conversation_id` is empty only with CreateGroup."""

    conversation_id: ConversationId
    client_msg_id: ClientMsgId
    command: AnyCommand
    resend: bool = False


class MarkRequest(msgspec.Struct, frozen=True):
    """The asker's own positions; 0 leaves one as it is."""

    conversation_id: ConversationId
    read_seq: int = 0
    delivered_seq: int = 0


class SignalRequest(msgspec.Struct, frozen=True):
    """A passing sign, such as typing."""

    conversation_id: ConversationId
    kind: str


class Sync(msgspec.Struct, frozen=True):
    """What changed since the cursor?"""

    cursor: str = ""
    limit: int = 0


class GetEntries(msgspec.Struct, frozen=True):
    """Entries above `seq`, or below it when `backward` (0: from the head)."""

    conversation_id: ConversationId
    seq: int = 0
    backward: bool = False
    limit: int = 0


class GetMembers(msgspec.Struct, frozen=True):
    """Who is in?"""

    conversation_id: ConversationId
    cursor: str = ""
    limit: int = 0


class GetGroup(msgspec.Struct, frozen=True):
    """How does the conversation stand?"""

    conversation_id: ConversationId


class GetPositions(msgspec.Struct, frozen=True):
    """How far have they read? No users: the conversation's first hundred."""

    conversation_id: ConversationId
    user_ids: tuple[UserId, ...] = ()


class PutItems(msgspec.Struct, frozen=True):
    """Items of the asker's own, to be kept for all of his devices: all of them or none."""

    items: tuple[Item, ...]


class GetItems(msgspec.Struct, frozen=True):
    """Which of my items changed since this version? `cursor` reads on, and then stands instead of it."""

    since_version: int = 0
    cursor: str = ""
    limit: int = 0


class Ping(msgspec.Struct, frozen=True):
    """Are you there?"""


class WatchPresence(msgspec.Struct, frozen=True):
    """Who the asking device wants to see, instead of those it named before."""

    user_ids: tuple[UserId, ...] = ()


class Refused(msgspec.Struct, frozen=True, gc=False):
    """Stands for a command that the server cannot act on; the other frames of its packet stand. `error` is the answer."""

    error: HongyanError


ClientCommand = (
    Connect
    | Submit
    | MarkRequest
    | SignalRequest
    | Sync
    | GetEntries
    | GetMembers
    | GetGroup
    | GetPositions
    | PutItems
    | GetItems
    | Ping
    | WatchPresence
    | Refused
)


class ClientFrame(msgspec.Struct, frozen=True, gc=False):
    """One command; `id` 0 wants no reply."""

    id: int
    command: ClientCommand


# From the server


class EncodedEntry(msgspec.Struct, frozen=True, gc=False):
    """An entry as the bytes of its protobuf message."""

    seq: int
    encoded: bytes


class ErrorReply(msgspec.Struct, frozen=True):
    """The request failed, or with reply_to 0 the connection did."""

    code: int
    name: str
    message: str
    retry_after_ms: int = 0
    permanent: bool = False


class ConversationHead(msgspec.Struct, frozen=True):
    """A conversation as its member sees it in the list. `preview` is the encoded last entry."""

    conversation_id: ConversationId
    seq: int
    countable: int
    read_seq: int
    delivered_seq: int
    unread: int
    first_seq: int
    preview: bytes = b""
    name: str = ""
    member: bool = True


class SyncPage(msgspec.Struct, frozen=True):
    """Conversations changed since a cursor; ask again with `cursor` while `more`."""

    conversations: tuple[ConversationHead, ...] = ()
    cursor: str = ""
    more: bool = False


class Connected(msgspec.Struct, frozen=True):
    """Welcome, with the first page of what changed."""

    connection_id: str
    user_id: UserId
    device_id: str
    server_time_ms: int
    heartbeat_ms: int
    limits: Limits
    sync_page: SyncPage
    items_version: int = 0


class EntryPage(msgspec.Struct, frozen=True):
    """Entries in ascending order; `too_long_restart_seq` stands instead of a gap too wide to pull."""

    conversation_id: ConversationId
    entries: tuple[bytes, ...] = ()
    more: bool = False
    too_long_restart_seq: int = 0
    head_seq: int = 0


class MemberRow(msgspec.Struct, frozen=True):
    """A member as others see him."""

    user_id: UserId
    role: str
    joined_seq: int
    muted_until_ms: int = 0
    nickname: str = ""


class MemberPage(msgspec.Struct, frozen=True):
    """Members by user id; ask again with `cursor` while `more`."""

    conversation_id: ConversationId
    members: tuple[MemberRow, ...] = ()
    cursor: str = ""
    more: bool = False


class JoinLinkRow(msgspec.Struct, frozen=True):
    """A link, without what opens."""

    link_id: str
    by_user_id: UserId
    expires_ms: int = 0
    uses: int = 0
    used: int = 0


class JoinRequestRow(msgspec.Struct, frozen=True):
    """Somebody waits to be let in."""

    user_id: UserId
    note: str
    time_ms: int


class Group(msgspec.Struct, frozen=True):
    """How a conversation stands, as `me` sees it: only admins see links and requests."""

    conversation_id: ConversationId
    name: str
    avatar: str
    announcement: str
    member_count: int
    me: MemberRow
    history_for_newcomers: bool = False
    join_policy: str = ""
    who_may_add: str = ""
    who_may_mention_all: str = ""
    muted_all: bool = False
    allowed_ids: tuple[UserId, ...] = ()
    pinned_seqs: tuple[int, ...] = ()
    links: tuple[JoinLinkRow, ...] = ()
    requests: tuple[JoinRequestRow, ...] = ()


class Position(msgspec.Struct, frozen=True):
    """How far a user has read and received."""

    user_id: UserId
    read_seq: int
    delivered_seq: int


class Positions(msgspec.Struct, frozen=True):
    """A reply, or a push when positions moved."""

    conversation_id: ConversationId
    positions: tuple[Position, ...]


class ItemPage(msgspec.Struct, frozen=True):
    """Items by version; all up to `version` are known then. `reset`: what was known before is void."""

    items: tuple[Item, ...] = ()
    version: int = 0
    cursor: str = ""
    more: bool = False
    reset: bool = False


class ItemsChanged(msgspec.Struct, frozen=True):
    """The reply to a put, and a push to the user's own devices: what changed above `from_version`, up to `version`."""

    items: tuple[Item, ...]
    from_version: int
    version: int


class ReceiptReply(msgspec.Struct, frozen=True, gc=False):
    """The submission is durable and has its place."""

    conversation_id: ConversationId
    submitted: Submitted


class Pong(msgspec.Struct, frozen=True):
    """I am."""

    server_time_ms: int


class Push(msgspec.Struct, frozen=True):
    """New entries of one or more conversations, as encoded bytes; the client end gives them decoded."""

    entries: tuple[bytes, ...]


class SignalPush(msgspec.Struct, frozen=True):
    """Another's passing sign."""

    conversation_id: ConversationId
    sender_id: UserId
    kind: str


class GoAway(msgspec.Struct, frozen=True):
    """Connect again after a random delay up to this."""

    retry_within_ms: int


class Resync(msgspec.Struct, frozen=True):
    """Pushes may have been missed."""


class Presence(msgspec.Struct, frozen=True):
    """Whether a user is there; `last_seen_ms` is 0 where that is hidden or not known."""

    user_id: UserId
    online: bool
    last_seen_ms: int = 0


class Presences(msgspec.Struct, frozen=True):
    """A reply, or a push when somebody came or went."""

    presences: tuple[Presence, ...]


ServerEvent = (
    ErrorReply
    | Connected
    | ReceiptReply
    | SyncPage
    | EntryPage
    | MemberPage
    | Group
    | Positions
    | ItemPage
    | ItemsChanged
    | Pong
    | Push
    | SignalPush
    | GoAway
    | Resync
    | Presences
)


class ServerFrame(msgspec.Struct, frozen=True, gc=False):
    """One event; `reply_to` 0 is a push."""

    reply_to: int
    event: ServerEvent
