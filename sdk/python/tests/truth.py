"""The server as the client's tests need it: the real rules over a log in memory, and what one user may fetch of it."""

from collections.abc import Sequence

from hongyan.model.commands import AnyCommand, Mark, MovePositions
from hongyan.model.conversation import apply
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Entry, Record, Submitted
from hongyan.model.state import Conversation, Member, Outcome, new_conversation
from hongyan.protocol.codec import encode_entry
from hongyan.protocol.frames import ConversationHead, Position, Positions, SyncPage

NO_END = 1 << 62


class Truth:
    """All conversations, decided by the rules of production. Time is the number of records."""

    def __init__(self) -> None:
        self.states: dict[ConversationId, Conversation] = {}
        self.entries: dict[ConversationId, list[Entry]] = {}
        self.members: dict[tuple[ConversationId, UserId], Member] = {}
        self.offset = 0

    def submit(
        self,
        conversation_id: ConversationId,
        sender_id: UserId,
        client_msg_id: ClientMsgId,
        command: AnyCommand,
        *,
        digest: int = 0,
    ) -> Outcome:
        """Decides one record."""
        state = self.states.get(conversation_id)
        if state is None:
            state = self.states[conversation_id] = new_conversation(conversation_id)
            state.opened = {}
        self.offset += 1
        message_id = MessageId(1000 + self.offset)
        record = Record(conversation_id, sender_id, client_msg_id, message_id, self.offset, command, digest)
        outcome = apply(state, record, self.offset)
        entries = self.entries.setdefault(conversation_id, [])
        if outcome.entry is not None:
            entries.append(outcome.entry)
        for replaced in outcome.replaced:
            entries[replaced.seq - 1] = replaced
        for user_id, member in state.touched.items():
            self.members[conversation_id, user_id] = member
        state.touched = {}
        state.seated = frozenset()
        return outcome

    def mark(self, conversation_id: ConversationId, mark: Mark) -> Positions | None:
        """Moves a user's positions; what is to be pushed, if anything moved."""
        outcome = self.submit(conversation_id, UserId("system"), ClientMsgId(""), MovePositions((mark,)))
        rows = [(user_id, self.members[conversation_id, user_id]) for user_id in outcome.moved]
        found = tuple(Position(user_id, member.read_seq, member.delivered_seq) for user_id, member in rows)
        return Positions(conversation_id, found) if found else None

    def audience(self, conversation_id: ConversationId, outcome: Outcome) -> Sequence[UserId]:
        """Who sees the entry of an outcome."""
        return (*self.states[conversation_id].audience, *outcome.former)

    def visible(self, conversation_id: ConversationId, user_id: UserId) -> list[Entry]:
        """What a user may see."""
        member = self.members.get((conversation_id, user_id))
        if member is None:
            return []
        high = member.left_seq or NO_END
        return [entry for entry in self.entries[conversation_id] if member.first_seq <= entry.seq <= high]

    def page(
        self, conversation_id: ConversationId, user_id: UserId, seq: int, limit: int, *, backward: bool = False
    ) -> tuple[list[Entry], bool]:
        """Entries above `seq`, or below it (0: from the head), and whether there are more."""
        entries = self.visible(conversation_id, user_id)
        if backward:
            found = [entry for entry in entries if entry.seq < (seq or NO_END)]
            return found[-limit:], len(found) > limit
        found = [entry for entry in entries if entry.seq > seq]
        return found[:limit], len(found) > limit

    def sync(self, user_id: UserId, cursor: str, limit: int = 1000) -> SyncPage:
        """The user's conversations changed since a cursor."""
        after = int(cursor or -1)
        keys = [key for key, member in self.members if member == user_id and self.states[key].offset > after]
        keys = [key for key in keys if self.visible(key, user_id)]
        keys.sort(key=lambda key: self.states[key].offset)
        page = keys[:limit]
        cursor = str(self.states[page[-1]].offset) if page else cursor
        return SyncPage(tuple(self.head(key, user_id) for key in page), cursor, more=len(keys) > limit)

    def head(self, conversation_id: ConversationId, user_id: UserId) -> ConversationHead:
        """A conversation as the user's list shows it."""
        state, member = self.states[conversation_id], self.members[conversation_id, user_id]
        last = self.visible(conversation_id, user_id)[-1]
        return ConversationHead(
            conversation_id,
            last.seq,
            last.countable,
            member.read_seq,
            member.delivered_seq,
            0 if member.left_seq else max(0, last.countable - member.read_countable),
            member.first_seq,
            encode_entry(last),
            member.seat.left_name if member.left_seq else state.name,
            member=not member.left_seq,
        )


def receipt_of(outcome: Outcome) -> Submitted:
    """The receipt of a submission that was not refused."""
    assert outcome.receipt is not None
    return outcome.receipt
