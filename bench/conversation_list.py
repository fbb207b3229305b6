"""How long the list of a user's conversations takes, on SQLite files as a server has them.

    python -m bench.conversation_list --conversations 1000

A third are groups with unread messages, some of which call the user; some conversations are pinned, muted and labelled;
one in fifty is not in the store yet. Prints the milliseconds of asking for all of them in one page, and for the first 50.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from hongyan.adapters.state.memory import MemoryHot
from hongyan.adapters.store.database import Database
from hongyan.adapters.store.items_sqlite import SqliteItemStore
from hongyan.adapters.store.migrate import database_file, migrate
from hongyan.adapters.store.sqlite import SqliteStore
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.personal import ConversationSettings, Item
from hongyan.model.records import Entry, Message
from hongyan.ports.personal import UNBOUNDED
from hongyan.ports.state import HotUpdate
from hongyan.ports.store import ConversationRow, EntryRow, MemberRow, StoreBatch
from hongyan.protocol.codec import encode_entry
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.codec_personal import encode_value
from hongyan.protocol.content import ContentView, Text
from hongyan.services.conversations.service import Conversations, ConversationsOptions
from hongyan.services.personal.listing import Listing

ME, OTHER = UserId("me"), UserId("other")
ENTRIES, UNREAD = 30, 12


def entry_row(conversation_id: ConversationId, seq: int, *, calls_me: bool) -> EntryRow:
    """A text of a usual length."""
    view = ContentView(
        Text(f"message {seq}: shall we meet at the lake tomorrow 明天在湖边见吗"), (ME,) if calls_me else ()
    )
    content, name = build_content(view), ClientMsgId(f"m{seq}")
    entry = Entry(conversation_id, seq, MessageId(seq), OTHER, name, 1_000 + seq, seq, Message(1, content))
    return EntryRow(conversation_id, seq, seq, OTHER, name, 1_000 + seq, seq, 1, encode_entry(entry))


def update_of(number: int) -> HotUpdate:
    """A conversation with everything in it."""
    is_group = number % 3 == 0
    conversation_id = ConversationId(f"g:group-{number}" if is_group else f"s:me:user-{number}")
    rows = [entry_row(conversation_id, seq, calls_me=is_group and seq == ENTRIES - 3) for seq in range(1, ENTRIES + 1)]
    read = ENTRIES - UNREAD if is_group else ENTRIES
    head = ConversationRow(
        conversation_id, ENTRIES, ENTRIES, 1_000_000 + number * 7919 % 100_000, number, f"group {number}"
    )
    member = MemberRow(conversation_id, ME, 1, 1, 0, read, read, ENTRIES)
    return HotUpdate(head, rows, (), [member], [ME, OTHER])


def settings_of(number: int, conversation_id: str) -> Item:
    """How the user wants to see it."""
    settings = ConversationSettings(
        pin_order=number if number % 40 == 0 else 0, muted=number % 5 == 0, labels=("work",) if number % 7 == 0 else ()
    )
    return Item("conversation", conversation_id, encode_value(settings))


async def fill(store: SqliteStore, items: SqliteItemStore, hot: MemoryHot, count: int) -> None:
    """Most of it in the store, a little of it hot only."""
    updates = [update_of(number) for number in range(count)]
    await items.put(
        ME, [settings_of(number, each.conversation.conversation_id) for number, each in enumerate(updates)], UNBOUNDED
    )
    for start in range(0, count, 100):
        some = updates[start : start + 100]
        await hot.write(some[:2])
        kept = some[2:]
        await store.persist(
            StoreBatch(
                0,
                start + 100,
                [row for each in kept for row in each.entries],
                [],
                [each.conversation for each in kept],
                [row for each in kept for row in each.members],
                [],
                [],
            )
        )
    await store.checkpoint()


async def timed(ask: Callable[[], Awaitable[object]], rounds: int) -> tuple[Sequence[float], float]:
    """Milliseconds of each round, after three that do not count; and what one took of all cores together."""
    for _ in range(3):
        await ask()
    found, begun = [], time.process_time()
    for _ in range(rounds):
        start = time.perf_counter()
        await ask()
        found.append((time.perf_counter() - start) * 1_000)
    return found, (time.process_time() - begun) / rounds * 1_000


async def measure(folder: Path, count: int, rounds: int) -> None:
    """Prints."""
    store = SqliteStore(database_file(folder, "message"))
    database = Database(database_file(folder, "conversation"), "items")
    items, hot = SqliteItemStore(database), MemoryHot(64 << 20)
    listing = Listing(items, Conversations(hot, store, ConversationsOptions()), hot, store, lambda: 0)
    try:
        await fill(store, items, hot, count)
        page = await listing.conversation_list(ME, limit=1_000)
        called = sum(line.mentions for line in page.conversations)
        print(
            f"{len(page.conversations)} of {count} conversations listed, {page.unread_total} unread, {called} mentions"
        )
        for limit in (1_000, 50):
            found, cpu = await timed(lambda limit=limit: listing.conversation_list(ME, limit=limit), rounds)  # type: ignore[misc]
            p50, p99 = statistics.median(found), sorted(found)[int(len(found) * 0.99)]
            print(
                f"a page of {limit}: median {p50:.1f} ms, p99 {p99:.1f} ms, best {min(found):.1f} ms; {cpu:.1f} ms of processor"
            )
    finally:
        await store.close()
        await database.close()


def main() -> None:
    """Makes the files in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=100)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for database in ("message", "conversation"):
            migrate(database_file(folder, database), database, in_process=True)
        asyncio.run(measure(folder, asked.conversations, asked.rounds))


if __name__ == "__main__":
    main()
