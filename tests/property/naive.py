"""What a conversation is, said once more as plainly as possible: lists and sets, everything counted anew when asked.

Slow on purpose, and written from the design and not from the code it is held against.
"""

from dataclasses import dataclass, field, replace

from hongyan.model import codes
from hongyan.model.commands import (
    AddMembers,
    AnyCommand,
    Befriend,
    Block,
    CreateGroup,
    DeleteMessage,
    EditMessage,
    MovePositions,
    Pin,
    React,
    Recall,
    RemoveMembers,
    SendMessage,
    SendToFriend,
    Unfriend,
)
from hongyan.model.errors import HongyanError
from hongyan.model.ids import SYSTEM_USER, ClientMsgId, ConversationId, UserId
from hongyan.model.records import (
    Amended,
    AnyBody,
    Befriended,
    Deleted,
    DeleteNotice,
    EditNotice,
    Entry,
    GroupCreated,
    MemberLeft,
    MembersAdded,
    MembersRemoved,
    Message,
    PinNotice,
    Reaction,
    ReactionNotice,
    Recalled,
    RecallNotice,
    Record,
)
from hongyan.model.state import BLOCKED, BLOCKS, FRIEND

Refusal = type[HongyanError]
AboutOne = Recall | DeleteMessage | EditMessage | React | Pin
ABOUT_ONE = (Recall, DeleteMessage, EditMessage, React, Pin)


