"""One conversation as this device knows it: a dense range of entries, the head above it, and the own read position.

Pure. The entries themselves lie in the store; here are the numbers that say which, and what a new piece of news does to
them. All rules are merges (a maximum, an end that grows, a placeholder that never turns back), so news may come twice,
late or in another order.
"""

from collections import deque
from collections.abc import Iterable

import msgspec

from hongyan.model.amendments import amended, target_of
from hongyan.model.ids import ConversationId, UserId
from hongyan.model.records import (
    AnyBody,
    DeleteNotice,
    EditNotice,
    Entry,
    GroupCreated,
    GroupDismissed,
    GroupProfileSet,
    JoinAnswered,
    MemberJoined,
    MemberLeft,
    MembersAdded,
    MembersRemoved,
    RecallNotice,
)

BEYOND_LIMIT = 1_000
"""How many entries above a hole are kept until it is filled; more are let go and pulled again."""
TELLING_LIMIT = 1_000
"""How many entries that told of changes are remembered, for pages that were made before them and arrive after them."""


class Copy(msgspec.Struct):
    """What is kept of a conversation between two runs.

    `low` to `high` are the entries held, without holes (`high == low - 1`: none). `head` is the last seq known of, and
    `countable` the countable number there. `first_seq` is the first seq this user may see, 0 while unknown.
    `read_seq` and `read_countable` are the own read position and the countable number there; `wanted_read_seq` is a read
    position above it whose countable number is not known yet. `confirmed_seq` and `delivered_seq` are the own positions
    that the server is known to have. `member_seq` is where `member` was last decided, `name_seq` where `name` was.
    """

    conversation_id: ConversationId
    low: int
    high: int
    head: int = 0
    countable: int = 0
    first_seq: int = 0
    read_seq: int = 0
    read_countable: int = 0
    wanted_read_seq: int = 0
    confirmed_seq: int = 0
    delivered_seq: int = 0
    member: bool = True
    member_seq: int = 0
    name: str = ""
    preview: Entry | None = None
    name_seq: int = 0

    @property
    def unread(self) -> int:
        """Countable entries by others that were not read. Own ones never count: sending moves the read position."""
        return max(0, self.countable - self.read_countable) if self.member else 0


class Added(msgspec.Struct, frozen=True):
    """To the store: keep these; they continue the range at either end."""

    entries: tuple[Entry, ...]


class Told(msgspec.Struct, frozen=True):
    """To the store: this entry tells a change of an earlier one; see `Told.concerns` and `model.amendments.amended`."""

    entry: Entry

    @property
    def seq(self) -> int:
        """The message it is about."""
        return target_of(self.entry)

    def concerns(self, earlier: Entry) -> bool:
        """Whether an earlier entry may change by it: the message itself, and what earlier edits of it said."""
        body = earlier.body
        return earlier.seq == self.seq or (isinstance(body, EditNotice) and body.seq == self.seq)


class DroppedBelow(msgspec.Struct, frozen=True):
    """To the store: let go of the entries below `seq`."""

    conversation_id: ConversationId
    seq: int


StoreChange = Added | Told | DroppedBelow


def takes_in(entry: Entry, me: UserId) -> bool:
    """Whether an entry makes this user a member."""
    body = entry.body
    match body:
        case GroupCreated() | MembersAdded():
            return me in body.member_ids
        case MemberJoined():
            return entry.sender_id == me
        case JoinAnswered():
            return body.accept and body.user_id == me
    return False


def _puts_out(entry: Entry, me: UserId) -> bool:
    body: AnyBody = entry.body
    match body:
        case MembersRemoved():
            return me in body.member_ids
        case MemberLeft():
            return entry.sender_id == me
        case GroupDismissed():
            return True
    return False


