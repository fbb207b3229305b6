"""Where what delivery decided is kept, and read from."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.records import Record, Submitted
from hongyan.model.state import PLAIN_SEAT, Conversation, Member, Seat, Settings


class EntryRow(msgspec.Struct, frozen=True, gc=False):
    """A numbered entry: columns to find it by, and `encoded`, the protobuf bytes that everybody gets.

    `kind` is the message kind, 0 for entries that are no messages; `recalled` says that `encoded` is a placeholder.
    """

    conversation_id: ConversationId
    seq: int
    message_id: int
    sender_id: UserId
    client_msg_id: ClientMsgId
    time_ms: int
    countable: int
    kind: int
    encoded: bytes
    digest: int = 0
    recalled: bool = False


class ConversationRow(msgspec.Struct, frozen=True, gc=False):
    """The head of a conversation after a batch."""

    conversation_id: ConversationId
    seq: int
    countable: int
    time_ms: int
    offset: int
    name: str


class MemberRow(msgspec.Struct, frozen=True, gc=False):
    """A member after a batch; it is written by conversation and by user."""

    conversation_id: ConversationId
    user_id: UserId
    role: int
    joined_seq: int
    left_seq: int
    read_seq: int
    read_countable: int
    delivered_seq: int
    seat: Seat = PLAIN_SEAT

    @property
    def first_seq(self) -> int:
        """The first seq that is visible to him."""
        return self.seat.first_seq or self.joined_seq


class SettingsRow(msgspec.Struct, frozen=True, gc=False):
    """What is set for a whole conversation after a batch that changed it."""

    conversation_id: ConversationId
    settings: Settings


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that could not be applied, and why."""

    partition: int
    offset: int
    record: Record
    reason: str


class StoreBatch(msgspec.Struct):
    """What a run of records did, to be kept in one transaction with the log position.

    `silent` are submissions that made no entry but were acknowledged. `entries` are new; `replaced` stand at older
    seqs. `seats` are those of `members` whose seat changed: of the others, but for newcomers, it is not written.
    """

    partition: int
    next_offset: int
    entries: list[EntryRow]
    replaced: list[EntryRow]
    conversations: list[ConversationRow]
    members: list[MemberRow]
    silent: list[tuple[ConversationId, Submitted]]
    dead: list[DeadLetter]
    seats: list[MemberRow] = []
    settings: list[SettingsRow] = []


class ConversationStore(Protocol):
    """What delivery needs. All of one `persist` is kept or nothing of it."""

    async def position(self, partition: int) -> int:
        """The log offset after the last record whose effects are kept; 0 in a new store."""
        ...

    async def load(self, conversation_ids: Sequence[ConversationId]) -> Mapping[ConversationId, Conversation]:
        """The states of those that exist, members included, windows empty."""
        ...

    async def submissions(
        self, keys: Sequence[tuple[ConversationId, UserId, ClientMsgId]]
    ) -> Mapping[tuple[ConversationId, UserId, ClientMsgId], Submitted]:
        """What became of earlier submissions, of those that are known: what their receipts say, and the digest.

        Where a key was used again so late that it counted as new, the one of the highest seq.
        """
        ...

    async def facts(self, keys: Sequence[tuple[ConversationId, int]]) -> Mapping[tuple[ConversationId, int], Submitted]:
        """The facts of entries by conversation and seq, of those that exist; the digest is not among them."""
        ...

    async def encoded(
        self, keys: Sequence[tuple[ConversationId, int]]
    ) -> Mapping[tuple[ConversationId, int], tuple[int, bytes]]:
        """Kind and bytes of entries by conversation and seq, of those that exist, as they are now."""
        ...

    async def persist(self, batch: StoreBatch) -> None:
        """Keeps a batch; repeating one changes nothing.

        Entries that are there stay, and a state gives way only to one of a higher offset. An entry is kept whatever its
        client_msg_id: whether that counts as a retry was decided before.

        Raises StorageFull when the disk refuses; then nothing was kept and the same batch may come again.
        """
        ...

    async def checkpoint(self) -> int:
        """Makes what was persisted survive a power cut; returns the lowest offset of any partition that is safe.

        Raises StorageFull when the disk refuses.
        """
        ...


