"""A device's copies of all its conversations: what a packet says goes in; what to store, to tell and to ask comes out.

Pure: no clock, no connection, no store. Invariant: whatever was lost, doubled or came late, once the conversations
changed since the cursor were taken in and no hole is left, every copy equals what a fresh device would fetch.
"""

import copy as copying
from collections.abc import Iterable, Iterator

import msgspec

from hongyan.model.commands import RequestJoin, SendMessage
from hongyan.model.ids import ConversationId, ConversationKind, UserId, kind_of
from hongyan.model.records import (
    DeleteNotice,
    EditNotice,
    Entry,
    GroupCreated,
    Message,
    ReactionNotice,
    RecallNotice,
    Submitted,
)
from hongyan.protocol.frames import ConversationHead, MarkRequest, Position, Positions, Submit
from hongyan_client.copy import Added, Copy, StoreChange, Told, Working, takes_in
from hongyan_client.events import (
    ConversationChanged,
    EntryAdded,
    EntryDeleted,
    EntryEdited,
    EntryReacted,
    EntryRecalled,
    Event,
    PositionMoved,
)

EARLY_POSITIONS = 1_000
"""Of so many conversations that are not known yet own positions are remembered."""


class Pull(msgspec.Struct, frozen=True):
    """A question for the entries of a conversation above `after`."""

    conversation_id: ConversationId
    after: int


class Page(msgspec.Struct, frozen=True):
    """A page of entries, decoded; `restart_seq` stands instead of a gap too wide to pull."""

    entries: tuple[Entry, ...]
    more: bool = False
    restart_seq: int = 0


class Settled(msgspec.Struct):
    """What a packet did: changes for the store in their order, copies as they are now, and what to tell."""

    changes: list[StoreChange]
    copies: list[Copy]
    events: list[Event]