class Working:
    """A copy at work: with the entries that wait above a hole, and the changes told."""

    def __init__(self, copy: Copy) -> None:
        self.copy = copy
        self._beyond: dict[int, Entry] = {}
        # A page that was made before a change was told may arrive after it.
        self._telling: deque[Told] = deque(maxlen=TELLING_LIMIT)

    @property
    def has_hole(self) -> bool:
        """Whether entries above the range are known to exist; a read position above the head says so too."""
        return self.copy.high < max(self.copy.head, self.copy.wanted_read_seq)

    @property
    def has_beyond(self) -> bool:
        """Whether entries wait above a hole."""
        return bool(self._beyond)

    def see(self, entry: Entry, me: UserId) -> None:
        """Takes in what an entry says, wherever it belongs; `merge` puts it into the range. `me` is whose device this is."""
        copy = self.copy
        if entry.seq > copy.head:
            copy.head, copy.countable = entry.seq, entry.countable
        if copy.preview is None or entry.seq > copy.preview.seq:
            copy.preview = entry
        if entry.sender_id == me:
            self.move_read(entry.seq, entry.countable)
            copy.confirmed_seq = max(copy.confirmed_seq, entry.seq)
        self._see_members(entry, me)
        self._see_name(entry)
        if target_of(entry):
            self._telling.append(Told(entry))
        if entry.seq > copy.high:
            self._keep_beyond(entry)

    def merge(self) -> list[Added | Told]:
        """Moves what continues the range into it; gives what the store has to do, in order."""
        copy = self.copy
        added: list[Entry] = []
        told: list[Told] = []
        while (entry := self._beyond.pop(copy.high + 1, None)) is not None:
            copy.high = entry.seq
            added.append(self._as_it_ends(entry))
            if entry.seq == copy.wanted_read_seq:
                self.move_read(entry.seq, entry.countable)
            if target_of(entry):
                told.append(Told(entry))
        return [Added(tuple(added)), *told] if added else []

    def begin_with(self, entry: Entry) -> list[StoreChange]:
        """The range, empty so far, begins with this entry; nobody is told that it is new."""
        self.copy.low = self.copy.high = entry.seq
        return [Added((entry,))]

    def extend_down(self, entries: Iterable[Entry], *, reaches_first: bool) -> list[StoreChange]:
        """Takes in a page that ends right below the range; one that does not is left alone."""
        page = list(map(self._as_it_stands, entries))
        copy = self.copy
        if not page or [entry.seq for entry in page] != list(range(copy.low - len(page), copy.low)):
            return []
        copy.low = page[0].seq
        if reaches_first:
            copy.first_seq = max(copy.first_seq, copy.low)
        return [Added(tuple(page))]

    def start_at(self, seq: int) -> list[StoreChange]:
        """Lets go of everything below `seq`, because it may not be seen any more or is too far away to be joined."""
        copy = self.copy
        if seq <= copy.low:
            return []
        copy.low = seq
        copy.high = max(copy.high, seq - 1)
        for below in [known for known in self._beyond if known <= copy.high]:
            del self._beyond[below]
        return [DroppedBelow(copy.conversation_id, seq)]

    def move_read(self, seq: int, countable: int) -> None:
        """The own read position is here at least, and this many countable entries lie up to it."""
        copy = self.copy
        if seq >= copy.read_seq:
            copy.read_seq, copy.read_countable = seq, max(countable, copy.read_countable)
        if copy.wanted_read_seq <= copy.read_seq:
            copy.wanted_read_seq = 0

    def want_read(self, seq: int) -> None:
        """The own read position shall be here; the countable number is looked up when it is not at hand."""
        copy = self.copy
        if seq <= max(copy.read_seq, copy.wanted_read_seq) or not copy.member:
            return
        if seq == copy.head:
            self.move_read(seq, copy.countable)
        else:
            copy.wanted_read_seq = seq

    def _keep_beyond(self, entry: Entry) -> None:
        if len(self._beyond) >= BEYOND_LIMIT and entry.seq not in self._beyond:
            highest = max(self._beyond)
            if entry.seq > highest:
                return
            # What is nearer to the range is wanted first.
            del self._beyond[highest]
        self._beyond.setdefault(entry.seq, entry)

    def _as_it_stands(self, entry: Entry) -> Entry:
        """A fetched entry with what was told since, as far as the range goes; what lies beyond is told when it is joined."""
        known = [told.entry for told in self._telling if told.entry.seq <= self.copy.high and told.concerns(entry)]
        for later in sorted(known, key=lambda told: told.seq):
            entry = amended(entry, later)
        return self._as_it_ends(entry)

    def _as_it_ends(self, entry: Entry) -> Entry:
        """Nobody is shown what is known to have been taken away, however far above that was told."""
        for told in self._telling:
            if told.seq == entry.seq and isinstance(told.entry.body, RecallNotice | DeleteNotice):
                return amended(entry, told.entry)
        return entry

    def _see_members(self, entry: Entry, me: UserId) -> None:
        copy = self.copy
        if entry.seq <= copy.member_seq:
            return
        if takes_in(entry, me):
            copy.member, copy.member_seq = True, entry.seq
            copy.first_seq = max(copy.first_seq, entry.seq)
            # What came before was not theirs to read, so it counts as read; the entry itself is not countable.
            self.move_read(entry.seq - 1, entry.countable)
        elif _puts_out(entry, me):
            copy.member, copy.member_seq = False, entry.seq

    def _see_name(self, entry: Entry) -> None:
        copy, body = self.copy, entry.body
        name = body.name if isinstance(body, GroupCreated | GroupProfileSet) else None
        if name is not None and entry.seq > copy.name_seq:
            copy.name, copy.name_seq = name, entry.seq
