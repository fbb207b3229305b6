"""This installed client: its copies, its outbox and its store, fed by a connection whenever there is one."""

import asyncio
import random
import time
from collections.abc import Sequence

import msgspec

from hongyan.model.commands import AnyCommand, RequestJoin
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Entry
from hongyan.protocol.client import Received
from hongyan.protocol.codec import decode_entry
from hongyan.protocol.frames import (
    Connected,
    ErrorReply,
    ItemPage,
    ItemsChanged,
    Positions,
    Push,
    ReceiptReply,
    Resync,
    SignalPush,
    Submit,
    SyncPage,
)
from hongyan.protocol.frames import Presences as PresencesFrame
from hongyan_client.connection import Connection
from hongyan_client.errors import ClientError, ClosedError, RefusedError, StoreError
from hongyan_client.events import EntryAdded, EventQueue, ItemChanged, SignalReceived, SubmissionRefused
from hongyan_client.ids import new_client_msg_id
from hongyan_client.items import ItemChanges, Items
from hongyan_client.keeper import Keeper
from hongyan_client.options import ClientOptions
from hongyan_client.outbox import Outbox, Pending
from hongyan_client.presences import Presences
from hongyan_client.replica import Page, Pull, Replica
from hongyan_client.store import Store

REST_S = 0.5
"""How long a refused submission rests when the server does not say."""
REMARK_EVERY_S = 30.0


class Sent(msgspec.Struct, frozen=True):
    """A submission is durable, at its place in the order. `time_ms` is the server's, in milliseconds since 1970."""

    conversation_id: ConversationId
    client_msg_id: ClientMsgId
    seq: int
    message_id: MessageId
    time_ms: int


