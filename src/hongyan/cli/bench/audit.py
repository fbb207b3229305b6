"""Reads, over the wire and with fresh connections, what the store holds after a run."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence

from hongyan.cli.bench.client import Client, Faults
from hongyan.cli.bench.messages import Account
from hongyan.cli.bench.observed import Head, Stored, StoredEntry
from hongyan.cli.bench.opening import Opening
from hongyan.model.ids import ConversationId
from hongyan.protocol.codec_scan import ConversationHead
from hongyan.protocol.frames import GetEntries, MarkRequest, Sync

MARK_EVERY = 3
"""Every third user marks half of a conversation as read, so that unread is not a matter of sending alone."""

PATIENCE_S = 5.0
LOOK_S = 0.05
AT_ONCE = 64


class Reader(Client):
    """A fresh device that reads its user's list."""

    def __init__(self, account: Account, faults: Faults) -> None:
        super().__init__(account, faults)
        self.heads: dict[str, ConversationHead] = {}

    def on_heads(self, heads: Iterable[ConversationHead]) -> None:
        """Keeps the newest of each conversation."""
        self.heads.update((head.conversation_id, head) for head in heads)

    async def read_again(self) -> None:
        """The whole list anew."""
        cursor, more = "", True
        while more:
            page = (await self.ask(Sync(cursor))).sync_page
            self.on_heads(page.conversations)
            cursor, more = page.cursor, page.more

    async def mark(self, conversation_id: str, seq: int) -> None:
        """Marks as read up to a seq, and waits until the list shows it; the checker judges if it never does."""
        # A mark may be answered at once or only when it has moved; either way the list tells when it holds.
        self.tell(MarkRequest(ConversationId(conversation_id), seq, 0))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while self.heads[conversation_id].read_seq < seq:
                    await asyncio.sleep(LOOK_S)
                    await self.read_again()

    async def history(self, conversation_id: str) -> Stored:
        """Every entry, from the first on."""
        entries: list[StoredEntry] = []
        seq, more = 0, True
        while more:
            page = (await self.ask(GetEntries(ConversationId(conversation_id), seq))).entry_page
            entries += [
                StoredEntry(entry.seq, entry.client_msg_id, entry.sender_id, entry.HasField("message"))
                for entry in page.entries
            ]
            more = page.more and bool(page.entries)
            seq = entries[-1].seq if entries else 0
        return Stored(conversation_id, entries)


class Audit:
    """What the readers found."""

    def __init__(self, url: str, accounts: Sequence[Account]) -> None:
        self._accounts = accounts
        self._opening = Opening(url, lambda k: Reader(accounts[k], Faults()))
        self.stored: dict[str, Stored] = {}
        self.heads: list[Head] = []

    async def read(self) -> None:
        """Reads everything. Raises what a connection raises."""
        ks = iter(range(len(self._accounts)))
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._read_some(ks))

    async def _read_some(self, ks: Iterable[int]) -> None:
        for k in ks:
            reader = await self._opening.open(k)
            assert isinstance(reader, Reader)
            await self._read_user(k, reader)
            reader.cut()

    async def _read_user(self, k: int, reader: Reader) -> None:
        for conversation_id, head in list(reader.heads.items()):
            marked = head.seq // 2 if k % MARK_EVERY == 0 else 0
            if marked:
                await reader.mark(conversation_id, marked)
            now = reader.heads[conversation_id]
            self.heads.append(Head(conversation_id, reader.account.user_id, now.seq, now.unread, marked))
            if conversation_id not in self.stored:
                # Taken before it is read, so that of two members only one reads it.
                self.stored[conversation_id] = Stored(conversation_id, [])
                self.stored[conversation_id] = await reader.history(conversation_id)
