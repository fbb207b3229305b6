"""What clients saw of a server's life, and whether it kept its promises. Pure: no clock, no connection.

Every look at an entry goes into one book: pushes, receipts, pages, copies, before a kill and after it. Two looks that do not
agree are a fault, whoever made them. What is left to judge at the end is whether anything is missing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

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
)
from hongyan.protocol.codec_content import parse_content
from hongyan.protocol.frames import ConversationHead

Ident = tuple[ConversationId, UserId, str]
"""A submission: conversation, sender, client_msg_id."""

MOST_SENTENCES = 30


class Place(msgspec.Struct, frozen=True):
    """What a receipt says."""

    seq: int
    message_id: int
    time_ms: int


class Said(msgspec.Struct, frozen=True):
    """A message that somebody wanted to send: the `number`-th of its sender in this conversation."""

    conversation_id: ConversationId
    sender_id: UserId
    number: int
    text: str


class Faults:
    """Broken promises, counted; the first of them in words."""

    def __init__(self) -> None:
        self.count = 0
        self.sentences: list[str] = []

    def add(self, sentence: str) -> None:
        """One more."""
        self.count += 1
        if len(self.sentences) < MOST_SENTENCES:
            self.sentences.append(sentence)

    def __str__(self) -> str:
        return "\n".join([f"{self.count} faults", *self.sentences])


class Ledger:
    """The book. `loose` are texts whose order is free, for the server refused them for a moment."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.said: dict[str, Said] = {}
        self.acknowledged: dict[Ident, Place] = {}
        self.recalled: set[tuple[ConversationId, int]] = set()
        self.loose: set[str] = set()
        self.looks = 0
        self._numbers: Counter[tuple[ConversationId, UserId]] = Counter()
        self._entries: dict[tuple[ConversationId, int], tuple[Entry, str]] = {}
        self._places: dict[Ident, tuple[Place, str]] = {}
        self._where: dict[int, tuple[ConversationId, int]] = {}

    def say(self, conversation_id: ConversationId, sender_id: UserId, filler: str = "") -> Said:
        """A text that nobody has sent yet."""
        number = self._numbers[conversation_id, sender_id] = self._numbers[conversation_id, sender_id] + 1
        text = f"{conversation_id} {sender_id} {number} {filler}"
        said = self.said[text] = Said(conversation_id, sender_id, number, text)
        return said

    def acknowledge(self, ident: Ident, place: Place, source: str) -> None:
        """A receipt came: from here on this must be found, at this place."""
        self.looks += 1
        self.acknowledged[ident] = place
        self._note_place(ident, place, source)

    def look(self, entry: Entry, source: str) -> None:
        """Somebody saw an entry."""
        self.looks += 1
        where = (entry.conversation_id, entry.seq)
        known = self._entries.get(where)
        if known is None or (type(known[0].body) is Message and type(entry.body) is Recalled):
            self._entries[where] = (entry, source)
        if known is not None:
            self._compare(known, (entry, source))
            return
        other = self._where.setdefault(entry.message_id, where)
        if other != where:
            self.faults.add(f"{where} has the message_id of {other} ({source})")
        if entry.client_msg_id:
            ident = (entry.conversation_id, entry.sender_id, entry.client_msg_id)
            self._note_place(ident, Place(entry.seq, entry.message_id, entry.time_ms), source)
        self._note_text(entry, source)

    def is_seen(self, ident: Ident) -> bool:
        """Whether a submission was seen anywhere."""
        return ident in self._places

    def _compare(self, known: tuple[Entry, str], seen: tuple[Entry, str]) -> None:
        if known[0] == seen[0]:
            return
        (one, here), (other, there) = known, seen
        if _bare(one) == _bare(other) and Recalled in (type(one.body), type(other.body)):
            return
        self.faults.add(f"{one.conversation_id} {one.seq} is {one} ({here}) and {other} ({there})")

    def _note_place(self, ident: Ident, place: Place, source: str) -> None:
        known, here = self._places.setdefault(ident, (place, source))
        if known != place:
            self.faults.add(f"{ident} stands at {known} ({here}) and at {place} ({source})")

    def _note_text(self, entry: Entry, source: str) -> None:
        if type(entry.body) is not Message:
            return
        text = parse_content(entry.body.content).text
        said = self.said.get(text)
        if said is None or (said.conversation_id, said.sender_id) != (entry.conversation_id, entry.sender_id):
            self.faults.add(f"{entry} was never sent ({source})")


def _bare(entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, body=MemberLeft())


class View(msgspec.Struct):
    """What one user was given by a fresh device: the list, and every entry that may be seen."""

    user_id: UserId
    heads: dict[ConversationId, ConversationHead] = {}
    entries: dict[ConversationId, list[Entry]] = {}


def check_truth(ledger: Ledger, truth: Mapping[ConversationId, Sequence[Entry]]) -> Faults:
    """Holds whole histories, as fetched by members from the beginning to now, against all that was seen and told."""
    faults = Faults()
    for conversation_id, entries in truth.items():
        _check_order(conversation_id, entries, faults)
        _check_senders(ledger, entries, faults)
    for ident, place in ledger.acknowledged.items():
        history = truth.get(ident[0], ())
        if place.seq and not 1 <= place.seq <= len(history):
            faults.add(f"{ident} has a receipt for {place} and is missing: the history ends at {len(history)}")
        elif place.seq:
            _check_acknowledged(ident, place, history[place.seq - 1], faults)
    for conversation_id, seq in ledger.recalled:
        history = truth.get(conversation_id, ())
        if seq <= len(history) and type(history[seq - 1].body) is not Recalled:
            faults.add(f"{conversation_id} {seq} was recalled and shows its message")
    return faults


