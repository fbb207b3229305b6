"""People who talk, and their lists: a partition at work, with the services that read what it did."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from hongyan.adapters.state.memory import MemoryHot
from hongyan.model.commands import AddMembers, CreateGroup, Mark, MovePositions, RemoveMembers, SendMessage
from hongyan.model.ids import SYSTEM_USER, ConversationId, UserId
from hongyan.model.personal import Hidden, Topic, hidden_key
from hongyan.protocol import frames
from hongyan.protocol.codec import decode_entry
from hongyan.protocol.codec_content import build_content, parse_content
from hongyan.protocol.content import ContentView, Text
from hongyan.services.conversations.service import Conversations, ConversationsOptions
from hongyan.services.personal.listing import ListedConversation, ListFilters, Listing
from hongyan.services.personal.service import settings_changed
from tests.unit.delivery.worlds import ALICE, BOB, CAROL, GatedStore, record
from tests.unit.delivery.worlds import World as Partition
from tests.unit.services.personal.worlds import World

SINGLE, BOOKS, FILMS = ConversationId("s:alice:bob"), ConversationId("g:books"), ConversationId("g:films")
STATES = ("pushed", "kept", "cold")


class Lists:
    """`state`: whether the store has what was pushed, and whether anything is hot still."""

    def __init__(self, state: str = "kept") -> None:
        self.state = state
        self.store = GatedStore()
        self.partition = Partition(self.store)
        self.world = World()
        self.number = 0
        self.now_ms = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Lists"]:
        """At work."""
        async with self.partition.running():
            if self.state == "pushed":
                self.store.gate.clear()
            yield self
            self.store.gate.set()

    async def take(self, command: object, sender: UserId, to: ConversationId) -> None:
        """A command, decided and in the state asked for."""
        self.number += 1
        await self.partition.take(record(self.number, command, sender=sender, to=to))  # type: ignore[arg-type]  # any
        if self.state != "pushed":
            await self.partition.stored()
        if self.state == "cold":
            self.partition.hot = MemoryHot(1 << 20)

    async def say(
        self,
        to: ConversationId,
        text: str,
        *called: str,
        sender: UserId = BOB,
        everybody: bool = False,
    ) -> None:
        """A text, which calls some."""
        content = build_content(ContentView(Text(text), called, everybody))
        await self.take(SendMessage(1, content, everybody), sender, to)

    async def found(self, group: ConversationId, *others: UserId, by: UserId = BOB) -> None:
        """A group."""
        await self.take(CreateGroup(group[2:], others, 500), by, group)

    async def add(self, group: ConversationId, user_id: UserId) -> None:
        """Bob takes somebody in."""
        await self.take(AddMembers((user_id,), 500), BOB, group)

    async def remove(self, group: ConversationId, user_id: UserId) -> None:
        """Bob puts somebody out."""
        await self.take(RemoveMembers((user_id,)), BOB, group)

    async def read(self, to: ConversationId, seq: int, user_id: UserId = ALICE) -> None:
        """A user has read up to there."""
        await self.take(MovePositions((Mark(user_id, seq, seq),)), SYSTEM_USER, to)

    async def set(self, conversation_id: ConversationId, **fields: object) -> None:
        """Alice changes how she sees a conversation."""
        await self.world.personal.change(
            ALICE, Topic.CONVERSATION, conversation_id, lambda known: settings_changed(known, **fields)
        )

    async def hide(self, conversation_id: ConversationId, *seqs: int) -> None:
        """Alice deletes entries for herself."""
        for seq in seqs:
            await self.world.personal.put(ALICE, Topic.HIDDEN, hidden_key(conversation_id, seq), Hidden())

    @property
    def listing(self) -> Listing:
        """The service, on what is hot now."""
        hot, options = self.partition.hot, ConversationsOptions(page_entries=50)
        conversations = Conversations(hot, self.store, options)
        return Listing(self.world.store, conversations, hot, self.store, lambda: self.now_ms)

    async def listed(self, filters: ListFilters | None = None, user_id: UserId = ALICE) -> list[ListedConversation]:
        """A user's whole list."""
        page = await self.listing.conversation_list(user_id, "", filters)
        assert page.cursor == ""
        return list(page.conversations)

    async def names(self, **filters: object) -> list[str]:
        """The ids of alice's list."""
        asked = ListFilters(**filters)  # type: ignore[arg-type]  # its fields
        return [line.conversation_id for line in await self.listed(asked)]

    async def one(self, conversation_id: ConversationId, user_id: UserId = ALICE) -> ListedConversation:
        """A line of a user's list."""
        return next(line for line in await self.listed(None, user_id) if line.conversation_id == conversation_id)

    async def history(self, to: ConversationId, **request: int) -> tuple[list[int], bool]:
        """The seqs of a page of alice's, and whether there are others."""
        page = await self.listing.history(ALICE, frames.GetEntries(to, **request))  # type: ignore[arg-type]  # its fields
        return [decode_entry(encoded).seq for encoded in page.entries], page.more


def text_in(preview: bytes) -> str:
    """What the entry says."""
    body = decode_entry(preview).body
    return parse_content(body.content).text if hasattr(body, "content") else type(body).__name__


def seqs_of(entries: Sequence[bytes]) -> list[int]:
    """Their seqs."""
    return [decode_entry(encoded).seq for encoded in entries]


__all__ = ["ALICE", "BOB", "BOOKS", "CAROL", "FILMS", "SINGLE", "STATES", "Lists", "seqs_of", "text_in"]
