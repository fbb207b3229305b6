"""The states that delivery keeps warm, and what has to be looked up before a batch can be decided."""

import itertools
from collections.abc import Sequence

from hongyan.model.conversation import NEEDING_FACTS, needed_facts, trim
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.records import Record
from hongyan.model.state import Conversation, new_conversation
from hongyan.ports.store import ConversationRow, ConversationStore


class WarmStates:
    """Conversations in memory, at most `capacity` and the unsettled ones; a window of `window` submissions each.

    Invariant: a state that is dropped has been stored whole.
    """

    def __init__(self, store: ConversationStore, capacity: int, window: int) -> None:
        self._store, self._capacity, self._window = store, capacity, window
        self._states: dict[ConversationId, Conversation] = {}
        self._cold: set[ConversationId] = set()
        self._settled_offset = 0

    def get(self, conversation_id: ConversationId) -> Conversation | None:
        """The state if it is warm."""
        return self._states.get(conversation_id)

    def __len__(self) -> int:
        return len(self._states)

    async def prepare(self, records: Sequence[Record]) -> dict[ConversationId, Conversation]:
        """Makes everything warm that these records' decisions ask for: states, earlier submissions, facts of entries.

        A retry is told from a first try by the warm window; the submissions of a conversation that was cold, and those that
        say of themselves that they are retries, are looked up.
        """
        self._evict()
        states = self._states
        await self._load({record.conversation_id for record in records if record.conversation_id not in states})
        cold = self._cold
        asked = [
            (record.conversation_id, record.sender_id, record.client_msg_id)
            for record in records
            if (record.resend or record.conversation_id in cold) and record.client_msg_id
        ]
        if asked:
            await self._look_up([key for key in asked if key[1:] not in states[key[0]].submitted])
        cold.clear()
        wanted = [
            (record.conversation_id, seq)
            for record in records
            if type(record.command) in NEEDING_FACTS
            for seq in needed_facts(states[record.conversation_id], record)
        ]
        if wanted:
            for (conversation_id, seq), fact in (await self._store.facts(wanted)).items():
                states[conversation_id].recent[seq] = fact
        return states

    async def _load(self, missing: set[ConversationId]) -> None:
        if not missing:
            return
        loaded = await self._store.load(list(missing))
        self._cold.update(loaded)
        for conversation_id in missing:
            self._states[conversation_id] = loaded.get(conversation_id) or new_conversation(conversation_id)

    async def _look_up(self, keys: list[tuple[ConversationId, UserId, ClientMsgId]]) -> None:
        if not keys:
            return
        for (conversation_id, sender_id, client_msg_id), submitted in (await self._store.submissions(keys)).items():
            self._states[conversation_id].submitted[sender_id, client_msg_id] = submitted

    def settle(self, rows: Sequence[ConversationRow], settled_offset: int) -> None:
        """Everything below the log offset is stored: windows may shrink, and states may go when the next batch comes."""
        self._settled_offset = settled_offset
        for row in rows:
            state = self._states.get(row.conversation_id)
            if state is not None and len(state.recent) > 2 * self._window:
                trim(state, self._window, row.seq)

    def _evict(self) -> None:
        """States beyond the capacity go, oldest first. Only between batches: a batch under way holds on to its states."""
        excess = len(self._states) - self._capacity
        if excess <= 0:
            return
        settled = (key for key, state in self._states.items() if state.offset < self._settled_offset)
        for conversation_id in list(itertools.islice(settled, excess)):
            del self._states[conversation_id]
