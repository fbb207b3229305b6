"""The state port inside one process: plain dictionaries, changed between two awaits and so never seen half done.

Conversations that the store has kept wholly are let go, least recently used first, when there are too many bytes.
Those it has not are found by user in a single or system conversation, and in a short list where they are groups: so a
message costs no more in a group of ten thousand, and who syncs asks the few groups that are unsettled at that moment.
"""

from collections.abc import Iterable, Mapping, Sequence

from hongyan.model.ids import ConversationId, UserId, fixed_members
from hongyan.model.state import Settings
from hongyan.ports.state import HotConversation, HotUpdate
from hongyan.ports.store import ConversationRow, EntryRow, MemberRow

# What an object costs beside the bytes it carries, measured with tracemalloc.
_ENTRY_OVERHEAD_BYTES = 450
_MEMBER_BYTES = 300
_CONVERSATION_BYTES = 1_000


class _Warm:
    """One conversation.

    `replaced`, `changed` and `settings` hold what the store has not kept, with the offset of the batch that brought it;
    `settled_offset` and `settled_seq` are the highest that the store was said to have kept.
    """

    __slots__ = (
        "audience",
        "changed",
        "entries",
        "listeners",
        "members",
        "replaced",
        "row",
        "settings",
        "settled_offset",
        "settled_seq",
        "size_bytes",
    )

    def __init__(self, row: ConversationRow, audience: Sequence[UserId]) -> None:
        self.row = row
        self.audience = audience
        self.listeners: frozenset[UserId] | None = None
        self.entries: list[EntryRow] = []
        self.members: dict[UserId, MemberRow] = {}
        self.changed: dict[UserId, int] = {}
        self.replaced: dict[int, tuple[int, EntryRow]] = {}
        self.settings: tuple[int, Settings] | None = None
        self.settled_offset = -1
        self.settled_seq = 0
        self.size_bytes = _CONVERSATION_BYTES

    @property
    def is_settled(self) -> bool:
        return self.settled_offset >= self.row.offset

    def take(self, update: HotUpdate) -> None:
        """Moves on to the state after a batch, which is newer than the one at hand."""
        self.row = row = update.conversation
        if self.audience is not update.audience:
            self.audience = update.audience
            self.listeners = None
        if update.entries:
            self._extend(update.entries)
        for entry in update.replaced:
            self._replace(entry, row.offset)
        if update.settings is not None:
            self.settings = (row.offset, update.settings)
        members = self.members
        known = len(members)
        for member in update.members:
            members[member.user_id] = member
            self.changed[member.user_id] = row.offset
        self.size_bytes += (len(members) - known) * _MEMBER_BYTES

    def _extend(self, new: Sequence[EntryRow]) -> None:
        entries = self.entries
        if entries:
            head_seq = entries[-1].seq
            if new[0].seq <= head_seq:
                # A replay after a failure may cut its batches elsewhere: what is here already stays.
                new = [entry for entry in new if entry.seq > head_seq]
            elif new[0].seq != head_seq + 1:
                # The window has no holes; what lies before one is the store's to show.
                self.size_bytes -= _size_of_all(entries)
                entries.clear()
        entries.extend(new)
        self.size_bytes += _size_of_all(new)

    def _replace(self, entry: EntryRow, offset: int) -> None:
        # Kept apart as well, because the window may move past it before the store has kept it.
        before = self.replaced.get(entry.seq)
        self.size_bytes += _size_of(entry) - (0 if before is None else _size_of(before[1]))
        self.replaced[entry.seq] = (offset, entry)
        entries = self.entries
        index = entry.seq - entries[0].seq if entries else -1
        if 0 <= index < len(entries):
            self.size_bytes += len(entry.encoded) - len(entries[index].encoded)
            entries[index] = entry

    def settle(self, row: ConversationRow, keep: int) -> None:
        """Notes what the store has kept, and trims to `keep` entries without touching what it has not."""
        self.settled_offset = max(self.settled_offset, row.offset)
        self.settled_seq = max(self.settled_seq, row.seq)
        self._forget_kept()
        entries = self.entries
        excess = len(entries) - keep
        if excess > 0:
            excess = min(excess, self.settled_seq - entries[0].seq + 1)
            if excess > 0:
                self.size_bytes -= _size_of_all(entries[:excess])
                del entries[:excess]

    def _forget_kept(self) -> None:
        if self.settings is not None and self.settings[0] <= self.settled_offset:
            self.settings = None
        if self.is_settled:
            self.size_bytes -= sum(_size_of(entry) for _, entry in self.replaced.values())
            self.replaced.clear()
            self.changed.clear()
            return
        settled = self.settled_offset
        for seq in [seq for seq, (offset, _) in self.replaced.items() if offset <= settled]:
            self.size_bytes -= _size_of(self.replaced.pop(seq)[1])
        for user_id in [user_id for user_id, offset in self.changed.items() if offset <= settled]:
            del self.changed[user_id]

    def concerns(self, user_id: UserId) -> bool:
        """Whether the user is in, or was in before what the store has not kept."""
        if self.listeners is None:
            self.listeners = frozenset(self.audience)
        return user_id in self.listeners or user_id in self.changed

    def view(self) -> HotConversation:
        """What is hot, as of now."""
        entries = tuple(self.entries)
        first_seq = entries[0].seq if entries else self.row.seq + 1
        replaced = tuple(self.replaced[seq][1] for seq in sorted(self.replaced) if seq < first_seq)
        settings = self.settings[1] if self.settings else None
        return HotConversation(self.row, entries, replaced, settings, len(self.audience))


