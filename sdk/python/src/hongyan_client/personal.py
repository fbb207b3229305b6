"""What a user keeps for himself, the same on all of his devices: how he wants to see conversations, drafts, notes on people."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from hongyan.model.ids import parse_conversation_id
from hongyan.model.personal import (
    ME,
    AnyValue,
    Contact,
    ConversationSettings,
    Draft,
    Hidden,
    Item,
    Privacy,
    Profile,
    Relation,
    Settings,
    hidden_key,
)
from hongyan.protocol.codec_personal import encode_value, topic_of
from hongyan.protocol.frames import ItemsChanged, PutItems
from hongyan_client.items import Items

V = TypeVar("V", bound=AnyValue)


class Personal(ABC):
    """Reads answer from the local copy, also without a connection; `put` and what uses it ask the server.

    Those raise RefusedError, ConnectionLostError, and OutcomeUnknownError: then ask again, it does no harm.
    """

    @property
    @abstractmethod
    def _items(self) -> Items: ...

    @abstractmethod
    async def _put(self, asked: PutItems) -> ItemsChanged: ...

    @abstractmethod
    def _countable(self, conversation_id: str) -> int: ...

    @abstractmethod
    def _head(self, conversation_id: str) -> int: ...

    # Any item

    def item(self, kind: type[V], key: str = ME) -> V | None:
        """The item of a kind and key; None when there is none."""
        found = self._items.value(topic_of(kind()), key)
        return found if isinstance(found, kind) else None

    def items(self, kind: type[V]) -> dict[str, V]:
        """All items of a kind by their keys, such as the friends: `client.items(Relation)`."""
        return {key: value for key, value in self._items.of_topic(topic_of(kind())) if isinstance(value, kind)}

    async def put(self, value: AnyValue, key: str = ME) -> None:
        """Keeps an item; the last one to put it wins."""
        await self._put(PutItems((Item(topic_of(value), key, encode_value(value)),)))

    async def remove(self, kind: type[AnyValue], key: str = ME) -> None:
        """Deletes an item."""
        await self._put(PutItems((Item(topic_of(kind()), key, deleted=True),)))

    # Conversations

    def settings_of(self, conversation_id: str) -> ConversationSettings:
        """How the user wants to see a conversation."""
        return self.item(ConversationSettings, conversation_id) or ConversationSettings()

    async def set_pinned(self, conversation_id: str, *, on: bool = True) -> None:
        """Puts a conversation above all others in the list, or back."""
        others = self.items(ConversationSettings).values()
        order = max((each.pin_order for each in others), default=0) + 1 if on else 0
        await self._change(conversation_id, pin_order=order)

    async def set_muted(self, conversation_id: str, *, on: bool = True, until_ms: int = 0) -> None:
        """No sound for new messages, until a moment in milliseconds since 1970 or for good; or sounds again."""
        await self._change(conversation_id, muted=on, muted_until_ms=until_ms if on else 0)

    async def hide(self, conversation_id: str, *, on: bool = True) -> None:
        """Takes a conversation out of the list until something new is said in it, or puts it back."""
        await self._change(conversation_id, hidden=on, hidden_countable=self._countable(conversation_id) if on else 0)

    async def clear(self, conversation_id: str) -> None:
        """Takes all entries so far away, for this user alone."""
        await self._change(conversation_id, cleared_seq=self._head(conversation_id))

    async def set_labels(self, conversation_id: str, labels: Sequence[str]) -> None:
        """The labels of a conversation, instead of those before."""
        await self._change(conversation_id, labels=tuple(labels))

    async def mark_unread(self, conversation_id: str, *, on: bool = True) -> None:
        """Shows a conversation as unread though all is read, or no more."""
        await self._change(conversation_id, marked_unread=on)

    async def save_draft(self, conversation_id: str, text: str, *, quote_seq: int = 0) -> None:
        """Keeps what was begun, for all devices; "" lets go of it."""
        if text:
            await self.put(Draft(text, quote_seq), parse_conversation_id(conversation_id))
        else:
            await self.remove(Draft, parse_conversation_id(conversation_id))

    async def delete_for_me(self, conversation_id: str, seq: int) -> None:
        """Takes an entry away for this user alone, on all of his devices."""
        await self.put(Hidden(), hidden_key(parse_conversation_id(conversation_id), seq))

    def is_deleted_for_me(self, conversation_id: str, seq: int) -> bool:
        """Whether an entry is not to be shown to this user: deleted by him, or cleared."""
        key = parse_conversation_id(conversation_id)
        return seq <= self.settings_of(key).cleared_seq or self.item(Hidden, hidden_key(key, seq)) is not None

    # People

    async def note_contact(self, user_id: str, *, remark: str = "", tags: Sequence[str] = (), note: str = "") -> None:
        """What the user notes about somebody, instead of what he noted before."""
        await self.put(Contact(remark, tuple(tags), note), user_id)

    def friends(self) -> list[str]:
        """The users who are friends of this one."""
        return [user_id for user_id, relation in self.items(Relation).items() if relation.friend]

    def blocked(self) -> list[str]:
        """The users whom this one takes no messages from."""
        return [user_id for user_id, relation in self.items(Relation).items() if relation.blocked]

    @property
    def my_settings(self) -> Settings:
        """What holds for all conversations."""
        return self.item(Settings) or Settings()

    @property
    def my_profile(self) -> Profile:
        """How this user shows himself."""
        return self.item(Profile) or Profile()

    @property
    def my_privacy(self) -> Privacy:
        """What strangers may."""
        return self.item(Privacy) or Privacy()

    async def _change(self, conversation_id: str, **changes: object) -> None:
        key = parse_conversation_id(conversation_id)
        await self.put(msgspec.structs.replace(self.settings_of(key), **changes), key)
