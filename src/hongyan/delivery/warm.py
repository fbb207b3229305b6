"""The states that delivery keeps warm, and what has to be looked up before a batch can be decided."""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from hongyan.model.commands import MovePositions
from hongyan.model.conversation import (
    NEEDING_FACTS,
    RETRY_WINDOW,
    is_looked_up,
    needed_entries,
    needed_facts,
    trim,
)
from hongyan.model.ids import ConversationId
from hongyan.model.records import AnyBody, Message, Record
from hongyan.model.state import Conversation, new_conversation
from hongyan.ports.state import Hot
from hongyan.ports.store import ConversationRow, ConversationStore
from hongyan.protocol.codec import open_message


class WarmStates:
    """Conversations in memory, at most `capacity` and the unsettled ones; a window of `window` submissions each.

    `cold` has the head at which a conversation was loaded, until the window reaches RETRY_WINDOW back from its head.
    Invariant: what is dropped has been stored, and is not what a batch is being prepared with.
    """

    def __init__(self, store: ConversationStore, hot: Hot, capacity: int, window: int) -> None:
        self._store, self._hot, self._capacity, self._window = store, hot, capacity, window
        self._opened: list[Conversation] = []
        self._states: dict[ConversationId, Conversation] = {}
        self._cold: dict[ConversationId, int] = {}
        self._preparing: Collection[ConversationId] = ()
        self._settled_offset = 0

    def get(self, conversation_id: ConversationId) -> Conversation | None:
        """The state if it is warm."""
        return self._states.get(conversation_id)

    def __len__(self) -> int:
        return len(self._states)

    async def prepare(self, records: Sequence[Record]) -> dict[ConversationId, Conversation]:
        """Makes everything warm that these records' decisions ask for: states, earlier submissions, facts of entries.

        Nothing of that is dropped until this returns; the caller applies the records without waiting for anything.
        """
        self._evict()
        self._preparing = used = {record.conversation_id for record in records}
        try:
            await self._load([conversation_id for conversation_id in used if conversation_id not in self._states])
            await self._look_up_submissions(records)
            await self._look_up_targets(records)
        finally:
            self._preparing = ()
        for conversation_id in used:
            # Least recently used first, for when there are too many.
            self._states[conversation_id] = self._states.pop(conversation_id)
        return self._states

    async def _load(self, missing: Sequence[ConversationId]) -> None:
        if not missing:
            return
        loaded = await self._store.load(missing)
        self._cold.update({key: state.seq for key, state in loaded.items()})
        for conversation_id in missing:
            self._states[conversation_id] = loaded.get(conversation_id) or new_conversation(conversation_id)

    async def _look_up_submissions(self, records: Sequence[Record]) -> None:
        """What is not in the window, of records that must be looked up and of conversations that were cold not long ago."""
        states, cold = self._states, self._cold
        keys = [
            (record.conversation_id, record.sender_id, record.client_msg_id)
            for record in records
            if record.client_msg_id and (is_looked_up(record) or record.conversation_id in cold)
        ]
        keys = [key for key in keys if key[1:] not in states[key[0]].submitted]
        if keys:
            for key, submitted in (await self._store.submissions(keys)).items():
                states[key[0]].submitted[key[1:]] = submitted
        for conversation_id in [key for key in self._preparing if key in cold]:
            if states[conversation_id].seq - cold[conversation_id] >= RETRY_WINDOW:
                del cold[conversation_id]

    async def _look_up_targets(self, records: Sequence[Record]) -> None:
        """The entries and facts that records are about."""
        for state in self._opened:
            state.opened = None
        self._opened = []
        asking = [record for record in records if type(record.command) in NEEDING_FACTS]
        if not asking:
            return
        await self._open(asking)
        states = self._states
        keys = [
            (record.conversation_id, seq)
            for record in asking
            for seq in needed_facts(states[record.conversation_id], record)
        ]
        if keys:
            for (conversation_id, seq), fact in (await self._store.facts(keys)).items():
                states[conversation_id].recent[seq] = fact

    async def _open(self, asking: Iterable[Record]) -> None:
        """Opens the entries that rules look into: the hot ones first, for the store may not have kept them yet."""
        wanted: dict[ConversationId, set[int]] = {}
        for record in asking:
            if type(record.command) is not MovePositions:
                seqs = needed_entries(self._states[record.conversation_id], record)
                wanted.setdefault(record.conversation_id, set()).update(seqs)
        missing: list[tuple[ConversationId, int]] = []
        for conversation_id, asked in wanted.items():
            opened: dict[int, AnyBody] = {}
            state = self._states[conversation_id]
            state.opened = opened
            self._opened.append(state)
            hot = await self._hot.read(conversation_id) if asked else None
            for row in (*hot.replaced, *hot.entries) if hot is not None else ():
                if row.seq in asked:
                    asked.discard(row.seq)
                    _put(opened, row.seq, open_message(row.encoded, row.kind))
            missing += [(conversation_id, seq) for seq in asked]
        if missing:
            for (conversation_id, seq), (kind, encoded) in (await self._store.encoded(missing)).items():
                _put(self._states[conversation_id].opened, seq, open_message(encoded, kind))

    def forget(self, conversation_ids: Iterable[ConversationId]) -> None:
        """Drops states that cannot be trusted any more; all that was decided before them is stored."""
        for conversation_id in conversation_ids:
            self._states.pop(conversation_id, None)
            self._cold.pop(conversation_id, None)

    def settle(self, rows: Sequence[ConversationRow], settled_offset: int) -> None:
        """Everything below the log offset is stored, of these conversations as their rows say: windows may shrink.

        States may go when the next batch comes.
        """
        self._settled_offset = settled_offset
        # A little every time: were it put off, many conversations would shrink at once, and the event loop stand still.
        most = max(self._window, RETRY_WINDOW)
        for row in rows:
            state = self._states.get(row.conversation_id)
            if state is None or row.conversation_id in self._preparing:
                continue
            if len(state.recent) > most or len(state.submitted) > most:
                trim(state, self._window, row.seq, settled_offset - 1)

    def _evict(self) -> None:
        """States beyond the capacity go. Only between batches: a batch under way holds on to its states."""
        excess = len(self._states) - self._capacity
        if excess <= 0:
            return
        settled = (key for key, state in self._states.items() if state.offset < self._settled_offset)
        for conversation_id in list(islice(settled, excess)):
            del self._states[conversation_id]
            self._cold.pop(conversation_id, None)


def _put(opened: dict[int, AnyBody] | None, seq: int, message: Message | None) -> None:
    if opened is not None and message is not None:
        opened[seq] = message
