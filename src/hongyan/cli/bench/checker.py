"""The verdict: did every promise about messages hold in this run? Records of what was seen in, counts out."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from hongyan.cli.bench.observed import Arrivals, Head, Observed, Sent, Stored

SAMPLES = 5


class Verdict(msgspec.Struct):
    """How often each promise was broken, and sentences about the first of each kind."""

    lost: int = 0
    duplicated: int = 0
    misordered: int = 0
    holes: int = 0
    unread_wrong: int = 0
    samples: dict[str, list[str]] = {}

    @property
    def is_clean(self) -> bool:
        """Whether nothing was broken."""
        return not (self.lost or self.duplicated or self.misordered or self.holes or self.unread_wrong)

    def add(self, kind: str, sentence: str, count: int = 1) -> None:
        """Counts a fault and keeps its sentence if it is among the first."""
        setattr(self, kind, getattr(self, kind) + count)
        sentences = self.samples.setdefault(kind, [])
        if len(sentences) < SAMPLES:
            sentences.append(sentence)


class _History:
    """A conversation as it is stored, ready to be asked."""

    def __init__(self, stored: Stored) -> None:
        self.entries = stored.entries
        self.place = {entry.client_msg_id: entry.seq for entry in stored.entries if entry.client_msg_id}
        self.seqs = {entry.seq for entry in stored.entries}
        self.last_seq = max(self.seqs, default=0)
        self.countable = sorted(entry.seq for entry in stored.entries if entry.countable)
        self.own_seq: defaultdict[str, int] = defaultdict(int)
        for entry in stored.entries:
            self.own_seq[entry.sender_id] = max(entry.seq, self.own_seq[entry.sender_id])


def check(observed: Observed) -> Verdict:
    """Holds what was seen against the promises."""
    verdict = Verdict()
    histories: defaultdict[str, _History] = defaultdict(lambda: _History(Stored("", [])))
    histories.update({stored.conversation_id: _History(stored) for stored in observed.stored})
    _check_names(observed, verdict)
    for stored in observed.stored:
        _check_holes(stored, verdict)
    for sent in observed.sent:
        _check_sent(sent, histories[sent.conversation_id], verdict)
    for arrivals in observed.arrivals:
        _check_order(arrivals, verdict)
        _check_delivery(arrivals, histories[arrivals.conversation_id], verdict)
    for head in observed.heads:
        _check_head(head, histories[head.conversation_id], verdict)
    return verdict


def _check_names(observed: Observed, verdict: Verdict) -> None:
    """An id has one seq and a seq one id, whoever tells: pushes, receipts or the store."""
    seqs_of: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    ids_of: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for conversation_id, seq, client_msg_id in _names(observed):
        if client_msg_id:
            seqs_of[conversation_id, client_msg_id].add(seq)
            ids_of[conversation_id, seq].add(client_msg_id)
    for (conversation_id, client_msg_id), seqs in seqs_of.items():
        if len(seqs) > 1:
            sentence = f"{client_msg_id} of {conversation_id} has the seqs {sorted(seqs)}"
            verdict.add("duplicated", sentence, len(seqs) - 1)
    for (conversation_id, seq), ids in ids_of.items():
        if len(ids) > 1:
            verdict.add("duplicated", f"seq {seq} of {conversation_id} was given to {sorted(ids)}", len(ids) - 1)


def _names(observed: Observed) -> Iterable[tuple[str, int, str]]:
    for naming in observed.namings:
        for seq, client_msg_id in zip(naming.seqs, naming.ids, strict=True):
            yield naming.conversation_id, seq, client_msg_id
    for sent in observed.sent:
        for seq, client_msg_id in zip(sent.receipt_seqs, sent.receipt_ids, strict=True):
            yield sent.conversation_id, seq, client_msg_id
    for stored in observed.stored:
        for entry in stored.entries:
            yield stored.conversation_id, entry.seq, entry.client_msg_id


def _check_holes(stored: Stored, verdict: Verdict) -> None:
    """A fresh reader sees 1, 2, 3 … in this order."""
    highest = 0
    for entry in stored.entries:
        if entry.seq > highest + 1:
            sentence = f"{stored.conversation_id} has no entry {highest + 1} to {entry.seq - 1}"
            verdict.add("holes", sentence, entry.seq - highest - 1)
        elif entry.seq <= highest:
            verdict.add("misordered", f"{stored.conversation_id} was read with {entry.seq} after {highest}")
        highest = max(highest, entry.seq)


def _check_sent(sent: Sent, history: _History, verdict: Verdict) -> None:
    """What has a receipt is stored, and a sender's messages are stored in the order of sending."""
    for client_msg_id in dict.fromkeys(sent.receipt_ids):
        if client_msg_id not in history.place:
            verdict.add("lost", f"{client_msg_id} has a receipt and is not in {sent.conversation_id}")
    highest = 0
    for client_msg_id in sent.ids:
        seq = history.place.get(client_msg_id)
        if seq is None:
            continue
        if seq < highest:
            sentence = f"{client_msg_id} has seq {seq}, below {highest} of one that its sender sent before"
            verdict.add("misordered", sentence)
        highest = max(highest, seq)


def _check_order(arrivals: Arrivals, verdict: Verdict) -> None:
    """At a connection, seqs only rise: one that comes again is a duplicate, one that comes late is misplaced."""
    highest = 0
    seen: set[int] = set()
    for first, last in arrivals.runs:
        where = f"{arrivals.connection} was pushed {arrivals.conversation_id} {first}"
        if first <= highest:
            again = sum(1 for seq in range(first, last + 1) if seq in seen)
            late = sum(1 for seq in range(first, min(last, highest) + 1) if seq not in seen)
            if again:
                verdict.add("duplicated", f"{where} again", again)
            if late:
                verdict.add("misordered", f"{where} after {highest}", late)
        seen.update(range(first, last + 1))
        highest = max(highest, last)
    echoed = seen.intersection(arrivals.own_seqs)
    if echoed:
        sentence = (
            f"{arrivals.connection} was pushed its own {arrivals.conversation_id} {min(echoed)} beside the receipt"
        )
        verdict.add("duplicated", sentence, len(echoed))


def _check_delivery(arrivals: Arrivals, history: _History, verdict: Verdict) -> None:
    """Whoever was online from its sync to the end of the run got every entry above that sync's head, and no other."""
    got = set(arrivals.own_seqs)
    for first, last in arrivals.runs:
        got.update(range(first, last + 1))
    unknown = got - history.seqs
    if unknown:
        sentence = f"{arrivals.connection} got {arrivals.conversation_id} {min(unknown)}, which is not stored"
        verdict.add("lost", sentence, len(unknown))
    missing = [seq for seq in history.seqs - got if seq > arrivals.since_seq] if arrivals.until_end else []
    if missing:
        sentence = f"{arrivals.connection} was online and never got {arrivals.conversation_id} {min(missing)}"
        verdict.add("lost", sentence, len(missing))


def _check_head(head: Head, history: _History, verdict: Verdict) -> None:
    """The list's head is the last entry, and its unread counts others' messages after what was read or sent."""
    where = f"{head.user_id}'s list shows {head.conversation_id}"
    if head.seq != history.last_seq:
        sentence = f"{where} up to {head.seq}, stored is {history.last_seq}"
        verdict.add("holes", sentence, abs(head.seq - history.last_seq))
    read_seq = max(history.own_seq.get(head.user_id, 0), head.marked_seq)
    expected = len(history.countable) - bisect_right(history.countable, read_seq)
    if head.unread != expected:
        verdict.add("unread_wrong", f"{where} with {head.unread} unread, {expected} is right")