def _check_acknowledged(ident: Ident, place: Place, entry: Entry, faults: Faults) -> None:
    found = (entry.conversation_id, entry.sender_id, entry.client_msg_id)
    if found != ident or Place(entry.seq, entry.message_id, entry.time_ms) != place:
        faults.add(f"{ident} has a receipt for {place}, where {entry} stands")


def _check_order(conversation_id: ConversationId, entries: Sequence[Entry], faults: Faults) -> None:
    """1, 2, 3 … without a hole or a double; time never runs backwards; countable counts messages."""
    countable, time_ms = 0, 0
    for seq, entry in enumerate(entries, 1):
        countable += type(entry.body) in (Message, Recalled)
        if entry.seq != seq:
            faults.add(f"{conversation_id} has {entry.seq} where {seq} belongs")
            return
        if entry.time_ms < time_ms:
            faults.add(f"{conversation_id} {seq} is older than the entry before it")
        if entry.countable != countable:
            faults.add(f"{conversation_id} {seq} counts {entry.countable} messages, {countable} are there")
        time_ms = entry.time_ms


def _check_senders(ledger: Ledger, entries: Sequence[Entry], faults: Faults) -> None:
    """Each text once, and each sender's in the order of sending."""
    last: dict[UserId, int] = {}
    seen: dict[str, int] = {}
    idents: dict[tuple[UserId, str], int] = {}
    for entry in entries:
        ident = (entry.sender_id, entry.client_msg_id)
        if entry.client_msg_id and ident in idents:
            faults.add(f"{entry.conversation_id} {entry.seq} is {ident}, as {idents[ident]} is")
        idents[ident] = entry.seq
        if type(entry.body) is not Message:
            continue
        text = parse_content(entry.body.content).text
        said = ledger.said.get(text)
        if said is None:
            faults.add(f"{entry} was never sent")
            continue
        if text in seen:
            faults.add(f"{entry.conversation_id} {entry.seq} doubles {seen[text]}")
        seen[text] = entry.seq
        if text in ledger.loose:
            continue
        if said.number < last.get(said.sender_id, 0):
            faults.add(f"{entry.conversation_id} {entry.seq} is number {said.number} of {said.sender_id}, out of order")
        last[said.sender_id] = said.number


def check_view(view: View, truth: Mapping[ConversationId, Sequence[Entry]]) -> Faults:
    """Holds what one user is given against the whole histories: what may be seen, the heads, and a naive unread count."""
    faults = Faults()
    for conversation_id, history in truth.items():
        visible, is_member = visible_to(view.user_id, conversation_id, history)
        entries, head = view.entries.get(conversation_id, []), view.heads.get(conversation_id)
        if entries != visible:
            faults.add(_difference(f"{view.user_id} is given of {conversation_id}", entries, visible))
        if not visible:
            continue
        if head is None:
            faults.add(f"{view.user_id}'s list does not show {conversation_id}")
            continue
        unread = naive_unread(view.user_id, head.read_seq, visible) if is_member else 0
        told = (head.seq, head.countable, head.unread, head.member)
        right = (visible[-1].seq, visible[-1].countable, unread, is_member)
        if told != right:
            faults.add(f"{view.user_id}'s list shows {conversation_id} as {told}, right is {right}")
        own = max((entry.seq for entry in visible if entry.sender_id == view.user_id), default=0)
        if is_member and head.read_seq < own:
            faults.add(f"{view.user_id} has read {conversation_id} to {head.read_seq} and sent {own}")
    return faults


def naive_unread(user_id: UserId, read_seq: int, visible: Iterable[Entry]) -> int:
    """Messages of others above the read position, counted one by one."""
    return sum(
        entry.seq > read_seq and entry.sender_id != user_id and type(entry.body) in (Message, Recalled)
        for entry in visible
    )


def visible_to(user_id: UserId, conversation_id: str, history: Sequence[Entry]) -> tuple[list[Entry], bool]:
    """What a user may see of a history, and whether he is in at its end: worked out from the entries alone."""
    if not conversation_id.startswith("g:"):
        return (list(history), True) if user_id in conversation_id.split(":")[1:] else ([], False)
    first, last = 0, 0
    for entry in history:
        body = entry.body
        if isinstance(body, GroupCreated | MembersAdded) and user_id in body.member_ids:
            first, last = entry.seq, 0
        elif (isinstance(body, MembersRemoved) and user_id in body.member_ids) or (
            isinstance(body, MemberLeft) and entry.sender_id == user_id
        ):
            last = entry.seq
    if not first:
        return [], False
    return list(history[first - 1 : last or None]), not last


def check_copy(name: str, copy: Sequence[Entry], visible: Sequence[Entry]) -> Faults:
    """A device's copy is the end of what it may see: entry by entry, from where it begins."""
    faults = Faults()
    expected = [entry for entry in visible if copy and entry.seq >= copy[0].seq]
    if list(copy) != expected or (visible and not copy):
        faults.add(_difference(name, copy, expected or visible))
    return faults


def _difference(name: str, found: Sequence[Entry], right: Sequence[Entry]) -> str:
    for one, other in zip(found, right, strict=False):
        if one != other:
            return f"{name} {one} where {other} belongs"
    ends = [f"{entries[0].seq}-{entries[-1].seq}" if entries else "nothing" for entries in (found, right)]
    return f"{name} {ends[0]}, right is {ends[1]}"