class Replica:
    """The copies. Feed it the frames of one packet by the `take_…` methods, then `settle` once."""

    def __init__(self, me: UserId, copies: Iterable[Copy] = ()) -> None:
        self.me = me
        self._copies = {copy.conversation_id: Working(copy) for copy in copies}
        self._touched: dict[ConversationId, None] = {}
        self._changes: list[StoreChange] = []
        self._events: list[Event] = []
        self._holes = {key: None for key, working in self._copies.items() if working.has_hole}
        self._unresolved = dict.fromkeys(self._copies)
        self._unmarked = dict.fromkeys(self._copies)
        self._early: dict[ConversationId, Position] = {}

    def __iter__(self) -> Iterator[Copy]:
        return (working.copy for working in self._copies.values())

    def get(self, conversation_id: ConversationId) -> Copy | None:
        """What is kept of a conversation, to look at and not to change."""
        working = self._copies.get(conversation_id)
        return working.copy if working is not None else None

    # What comes in

    def take_entries(self, entries: Iterable[Entry]) -> None:
        """Pushed entries of any conversations."""
        for entry in entries:
            self._see(entry)

    def take_head(self, head: ConversationHead, preview: Entry | None, *, fresh: bool) -> None:
        """A conversation as the list has it. `preview` is its last entry, decoded.

        `fresh`: this device has never synced. Then only the preview is kept of a conversation: history is for when
        somebody looks. A device that was away takes a conversation that is new to it in from its beginning.
        """
        key = head.conversation_id
        working = self._copies.get(key)
        if working is None:
            low = head.first_seq if not fresh or head.seq < head.first_seq else head.seq + 1
            working = self._add(Copy(key, low=low, high=low - 1))
            if fresh and preview is not None:
                self._changes += working.begin_with(preview)
        self._merge_head(working, head)
        if preview is not None:
            self._see(preview)
        self._touch(key)

    def take_receipt(self, submit: Submit, receipt: Submitted) -> None:
        """What became of a submission of ours. A message's entry is made here; other entries are the server's to make."""
        key, command, seq = submit.conversation_id, submit.command, receipt.seq
        if isinstance(command, SendMessage):
            body = Message(command.kind, command.content)
            stamps = (receipt.message_id, self.me, submit.client_msg_id, receipt.time_ms, receipt.countable)
            self._see(Entry(key, seq, *stamps, body))
            return
        if not seq or isinstance(command, RequestJoin):
            # Nothing changed, so there is no entry; or who asked to be let in may not be, and then it is not his to see.
            return
        working = self._copies.get(key) or self._add(Copy(key, low=seq, high=seq - 1))
        if seq > working.copy.head:
            working.copy.head, working.copy.countable = seq, receipt.countable
        self._touch(key)

    def take_page(self, pull: Pull, page: Page) -> bool:
        """The answer to a pull; says whether it brought the conversation further."""
        working = self._copies[pull.conversation_id]
        before = working.copy.high
        if page.restart_seq:
            self._changes += working.start_at(page.restart_seq + 1)
        elif page.entries and page.entries[0].seq > max(pull.after, before) + 1:
            # What lies between may not be seen by this user any more.
            self._changes += working.start_at(page.entries[0].seq)
        self.take_entries(page.entries)
        self._merge(working)
        self._touch(pull.conversation_id)
        return working.copy.high > before

    def take_history(self, conversation_id: ConversationId, page: Page) -> None:
        """A page of entries below the range; kept when it ends right below it."""
        working = self._copies[conversation_id]
        self._changes += working.extend_down(page.entries, reaches_first=not page.more)
        self._touch(conversation_id)

    def take_positions(self, positions: Positions) -> None:
        """Positions that moved: the own ones are merged, others' told."""
        key = positions.conversation_id
        working = self._copies.get(key)
        for position in positions.positions:
            if position.user_id != self.me:
                self._events.append(PositionMoved(key, position.user_id, position.read_seq, position.delivered_seq))
            elif working is not None:
                self._take_own(working, position)
            else:
                self._keep_early(key, position)

    def _take_own(self, working: Working, position: Position) -> None:
        copy = working.copy
        copy.confirmed_seq = max(copy.confirmed_seq, position.read_seq)
        copy.delivered_seq = max(copy.delivered_seq, position.delivered_seq)
        working.want_read(position.read_seq)
        self._touch(copy.conversation_id)

    def _keep_early(self, key: ConversationId, position: Position) -> None:
        """Another device may have read what this one has not heard of yet. The oldest give way: the next sync tells them."""
        before = self._early.pop(key, position)
        read_seq, delivered_seq = before.read_seq, before.delivered_seq
        self._early[key] = Position(
            position.user_id, max(read_seq, position.read_seq), max(delivered_seq, position.delivered_seq)
        )
        if len(self._early) > EARLY_POSITIONS:
            del self._early[next(iter(self._early))]

    def mark_read(self, conversation_id: ConversationId, seq: int) -> None:
        """This user has read up to `seq`, here and now; beyond the head counts as the head."""
        working = self._copies[conversation_id]
        working.want_read(min(seq, working.copy.head))
        self._touch(conversation_id)

    def resolve_read(self, conversation_id: ConversationId, seq: int, countable: int) -> None:
        """The countable number at a read position that `unresolved` asked for."""
        self._copies[conversation_id].move_read(seq, countable)
        self._touch(conversation_id)

    def settle(self) -> Settled:
        """Judges what was taken in since the last time: joins what fits, finds the holes."""
        copies = []
        for key in self._touched:
            working = self._copies[key]
            self._merge(working)
            self._judge(key, working)
            copies.append(copying.copy(working.copy))
        told = {event.entry.conversation_id for event in self._events if isinstance(event, EntryAdded)}
        self._events += [ConversationChanged(key) for key in self._touched if key not in told]
        settled = Settled(self._changes, copies, self._events)
        self._touched, self._changes, self._events = {}, [], []
        return settled

    # What to ask and to say

    def is_head_wanted(self, entry: Entry) -> bool:
        """Whether this entry took this user into a group: its name, and how far back he may look, the list says."""
        return takes_in(entry, self.me) and not isinstance(entry.body, GroupCreated)

    def holes(self) -> list[Pull]:
        """What to pull, one question a conversation."""
        return [Pull(key, self._copies[key].copy.high) for key in self._holes]

    def hole(self, conversation_id: ConversationId) -> Pull | None:
        """What to pull of one conversation, if anything."""
        working = self._copies.get(conversation_id)
        return Pull(conversation_id, working.copy.high) if working is not None and working.has_hole else None

    def is_live_hole(self, conversation_id: ConversationId) -> bool:
        """Whether there is a hole because later entries came, and not because a list said so."""
        working = self._copies.get(conversation_id)
        return working is not None and working.has_hole and working.has_beyond

    def unresolved(self) -> list[tuple[ConversationId, int]]:
        """Read positions at or below the range's end whose countable number has to be looked up."""
        copies = [self._copies[key].copy for key in self._unresolved]
        self._unresolved = {copy.conversation_id: None for copy in copies if copy.wanted_read_seq}
        return [
            (copy.conversation_id, copy.wanted_read_seq) for copy in copies if 0 < copy.wanted_read_seq <= copy.high
        ]

    @property
    def has_marks(self) -> bool:
        """Whether `marks` might give some."""
        return bool(self._unmarked)

    def marks(self) -> list[MarkRequest]:
        """Own positions that the server is not known to have, of the conversations touched since the last call."""
        keys, self._unmarked = self._unmarked, {}
        return [mark for key in keys if (mark := _mark_of(self._copies[key].copy)) is not None]

    def forget_marks(self) -> None:
        """The connection broke: `marks` gives again whatever the server is not known to have."""
        self._unmarked = dict.fromkeys(self._copies)

    def _see(self, entry: Entry) -> None:
        key = entry.conversation_id
        working = self._copies.get(key) or self._add(Copy(key, low=entry.seq, high=entry.seq - 1))
        working.see(entry, self.me)
        if working.copy.first_seq > working.copy.low:
            self._changes += working.start_at(working.copy.first_seq)
        self._touch(key)

    def _merge(self, working: Working) -> None:
        changes = working.merge()
        self._changes += changes
        for change in changes:
            if isinstance(change, Added):
                self._events += [EntryAdded(entry) for entry in change.entries]
            elif change.seq >= working.copy.low:
                self._events.append(_event_of(change))

    def _merge_head(self, working: Working, head: ConversationHead) -> None:
        copy = working.copy
        if head.seq >= copy.name_seq or not copy.name:
            copy.name, copy.name_seq = head.name, head.seq
        if head.seq >= copy.head:
            copy.head, copy.countable = head.seq, head.countable
        if head.seq >= copy.member_seq:
            # A newcomer who may look back finds this only here.
            copy.member, copy.member_seq, copy.first_seq = head.member, head.seq, head.first_seq
        copy.delivered_seq = max(copy.delivered_seq, head.delivered_seq)
        copy.confirmed_seq = head.read_seq
        working.move_read(head.read_seq, head.countable - head.unread)
        self._changes += working.start_at(copy.first_seq)

    def _judge(self, key: ConversationId, working: Working) -> None:
        if working.has_hole:
            self._holes[key] = None
        else:
            self._holes.pop(key, None)
        if working.copy.wanted_read_seq:
            self._unresolved[key] = None
        if _mark_of(working.copy) is not None:
            self._unmarked[key] = None

    def _add(self, copy: Copy) -> Working:
        if kind_of(copy.conversation_id) is not ConversationKind.GROUP:
            # Its members never change, so they see all of it.
            copy.first_seq = 1
        working = self._copies[copy.conversation_id] = Working(copy)
        early = self._early.pop(copy.conversation_id, None)
        if early is not None:
            self._take_own(working, early)
        return working

    def _touch(self, key: ConversationId) -> None:
        self._touched[key] = None


def _event_of(change: Told) -> Event:
    """What is told of a change to an entry that is kept."""
    entry, body = change.entry, change.entry.body
    key, seq, who = entry.conversation_id, change.seq, entry.sender_id
    match body:
        case RecallNotice():
            return EntryRecalled(key, seq, who)
        case DeleteNotice():
            return EntryDeleted(key, seq, who)
        case ReactionNotice():
            return EntryReacted(key, seq, who, body.emoji, body.on)
    assert isinstance(body, EditNotice), "the fourth kind that tells of a change"
    return EntryEdited(key, seq)


def _mark_of(copy: Copy) -> MarkRequest | None:
    read_seq = max(copy.read_seq, copy.wanted_read_seq)
    read_seq = read_seq if read_seq > copy.confirmed_seq else 0
    # Only a conversation of two shows what was delivered; in a group it would cost every member a frame an entry.
    single = kind_of(copy.conversation_id) is ConversationKind.SINGLE
    delivered_seq = copy.high if single and copy.high > copy.delivered_seq else 0
    if not copy.member or not (read_seq or delivered_seq):
        return None
    return MarkRequest(copy.conversation_id, read_seq, delivered_seq)
