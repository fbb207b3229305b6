"""What a conversation is, said once more as plainly as possible: lists and sets, everything counted anew when asked.

Slow on purpose, and written from the design and not from the code it is held against.
"""

from dataclasses import dataclass, field

from hongyan.model import codes
from hongyan.model.commands import (
    AddMembers,
    AnyCommand,
    CreateGroup,
    MovePositions,
    Recall,
    RemoveMembers,
    SendMessage,
)
from hongyan.model.errors import HongyanError
from hongyan.model.ids import SYSTEM_USER, ClientMsgId, ConversationId, UserId
from hongyan.model.records import (
    AnyBody,
    Entry,
    GroupCreated,
    MemberLeft,
    MembersAdded,
    MembersRemoved,
    Message,
    Recalled,
    RecallNotice,
    Record,
)

Refusal = type[HongyanError]


@dataclass
class Shown:
    """An entry; its seq is its place in the list, from 1."""

    record: Record
    time_ms: int
    body: AnyBody
    counts: bool


@dataclass
class Stay:
    """From when to when a user is in, what he has read and received of it, and whether he owns the group."""

    first: int
    owner: bool = False
    last: int = 0
    read: set[int] = field(default_factory=set)
    received: set[int] = field(default_factory=set)

    @property
    def read_seq(self) -> int:
        return max(self.read, default=self.first - 1)

    @property
    def delivered_seq(self) -> int:
        return max(self.received | self.read, default=self.first - 1)


@dataclass(frozen=True)
class Answer:
    """What the sender is told: a refusal, or seq (0: no entry), message id and time."""

    refusal: Refusal | None = None
    seq: int = 0
    message_id: int = 0
    time_ms: int = 0
    duplicate: bool = False


@dataclass(frozen=True)
class Expected:
    """What a record should do."""

    answer: Answer | None
    entry: Entry | None = None
    replaced: tuple[Entry, ...] = ()
    joined: frozenset[UserId] = frozenset()
    former: frozenset[UserId] = frozenset()
    moved: frozenset[UserId] = frozenset()


