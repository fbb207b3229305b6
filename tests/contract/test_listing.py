"""What every store promises to the list of conversations (hongyan.ports.store.ListReader)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Entry, Message
from hongyan.ports.store import MENTION_MARK, READ_BYTES, HeadRow
from hongyan.protocol.codec import encode_entry
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.content import ContentView, Text
from tests.contract.adapters import STORES, Store
from tests.contract.rows import ALICE, BOB, CAROL, GROUP, SINGLE, batch, entries_of, entry, head, member


@pytest.fixture(params=list(STORES))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Each adapter, empty."""
    adapter = STORES[request.param]
    store = await asyncio.to_thread(adapter.open, tmp_path)
    yield store
    await adapter.close(store)


async def test_outlines_are_heads_without_previews_the_last_changed_ones(store: Store) -> None:
    rows = [head(2, 5), head(1, 8, GROUP, "读书会")]
    members = [member(ALICE, 1), member(ALICE, 0, GROUP), member(BOB)]
    await store.persist(batch(9, rows, entries_of(1, 2) + entries_of(1, 1, GROUP), members))
    found = sorted(await store.outlines(ALICE, 10), key=lambda row: row.conversation.offset)
    assert found == [HeadRow(rows[0], members[0], b""), HeadRow(rows[1], members[1], b"")]
    assert [row.conversation.conversation_id for row in await store.outlines(ALICE, 1)] == [GROUP]
    assert list(await store.outlines(CAROL, 10)) == []


async def test_for_one_who_left_the_outline_is_as_it_was_then(store: Store) -> None:
    members = [member(CAROL, 0, GROUP)]
    await store.persist(batch(2, [head(2, 1, GROUP)], entries_of(1, 2, GROUP), members))
    gone = member(CAROL, 0, GROUP, left=3)
    await store.persist(batch(4, [head(3, 3, GROUP)], entries_of(3, 3, GROUP), [gone]))
    await store.persist(batch(9, [head(9, 8, GROUP)], entries_of(4, 9, GROUP)))
    assert list(await store.outlines(CAROL, 10)) == [HeadRow(head(3, 3, GROUP), gone, b"")]


async def test_entries_are_read_at_many_places_at_once(store: Store) -> None:
    await store.persist(
        batch(2, [head(3, 1), head(1, 1, GROUP)], [*entries_of(1, 3), entry(1, b"other", GROUP)], [member(ALICE)])
    )
    found = await store.at([(SINGLE, 2), (GROUP, 1), (GROUP, 2), (ConversationId("g:none"), 1)])
    assert found == {(SINGLE, 2): b"entry 2", (GROUP, 1): b"other"}
    assert await store.at([]) == {}


async def test_a_read_at_many_places_is_bounded_in_bytes(store: Store) -> None:
    large = bytes(READ_BYTES // 2)
    await store.persist(batch(2, [head(4, 1)], [entry(seq, large) for seq in range(1, 5)], [member(ALICE)]))
    assert len(await store.at([(SINGLE, seq) for seq in range(1, 5)])) == 2


def said(seq: int, *mentioned: str, everybody: bool = False) -> bytes:
    content = build_content(ContentView(Text(f"text {seq}"), mentioned, everybody))
    return encode_entry(Entry(GROUP, seq, MessageId(seq), UserId("bob"), ClientMsgId("m"), 1, seq, Message(1, content)))


async def test_messages_that_call_somebody_are_found_in_many_ranges(store: Store) -> None:
    assert MENTION_MARK in said(1, "alice")
    assert MENTION_MARK in said(1, everybody=True)
    assert MENTION_MARK not in said(1)
    encoded = {1: said(1, "alice"), 2: said(2), 3: said(3, everybody=True), 4: said(4, "carol"), 5: said(5, "alice")}
    rows = [entry(seq, each, GROUP) for seq, each in encoded.items()]
    rows.append(entry(6, MENTION_MARK, GROUP, kind=0))
    other = [entry(1, said(1, "alice")), entry(2, said(2))]
    await store.persist(batch(2, [head(6, 1, GROUP), head(2, 1)], rows + other, [member(ALICE)]))
    found = await store.calling([(GROUP, 2, 4), (SINGLE, 1, 9), (GROUP, 6, 6)], 10)
    assert sorted(found) == sorted([encoded[3], encoded[4], said(1, "alice")])
    assert len(await store.calling([(GROUP, 1, 6)], 2)) == 2
    assert list(await store.calling([], 10)) == []