class HeadRow(msgspec.Struct, frozen=True, gc=False):
    """A conversation with one user's membership in it. `preview` is the encoded entry at the last visible seq.

    For one who left, `conversation` is as it was then, and its offset that of the batch in which he did: neither an
    entry nor the fact that there is one reaches him.
    """

    conversation: ConversationRow
    member: MemberRow
    preview: bytes


class GroupRow(msgspec.Struct, frozen=True, gc=False):
    """A conversation with its settings and the number of its present members."""

    conversation: ConversationRow
    settings: Settings
    member_count: int


READ_BYTES = 4 << 20
"""After the row with which they have so many bytes, `heads` and `entries` give no more; who wants more asks again."""


class HistoryReader(Protocol):
    """What sync and history need. Reads see every persisted batch, whole."""

    async def heads(self, user_id: UserId, after_offset: int, limit: int) -> Sequence[HeadRow]:
        """The user's conversations whose offset is above the given one, ascending by it."""
        ...

    async def membership(self, conversation_id: ConversationId, user_id: UserId) -> MemberRow | None:
        """How the user is or was in the conversation."""
        ...

    async def entries(
        self, conversation_id: ConversationId, low_seq: int, high_seq: int, limit: int, *, backward: bool
    ) -> Sequence[tuple[int, bytes]]:
        """(seq, encoded) of [low_seq, high_seq], ascending; the last `limit` when `backward`, else the first."""
        ...

    async def members(self, conversation_id: ConversationId, after_user: str, limit: int) -> Sequence[MemberRow]:
        """Present members above a user id, ascending by it."""
        ...

    async def positions(self, conversation_id: ConversationId, user_ids: Sequence[UserId]) -> Sequence[MemberRow]:
        """The present members among those asked."""
        ...

    async def group(self, conversation_id: ConversationId) -> GroupRow | None:
        """A conversation with what is set for it; None when there is none."""
        ...

    async def acquainted(
        self, user_id: UserId, other_ids: Sequence[UserId], group_members: int
    ) -> Mapping[UserId, bool]:
        """Those of the others who are the user's friends (True), or with him in a group of at most so many (False).

        Whoever blocks the user, or is blocked by him, is not among them.
        """
        ...


Place = tuple[ConversationId, int]
"""A conversation and a seq."""

MENTION_MARK = b"\x82\x01"
"""The bytes that stand before a mention in an encoded entry (field 16 of Content); other entries may hold them too."""


class ListReader(Protocol):
    """What the list of a user's conversations needs: each call is one read for many conversations."""

    async def outlines(self, user_id: UserId, limit: int) -> Sequence[HeadRow]:
        """As `heads` without previews: the user's `limit` conversations that changed last, in any order."""
        ...

    async def at(self, places: Sequence[Place]) -> Mapping[Place, bytes]:
        """The encoded entries at these places, of those that exist, up to READ_BYTES together."""
        ...

    async def calling(self, ranges: Sequence[tuple[ConversationId, int, int]], limit: int) -> Sequence[bytes]:
        """Encoded messages of these ranges (a conversation, from a seq to a seq) that hold MENTION_MARK.

        At most `limit`, and up to READ_BYTES together.
        """
        ...


def member_row(conversation_id: ConversationId, user_id: UserId, member: Member) -> MemberRow:
    """A member's state as a row."""
    return MemberRow(
        conversation_id,
        user_id,
        int(member.role),
        member.joined_seq,
        member.left_seq,
        member.read_seq,
        member.read_countable,
        member.delivered_seq,
        member.seat,
    )
