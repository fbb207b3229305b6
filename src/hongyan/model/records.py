"""What flows between the stages: a record goes into the log, an entry and a receipt come out of `apply`."""

import msgspec

from hongyan.model.commands import AnyCommand, JoinPolicy, Role
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the log holds: one command with its stamps. New fields go to the end and have a default.

    `digest` is a hash of the payload, to tell a retry from another payload under the same id. `gateway`, `connection`
    and `request` say where the receipt goes: a gateway's number of this run, a connection there, a frame on it; 0:
    nowhere.
    """

    conversation_id: ConversationId
    sender_id: UserId
    client_msg_id: ClientMsgId
    message_id: MessageId
    time_ms: int
    command: AnyCommand
    digest: int = 0
    resend: bool = False
    gateway: int = 0
    connection: int = 0
    request: int = 0


class Submitted(msgspec.Struct, gc=False):
    """What became of a submission: the receipt's content, and the facts that later rules ask of an entry.

    `seq` is 0 when it was taken and made no entry, such as adding somebody who is in. `recalled` alone ever changes.
    """

    sender_id: UserId
    client_msg_id: ClientMsgId
    seq: int
    message_id: MessageId
    time_ms: int
    countable: int
    digest: int
    kind: int = 0
    recalled: bool = False


class Body(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an entry shows."""


class Message(Body, frozen=True, tag=1):
    """A message's serialized Content."""

    kind: int
    content: bytes


class Recalled(Body, frozen=True, tag=2):
    """Stands where a message stood."""

    by_user_id: UserId


class RecallNotice(Body, frozen=True, tag=3):
    """Says that the message at `seq` was recalled."""

    seq: int


class GroupCreated(Body, frozen=True, tag=4):
    """The first entry of a group."""

    name: str
    member_ids: tuple[UserId, ...]


class MembersAdded(Body, frozen=True, tag=5):
    """Users came in."""

    member_ids: tuple[UserId, ...]


class MembersRemoved(Body, frozen=True, tag=6):
    """Users were put out."""

    member_ids: tuple[UserId, ...]


class MemberLeft(Body, frozen=True, tag=7):
    """The sender went."""


class Deleted(Body, frozen=True, tag=8):
    """Stands where a message stood that was deleted."""

    by_user_id: UserId


class DeleteNotice(Body, frozen=True, tag=9):
    """Says that the message at `seq` was deleted."""

    seq: int


class EditNotice(Body, frozen=True, tag=10):
    """The message at `seq` says this from now on.

    Without content (and kind 0) when a later edit told something newer, or the message is gone: then there is nothing to do.
    """

    seq: int
    kind: int = 0
    content: bytes = b""


class ReactionNotice(Body, frozen=True, tag=11):
    """The sender reacted to the message at `seq`, or took it back."""

    seq: int
    emoji: str
    on: bool


class PinNotice(Body, frozen=True, tag=12):
    """The sender pinned the message at `seq`, or unpinned it."""

    seq: int
    on: bool


class Befriended(Body, frozen=True, tag=13):
    """The two are friends; `by_user_id` asked for it."""

    by_user_id: UserId
    note: str = ""


class RoleSet(Body, frozen=True, tag=14):
    """A member has another role."""

    user_id: UserId
    role: Role


class OwnerTransferred(Body, frozen=True, tag=15):
    """The group is another's; the sender's role is now admin."""

    user_id: UserId


class MemberMuted(Body, frozen=True, tag=16):
    """A member may not speak before `until_ms`; 0: he may again."""

    user_id: UserId
    until_ms: int


class AllMuted(Body, frozen=True, tag=17):
    """Only admins and those allowed speak, or all do again."""

    on: bool
    allowed_ids: tuple[UserId, ...] = ()


class GroupProfileSet(Body, frozen=True, tag=18):
    """How the group is shown from now on; None is as before."""

    name: str | None = None
    avatar: str | None = None
    announcement: str | None = None


class NicknameSet(Body, frozen=True, tag=19):
    """The sender's name in this group."""

    nickname: str


class GroupRulesSet(Body, frozen=True, tag=20):
    """What the group allows from now on; None is as before."""

    history_for_newcomers: bool | None = None
    join_policy: JoinPolicy | None = None
    who_may_add: Role | None = None
    who_may_mention_all: Role | None = None


class JoinLinkMade(Body, frozen=True, tag=21):
    """There is a link; what it is, only its maker knows."""

    link_id: str
    expires_ms: int = 0
    uses: int = 0


class JoinLinkRevoked(Body, frozen=True, tag=22):
    """A link is worthless now."""

    link_id: str


class MemberJoined(Body, frozen=True, tag=23):
    """The sender came in by himself: by a link, or with an empty `link_id` because the group is open."""

    link_id: str = ""


class JoinRequested(Body, frozen=True, tag=24):
    """The sender, who is no member, asks to be let in."""

    note: str = ""


class JoinAnswered(Body, frozen=True, tag=25):
    """Whoever asked is in, or is not."""

    user_id: UserId
    accept: bool


class GroupDismissed(Body, frozen=True, tag=26):
    """The group's last entry."""


class Reaction(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who reacted with what, in the order in which they did."""

    emoji: str
    user_ids: tuple[UserId, ...]


class Amended(Message, frozen=True, tag=27):
    """A message to which something happened since: `edit_seq` is where its last edit is told, 0 when it has none.

    `amended_seq` is the last entry that told of a change: what is told up to there is contained here.
    """

    edit_seq: int = 0
    edited_ms: int = 0
    reactions: tuple[Reaction, ...] = ()
    amended_seq: int = 0


AnyBody = (
    Message
    | Recalled
    | RecallNotice
    | GroupCreated
    | MembersAdded
    | MembersRemoved
    | MemberLeft
    | Deleted
    | DeleteNotice
    | EditNotice
    | ReactionNotice
    | PinNotice
    | Befriended
    | RoleSet
    | OwnerTransferred
    | MemberMuted
    | AllMuted
    | GroupProfileSet
    | NicknameSet
    | GroupRulesSet
    | JoinLinkMade
    | JoinLinkRevoked
    | MemberJoined
    | JoinRequested
    | JoinAnswered
    | GroupDismissed
    | Amended
)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What a conversation shows at `seq`.

    `countable` is the number of countable entries up to and with this one, so unread is a difference of two.
    """

    conversation_id: ConversationId
    seq: int
    message_id: MessageId
    sender_id: UserId
    client_msg_id: ClientMsgId
    time_ms: int
    countable: int
    body: AnyBody
