"""Conversations and entries in the memory of one process: exact in its promises, and gone with the process.

It keeps rows, which nobody can change, and gives states that share nothing with those it was given.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from itertools import islice
from operator import or_
from typing import TypeVar

import msgspec

from hongyan.model.codes import StorageFull
from hongyan.model.ids import ClientMsgId, ConversationId, ConversationKind, MessageId, UserId, kind_of, single_id
from hongyan.model.records import Submitted
from hongyan.model.state import BLOCKS, FRIEND, PLAIN_SETTINGS, Conversation, Member, Settings, rebuild
from hongyan.ports.relations import RelationRow
from hongyan.ports.store import (
    MENTION_MARK,
    READ_BYTES,
    ConversationRow,
    DeadLetter,
    EntryRow,
    GroupRow,
    HeadRow,
    MemberRow,
    Place,
    StoreBatch,
)

T = TypeVar("T")
SubmissionKey = tuple[ConversationId, UserId, ClientMsgId]
FactKey = tuple[ConversationId, int]


class _Kept(msgspec.Struct):
    """One conversation. A former member's row stays, with where he left; `left_offsets` has what changed it last for him."""

    row: ConversationRow
    members: dict[UserId, MemberRow] = {}
    left_offsets: dict[UserId, int] = {}


class MemoryStore:
    """A `ports.store.ConversationStore` and `HistoryReader` for a log of `partitions`.

    `capacity_rows` bounds entries, silent submissions and dead letters together.
    """

    def __init__(self, *, partitions: int = 1, capacity_rows: int = 1_000_000) -> None:
        self._capacity_rows = capacity_rows
        self._positions = dict.fromkeys(range(partitions), 0)
        self._conversations: dict[ConversationId, _Kept] = {}
        self._by_user: dict[UserId, set[ConversationId]] = {}
        self._entries: dict[ConversationId, dict[int, EntryRow]] = {}
        self._submissions: dict[SubmissionKey, Submitted] = {}
        self._dead: dict[tuple[int, int], DeadLetter] = {}
        self._settings: dict[ConversationId, Settings] = {}
        self._rows = 0

    async def position(self, partition: int) -> int:
        return self._positions[partition]

    async def load(self, conversation_ids: Sequence[ConversationId]) -> Mapping[ConversationId, Conversation]:
        kept = self._conversations
        settings = self._settings
        return {key: _state(kept[key], settings.get(key, PLAIN_SETTINGS)) for key in conversation_ids if key in kept}

    async def submissions(self, keys: Sequence[SubmissionKey]) -> Mapping[SubmissionKey, Submitted]:
        kept = self._submissions
        return {key: msgspec.structs.replace(kept[key]) for key in keys if key in kept}

    async def facts(self, keys: Sequence[FactKey]) -> Mapping[FactKey, Submitted]:
        rows = {(key, seq): self._entries.get(key, {}).get(seq) for key, seq in keys}
        return {key: submitted_of(row) for key, row in rows.items() if row is not None}

    async def encoded(self, keys: Sequence[FactKey]) -> Mapping[FactKey, tuple[int, bytes]]:
        """See the port."""
        rows = {(key, seq): self._entries.get(key, {}).get(seq) for key, seq in keys}
        return {key: (row.kind, row.encoded) for key, row in rows.items() if row is not None}

    async def persist(self, batch: StoreBatch) -> None:
        """See the port. Raises StorageFull when the rows would be more than `capacity_rows`."""
        if batch.next_offset <= self._positions[batch.partition]:
            return
        new = [row for row in batch.entries if row.seq not in self._entries.get(row.conversation_id, ())]
        rows = self._rows + len(new) + len(batch.silent) + len(batch.dead)
        if rows > self._capacity_rows:
            raise StorageFull
        self._rows = rows
        self._keep_entries(new, batch.replaced)
        for conversation_id, submitted in batch.silent:
            self._keep_submission(conversation_id, msgspec.structs.replace(submitted))
        for row in batch.conversations:
            self._keep_conversation(row, batch.members)
        for changed in batch.settings:
            self._settings[changed.conversation_id] = changed.settings
        for letter in batch.dead:
            self._dead.setdefault((letter.partition, letter.offset), letter)
        self._positions[batch.partition] = batch.next_offset

    def _keep_conversation(self, row: ConversationRow, members: Iterable[MemberRow]) -> None:
        kept = self._conversations.get(row.conversation_id)
        if kept is None:
            kept = self._conversations[row.conversation_id] = _Kept(row)
        elif row.offset <= kept.row.offset:
            return
        kept.row = row
        for member in members:
            if member.conversation_id == row.conversation_id:
                if member.left_seq:
                    kept.left_offsets[member.user_id] = row.offset
                else:
                    kept.left_offsets.pop(member.user_id, None)
                kept.members[member.user_id] = member
                self._by_user.setdefault(member.user_id, set()).add(member.conversation_id)

    def _keep_entries(self, new: Iterable[EntryRow], replaced: Iterable[EntryRow]) -> None:
        for row in new:
            self._entries.setdefault(row.conversation_id, {})[row.seq] = row
            if row.client_msg_id:
                self._keep_submission(row.conversation_id, submitted_of(row))
        for row in replaced:
            entries = self._entries.get(row.conversation_id, {})
            if row.seq in entries:
                changed = {"kind": row.kind, "encoded": row.encoded, "recalled": row.recalled}
                entries[row.seq] = msgspec.structs.replace(entries[row.seq], **changed)

    def _keep_submission(self, conversation_id: ConversationId, submitted: Submitted) -> None:
        key = (conversation_id, submitted.sender_id, submitted.client_msg_id)
        before = self._submissions.get(key)
        if before is None or submitted.seq > before.seq:
            self._submissions[key] = submitted

    async def checkpoint(self) -> int:
        return min(self._positions.values())

    async def heads(self, user_id: UserId, after_offset: int, limit: int) -> Sequence[HeadRow]:
        kept = (self._conversations[conversation_id] for conversation_id in self._by_user.get(user_id, ()))
        # A conversation without an entry is nobody's to see: it may hold no more than that one blocks the other.
        heads = (self._head(one, user_id) for one in kept if one.row.seq)
        changed = sorted(
            (head for head in heads if head.conversation.offset > after_offset),
            key=lambda head: head.conversation.offset,
        )
        return within_read(changed[:limit], lambda head: len(head.preview))

    async def relations(self, user_id: UserId) -> Sequence[RelationRow]:
        """See ports.relations.RelationReader."""
        own = sorted(key for key in self._by_user.get(user_id, ()) if key.startswith("s:"))
        rows = [self._conversations[key].members[user_id] for key in own]
        return [RelationRow(row.conversation_id, row.user_id, row.seat.flags) for row in rows if row.seat.flags]

    async def between(self, conversation_ids: Sequence[ConversationId]) -> Sequence[RelationRow]:
        """See ports.relations.RelationReader."""
        asked = sorted(set(conversation_ids) & self._conversations.keys())
        rows = [row for key in asked for _, row in sorted(self._conversations[key].members.items())]
        return [RelationRow(row.conversation_id, row.user_id, row.seat.flags) for row in rows if row.seat.flags]

    async def outlines(self, user_id: UserId, limit: int) -> Sequence[HeadRow]:
        """See ports.store.ListReader."""
        kept = (self._conversations[conversation_id] for conversation_id in self._by_user.get(user_id, ()))
        heads = (msgspec.structs.replace(self._head(one, user_id), preview=b"") for one in kept)
        return sorted(heads, key=lambda head: -head.conversation.offset)[:limit]

    async def at(self, places: Sequence[Place]) -> Mapping[Place, bytes]:
        """See ports.store.ListReader."""
        found = {place: self._entries.get(place[0], {}).get(place[1]) for place in places}
        rows = within_read([(place, row) for place, row in found.items() if row], lambda pair: len(pair[1].encoded))
        return {place: row.encoded for place, row in rows}

    async def calling(self, ranges: Sequence[tuple[ConversationId, int, int]], limit: int) -> Sequence[bytes]:
        """See ports.store.ListReader."""
        rows = (
            row
            for conversation_id, low, high in ranges
            for seq, row in self._entries.get(conversation_id, {}).items()
            if low <= seq <= high and row.kind and MENTION_MARK in row.encoded
        )
        return [row.encoded for row in within_read(islice(rows, limit), lambda row: len(row.encoded))]

    async def membership(self, conversation_id: ConversationId, user_id: UserId) -> MemberRow | None:
        kept = self._conversations.get(conversation_id)
        return None if kept is None else kept.members.get(user_id)

    async def entries(
        self, conversation_id: ConversationId, low_seq: int, high_seq: int, limit: int, *, backward: bool
    ) -> Sequence[tuple[int, bytes]]:
        entries = self._entries.get(conversation_id, {})
        seqs = range(max(low_seq, 1), min(high_seq, max(entries, default=0)) + 1)
        found = islice((seq for seq in (reversed(seqs) if backward else seqs) if seq in entries), limit)
        rows = within_read(((seq, entries[seq].encoded) for seq in found), lambda row: len(row[1]))
        return rows[::-1] if backward else rows

    async def members(self, conversation_id: ConversationId, after_user: str, limit: int) -> Sequence[MemberRow]:
        present = sorted(self._present(conversation_id), key=lambda member: member.user_id)
        return [member for member in present if member.user_id > after_user][:limit]

    async def positions(self, conversation_id: ConversationId, user_ids: Sequence[UserId]) -> Sequence[MemberRow]:
        asked = set(user_ids)
        return [member for member in self._present(conversation_id) if member.user_id in asked]

    async def group(self, conversation_id: ConversationId) -> GroupRow | None:
        kept = self._conversations.get(conversation_id)
        if kept is None:
            return None
        count = len(self._present(conversation_id))
        return GroupRow(kept.row, self._settings.get(conversation_id, PLAIN_SETTINGS), count)

    async def acquainted(
        self, user_id: UserId, other_ids: Sequence[UserId], group_members: int
    ) -> Mapping[UserId, bool]:
        groups = [
            self._present(key) for key in self._by_user.get(user_id, ()) if kind_of(key) is ConversationKind.GROUP
        ]
        seats = [{member.user_id for member in group} for group in groups if len(group) <= group_members]
        near = {other_id for seat in seats if user_id in seat for other_id in other_ids if other_id in seat}
        flags = {other_id: self._flags(user_id, other_id) for other_id in other_ids if other_id != user_id}
        found = {other_id: bool(some & FRIEND) for other_id, some in flags.items() if not some & BLOCKS}
        return {other_id: is_friend for other_id, is_friend in found.items() if is_friend or other_id in near}

    def _flags(self, user_id: UserId, other_id: UserId) -> int:
        """Those of both sides of the pair's conversation."""
        kept = self._conversations.get(single_id(user_id, other_id))
        return 0 if kept is None else reduce(or_, (member.seat.flags for member in kept.members.values()), 0)

    def _present(self, conversation_id: ConversationId) -> list[MemberRow]:
        kept = self._conversations.get(conversation_id)
        return [] if kept is None else [member for member in kept.members.values() if not member.left_seq]

    def _head(self, kept: _Kept, user_id: UserId) -> HeadRow:
        """As the user sees it: for one who left, as it was then."""
        member, row = kept.members[user_id], kept.row
        last = self._entries.get(row.conversation_id, {}).get(member.left_seq or row.seq)
        if member.left_seq and last is not None:
            left = {
                "seq": last.seq,
                "countable": last.countable,
                "time_ms": last.time_ms,
                "name": member.seat.left_name,
            }
            row = msgspec.structs.replace(row, **left, offset=kept.left_offsets[user_id])
        return HeadRow(row, member, b"" if last is None else last.encoded)


def within_read(rows: Iterable[T], size_bytes: Callable[[T], int]) -> list[T]:
    """The rows up to the one with which they have READ_BYTES."""
    found: list[T] = []
    size = 0
    for row in rows:
        found.append(row)
        size += size_bytes(row)
        if size >= READ_BYTES:
            break
    return found


def submitted_of(row: EntryRow) -> Submitted:
    """The facts of an entry."""
    return Submitted(
        row.sender_id,
        row.client_msg_id,
        row.seq,
        MessageId(row.message_id),
        row.time_ms,
        row.countable,
        row.digest,
        row.kind,
        row.recalled,
    )


def _state(kept: _Kept, settings: Settings) -> Conversation:
    row = kept.row
    members = {
        member.user_id: Member(
            member.role,
            member.joined_seq,
            member.left_seq,
            member.read_seq,
            member.read_countable,
            member.delivered_seq,
            member.seat,
        )
        for member in kept.members.values()
        if not member.left_seq
    }
    kind = kind_of(row.conversation_id)
    state = Conversation(row.conversation_id, kind, row.seq, row.countable, row.time_ms, row.offset, row.name, members)
    state.settings = settings
    return rebuild(state)
