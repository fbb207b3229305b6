"""One conversation as this device knows it: a dense range of entries, the head above it, and the own read position.

Pure. The entries themselves lie in the store; here are the numbers that say which, and what a new piece of news does to
them. All rules are merges (a maximum, an end that grows, a placeholder that never turns back), so news may come twice,
late or in another order.
"""

from collections.abc import Iterable

import msgspec

from hongyan.model.ids import ConversationId, UserId
from hongyan.model.records import (
    Entry,
    GroupCreated,
    MemberLeft,
    MembersAdded,
    MembersRemoved,
    Message,
    Recalled,
    RecallNotice,
)

BEYOND_LIMIT = 1_000
"""How many entries above a hole are kept until it is filled; more are let go and pulled again."""


class Copy(msgspec.Struct):
    """What is kept of a conversation between two runs.

    `low` to `high` are the entries held, without holes (`high == low - 1`: none). `head` is the last seq known of, and
    `countable` the countable number there. `first_seq` is the first seq this user may see, 0 while unknown.
    `read_seq` and `read_countable` are the own read position and the countable number there; `wanted_read_seq` is a read
    position above it whose countable number is not known yet. `confirmed_seq` and `delivered_seq` are the own positions
    that the server is known to have. `member_seq` is where `member` was last decided.
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

    @property
    def unread(self) -> int:
        """Countable entries by others that were not read. Own ones never count: sending moves the read position."""
        return max(0, self.countable - self.read_countable) if self.member else 0


class Added(msgspec.Struct, frozen=True):
    """To the store: keep these; they continue the range at either end."""

    entries: tuple[Entry, ...]


class Replaced(msgspec.Struct, frozen=True):
    """To the store: a placeholder stands at `seq` from now on."""

    conversation_id: ConversationId
    seq: int
    by_user_id: UserId


class DroppedBelow(msgspec.Struct, frozen=True):
    """To the store: let go of the entries below `seq`."""

    conversation_id: ConversationId
    seq: int


StoreChange = Added | Replaced | DroppedBelow


def placeholder(entry: Entry, by_user_id: UserId) -> Entry:
    """What stands where a message stood that was recalled."""
    return msgspec.structs.replace(entry, body=Recalled(by_user_id))


class Working:
    """A copy at work: with the entries that wait above a hole, and the recalls seen."""

    def __init__(self, copy: Copy) -> None:
        self.copy = copy
        self._beyond: dict[int, Entry] = {}
        # By target: a page that was made before a recall may arrive after its notice.
        self._recalled: dict[int, UserId] = {}

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
        if isinstance(entry.body, RecallNotice):
            self._recalled[entry.body.seq] = entry.sender_id
            if copy.preview.seq == entry.body.seq:
                copy.preview = placeholder(copy.preview, entry.sender_id)
        if entry.seq > copy.high:
            self._keep_beyond(entry)

    def merge(self) -> list[Added | Replaced]:
        """Moves what continues the range into it; gives what the store has to do, in order."""
        copy = self.copy
        added: list[Entry] = []
        replaced: list[Replaced] = []
        while (entry := self._beyond.pop(copy.high + 1, None)) is not None:
            copy.high = entry.seq
            added.append(self._as_it_stands(entry))
            if entry.seq == copy.wanted_read_seq:
                self.move_read(entry.seq, entry.countable)
            if isinstance(entry.body, RecallNotice) and copy.low <= entry.body.seq < entry.seq:
                replaced.append(Replaced(copy.conversation_id, entry.body.seq, entry.sender_id))
        return [Added(tuple(added)), *replaced] if added else []

    def begin_with(self, entry: Entry) -> list[StoreChange]:
        """The range, empty so far, begins with this entry; nobody is told that it is new."""
        self.copy.low = self.copy.high = entry.seq
        return [Added((entry,))]

    def extend_down(self, entries: Iterable[Entry], *, reaches_first: bool) -> list[StoreChange]:
        """Takes in a page that ends right below the range; one that does not is left alone."""
        page = [self._as_it_stands(entry) for entry in entries]
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
        by_user_id = self._recalled.get(entry.seq)
        if by_user_id is None or not isinstance(entry.body, Message):
            return entry
        return placeholder(entry, by_user_id)

    def _see_members(self, entry: Entry, me: UserId) -> None:
        copy, body = self.copy, entry.body
        if isinstance(body, GroupCreated):
            copy.name = copy.name or body.name
        if entry.seq <= copy.member_seq:
            return
        if isinstance(body, GroupCreated | MembersAdded) and me in body.member_ids:
            copy.member, copy.member_seq = True, entry.seq
            copy.first_seq = max(copy.first_seq, entry.seq)
            # What came before is not theirs to see, so it counts as read; the entry itself is not countable.
            self.move_read(entry.seq - 1, entry.countable)
        elif (isinstance(body, MembersRemoved) and me in body.member_ids) or (
            isinstance(body, MemberLeft) and entry.sender_id == me
        ):
            copy.member, copy.member_seq = False, entry.seq
