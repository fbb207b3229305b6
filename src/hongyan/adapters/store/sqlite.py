"""Conversations and entries in one SQLite file: one writing thread, two reading ones.

Many rows go in with one statement (`VALUES (…), (…), …`), so the interpreter's lock is given away once for hundreds of rows
and not once a row; under a busy event loop that is the difference between a store that keeps up and one that does not.
`synchronous=NORMAL` is enough: what a power cut takes is replayed from the log, which is trimmed below a checkpoint only.
"""

import asyncio
import itertools
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hongyan.adapters.sqlite import Checkpoints, Row, Thread, checkpoint, connect, full_disk_told
from hongyan.adapters.store.listing import AT, CALLING, HEADS, MEMBER, OUTLINES
from hongyan.model.ids import ClientMsgId, ConversationId, UserId, kind_of, single_id
from hongyan.model.records import Submitted
from hongyan.model.state import (
    BLOCKS,
    FRIEND,
    PLAIN_SEAT,
    PLAIN_SETTINGS,
    Conversation,
    Member,
    Seat,
    Settings,
    rebuild,
)
from hongyan.ports.relations import RelationRow
from hongyan.ports.store import (
    MENTION_MARK,
    READ_BYTES,
    ConversationRow,
    DeadLetter,
    GroupRow,
    HeadRow,
    MemberRow,
    Place,
    StoreBatch,
)

T = TypeVar("T")
SubmissionKey = tuple[ConversationId, UserId, ClientMsgId]
FactKey = tuple[ConversationId, int]

_FETCHED_ROWS = 64
_RUNS = (256, 32, 1)  # rows a statement: few shapes, so that every statement stays prepared
_CONVERSATION_UPSERT = """ON CONFLICT (conversation_id) DO UPDATE SET seq = excluded.seq, countable = excluded.countable,
    time_ms = excluded.time_ms, "offset" = excluded."offset", name = excluded.name
    WHERE excluded."offset" > conversation."offset" """
_MEMBER_UPSERT = """ON CONFLICT (conversation_id, user_id) DO UPDATE SET role = excluded.role, joined_seq = excluded.joined_seq,
    left_seq = excluded.left_seq, read_seq = excluded.read_seq, read_countable = excluded.read_countable,
    delivered_seq = excluded.delivered_seq"""
_NEWCOMER_UPSERT = f"""{_MEMBER_UPSERT}, first_seq = excluded.first_seq, muted_until_ms = excluded.muted_until_ms,
    nickname = excluded.nickname, flags = excluded.flags, left_name = excluded.left_name"""
_SEAT_UPDATE = """UPDATE member SET first_seq = v.column3, muted_until_ms = v.column4, nickname = v.column5,
    flags = v.column6, left_name = v.column7 FROM ("""
_SEAT_WHERE = ") AS v WHERE conversation_id = v.column1 AND user_id = v.column2"
_SETTINGS_UPSERT = "ON CONFLICT (conversation_id) DO UPDATE SET settings = excluded.settings"
_MEMBER_INSERT = """INSERT INTO member (conversation_id, user_id, role, joined_seq, left_seq, read_seq, read_countable,
    delivered_seq)"""
_MEMBERSHIP_UPSERT = "ON CONFLICT (user_id, conversation_id) DO UPDATE SET left_offset = excluded.left_offset"
_SUBMISSION_UPSERT = """ON CONFLICT (conversation_id, sender_id, client_msg_id) DO UPDATE SET seq = excluded.seq,
    message_id = excluded.message_id, time_ms = excluded.time_ms, countable = excluded.countable,
    digest = excluded.digest WHERE excluded.seq > submission.seq"""