class NaiveConversation:
    """A conversation from its first record on. `retry_window`: how far back a silent retry of a message is known."""

    def __init__(self, conversation_id: ConversationId, retry_window: int) -> None:
        self.conversation_id, self.retry_window = conversation_id, retry_window
        self.shown: list[Shown] = []
        self.stays: dict[UserId, list[Stay]] = {}
        self.taken: dict[tuple[UserId, ClientMsgId], list[tuple[int, Answer]]] = {}
        kind, _, names = conversation_id.partition(":")
        self.is_group, self.is_system = kind == "g", kind == "n"
        if not self.is_group:
            self.stays = {UserId(name): [Stay(1)] for name in names.split(":")}

    # What can be asked

    @property
    def head(self) -> int:
        return len(self.shown)

    def countable(self, seq: int) -> int:
        """How many of the entries up to `seq` count."""
        return sum(entry.counts for entry in self.shown[:seq])

    def present(self) -> dict[UserId, Stay]:
        """Who is in."""
        return {user_id: stays[-1] for user_id, stays in self.stays.items() if not stays[-1].last}

    def viewers(self, seq: int) -> set[UserId]:
        """Who may see the entry at `seq`."""
        return {
            user_id
            for user_id, stays in self.stays.items()
            if any(stay.first <= seq and (not stay.last or seq <= stay.last) for stay in stays)
        }

    def unread(self, user_id: UserId) -> int:
        """Countable entries by others since the user came, that he has not read."""
        stay = self.present()[user_id]
        return sum(
            entry.counts and entry.record.sender_id != user_id and seq >= stay.first and seq not in stay.read
            for seq, entry in enumerate(self.shown, 1)
        )

    def entry(self, seq: int) -> Entry:
        """What is shown at `seq` now."""
        shown = self.shown[seq - 1]
        record = shown.record
        return Entry(
            self.conversation_id,
            seq,
            record.message_id,
            record.sender_id,
            record.client_msg_id,
            shown.time_ms,
            self.countable(seq),
            shown.body,
        )

    # What a record does

    def take(self, record: Record) -> Expected:
        """Decides the next record."""
        command = record.command
        if isinstance(command, MovePositions):
            return self._move(command)
        earlier = self._earlier_tries(record)
        if earlier:
            digest, answer = earlier[-1]
            if digest != record.digest:
                return Expected(Answer(codes.SubmissionConflict))
            return Expected(Answer(None, answer.seq, answer.message_id, answer.time_ms, duplicate=True))
        refusal = self._refusal(record, command)
        if refusal is not None:
            return Expected(Answer(refusal))
        expected = self._do(record, command)
        assert expected.answer is not None
        self.taken.setdefault((record.sender_id, record.client_msg_id), []).append((record.digest, expected.answer))
        return expected

    def _earlier_tries(self, record: Record) -> list[tuple[int, Answer]]:
        tries = self.taken.get((record.sender_id, record.client_msg_id), [])
        if record.resend or not isinstance(record.command, SendMessage):
            return tries
        newest = range(1, self.head + 1)[-self.retry_window :]
        return [(digest, answer) for digest, answer in tries if answer.seq in newest]

    def _refusal(self, record: Record, command: AnyCommand) -> Refusal | None:
        sender_id, present = record.sender_id, self.present()
        if isinstance(command, CreateGroup):
            return self._creation_refusal(sender_id, command)
        if self.is_system and isinstance(command, SendMessage):
            return None if sender_id == SYSTEM_USER else codes.NotAllowed
        if self.is_group and sender_id == SYSTEM_USER and present:
            return self._refusal_of_the_system(record, command)
        speaks = sender_id in present or (self.is_system and sender_id == SYSTEM_USER and isinstance(command, Recall))
        if not speaks:
            return codes.NotAMember
        if isinstance(command, SendMessage):
            return codes.NotAllowed if command.mention_all and not self._owns(sender_id) else None
        if isinstance(command, Recall):
            return self._recall_refusal(record, command)
        return self._group_refusal(sender_id, command)

    def _creation_refusal(self, sender_id: UserId, command: CreateGroup) -> Refusal | None:
        if not self.is_group:
            return codes.InvalidField
        if sender_id == SYSTEM_USER:
            return codes.NotAllowed
        if self.shown:
            return codes.GroupExists
        return codes.GroupFull if len({sender_id, *command.member_ids}) > command.limit else None

    def _refusal_of_the_system(self, record: Record, command: AnyCommand) -> Refusal | None:
        """It may all that a member does to a group and not for himself; but others need an owner."""
        present = self.present()
        if isinstance(command, Recall):
            return self._recall_refusal(record, command)
        if isinstance(command, AddMembers):
            new = set(command.member_ids) - set(present)
            return codes.GroupFull if new and len(present) + len(new) > command.limit else None
        if isinstance(command, RemoveMembers):
            left = set(present) - set(command.member_ids)
            return codes.LastOwner if left and not any(present[user_id].owner for user_id in left) else None
        return None if isinstance(command, SendMessage) else codes.NotAllowed

    def _recall_refusal(self, record: Record, command: Recall) -> Refusal | None:
        stay = self.present().get(record.sender_id)
        if not max(1, stay.first if stay else 1) <= command.seq <= self.head:
            return codes.EntryUnknown
        target = self.shown[command.seq - 1]
        if not target.counts:
            return codes.EntryUnknown
        if isinstance(target.body, Recalled):
            return codes.AlreadyRecalled
        if target.record.sender_id == record.sender_id:
            return codes.RecallTooLate if record.time_ms > target.time_ms + command.window_ms else None
        ranks = [
            2 if self.is_group and user_id == SYSTEM_USER else int(self._owns(user_id))
            for user_id in (record.sender_id, target.record.sender_id)
        ]
        above = ranks[0] > ranks[1]
        return None if above else codes.NotAllowed

    def _group_refusal(self, sender_id: UserId, command: AnyCommand) -> Refusal | None:
        present = self.present()
        if not self.is_group:
            return codes.NotAllowed
        if isinstance(command, AddMembers):
            new = set(command.member_ids) - set(present)
            return codes.GroupFull if new and len(present) + len(new) > command.limit else None
        if isinstance(command, RemoveMembers):
            targets = set(command.member_ids) & set(present)
            above = self._owns(sender_id) and sender_id not in targets
            return codes.NotAllowed if targets and not above else None
        return codes.LastOwner if self._owns(sender_id) and len(present) > 1 else None

    def _owns(self, user_id: UserId) -> bool:
        stay = self.present().get(user_id)
        return stay is not None and stay.owner

    def _do(self, record: Record, command: AnyCommand) -> Expected:
        present = self.present()
        nobody: frozenset[UserId] = frozenset()
        joined, former = nobody, nobody
        replaced: tuple[Entry, ...] = ()
        body: AnyBody
        if isinstance(command, SendMessage):
            body = Message(command.kind, command.content)
            joined = nobody if self.shown else frozenset(present)
        elif isinstance(command, Recall):
            body = RecallNotice(command.seq)
            self.shown[command.seq - 1].body = Recalled(record.sender_id)
            replaced = (self.entry(command.seq),)
        elif isinstance(command, CreateGroup | AddMembers):
            creates = isinstance(command, CreateGroup)
            asked = (record.sender_id, *command.member_ids) if creates else command.member_ids
            new = tuple(dict.fromkeys(user_id for user_id in asked if user_id not in present))
            joined = frozenset(new)
            body = GroupCreated(command.name, new) if isinstance(command, CreateGroup) else MembersAdded(new)
            for user_id in new:
                self.stays.setdefault(user_id, []).append(
                    Stay(self.head + 1, owner=creates and user_id == record.sender_id)
                )
        elif isinstance(command, RemoveMembers):
            gone = tuple(dict.fromkeys(user_id for user_id in command.member_ids if user_id in present))
            body, former = MembersRemoved(gone), frozenset(gone)
        else:
            body, former = MemberLeft(), frozenset([record.sender_id])
        time_ms = max([record.time_ms, *(entry.time_ms for entry in self.shown)])
        if body in {MembersAdded(()), MembersRemoved(())}:
            return Expected(Answer(None, 0, record.message_id, time_ms))
        self.shown.append(Shown(record, time_ms, body, counts=isinstance(command, SendMessage)))
        self._read_all(record.sender_id)
        for user_id in former:
            self.stays[user_id][-1].last = self.head
        answer = Answer(None, self.head, record.message_id, time_ms)
        return Expected(answer, self.entry(self.head), replaced, joined, former)

    def _read_all(self, user_id: UserId) -> None:
        stay = self.present().get(user_id)
        if stay is not None:
            stay.read |= set(range(stay.first, self.head + 1))

    def _move(self, command: MovePositions) -> Expected:
        before = {user_id: (stay.read_seq, stay.delivered_seq) for user_id, stay in self.present().items()}
        for mark in command.marks:
            stay = self.present().get(mark.user_id)
            if stay is not None:
                stay.read |= set(range(stay.first, min(mark.read_seq, self.head) + 1))
                stay.received |= set(range(stay.first, min(mark.delivered_seq, self.head) + 1))
        after = {user_id: (stay.read_seq, stay.delivered_seq) for user_id, stay in self.present().items()}
        return Expected(None, moved=frozenset(user_id for user_id in after if after[user_id] != before[user_id]))
