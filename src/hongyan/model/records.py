"""What flows between the stages: a record goes into the log, an entry and a receipt come out of `apply`."""

import msgspec

from hongyan.model.commands import AnyCommand
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


AnyBody = Message | Recalled | RecallNotice | GroupCreated | MembersAdded | MembersRemoved | MemberLeft


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