_FLAGS = "SELECT conversation_id, flags FROM member WHERE conversation_id IN (SELECT value FROM json_each(?)) AND flags"
# Groups are counted only where one of the others is found in them, and no further than the bound.
_COMPANIONS = """
WITH shared AS MATERIALIZED (
    SELECT other.conversation_id, other.user_id
    FROM membership AS own
    JOIN member AS me ON me.conversation_id = own.conversation_id AND me.user_id = own.user_id AND me.left_seq = 0
    JOIN member AS other ON other.conversation_id = own.conversation_id AND other.left_seq = 0
        AND other.user_id IN (SELECT value FROM json_each(?2))
    WHERE own.user_id = ?1 AND own.conversation_id >= 'g:' AND own.conversation_id < 'g;'
)
SELECT DISTINCT user_id FROM shared WHERE conversation_id IN (
    SELECT conversation_id FROM (SELECT DISTINCT conversation_id FROM shared) AS found WHERE (
        SELECT count(*) FROM (
            SELECT 1 FROM member AS some WHERE some.conversation_id = found.conversation_id AND some.left_seq = 0 LIMIT ?3
        )
    ) <= ?4
)"""

# Rows in the order of the tables' columns, made in C: these run for every message.
_entry_tuple = attrgetter(
    *("conversation_id", "seq", "message_id", "sender_id", "client_msg_id"),
    *("time_ms", "countable", "kind", "recalled", "encoded"),
)
_submission_tuple = attrgetter(
    *("conversation_id", "sender_id", "client_msg_id", "seq", "message_id", "time_ms", "countable", "digest")
)
_conversation_tuple = attrgetter("conversation_id", "seq", "countable", "time_ms", "offset", "name")
_positions = ("role", "joined_seq", "left_seq", "read_seq", "read_countable", "delivered_seq")
_member_tuple = attrgetter("conversation_id", "user_id", *_positions)
# By a partial index: few members have a flag. One who blocked another may have no membership: they never spoke.
_RELATIONS = """
    SELECT conversation_id, user_id, flags FROM member
    WHERE user_id = ? AND conversation_id >= 's:' AND conversation_id < 's;' AND flags > 0 ORDER BY conversation_id"""
_BETWEEN = """
    SELECT conversation_id, user_id, flags FROM member
    WHERE conversation_id IN (SELECT value FROM json_each(?)) AND flags > 0 ORDER BY conversation_id, user_id"""

_seat = ("seat.first_seq", "seat.muted_until_ms", "seat.nickname", "seat.flags", "seat.left_name")
_newcomer_tuple = attrgetter("conversation_id", "user_id", *_positions, *_seat)
_seat_tuple = attrgetter("conversation_id", "user_id", *_seat)
_submitted_tuple = attrgetter("sender_id", "client_msg_id", "seq", "message_id", "time_ms", "countable", "digest")

_decode_settings = msgspec.msgpack.Decoder(Settings).decode