@dataclass
class Shown:
    """An entry; its seq is its place in the list, from 1. What happened to it: edits and who reacted, as they came."""

    record: Record
    time_ms: int
    body: AnyBody
    counts: bool
    edits: list[int] = field(default_factory=list)
    reactions: list[tuple[str, UserId]] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    @property
    def is_gone(self) -> bool:
        return isinstance(self.body, Recalled | Deleted)


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
        self.blockers: set[UserId] = set()
        self.are_friends = False
        self.pins: list[int] = []
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
            self._body(seq),
        )

    def _body(self, seq: int) -> AnyBody:
        shown = self.shown[seq - 1]
        body = shown.body
        if isinstance(body, EditNotice):
            target = self.shown[body.seq - 1]
            return body if not target.is_gone and target.edits[-1] == seq else EditNotice(body.seq)
        if not isinstance(body, Message) or not (shown.edits or shown.reactions):
            return body
        kinds = [
            Reaction(emoji, tuple(user_id for each, user_id in shown.reactions if each == emoji))
            for emoji in shown.kinds
        ]
        edit = self.shown[shown.edits[-1] - 1] if shown.edits else None
        words = edit.body if edit is not None else body
        assert isinstance(words, Message | EditNotice)
        edited = (shown.edits[-1], edit.time_ms) if edit is not None else (0, 0)
        return Amended(words.kind, words.content, *edited, tuple(kinds), shown.told[-1])

    def flags(self, user_id: UserId) -> int:
        """What a member of a single is to the other one."""
        blocks, is_blocked = user_id in self.blockers, bool(self.blockers - {user_id})
        return FRIEND * self.are_friends + BLOCKS * blocks + BLOCKED * is_blocked

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
        if isinstance(command, Befriend | Unfriend):
            return self._friend_refusal(record, command)
        if self.is_group and sender_id == SYSTEM_USER and present and not isinstance(command, (*ABOUT_ONE, Block)):
            return self._refusal_of_the_system(command)
        speaks = sender_id in present or (sender_id == SYSTEM_USER and isinstance(command, ABOUT_ONE) and self._rules())
        if not speaks:
            return codes.NotAMember
        if isinstance(command, SendMessage):
            return self._voice_refusal(sender_id, command)
        if isinstance(command, ABOUT_ONE):
            return self._target_refusal(record, command)
        if isinstance(command, Block):
            return None if self.is_single else codes.NotAllowed
        return self._group_refusal(sender_id, command)

    def _rules(self) -> bool:
        """Whether the system may do what a member may."""
        return self.is_system or (self.is_group and bool(self.present()))

    @property
    def is_single(self) -> bool:
        return self.conversation_id.startswith("s:")

    def _voice_refusal(self, sender_id: UserId, command: AnyCommand) -> Refusal | None:
        if self.is_single and self.blockers - {sender_id}:
            return codes.Blocked
        if isinstance(command, SendToFriend) and self.is_single and not self.are_friends:
            return codes.NotFriends
        calls = isinstance(command, SendMessage | EditMessage) and command.mention_all
        return codes.NotAllowed if calls and not self._owns(sender_id) else None

    def _friend_refusal(self, record: Record, command: Befriend | Unfriend) -> Refusal | None:
        if record.sender_id != SYSTEM_USER or not self.is_single:
            return codes.NotAllowed
        return None if command.by_user_id in self.present() else codes.InvalidField

    def _creation_refusal(self, sender_id: UserId, command: CreateGroup) -> Refusal | None:
        if not self.is_group:
            return codes.InvalidField
        if sender_id == SYSTEM_USER:
            return codes.NotAllowed
        if self.shown:
            return codes.GroupExists
        return codes.GroupFull if len({sender_id, *command.member_ids}) > command.limit else None

    def _refusal_of_the_system(self, command: AnyCommand) -> Refusal | None:
        """It may all that a member does to a group and not for himself; but others need an owner."""
        present = self.present()
        if isinstance(command, AddMembers):
            new = set(command.member_ids) - set(present)
            return codes.GroupFull if new and len(present) + len(new) > command.limit else None
        if isinstance(command, RemoveMembers):
            left = set(present) - set(command.member_ids)
            return codes.LastOwner if left and not any(present[user_id].owner for user_id in left) else None
        return None if isinstance(command, SendMessage) else codes.NotAllowed

    def _target_refusal(self, record: Record, command: AboutOne) -> Refusal | None:
        sender_id = record.sender_id
        stay = self.present().get(sender_id)
        if not max(1, stay.first if stay else 1) <= command.seq <= self.head:
            return codes.EntryUnknown
        target = self.shown[command.seq - 1]
        if not target.counts:
            return codes.EntryUnknown
        if target.is_gone:
            return codes.AlreadyRecalled
        if isinstance(command, EditMessage):
            return self._edit_refusal(record, command, target)
        if isinstance(command, React | Pin):
            return self._common_refusal(sender_id, command)
        if target.record.sender_id == sender_id:
            late = isinstance(command, Recall) and record.time_ms > target.time_ms + command.window_ms
            return codes.RecallTooLate if late else None
        return None if self._rank(sender_id) > max(1, self._rank(target.record.sender_id)) else codes.NotAllowed

    def _edit_refusal(self, record: Record, command: EditMessage, target: Shown) -> Refusal | None:
        if target.record.sender_id != record.sender_id:
            return codes.NotAllowed
        if command.window_ms and record.time_ms > target.time_ms + command.window_ms:
            return codes.EditTooLate
        assert isinstance(target.body, Message)
        if target.body.kind != command.kind:
            return codes.DifferentKind
        return None if record.sender_id == SYSTEM_USER else self._voice_refusal(record.sender_id, command)

    def _common_refusal(self, sender_id: UserId, command: React | Pin) -> Refusal | None:
        if self.is_system:
            return codes.NotAllowed
        silenced = self._voice_refusal(sender_id, command)
        if silenced is not None:
            return silenced
        return codes.NotAllowed if self.is_group and isinstance(command, Pin) and self._rank(sender_id) < 2 else None

    def _rank(self, user_id: UserId) -> int:
        """4 the system in a group, 3 its owner, 1 a member, 0 nobody."""
        if user_id not in self.present():
            return 4 if user_id == SYSTEM_USER and self.is_group and self.present() else 0
        return 3 if self._owns(user_id) else 1

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
        body: AnyBody
        if isinstance(command, SendMessage):
            body = Message(command.kind, command.content)
            joined = nobody if self.shown else frozenset(present)
        elif isinstance(command, ABOUT_ONE):
            return self._happen(record, command)
        elif isinstance(command, Block | Befriend | Unfriend):
            return self._relate(record, command)
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
        return Expected(answer, self.entry(self.head), (), joined, former)

    def _happen(self, record: Record, command: AboutOne) -> Expected:
        """Something happens to a message: told in an entry of its own, and seen where the message stands."""
        target = self.shown[command.seq - 1]
        if isinstance(command, Pin):
            if (command.seq in self.pins) is command.on:
                return self._nothing(record)
            self.pins = [seq for seq in self.pins if seq != command.seq] + [command.seq] * command.on
            return self._tell(record, PinNotice(command.seq, command.on))
        before = target.edits[-1:]
        if isinstance(command, React):
            reaction = (command.emoji, record.sender_id)
            if (reaction in target.reactions) is command.on:
                return self._nothing(record)
            others = [each for each in target.reactions if each != reaction]
            target.reactions = [*others, reaction] if command.on else others
            here = {emoji for emoji, _ in target.reactions}
            target.kinds = [emoji for emoji in target.kinds if emoji in here]
            target.kinds += [command.emoji] if command.emoji in here - set(target.kinds) else []
            target.told.append(self.head + 1)
            return self._tell(record, ReactionNotice(command.seq, command.emoji, command.on), command.seq)
        if isinstance(command, EditMessage):
            target.edits.append(self.head + 1)
            target.told.append(self.head + 1)
            return self._tell(record, EditNotice(command.seq, command.kind, command.content), command.seq, *before)
        is_recall = isinstance(command, Recall)
        target.body = Recalled(record.sender_id) if is_recall else Deleted(record.sender_id)
        self.pins = [seq for seq in self.pins if seq != command.seq]
        notice = RecallNotice(command.seq) if is_recall else DeleteNotice(command.seq)
        return self._tell(record, notice, command.seq, *before)

    def _relate(self, record: Record, command: Block | Befriend | Unfriend) -> Expected:
        if isinstance(command, Block):
            self.blockers = self.blockers - {record.sender_id} | ({record.sender_id} if command.on else set())
            return self._nothing(record)
        were_friends, self.are_friends = self.are_friends, isinstance(command, Befriend)
        if were_friends or isinstance(command, Unfriend):
            return self._nothing(record)
        is_first = not self.shown
        told = self._tell(record, Befriended(command.by_user_id, command.note))
        return replace(told, joined=frozenset(self.present()) if is_first else frozenset())

    def _tell(self, record: Record, body: AnyBody, *changed: int) -> Expected:
        """An entry that does not count; `changed` are the seqs at which something else stands now."""
        time_ms = max([record.time_ms, *(entry.time_ms for entry in self.shown)])
        self.shown.append(Shown(record, time_ms, body, counts=False))
        self._read_all(record.sender_id)
        answer = Answer(None, self.head, record.message_id, time_ms)
        return Expected(answer, self.entry(self.head), tuple(self.entry(seq) for seq in changed))

    def _nothing(self, record: Record) -> Expected:
        time_ms = max([record.time_ms, *(entry.time_ms for entry in self.shown)])
        return Expected(Answer(None, 0, record.message_id, time_ms))

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
