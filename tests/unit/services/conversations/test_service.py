"""Sync gives a user every conversation that changed, once and in order."""

from hongyan.adapters.state.memory import MemoryHot
from hongyan.adapters.store.memory import MemoryStore
from hongyan.model.ids import ClientMsgId, ConversationId, UserId, single_id
from hongyan.ports.state import HotUpdate
from hongyan.ports.store import ConversationRow, EntryRow, MemberRow, StoreBatch
from hongyan.protocol import frames
from hongyan.services.conversations.service import Conversations, ConversationsOptions

ALICE = UserId("alice")


def row(conversation_id: ConversationId, seq: int, offset: int) -> ConversationRow:
    return ConversationRow(conversation_id, seq, seq, 0, offset, "")


def entry(conversation_id: ConversationId, seq: int) -> EntryRow:
    return EntryRow(conversation_id, seq, seq, UserId("bob"), ClientMsgId(f"m{seq}"), 0, seq, 1, b"entry")


def stored(ids: list[ConversationId]) -> StoreBatch:
    """A conversation at offset 10, the next at 20, and so on."""
    return StoreBatch(
        partition=0,
        next_offset=10 * len(ids) + 1,
        entries=[entry(conversation_id, 1) for conversation_id in ids],
        replaced=[],
        conversations=[row(conversation_id, 1, 10 * place) for place, conversation_id in enumerate(ids, 1)],
        members=[MemberRow(conversation_id, ALICE, 1, 1, 0, 0, 0, 0) for conversation_id in ids],
        silent=[],
        dead=[],
    )


async def test_conversations_that_moved_up_while_a_page_was_cut_hide_no_others() -> None:
    store, hot = MemoryStore(), MemoryHot(1 << 20)
    ids = [single_id(ALICE, UserId(f"u{number}")) for number in range(5)]
    await store.persist(stored(ids))
    for conversation_id, offset in ((ids[0], 100), (ids[1], 110)):
        update = HotUpdate(row(conversation_id, 2, offset), [entry(conversation_id, 2)], [], [], [ALICE])
        await hot.write([update])
    conversations = Conversations(hot, store, ConversationsOptions(sync_page=2))

    seen: list[ConversationId] = []
    page = frames.SyncPage(more=True)
    while page.more:
        page = await conversations.sync(ALICE, frames.Sync(page.cursor))
        seen += [head.conversation_id for head in page.conversations]

    assert seen == [ids[2], ids[3], ids[4], ids[0], ids[1]]