class SqliteStore:
    """A `ports.store.ConversationStore` and `HistoryReader` on a migrated file."""

    def __init__(self, path: Path, *, checkpoint_bytes: int = 8 << 20) -> None:
        self._writer = Thread("store-write", in_background=True)
        self._write = connect(path, "NORMAL")
        self._write.execute("PRAGMA wal_autocheckpoint=0")
        self._checkpoints = Checkpoints(path, checkpoint_bytes)
        self._readers = [(Thread(f"store-read-{n}"), connect(path, "NORMAL", readonly=True)) for n in range(2)]
        self._turn = itertools.cycle(self._readers)

    async def close(self) -> None:
        """Ends the threads and closes the file."""
        # The writer last: SQLite empties the WAL into the file when the last connection closes, if that one may write.
        await self._checkpoints.end()
        for thread, connection in self._readers:
            await thread.end(connection)
        await self._writer.end(self._write)

    async def position(self, partition: int) -> int:
        """See the port."""
        row = await self._one("SELECT next_offset FROM log_position WHERE partition = ?", (partition,))
        return int(row[0]) if row else 0

    async def load(self, conversation_ids: Sequence[ConversationId]) -> Mapping[ConversationId, Conversation]:
        """See the port."""
        states: dict[ConversationId, Conversation] = {}
        for some in _slices(conversation_ids):
            marks = ",".join("?" * len(some))
            rows = await self._all(
                f'SELECT conversation_id, seq, countable, time_ms, "offset", name FROM conversation'  # noqa: S608 - marks only
                f" WHERE conversation_id IN ({marks})",
                tuple(some),
            )
            for conversation_id, seq, countable, time_ms, offset, name in rows:
                kind = kind_of(conversation_id)
                states[conversation_id] = Conversation(conversation_id, kind, seq, countable, time_ms, offset, name)
            kept = await self._all(
                f"SELECT conversation_id, settings FROM settings WHERE conversation_id IN ({marks})",  # noqa: S608 - marks only
                tuple(some),
            )
            for conversation_id, encoded in kept:
                if conversation_id in states:
                    states[conversation_id].settings = _decode_settings(encoded)
            members = await self._all(
                f"SELECT {MEMBER} FROM member WHERE conversation_id IN ({marks}) AND left_seq = 0",  # noqa: S608 - marks only
                tuple(some),
            )
            for conversation_id, user_id, *rest in members:
                if conversation_id in states:
                    states[conversation_id].members[user_id] = Member(*(*rest[:6], _seat_of(rest[6:])))
        for state in states.values():
            rebuild(state)
        return states

    async def submissions(self, keys: Sequence[SubmissionKey]) -> Mapping[SubmissionKey, Submitted]:
        """See the port."""
        found: dict[SubmissionKey, Submitted] = {}
        for some in _slices(keys):
            values = ",".join(["(?,?,?)"] * len(some))
            rows = await self._all(
                "SELECT s.conversation_id, s.sender_id, s.client_msg_id, s.seq, s.message_id, s.time_ms, s.countable, s.digest"  # noqa: S608 - marks only
                f" FROM (VALUES {values}) AS k JOIN submission AS s ON s.conversation_id = k.column1"
                " AND s.sender_id = k.column2 AND s.client_msg_id = k.column3",
                tuple(itertools.chain.from_iterable(some)),
            )
            for conversation_id, sender_id, client_msg_id, *rest in rows:
                found[conversation_id, sender_id, client_msg_id] = Submitted(sender_id, client_msg_id, *rest)
        return found

    async def facts(self, keys: Sequence[FactKey]) -> Mapping[FactKey, Submitted]:
        """See the port. The digest is not among the facts that rules ask for; it is 0."""
        found: dict[FactKey, Submitted] = {}
        for some in _slices(keys):
            values = ",".join(["(?,?)"] * len(some))
            rows = await self._all(
                "SELECT e.conversation_id, e.sender_id, e.client_msg_id, e.seq, e.message_id, e.time_ms, e.countable, e.kind,"  # noqa: S608 - marks only
                f" e.recalled FROM (VALUES {values}) AS k JOIN entry AS e"
                " ON e.conversation_id = k.column1 AND e.seq = k.column2",
                tuple(itertools.chain.from_iterable(some)),
            )
            for conversation_id, sender_id, client_msg_id, seq, message_id, time_ms, countable, kind, recalled in rows:
                found[conversation_id, seq] = Submitted(
                    sender_id, client_msg_id, seq, message_id, time_ms, countable, 0, kind, bool(recalled)
                )
        return found

    async def encoded(self, keys: Sequence[FactKey]) -> Mapping[FactKey, tuple[int, bytes]]:
        """See the port."""
        found: dict[FactKey, tuple[int, bytes]] = {}
        for some in _slices(keys):
            values = ",".join(["(?,?)"] * len(some))
            rows = await self._all(
                f"SELECT e.conversation_id, e.seq, e.kind, e.encoded FROM (VALUES {values}) AS k JOIN entry AS e"  # noqa: S608 - marks only
                " ON e.conversation_id = k.column1 AND e.seq = k.column2",
                tuple(itertools.chain.from_iterable(some)),
            )
            found.update({(conversation_id, seq): (kind, encoded) for conversation_id, seq, kind, encoded in rows})
        return found

    async def persist(self, batch: StoreBatch) -> None:
        """See the port."""
        with full_disk_told():
            await asyncio.shield(self._writer.call(self._persist, batch))
        if self._checkpoints.wrote(_pages_bytes(batch)):
            await asyncio.shield(self._writer.call(checkpoint, self._write))

    def _persist(self, batch: StoreBatch) -> None:
        write = self._write
        write.execute("BEGIN IMMEDIATE")
        try:
            row = write.execute(
                "SELECT next_offset FROM log_position WHERE partition = ?", (batch.partition,)
            ).fetchone()
            # An owner that was overtaken brings what is here already, and states that are older than these.
            if row is None or row[0] < batch.next_offset:
                self._write_all(batch)
            write.execute("COMMIT")
        except BaseException:
            if write.in_transaction:
                write.execute("ROLLBACK")
            raise

    def _write_all(self, batch: StoreBatch) -> None:
        self._insert("INSERT OR IGNORE INTO entry", 10, map(_entry_tuple, batch.entries))
        silent = ((conversation_id, *_submitted_tuple(submitted)) for conversation_id, submitted in batch.silent)
        submissions = itertools.chain((_submission_tuple(row) for row in batch.entries if row.client_msg_id), silent)
        self._insert("INSERT INTO submission", 8, submissions, _SUBMISSION_UPSERT)
        for row in batch.replaced:
            values = (row.kind, row.recalled, row.encoded, row.conversation_id, row.seq)
            self._write.execute(
                "UPDATE entry SET kind = ?, recalled = ?, encoded = ? WHERE conversation_id = ? AND seq = ?", values
            )
        self._insert("INSERT INTO conversation", 6, map(_conversation_tuple, batch.conversations), _CONVERSATION_UPSERT)
        self._write_members(batch)
        settings = ((row.conversation_id, msgspec.msgpack.encode(row.settings)) for row in batch.settings)
        self._insert("INSERT INTO settings", 2, settings, _SETTINGS_UPSERT)
        self._insert("INSERT OR IGNORE INTO dead_letter", 5, map(_dead_tuple, batch.dead))
        self._write.execute(
            "INSERT INTO log_position VALUES (?, ?) ON CONFLICT (partition) DO UPDATE SET next_offset = excluded.next_offset",
            (batch.partition, batch.next_offset),
        )

    def _write_members(self, batch: StoreBatch) -> None:
        """Who sends moves his positions, and that is all that is written then: seats only of newcomers and where they changed."""
        moved, newcomers, left = _parted(batch)
        self._insert(_MEMBER_INSERT, 8, map(_member_tuple, moved), _MEMBER_UPSERT)
        self._insert(f"INSERT INTO member ({MEMBER})", 13, map(_newcomer_tuple, newcomers), _NEWCOMER_UPSERT)
        self._insert(_SEAT_UPDATE, 7, map(_seat_tuple, batch.seats), _SEAT_WHERE)
        self._insert("INSERT INTO membership", 3, _memberships(batch, newcomers, left), _MEMBERSHIP_UPSERT)

    def _insert(self, head: str, columns: int, rows: Iterable[Row], tail: str = "") -> None:
        """Inserts rows with statements of few shapes.

        Rows are made a run at a time: between two statements the interpreter's lock is held for a fraction of a millisecond,
        which is how long the event loop may have to wait for it.
        """
        one, waiting = f"({','.join('?' * columns)})", iter(rows)
        while values := list(itertools.islice(waiting, _RUNS[0])):
            start = 0
            for run in _RUNS:
                while len(values) - start >= run:
                    statement = f"{head} VALUES {','.join([one] * run)} {tail}"
                    self._write.execute(statement, tuple(itertools.chain.from_iterable(values[start : start + run])))
                    start += run

    async def checkpoint(self) -> int:
        """See the port."""
        with full_disk_told():
            return await self._writer.call(self._checkpoint)

    def _checkpoint(self) -> int:
        row = self._write.execute("SELECT min(next_offset) FROM log_position").fetchone()
        busy, _, _ = self._write.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
        return 0 if busy or row[0] is None else int(row[0])

    async def heads(self, user_id: UserId, after_offset: int, limit: int) -> Sequence[HeadRow]:
        """See the port."""
        rows = await self._some(HEADS, (user_id, after_offset, limit))
        return [HeadRow(ConversationRow(*row[:6]), _member_of(row[6:19]), row[19] or b"") for row in rows]

    async def outlines(self, user_id: UserId, limit: int) -> Sequence[HeadRow]:
        """See ports.store.ListReader."""
        rows = await self._all(OUTLINES, (user_id, limit))
        return [HeadRow(ConversationRow(*row[:6]), _member_of(row[6:]), b"") for row in rows]

    async def at(self, places: Sequence[Place]) -> Mapping[Place, bytes]:
        """See ports.store.ListReader."""
        rows = await self._some(AT, (json.dumps(places),)) if places else []
        return {(conversation_id, seq): encoded for conversation_id, seq, encoded in rows}

    async def calling(self, ranges: Sequence[tuple[ConversationId, int, int]], limit: int) -> Sequence[bytes]:
        """See ports.store.ListReader."""
        rows = await self._some(CALLING, (json.dumps(ranges), MENTION_MARK, limit)) if ranges else []
        return [encoded for (encoded,) in rows]

    async def membership(self, conversation_id: ConversationId, user_id: UserId) -> MemberRow | None:
        """See the port."""
        row = await self._one(
            f"SELECT {MEMBER} FROM member WHERE conversation_id = ? AND user_id = ?",  # noqa: S608 - a constant
            (conversation_id, user_id),
        )
        return _member_of(row) if row else None

    async def relations(self, user_id: UserId) -> Sequence[RelationRow]:
        """See ports.relations.RelationReader."""
        return [RelationRow(*row) for row in await self._all(_RELATIONS, (user_id,))]

    async def between(self, conversation_ids: Sequence[ConversationId]) -> Sequence[RelationRow]:
        """See ports.relations.RelationReader."""
        rows = await self._all(_BETWEEN, (json.dumps(list(conversation_ids)),))
        return [RelationRow(*row) for row in rows]

    async def entries(
        self, conversation_id: ConversationId, low_seq: int, high_seq: int, limit: int, *, backward: bool
    ) -> Sequence[tuple[int, bytes]]:
        """See the port."""
        order = "DESC" if backward else "ASC"
        rows = await self._some(
            f"SELECT seq, encoded FROM entry WHERE conversation_id = ? AND seq BETWEEN ? AND ? ORDER BY seq {order} LIMIT ?",  # noqa: S608 - two words
            (conversation_id, low_seq, high_seq, limit),
        )
        return rows[::-1] if backward else rows

    async def members(self, conversation_id: ConversationId, after_user: str, limit: int) -> Sequence[MemberRow]:
        """See the port."""
        rows = await self._all(
            f"SELECT {MEMBER} FROM member WHERE conversation_id = ? AND user_id > ? AND left_seq = 0"  # noqa: S608 - a constant
            " ORDER BY user_id LIMIT ?",
            (conversation_id, after_user, limit),
        )
        return [_member_of(row) for row in rows]

    async def positions(self, conversation_id: ConversationId, user_ids: Sequence[UserId]) -> Sequence[MemberRow]:
        """See the port."""
        found: list[MemberRow] = []
        for some in _slices(user_ids):
            marks = ",".join("?" * len(some))
            rows = await self._all(
                f"SELECT {MEMBER} FROM member WHERE conversation_id = ? AND left_seq = 0 AND user_id IN ({marks})",  # noqa: S608 - marks only
                (conversation_id, *some),
            )
            found += [_member_of(row) for row in rows]
        return found

    async def group(self, conversation_id: ConversationId) -> GroupRow | None:
        """See the port."""
        row = await self._one(
            'SELECT c.conversation_id, c.seq, c.countable, c.time_ms, c."offset", c.name, s.settings,'
            " (SELECT count(*) FROM member AS m WHERE m.conversation_id = c.conversation_id AND m.left_seq = 0)"
            " FROM conversation AS c LEFT JOIN settings AS s ON s.conversation_id = c.conversation_id"
            " WHERE c.conversation_id = ?",
            (conversation_id,),
        )
        if row is None:
            return None
        return GroupRow(ConversationRow(*row[:6]), _decode_settings(row[6]) if row[6] else PLAIN_SETTINGS, row[7])

    async def acquainted(
        self, user_id: UserId, other_ids: Sequence[UserId], group_members: int
    ) -> Mapping[UserId, bool]:
        """See the port."""
        others = [other_id for other_id in other_ids if other_id != user_id]
        pairs = {single_id(user_id, other_id): other_id for other_id in others}
        flags = dict.fromkeys(others, 0)
        for conversation_id, some in await self._all(_FLAGS, (json.dumps(list(pairs)),)):
            flags[pairs[conversation_id]] |= some
        near = await self._all(_COMPANIONS, (user_id, json.dumps(others), group_members + 1, group_members))
        found = dict.fromkeys([UserId(other_id) for (other_id,) in near], False)
        found.update((other_id, True) for other_id, some in flags.items() if some & FRIEND)
        return {other_id: is_friend for other_id, is_friend in found.items() if not flags[other_id] & BLOCKS}

    async def _all(self, statement: str, values: Row) -> list[Row]:
        thread, connection = next(self._turn)
        return await thread.call(_fetch, connection, statement, values)

    async def _some(self, statement: str, values: Row) -> list[Row]:
        """As `_all`, until the last columns have READ_BYTES."""
        thread, connection = next(self._turn)
        return await thread.call(_fetch_some, connection, statement, values)

    async def _one(self, statement: str, values: Row) -> Row | None:
        rows = await self._all(statement, values)
        return rows[0] if rows else None


