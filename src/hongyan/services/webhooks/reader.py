"""From the log and the stored entries to events: an own reader at its own position.

A record is a submission, not yet an event: delivery may have refused it or known it already. What it did stands in the
store, which delivery fills in its own time; so the reader follows the log no further than the store has come, and looks
there what became of each record. Delivery does nothing for it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from hongyan.model.codes import Overloaded, StorageFull, Unavailable
from hongyan.model.commands import MovePositions
from hongyan.model.ids import ClientMsgId, ConversationId, ConversationKind, UserId, fixed_members, kind_of
from hongyan.model.records import Record, Submitted
from hongyan.ports.clock import Clock
from hongyan.ports.log import Log
from hongyan.ports.store import MemberRow
from hongyan.ports.webhooks import DeliveryRow, Outbox, WebhookRow
from hongyan.protocol.codec_hooks import body_of
from hongyan.services.webhooks.events import COMMAND, Invocation, invocation_in, type_of
from hongyan.services.webhooks.service import Webhooks
from hongyan.telemetry import get_logger

logger = get_logger(__name__)

_RECORDS = 500
_NOTED_RECORDS = 2_000
_POLL_S = 0.05
_TROUBLE_S = 1.0


class Stored(Protocol):
    """What is asked of the store; see ports.store."""

    async def submissions(
        self, keys: Sequence[tuple[ConversationId, UserId, ClientMsgId]]
    ) -> Mapping[tuple[ConversationId, UserId, ClientMsgId], Submitted]:
        """See ConversationStore."""
        ...

    async def facts(self, keys: Sequence[tuple[ConversationId, int]]) -> Mapping[tuple[ConversationId, int], Submitted]:
        """See ConversationStore."""
        ...

    async def entries(
        self, conversation_id: ConversationId, low_seq: int, high_seq: int, limit: int, *, backward: bool
    ) -> Sequence[tuple[int, bytes]]:
        """See HistoryReader."""
        ...

    async def membership(self, conversation_id: ConversationId, user_id: UserId) -> MemberRow | None:
        """See HistoryReader."""
        ...


class Shown(msgspec.Struct, frozen=True):
    """An entry that a record made."""

    conversation_id: ConversationId
    seq: int
    message_id: int
    sender_id: UserId


BotsFor = Callable[[Invocation], Sequence[UserId]]
"""The bots that answer to a command."""


class Sources(msgspec.Struct, frozen=True):
    """Where the reader reads. `stored` is the offset after the last record whose effects are in the store."""

    log: Log
    store: Stored
    stored: Callable[[], int]
    bots_for: BotsFor
    clock: Clock


class EventReader:
    """Follows the one partition of the log. `position` is None while it needs nothing of the log."""

    def __init__(self, sources: Sources, webhooks: Webhooks, outbox: Outbox) -> None:
        self._sources, self._webhooks, self._outbox = sources, webhooks, outbox
        self._at = 0
        self._noted: int | None = None
        self.missed_records = 0

    @property
    def position(self) -> int | None:
        """The lowest offset that it may still have to read, after a crash too."""
        return self._noted if self._webhooks.wanted.is_set() else None

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            await self._webhooks.wanted.wait()
            position = await self._outbox.position()
            self._at = self._noted = await self._sources.log.end(0) if position is None else position
            while self._webhooks.wanted.is_set():
                try:
                    await self._step()
                except (Overloaded, StorageFull) as error:
                    # Nothing was taken in, and the log keeps it: the same step comes again.
                    logger.warning("the reader of events waits", reason=str(error))
                    await asyncio.sleep(_TROUBLE_S)

    async def _step(self) -> None:
        try:
            batch = await self._sources.log.read(0, self._at - 1, _RECORDS)
        except Unavailable:
            await self._pass_over()
            return
        while self._sources.stored() <= self._at:
            # Not a moment later for a push: only this reader waits, while delivery gathers what it stores.
            await asyncio.sleep(_POLL_S)
        records = batch.records[: self._sources.stored() - self._at]
        rows, end = await self._derive(records), self._at + len(records)
        if rows or end - (self._noted or 0) >= _NOTED_RECORDS:
            await self._webhooks.gather(rows, end)
            self._noted = end
        self._at = end

    async def _pass_over(self) -> None:
        """The log was trimmed past this reader, which had fallen behind the bound: goes on with the oldest there is."""
        low, high = self._at, await self._sources.log.end(0)
        while low < high:
            middle = (low + high) // 2
            try:
                await self._sources.log.read(0, middle - 1, 1)
                high = middle
            except Unavailable:
                low = middle + 1
        missed = high - self._at
        self.missed_records += missed
        logger.error("webhooks fell behind the log; events were missed", records=missed, from_offset=self._at)
        self._at = high

    async def _derive(self, records: Sequence[Record]) -> list[DeliveryRow]:
        shown = await self._shown(records)
        by_conversation: dict[ConversationId, list[Shown]] = defaultdict(list)
        for entry in shown:
            by_conversation[entry.conversation_id].append(entry)
        rows: list[DeliveryRow] = []
        for conversation_id, entries in by_conversation.items():
            encoded = await self._encoded(conversation_id, entries)
            for entry in entries:
                if entry.seq in encoded:
                    rows += await self._rows(entry, encoded[entry.seq])
        return rows

    async def _shown(self, records: Sequence[Record]) -> list[Shown]:
        """The entries that records made, in order."""
        asked = [record for record in records if record.client_msg_id and type(record.command) is not MovePositions]
        keys = {record.message_id: (record.conversation_id, record.sender_id, record.client_msg_id) for record in asked}
        found = await self._sources.store.submissions(list(dict.fromkeys(keys.values()))) if keys else {}
        shown: list[Shown] = []
        for record in asked:
            submitted = found.get(keys[record.message_id])
            if submitted is None or submitted.message_id < record.message_id:
                continue  # refused, or seen before
            seq = submitted.seq
            if submitted.message_id > record.message_id:
                seq = await self._seq_of(record, submitted.seq)
            if seq:
                shown.append(Shown(record.conversation_id, seq, record.message_id, record.sender_id))
        return shown

    async def _seq_of(self, record: Record, below: int) -> int:
        """The seq of an entry whose key was used again for a later one: ids ascend with seqs. 0: it made none."""
        low, high = 1, below - 1
        while low <= high:
            middle = (low + high) // 2
            key = (record.conversation_id, middle)
            fact = (await self._sources.store.facts([key])).get(key)
            if fact is None:
                return 0
            if fact.message_id == record.message_id:
                return middle
            low, high = (middle + 1, high) if fact.message_id < record.message_id else (low, middle - 1)
        return 0

    async def _encoded(self, conversation_id: ConversationId, entries: Sequence[Shown]) -> dict[int, bytes]:
        low, high = min(entry.seq for entry in entries), max(entry.seq for entry in entries)
        found: dict[int, bytes] = {}
        while low <= high:
            # The store gives so many bytes at a time.
            page = await self._sources.store.entries(conversation_id, low, high, high - low + 1, backward=False)
            if not page:
                break
            found.update(page)
            low = page[-1][0] + 1
        return found

    async def _rows(self, entry: Shown, encoded: bytes) -> list[DeliveryRow]:
        """What the webhooks hear of an entry."""
        body, text = body_of(encoded)
        invocation = invocation_in(text)
        rows = self._for_all(entry, type_of(body), "", f"evt_{entry.message_id}")
        for bot_id in await self._invoked(entry, invocation) if invocation else ():
            rows += self._for_all(entry, COMMAND, bot_id, f"cmd_{entry.message_id}_{bot_id}")
        return rows

    def _for_all(self, entry: Shown, type_: str, bot_id: str, event_id: str) -> list[DeliveryRow]:
        now_ms = self._sources.clock()
        return [
            DeliveryRow(
                0, webhook.webhook_id, event_id, type_, entry.conversation_id, entry.seq, bot_id, since_ms=now_ms
            )
            for webhook in self._webhooks.active()
            if _wants(webhook, type_, bot_id)
        ]

    async def _invoked(self, entry: Shown, invocation: Invocation) -> list[UserId]:
        """The bots that are meant: those that know the command and were there at the entry's place."""
        bots = [bot_id for bot_id in self._sources.bots_for(invocation) if bot_id != entry.sender_id]
        if kind_of(entry.conversation_id) is not ConversationKind.GROUP:
            members = fixed_members(entry.conversation_id)
            return [bot_id for bot_id in bots if bot_id in members]
        return [bot_id for bot_id in bots if await self._was_there(entry, bot_id)]

    async def _was_there(self, entry: Shown, user_id: UserId) -> bool:
        member = await self._sources.store.membership(entry.conversation_id, user_id)
        if member is None or member.joined_seq > entry.seq:
            return False
        return not member.left_seq or entry.seq <= member.left_seq


def _wants(webhook: WebhookRow, type_: str, bot_id: str) -> bool:
    if webhook.bot_id:
        return type_ == COMMAND and webhook.bot_id == bot_id
    return not webhook.events or type_ in webhook.events
