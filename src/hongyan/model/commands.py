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


class Command(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One request to a conversation. `countable` in a subclass's entry is decided by its rule."""


class SendMessage(Command, frozen=True, tag=1):
    """Say something. `content` is a serialized Content, checked by admission and opaque from there on."""

    kind: int
    content: bytes
    mention_all: bool = False


class Recall(Command, frozen=True, tag=2):
    """Take back the message at `seq`, sent at most `window_ms` ago."""

    seq: int
    window_ms: int


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


AnyCommand = SendMessage | Recall | CreateGroup | AddMembers | RemoveMembers | LeaveGroup | MovePositions
