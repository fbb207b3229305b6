"""What one batch of records did, gathered while it is decided: for the hot head, for the connections, for the store."""

from collections.abc import Sequence

import msgspec

from hongyan.model.errors import HongyanError
from hongyan.model.ids import ConversationId, UserId
from hongyan.model.records import Entry, Message, Record, Submitted
from hongyan.model.state import Conversation, Outcome
from hongyan.ports.link import Answer, MovedPosition, OutEntry
from hongyan.ports.state import HotUpdate
from hongyan.ports.store import ConversationRow, EntryRow, MemberRow, SettingsRow, member_row
from hongyan.protocol.codec import encode_entry


class Segment(msgspec.Struct):
    """Consecutive entries that the same users may see, and the answers that belong with them, by gateway."""

    recipients: Sequence[UserId]
    entries: list[OutEntry] = []
    answers: dict[int, list[Answer]] = {}
    moved: list[MovedPosition] = []


class Work(msgspec.Struct):
    """One conversation's part of a batch."""

    state: Conversation
    rows: list[EntryRow] = []
    replaced: list[EntryRow] = []
    silent: list[tuple[ConversationId, Submitted]] = []
    segments: list[Segment] = []

    def take(self, record: Record, outcome: Outcome) -> None:
        """Notes what a record did. Called right after `apply`, so the state's audience is the one that sees the entry."""
        entry = outcome.entry
        if entry is None:
            self._take_silent(record, outcome)
            return
        encoded = encode_entry(entry)
        self.rows.append(entry_row(entry, encoded, record))
        segments, audience = self.segments, self.state.audience
        if outcome.former:
            audience = (*audience, *outcome.former)
        if not segments or segments[-1].recipients is not audience:
            segments.append(Segment(audience))
        segment = segments[-1]
        # Whoever sent a message knows what it says, and its receipt stands for the push. What another command's entry says
        # is the server's to word; and who wants no receipt gets the push like everybody else.
        known = bool(record.request) and type(entry.body) is Message
        segment.entries.append(OutEntry(entry.seq, encoded, record.gateway, record.connection if known else 0))
        if record.request:
            answer = Answer(record.connection, record.request, outcome.receipt)  # type: ignore[arg-type]  # set with an entry
            segment.answers.setdefault(record.gateway, []).append(answer)
        for replaced in outcome.replaced:
            self._replace(replaced)

    def _take_silent(self, record: Record, outcome: Outcome) -> None:
        result: Submitted | HongyanError | None = outcome.refusal or outcome.receipt
        if outcome.receipt is not None and not outcome.duplicate:
            self.silent.append((self.state.conversation_id, outcome.receipt))
        if result is not None:
            self._answer(record, result)
        if outcome.moved:
            self._take_moved(outcome.moved)

    def bury(self, record: Record, offset: int, error: HongyanError) -> None:
        """Passes a record over that cannot be applied; its sender is told."""
        self.state.offset = offset
        self._answer(record, error)

    def _answer(self, record: Record, result: Submitted | HongyanError) -> None:
        """An answer without an entry: it goes with what was last shown before it."""
        if not record.request:
            return
        if not self.segments:
            self.segments.append(Segment(self.state.audience))
        answer = Answer(record.connection, record.request, result)
        self.segments[-1].answers.setdefault(record.gateway, []).append(answer)

    def _take_moved(self, user_ids: Sequence[UserId]) -> None:
        members = self.state.members
        # Positions go to the present members alone, so a segment that former ones see is not theirs.
        if not self.segments or self.segments[-1].recipients is not self.state.audience:
            self.segments.append(Segment(self.state.audience))
        for user_id in user_ids:
            member = members[user_id]
            self.segments[-1].moved.append(MovedPosition(user_id, member.read_seq, member.delivered_seq))

    def _replace(self, entry: Entry) -> None:
        fact = self.state.recent[entry.seq]
        row = EntryRow(
            entry.conversation_id, entry.seq, entry.message_id, entry.sender_id, entry.client_msg_id,
            entry.time_ms, entry.countable, fact.kind, encode_entry(entry), fact.digest, fact.recalled,
        )  # fmt: skip
        self.replaced.append(row)

    def hot_update(self, members: Sequence[MemberRow]) -> HotUpdate:
        """The same for the hot head."""
        state = self.state
        settings = state.settings if state.is_set else None
        return HotUpdate(conversation_row(state), self.rows, self.replaced, members, state.audience, settings)

    def take_settings(self, members: Sequence[MemberRow]) -> tuple[list[MemberRow], list[SettingsRow]]:
        """Those of the changed members whose seat changed, and the settings if they did, since the last call."""
        state = self.state
        seats = [row for row in members if row.user_id in state.seated] if state.seated else []
        settings = [SettingsRow(state.conversation_id, state.settings)] if state.is_set else []
        if seats or settings:
            state.seated, state.is_set = frozenset(), False
        return seats, settings


def entry_row(entry: Entry, encoded: bytes, record: Record) -> EntryRow:
    """A new entry as a row."""
    body = entry.body
    return EntryRow(
        entry.conversation_id, entry.seq, entry.message_id, entry.sender_id, entry.client_msg_id,
        entry.time_ms, entry.countable, body.kind if type(body) is Message else 0, encoded, record.digest,
    )  # fmt: skip


def conversation_row(state: Conversation) -> ConversationRow:
    """The head as a row."""
    return ConversationRow(state.conversation_id, state.seq, state.countable, state.time_ms, state.offset, state.name)


def touched_rows(state: Conversation) -> list[MemberRow]:
    """The members that changed since the last call, as rows."""
    touched = state.touched
    if not touched:
        return []
    rows = [member_row(state.conversation_id, user_id, member) for user_id, member in touched.items()]
    state.touched = {}
    return rows
