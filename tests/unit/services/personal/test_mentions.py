"""Mentions are counted no further back than a bound, and what is hot is not read twice."""

from hongyan.adapters.state.memory import MemoryHot
from hongyan.adapters.store.memory import MemoryStore
from hongyan.model.ids import ClientMsgId, MessageId
from hongyan.model.records import AnyBody, Entry, MemberLeft, Message
from hongyan.ports.store import EntryRow
from hongyan.protocol.codec import encode_entry
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.content import ContentView, Text
from hongyan.services.personal.mentions import SPAN_SEQS, Mentions, Stretch, calls
from tests.contract.rows import ALICE, BOB, GROUP, batch, entry, head, member, update


def said(seq: int, *called: str) -> Entry:
    return entry_of(seq, Message(1, build_content(ContentView(Text("hi"), called))))


def entry_of(seq: int, body: AnyBody) -> Entry:
    return Entry(GROUP, seq, MessageId(seq), BOB, ClientMsgId(f"m{seq}"), 1, seq, body)


def row(seq: int, *called: str) -> EntryRow:
    return entry(seq, encode_entry(said(seq, *called)), GROUP)


def test_only_messages_call() -> None:
    assert calls(said(1, "alice"), ALICE)
    assert not calls(said(1, "carol"), ALICE)
    assert not calls(entry_of(1, MemberLeft()), ALICE)


async def test_what_lies_further_back_than_the_bound_is_not_counted_but_told() -> None:
    store, hot, last = MemoryStore(), MemoryHot(1 << 20), SPAN_SEQS + 10
    rows = [row(seq, "alice") for seq in range(1, last + 1)]
    await store.persist(batch(2, [head(last, 1, GROUP)], rows, [member(ALICE, 0, GROUP)]))
    counted = await Mentions(hot, store).count(ALICE, [Stretch(GROUP, 1, last)])
    assert (counted.counts, counted.cut) == ({GROUP: SPAN_SEQS}, {GROUP})
    counted = await Mentions(hot, store).count(ALICE, [Stretch(GROUP, 11, last)])
    assert (counted.counts, counted.cut) == ({GROUP: SPAN_SEQS}, set())


async def test_what_is_hot_and_stored_counts_once() -> None:
    store, hot = MemoryStore(), MemoryHot(1 << 20)
    rows = [row(seq, "alice") for seq in range(1, 5)]
    await store.persist(batch(2, [head(4, 1, GROUP)], rows, [member(ALICE, 0, GROUP)]))
    await hot.write([update(head(4, 1, GROUP), rows[2:])])
    counted = await Mentions(hot, store).count(ALICE, [Stretch(GROUP, 2, 4)])
    assert counted.counts == {GROUP: 3}
