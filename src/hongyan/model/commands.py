"""What can be asked of a conversation. Each is a record of its log; each is one case of `apply`.

A value that a rule needs and that an operator may change (a limit, a window) is stamped into the command by admission:
were it read at replay, a changed setting could renumber what was acknowledged.
"""

from enum import IntEnum

import msgspec

from hongyan.model.ids import UserId


class MessageKind(IntEnum):
    """What a message carries; the numbers are those of the content's fields on the wire."""

    TEXT = 1
    IMAGE = 2
    VOICE = 3
    VIDEO = 4
    FILE = 5
    LOCATION = 6
    CARD = 7
    CUSTOM = 8


class Role(IntEnum):
    """Rank in a group; a higher one may act on a lower one."""

    MEMBER = 1
    ADMIN = 2
    OWNER = 3


class JoinPolicy(IntEnum):
    """How one comes into a group without being added."""

    CLOSED = 1
    APPROVAL = 2
    LINK = 3
    OPEN = 4


class Command(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One request to a conversation. `countable` in a subclass's entry is decided by its rule."""


class SendMessage(Command, frozen=True, tag=1):
    """Say something. `content` is a serialized Content, checked by admission and opaque from there on."""

    kind: int
    content: bytes
    mention_all: bool = False


class Recall(Command, frozen=True, tag=2):
    """Take back the message at `seq`, sent at most `window_ms` ago.

    `admin_window_ms` is the window of admins and owners for their own messages; -1: the same.
    """

    seq: int
    window_ms: int
    admin_window_ms: int = -1


class CreateGroup(Command, frozen=True, tag=3):
    """Make a group of the sender and `member_ids`, of `limit` members at most."""

    name: str
    member_ids: tuple[UserId, ...]
    limit: int


class AddMembers(Command, frozen=True, tag=4):
    """Take users in; those who are members already are passed over."""

    member_ids: tuple[UserId, ...]
    limit: int


class RemoveMembers(Command, frozen=True, tag=5):
    """Put members out, each of a lower rank than the sender."""

    member_ids: tuple[UserId, ...]


class LeaveGroup(Command, frozen=True, tag=6):
    """Go."""


class Mark(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How far a user has read and received; 0 leaves a position as it is."""

    user_id: UserId
    read_seq: int = 0
    delivered_seq: int = 0


class MovePositions(Command, frozen=True, tag=7):
    """The marks of half a second, merged by maximum. Silent: people see no entry."""

    marks: tuple[Mark, ...]


class EditMessage(Command, frozen=True, tag=8):
    """Let the sender's message at `seq`, sent at most `window_ms` ago (0: whenever), say something else of its kind."""

    seq: int
    kind: int
    content: bytes
    mention_all: bool = False
    window_ms: int = 0


class DeleteMessage(Command, frozen=True, tag=9):
    """Take the message at `seq` away for everybody."""

    seq: int


class React(Command, frozen=True, tag=10):
    """Put a reaction to the message at `seq`, or take it back."""

    seq: int
    emoji: str
    on: bool = True


class Pin(Command, frozen=True, tag=11):
    """Pin the message at `seq` for everybody, or unpin it."""

    seq: int
    on: bool = True


class Block(Command, frozen=True, tag=12):
    """Take no messages from the other of a single conversation any more, or do again. Silent."""

    on: bool = True


class Befriend(Command, frozen=True, tag=13):
    """The two of a single conversation are friends. The system says so; `by_user_id` asked for it."""

    by_user_id: UserId
    note: str = ""


class Unfriend(Command, frozen=True, tag=14):
    """They are no more, because `by_user_id` wants it so. The system says so. Silent."""

    by_user_id: UserId


class SetRole(Command, frozen=True, tag=15):
    """Make a member an admin, or an admin a member."""

    user_id: UserId
    role: Role


class TransferOwner(Command, frozen=True, tag=16):
    """Give a group to another member."""

    user_id: UserId


class MuteMember(Command, frozen=True, tag=17):
    """Let a member not speak before `until_ms`; 0 lifts it."""

    user_id: UserId
    until_ms: int


class MuteAll(Command, frozen=True, tag=18):
    """Let only admins speak, and those allowed."""

    on: bool
    allowed_ids: tuple[UserId, ...] = ()


class SetGroupProfile(Command, frozen=True, tag=19):
    """How a group is shown; None leaves a thing as it is."""

    name: str | None = None
    avatar: str | None = None
    announcement: str | None = None


class SetNickname(Command, frozen=True, tag=20):
    """The sender's name in this group; empty takes it away."""

    nickname: str


class SetGroupRules(Command, frozen=True, tag=21):
    """What a group allows; None leaves a thing as it is. `who_may_…` are the least roles that may."""

    history_for_newcomers: bool | None = None
    join_policy: JoinPolicy | None = None
    who_may_add: Role | None = None
    who_may_mention_all: Role | None = None


class MakeJoinLink(Command, frozen=True, tag=22):
    """Who knows the token may come in until `expires_ms` (0: ever), `uses` times (0: any number).

    Admission puts a hash in the token's place: the log never holds what opens a group.
    """

    link_id: str
    token: str
    expires_ms: int = 0
    uses: int = 0


class RevokeJoinLink(Command, frozen=True, tag=23):
    """Make a link worthless."""

    link_id: str


class JoinByLink(Command, frozen=True, tag=24):
    """Come in by a link; `token` is hashed as in MakeJoinLink."""

    token: str
    limit: int = 0


class RequestJoin(Command, frozen=True, tag=25):
    """Ask to be let in; an open group lets in at once."""

    note: str = ""
    limit: int = 0


class AnswerJoin(Command, frozen=True, tag=26):
    """Let in one who asked, or do not."""

    user_id: UserId
    accept: bool
    limit: int = 0


class DismissGroup(Command, frozen=True, tag=27):
    """End a group."""


class SendToFriend(SendMessage, frozen=True, tag=28):
    """A message to one who takes messages of friends only. Admission makes it of SendMessage; nobody else does."""


MessageCommand = SendMessage | SendToFriend | Recall | EditMessage | DeleteMessage | React | Pin
SingleCommand = Block | Befriend | Unfriend
GroupCommand = (
    CreateGroup
    | AddMembers
    | RemoveMembers
    | LeaveGroup
    | SetRole
    | TransferOwner
    | MuteMember
    | MuteAll
    | SetGroupProfile
    | SetNickname
    | SetGroupRules
    | MakeJoinLink
    | RevokeJoinLink
    | JoinByLink
    | RequestJoin
    | AnswerJoin
    | DismissGroup
)
AnyCommand = MessageCommand | SingleCommand | GroupCommand | MovePositions
