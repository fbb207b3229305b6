"""What can be rebuilt: the hot head of conversations, and where users are connected."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from hongyan.model.ids import ConversationId, UserId
from hongyan.model.state import Settings
from hongyan.ports.store import ConversationRow, EntryRow, MemberRow


class HotUpdate(msgspec.Struct, frozen=True, gc=False):
    """What a batch did to one conversation: its new head, entries, replaced entries, members and settings that changed.

    `audience` are the present members after the batch, shared and not copied: whoever of them syncs before the store
    has kept the batch must find it, though his own row did not change.
    """

    conversation: ConversationRow
    entries: Sequence[EntryRow]
    replaced: Sequence[EntryRow]
    members: Sequence[MemberRow]
    audience: Sequence[UserId]
    settings: Settings | None = None


class HotConversation(msgspec.Struct, frozen=True):
    """What is hot of a conversation. `entries` are the newest, without holes, ascending, up to the head.

    `replaced` are those below them, ascending, that the store still shows as they were before they were replaced.
    `settings` are None when the store has them as they are. `member_count` is that of the present members.
    """

    conversation: ConversationRow
    entries: Sequence[EntryRow]
    replaced: Sequence[EntryRow] = ()
    settings: Settings | None = None
    member_count: int = 0


class Hot(Protocol):
    """The newest of each conversation, written before routes are looked up.

    Whatever the store has not kept yet is here; beyond that, entries are let go oldest first at a bound of bytes.
    """

    async def write(self, updates: Sequence[HotUpdate]) -> None:
        """Takes in a batch, before anything of it is pushed."""
        ...

    async def settle(self, conversations: Sequence[ConversationRow]) -> None:
        """Says that the store has kept these conversations up to their rows' offsets."""
        ...

    async def read(self, conversation_id: ConversationId) -> HotConversation | None:
        """What is hot of a conversation; None when nothing is."""
        ...

    async def membership(self, conversation_id: ConversationId, user_id: UserId) -> MemberRow | None:
        """The newest known membership; None when it is not hot, which says nothing about the user."""
        ...

    async def changed(self, conversation_id: ConversationId) -> Sequence[MemberRow]:
        """The members, former ones too, of whom the store has not kept yet what they are now."""
        ...

    async def unsettled(self, user_id: UserId) -> Sequence[tuple[ConversationRow, MemberRow | None]]:
        """The user's conversations, left ones too, that the store has not kept yet as they are now.

        Where the membership is None it is not hot and did not change: the store has it.
        """
        ...

    def knows(self, conversation_id: ConversationId) -> bool:
        """Whether the conversation surely exists; False says nothing. Never waits."""
        ...


class Routes(Protocol):
    """Which gateway holds connections of a user."""

    async def register(self, user_id: UserId, gateway: int) -> None:
        """Says so; before the connection syncs. May be repeated."""
        ...

    async def unregister(self, user_id: UserId, gateway: int) -> None:
        """The gateway's last connection of the user is gone."""
        ...

    async def locate(self, user_ids: Sequence[UserId]) -> Mapping[int, Sequence[UserId]]:
        """By gateway, the users that may be connected there; a gateway passes over those it does not have."""
        ...
