"""While a connection holds: asks for what changed, and for the entries that are missing."""

import asyncio

from hongyan.model.ids import ConversationId
from hongyan.protocol.codec import decode_entry
from hongyan.protocol.frames import EntryPage, GetEntries, GetItems, ItemPage, Sync, SyncPage, WatchPresence
from hongyan_client.connection import Connection
from hongyan_client.device import Device
from hongyan_client.errors import ConnectionLostError, OutcomeUnknownError, RefusedError
from hongyan_client.options import ClientOptions
from hongyan_client.replica import Page, Pull

PULLS_AT_ONCE = 4
PATIENCE_S = 0.1
RETRY_FIRST_S, RETRY_LAST_S = 0.2, 10.0


class CatchUp:
    """The questions of one connection. Its tasks end when the connection does."""

    def __init__(self, device: Device, connection: Connection, options: ClientOptions) -> None:
        self._device, self._connection, self._options = device, connection, options
        self._asking: set[ConversationId] = set()
        self._free = asyncio.Semaphore(PULLS_AT_ONCE)

    async def run(self) -> None:
        """Asks whenever there is something to ask, until the connection is lost."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._sync())
                group.create_task(self._pull_all(group))
                group.create_task(self._fetch_items())
                group.create_task(self._watch_again())
        except* ConnectionLostError:
            # Whoever serves the connection sees the same, and the next connection begins anew.
            pass

    async def _sync(self) -> None:
        device, failures = self._device, 0
        while True:
            await device.sync_wanted.wait()
            device.sync_wanted.clear()
            device.in_step.clear()
            try:
                page = await self._connection.ask(Sync(device.cursor), self._options.request_timeout_s)
            except (OutcomeUnknownError, RefusedError) as error:
                failures += 1
                device.sync_wanted.set()
                await asyncio.sleep(_delay_s(failures, error))
                continue
            failures = 0
            assert isinstance(page, SyncPage), "the answer to sync"
            device.take_sync_page(page)

    async def _fetch_items(self) -> None:
        device, failures = self._device, 0
        while True:
            await device.items_wanted.wait()
            device.items_wanted.clear()
            try:
                await self._items_above()
                failures = 0
            except (OutcomeUnknownError, RefusedError) as error:
                failures += 1
                device.items_wanted.set()
                await asyncio.sleep(_delay_s(failures, error))

    async def _items_above(self) -> None:
        """All pages above what is known."""
        cursor, since = "", self._device.items.version
        while True:
            page = await self._connection.ask(GetItems(since, cursor), self._options.request_timeout_s)
            assert isinstance(page, ItemPage), "the answer to get_items"
            self._device.take_items(page)
            if not page.more:
                return
            cursor = page.cursor

    async def _watch_again(self) -> None:
        """A server forgets whom a device watches when the device goes. The answer is taken in as pushes are."""
        watched, failures = self._device.presences.watched, 0
        while watched:
            try:
                await self._connection.ask(WatchPresence(watched), self._options.request_timeout_s)
                return
            except OutcomeUnknownError as error:
                failures += 1
                await asyncio.sleep(_delay_s(failures, error))
            except RefusedError as error:
                if error.permanent:
                    return
                failures += 1
                await asyncio.sleep(_delay_s(failures, error))

    async def _pull_all(self, group: asyncio.TaskGroup) -> None:
        device = self._device
        while True:
            await device.pull_wanted.wait()
            device.pull_wanted.clear()
            for pull in device.replica.holes():
                if pull.conversation_id not in self._asking:
                    await self._free.acquire()
                    self._asking.add(pull.conversation_id)
                    group.create_task(self._pull(pull.conversation_id))
            await self._resolve_reads()

    async def _pull(self, conversation_id: ConversationId) -> None:
        """Pulls one conversation until it has no hole."""
        device, failures = self._device, 0
        try:
            if device.replica.is_live_hole(conversation_id):
                # What is pushed may overtake itself; most such holes close by themselves.
                await asyncio.sleep(PATIENCE_S)
            while (pull := device.replica.hole(conversation_id)) is not None:
                try:
                    further = device.take_page(pull, await self._page(pull))
                    failures = 0 if further else failures + 1
                    error = None
                except (OutcomeUnknownError, RefusedError) as caught:
                    failures, error = failures + 1, caught
                if failures:
                    await asyncio.sleep(_delay_s(failures, error))
        finally:
            self._asking.discard(conversation_id)
            self._free.release()

    async def _page(self, pull: Pull) -> Page:
        question = GetEntries(pull.conversation_id, pull.after, limit=self._options.page_entries)
        page = await self._connection.ask(question, self._options.request_timeout_s)
        assert isinstance(page, EntryPage), "the answer to get_entries"
        return page_of(page)

    async def _resolve_reads(self) -> None:
        """Looks up how many countable entries lie below read positions that came without the number."""
        device = self._device
        for conversation_id, seq in device.replica.unresolved():
            if await device.resolve_read(conversation_id, seq):
                continue
            try:
                question = GetEntries(conversation_id, seq - 1, limit=1)
                page = await self._connection.ask(question, self._options.request_timeout_s)
            except (OutcomeUnknownError, RefusedError):
                continue
            assert isinstance(page, EntryPage), "the answer to get_entries"
            for entry in page_of(page).entries:
                if entry.seq == seq:
                    device.replica.resolve_read(conversation_id, seq, entry.countable)
                    device.settle()


def page_of(page: EntryPage) -> Page:
    """A page with its entries decoded."""
    return Page(tuple(map(decode_entry, page.entries)), page.more, page.too_long_restart_seq)


def _delay_s(failures: int, error: Exception | None) -> float:
    """How long to wait before asking again."""
    told_s = error.retry_after_ms / 1000 if isinstance(error, RefusedError) else 0.0
    return max(told_s, min(RETRY_LAST_S, RETRY_FIRST_S * 2.0 ** min(failures, 10)))