class MemoryHot:
    """Hot conversations in memory.

    `capacity_bytes` bounds what is kept beyond need; what the store has not kept stays at any cost, and is bounded
    by how far delivery may run ahead of the store. `keep_entries` is how many settled entries a conversation keeps.
    """

    def __init__(self, capacity_bytes: int, keep_entries: int = 64) -> None:
        self._capacity_bytes = capacity_bytes
        self._keep_entries = keep_entries
        self._conversations: dict[ConversationId, _Warm] = {}
        self._settled: dict[ConversationId, None] = {}
        self._unsettled_by_user: dict[UserId, dict[ConversationId, None]] = {}
        self._unsettled_groups: dict[ConversationId, _Warm] = {}
        self._size_bytes = 0

    @property
    def size_bytes(self) -> int:
        """About how much memory is taken."""
        return self._size_bytes

    async def write(self, updates: Sequence[HotUpdate]) -> None:
        """Takes in a batch, before anything of it is pushed."""
        conversations = self._conversations
        for update in updates:
            conversation_id = update.conversation.conversation_id
            warm = conversations.get(conversation_id)
            if warm is None:
                warm = conversations[conversation_id] = _Warm(update.conversation, update.audience)
                self._size_bytes += _CONVERSATION_BYTES
                self._note_unsettled(conversation_id, warm)
            elif update.conversation.offset <= warm.row.offset:
                continue
            elif warm.is_settled:
                del self._settled[conversation_id]
                self._note_unsettled(conversation_id, warm)
            before = warm.size_bytes
            warm.take(update)
            self._size_bytes += warm.size_bytes - before
        self._shrink()

    async def settle(self, conversations: Sequence[ConversationRow]) -> None:
        """Says that the store has kept these conversations up to their rows' offsets."""
        for row in conversations:
            warm = self._conversations.get(row.conversation_id)
            if warm is None:
                continue
            was_settled = warm.is_settled
            before = warm.size_bytes
            warm.settle(row, self._keep_entries)
            self._size_bytes += warm.size_bytes - before
            if warm.is_settled and not was_settled:
                self._note_settled(row.conversation_id)
        self._shrink()

    async def read(self, conversation_id: ConversationId) -> HotConversation | None:
        """What is hot of a conversation; None when nothing is."""
        warm = self._conversations.get(conversation_id)
        if warm is None:
            return None
        if conversation_id in self._settled:
            del self._settled[conversation_id]
            self._settled[conversation_id] = None
        return warm.view()

    async def membership(self, conversation_id: ConversationId, user_id: UserId) -> MemberRow | None:
        """The newest known membership; None when it is not hot, which says nothing about the user."""
        warm = self._conversations.get(conversation_id)
        return None if warm is None else warm.members.get(user_id)

    async def changed(self, conversation_id: ConversationId) -> Sequence[MemberRow]:
        """The members, former ones too, of whom the store has not kept yet what they are now."""
        warm = self._conversations.get(conversation_id)
        return () if warm is None else [warm.members[user_id] for user_id in warm.changed]

    async def unsettled(self, user_id: UserId) -> Sequence[tuple[ConversationRow, MemberRow | None]]:
        """The user's conversations, left ones too, that the store has not kept yet as they are now."""
        found = [self._conversations[conversation_id] for conversation_id in self._unsettled_by_user.get(user_id, ())]
        found.extend(warm for warm in self._unsettled_groups.values() if warm.concerns(user_id))
        return [(warm.row, warm.members.get(user_id)) for warm in found]

    def knows(self, conversation_id: ConversationId) -> bool:
        """Whether the conversation surely exists; False says nothing. Never waits."""
        warm = self._conversations.get(conversation_id)
        return warm is not None and warm.row.seq > 0

    def _note_unsettled(self, conversation_id: ConversationId, warm: _Warm) -> None:
        users = fixed_members(conversation_id)
        if not users:
            self._unsettled_groups[conversation_id] = warm
        for user_id in users:
            self._unsettled_by_user.setdefault(user_id, {})[conversation_id] = None

    def _note_settled(self, conversation_id: ConversationId) -> None:
        self._settled[conversation_id] = None
        self._unsettled_groups.pop(conversation_id, None)
        for user_id in fixed_members(conversation_id):
            conversations = self._unsettled_by_user[user_id]
            del conversations[conversation_id]
            if not conversations:
                del self._unsettled_by_user[user_id]

    def _shrink(self) -> None:
        while self._size_bytes > self._capacity_bytes and self._settled:
            conversation_id = next(iter(self._settled))
            del self._settled[conversation_id]
            self._size_bytes -= self._conversations.pop(conversation_id).size_bytes


class LocalRoutes:
    """Routes where there is one gateway: it holds whoever is connected, so nothing needs to be asked or noted."""

    def __init__(self, gateway: int) -> None:
        self._gateway = gateway

    async def register(self, user_id: UserId, gateway: int) -> None:
        """Nothing to say: the gateway knows its own connections."""

    async def unregister(self, user_id: UserId, gateway: int) -> None:
        """Nothing to say."""

    async def locate(self, user_ids: Sequence[UserId]) -> Mapping[int, Sequence[UserId]]:
        """Everybody may be at the one gateway, which passes over those it does not have."""
        return {self._gateway: user_ids}


def _size_of(entry: EntryRow) -> int:
    return _ENTRY_OVERHEAD_BYTES + len(entry.encoded)


def _size_of_all(entries: Iterable[EntryRow]) -> int:
    """About how much memory entries take."""
    return sum([_ENTRY_OVERHEAD_BYTES + len(entry.encoded) for entry in entries])