def _pages_bytes(batch: StoreBatch) -> int:
    """About what a batch writes: a conversation's entries, submissions and members lie on pages of its own."""
    return 3 * 4_096 * len(batch.conversations) + 2 * sum([len(row.encoded) for row in batch.entries])


def _fetch(connection: sqlite3.Connection, statement: str, values: Row) -> list[Row]:
    return connection.execute(statement, values).fetchall()


def _fetch_some(connection: sqlite3.Connection, statement: str, values: Row) -> list[Row]:
    cursor = connection.execute(statement, values)
    found: list[Row] = []
    size_bytes = 0
    while rows := cursor.fetchmany(_FETCHED_ROWS):
        for row in rows:
            found.append(row)
            size_bytes += len(row[-1] or b"")
            if size_bytes >= READ_BYTES:
                cursor.close()
                return found
    return found


def _slices(values: Sequence[T]) -> Iterable[Sequence[T]]:
    """In pieces that stay under SQLite's bound of variables."""
    return (values[start : start + 500] for start in range(0, len(values), 500))


def _dead_tuple(letter: DeadLetter) -> Row:
    record = letter.record
    return letter.partition, letter.offset, record.time_ms, letter.reason, msgspec.msgpack.encode(record)


def _parted(batch: StoreBatch) -> tuple[list[MemberRow], list[MemberRow], list[MemberRow]]:
    """The rows of those who stayed, came in, and left with this batch; the last are among the others too.

    Read positions move with every send, memberships hardly ever.
    """
    first: dict[ConversationId, int] = {}
    for row in batch.entries:
        first.setdefault(row.conversation_id, row.seq)
    never = 1 << 63
    moved: list[MemberRow] = []
    newcomers: list[MemberRow] = []
    left: list[MemberRow] = []
    for member in batch.members:
        first_seq = first.get(member.conversation_id, never)
        (newcomers if member.joined_seq >= first_seq else moved).append(member)
        if member.left_seq >= first_seq:
            left.append(member)
    return moved, newcomers, left


def _memberships(batch: StoreBatch, newcomers: list[MemberRow], left: list[MemberRow]) -> list[Row]:
    """By user, who came in or left with this batch."""
    offsets = {row.conversation_id: row.offset for row in batch.conversations} if left else {}
    came: list[Row] = [(row.user_id, row.conversation_id, 0) for row in newcomers if not row.left_seq]
    return came + [(row.user_id, row.conversation_id, offsets[row.conversation_id]) for row in left]


def _member_of(row: Row) -> MemberRow:
    return MemberRow(*(*row[:8], _seat_of(row[8:])))


def _seat_of(columns: Row | list[Any]) -> Seat:
    return Seat(*columns) if any(columns) else PLAIN_SEAT