class Device:
    """Takes frames in and decides what to store, tell, ask and send. Everything here happens on one event loop."""

    def __init__(self, store: Store, options: ClientOptions) -> None:
        self.events = EventQueue(options.events)
        self.keeper = Keeper(store, self._kept)
        self.replica = Replica(UserId(""))
        self.outbox = Outbox()
        self.items = Items()
        self.presences = Presences()
        self.cursor = ""
        self.synced = False
        self.connection: Connection | None = None
        self.ended: ClientError | None = None
        # Set while there is something to do, or a state holds; all are set at the end, so that nobody waits for ever.
        self.sync_wanted, self.pull_wanted, self.items_wanted = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.online, self.in_step = asyncio.Event(), asyncio.Event()
        self._options = options
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(options.outbox)
        self._waiting: dict[ClientMsgId, asyncio.Future[Sent]] = {}
        self._marking: asyncio.TimerHandle | None = None
        self._remark_at_s = 0.0

    async def open(self) -> None:
        """Goes on from what the store holds. Raises StoreError."""
        kept = await self.keeper.open()
        self.replica = Replica(kept.user_id, kept.copies)
        self.outbox = Outbox(kept.pending, pipeline=self._options.pipeline)
        self.items = Items(kept.items, kept.items_version)
        self.cursor, self.synced = kept.cursor, kept.synced
        self._room = asyncio.Semaphore(max(0, self._options.outbox - len(self.outbox)))

    # The connection comes and goes

    def came_up(self, connection: Connection, welcome: Connected) -> None:
        """A connection is open. Raises StoreError when it speaks for another user than the store's."""
        if self.replica.me and self.replica.me != welcome.user_id:
            raise StoreError(f"the store belongs to {self.replica.me}, and the token to {welcome.user_id}")
        if not self.replica.me:
            self.replica.me = welcome.user_id
            self.keeper.note(user_id=welcome.user_id)
        self.connection = connection
        self.outbox.window = welcome.limits.pending_submissions
        self.items.hear(welcome.items_version)
        self.take_sync_page(welcome.sync_page)
        self.replica.forget_marks()
        self._remark_at_s = self._loop.time() + REMARK_EVERY_S
        self.online.set()
        self.pull_wanted.set()
        self.pump()
        self._mark_soon()

    def went_down(self) -> None:
        """The connection is gone: what was on its way is sent again on the next one."""
        self.connection = None
        self.outbox.ground()
        if self.ended is None:
            self.online.clear()
            self.in_step.clear()

    def tick(self, now_s: float) -> None:
        """To be called every second or so while there is a connection."""
        self.outbox.ground_before(now_s - self._options.receipt_timeout_s)
        if now_s >= self._remark_at_s:
            # A mark that the server lost is told by nobody; this heals it.
            self._remark_at_s = now_s + REMARK_EVERY_S
            self.replica.forget_marks()
            self._mark_soon()
        self.pump()

    def end(self, error: ClientError) -> None:
        """It is over: everybody who waits is told why."""
        self.ended = error
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(error)
        self._waiting.clear()
        self.events.close(None if isinstance(error, ClosedError) else error)
        for event in (self.online, self.in_step, self.sync_wanted, self.pull_wanted, self.items_wanted):
            event.set()
        for _ in range(self._options.outbox):
            self._room.release()

    # In

    def take(self, received: Sequence[Received]) -> None:
        """One packet: all its frames are taken in before gaps are judged."""
        for item in received:
            event = item.frame.event
            if isinstance(event, Push):
                self.replica.take_entries(map(decode_entry, event.entries))
            elif isinstance(event, ReceiptReply):
                self._take_receipt(event)
            elif isinstance(event, ErrorReply) and isinstance(item.command, Submit):
                self._take_refusal(item.command.client_msg_id, event)
            elif isinstance(event, Positions):
                self.replica.take_positions(event)
            elif isinstance(event, SignalPush):
                self.events.put(SignalReceived(event.conversation_id, event.sender_id, event.kind))
            elif isinstance(event, ItemsChanged | PresencesFrame):
                self._take_personal(event)
            elif isinstance(event, Resync):
                self.sync_wanted.set()
        self.settle()
        self.pump()

    def _take_personal(self, event: ItemsChanged | PresencesFrame) -> None:
        if isinstance(event, ItemsChanged):
            self._keep_items(self.items.take_changed(event))
            return
        for presence in self.presences.take(event):
            self.events.put(presence)

    def take_items(self, page: ItemPage) -> None:
        """A page of the user's items."""
        self._keep_items(self.items.take_page(page))
        self.settle()

    def take_sync_page(self, page: SyncPage) -> None:
        """Conversations changed since the cursor; asks on by itself while there are more."""
        for head in page.conversations:
            preview = decode_entry(head.preview) if head.preview else None
            self.replica.take_head(head, preview, fresh=not self.synced)
        self.cursor = page.cursor
        self.synced = self.synced or not page.more
        self.settle(more_to_sync=page.more)
        self.keeper.note(cursor=self.cursor, synced=self.synced)
        if page.more:
            self.sync_wanted.set()

    def take_page(self, pull: Pull, page: Page) -> bool:
        """The answer to a pull; says whether it brought the conversation further."""
        further = self.replica.take_page(pull, page)
        self.settle()
        return further

    async def resolve_read(self, conversation_id: ConversationId, seq: int) -> bool:
        """Looks a read position's countable number up in the store; False when the entry is not there."""
        for entry in await self.keeper.read(conversation_id, seq, seq, 1, backward=False):
            self.replica.resolve_read(conversation_id, seq, entry.countable)
            self.settle()
            return True
        return False

    def settle(self, *, more_to_sync: bool = False) -> None:
        """Hands what was taken in to the store, to the reader of events, and to those who ask and mark."""
        settled = self.replica.settle()
        if settled.copies:
            self.keeper.take(settled)
        for event in settled.events:
            if isinstance(event, EntryAdded) and event.entry.sender_id == self.replica.me:
                self._finish_by_entry(event.entry)
            if isinstance(event, EntryAdded) and self.replica.is_head_wanted(event.entry):
                self.sync_wanted.set()
                self.in_step.clear()
            self.events.put(event)
        if self.replica.holes() or self.replica.unresolved():
            self.pull_wanted.set()
            self.in_step.clear()
        elif self.connection is not None and not (more_to_sync or self.sync_wanted.is_set() or self.items.behind):
            self.in_step.set()
        if self.items.behind:
            self.items_wanted.set()
            self.in_step.clear()
        self._mark_soon()
        if self.keeper.behind and self.connection is not None:
            self.connection.pause_reading()

    # Out

    async def submit(
        self, conversation_id: ConversationId, command: AnyCommand, own: ClientMsgId | None = None
    ) -> Sent:
        """Keeps a command, sends it as soon as may be, and waits for its receipt. Raises RefusedError, or what ended.

        `own` is an id of the caller's, under which an earlier run may have sent it. Raises ValueError while it waits here.
        """
        await self._room.acquire()
        try:
            self.check_running()
            if own is not None and self.outbox.get(own) is not None:
                raise ValueError(f"{own} is on its way already")
        except BaseException:
            self._room.release()
            raise
        submit = Submit(conversation_id, own or new_client_msg_id(), command)
        receipt: asyncio.Future[Sent] = self._loop.create_future()
        self._waiting[submit.client_msg_id] = receipt
        self.keeper.put(self.outbox.put(submit, time.time_ns() // 1_000_000, sent=own is not None))
        try:
            return await receipt
        finally:
            self._waiting.pop(submit.client_msg_id, None)

    def pump(self) -> None:
        """Sends what may be sent now."""
        connection = self.connection
        if connection is not None and connection.is_open and connection.writable:
            for item in self.outbox.take(self._loop.time()):
                connection.post(item.frame())

    def check_running(self) -> None:
        """Raises what ended the client, if it has ended."""
        if self.ended is not None:
            raise self.ended

    def _keep_items(self, changes: ItemChanges) -> None:
        self.keeper.take_items(changes, self.items.version)
        for item in changes.items:
            self.events.put(ItemChanged(item.topic, item.key, self.items.value(item.topic, item.key)))

    def _kept(self, items: Sequence[Pending]) -> None:
        """The store has them, so they may go out: what a killed process had sent is then known to the next."""
        for item in items:
            self.outbox.release(item)
        if self.connection is not None:
            self.connection.resume_reading()
        self.pump()

    def _take_receipt(self, receipt: ReceiptReply) -> None:
        facts = receipt.submitted
        item = self.outbox.finish(facts.client_msg_id)
        if item is None:
            return
        self.replica.take_receipt(item.submit, facts)
        if isinstance(item.submit.command, RequestJoin):
            # An open group has let this user in at once; the list tells.
            self.sync_wanted.set()
        self._finished(
            item, Sent(item.submit.conversation_id, facts.client_msg_id, facts.seq, facts.message_id, facts.time_ms)
        )

    def _finish_by_entry(self, entry: Entry) -> None:
        """Its entry came before its receipt, as after a restart."""
        item = self.outbox.finish(entry.client_msg_id) if entry.client_msg_id else None
        if item is not None:
            stamps = (entry.seq, entry.message_id, entry.time_ms)
            self._finished(item, Sent(entry.conversation_id, entry.client_msg_id, *stamps))

    def _finished(self, item: Pending, sent: Sent) -> None:
        self.keeper.done(item.submit.client_msg_id)
        self._room.release()
        waiting = self._waiting.pop(item.submit.client_msg_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(sent)

    def _take_refusal(self, client_msg_id: ClientMsgId, reply: ErrorReply) -> None:
        if not reply.permanent:
            # At least as long as the server says, and up to twice that: others were refused at the same moment.
            least_s = reply.retry_after_ms / 1000 or REST_S
            delay_s = random.uniform(least_s, 2 * least_s)
            self.outbox.rest(client_msg_id, self._loop.time() + delay_s)
            # A little later than it rests: a loop's timers may be early by the clock's resolution.
            self._loop.call_later(delay_s + 0.002, self.pump)
            return
        item = self.outbox.finish(client_msg_id)
        if item is None:
            return
        self.keeper.done(client_msg_id)
        self._room.release()
        waiting, error = self._waiting.pop(client_msg_id, None), RefusedError(reply)
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)
        else:
            self.events.put(SubmissionRefused(item.submit.conversation_id, client_msg_id, error))

    def _mark_soon(self) -> None:
        if self._marking is None and self.connection is not None and self.replica.has_marks:
            self._marking = self._loop.call_later(self._options.mark_every_s, self._send_marks)

    def _send_marks(self) -> None:
        self._marking = None
        if self.connection is not None and self.connection.is_open:
            for mark in self.replica.marks():
                self.connection.post(mark)
