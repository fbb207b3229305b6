"""Everything the server has of a user, as JSON lines."""

from collections.abc import AsyncIterator, Sequence

import msgspec

from hongyan.model.ids import ConversationId, UserId
from hongyan.model.personal import Topic
from hongyan.ports.clock import Clock
from hongyan.protocol import frames
from hongyan.protocol.codec_personal import decode_value
from hongyan.protocol.plain import Plain, entry_value
from hongyan.services.departures.service import Involved
from hongyan.services.relations.records import RequestsAsked
from hongyan.services.users.throttle import Rate, Throttle

_EXPORTS_PER_DAY = 5
_PAGE = 500
_ENTRIES = 100  # making lines of them holds the loop for a few milliseconds
_VERSION = 1


class Exports:
    """Writes what a user may take along: his account, people, items, conversations, and every entry that he may see."""

    def __init__(self, involved: Involved, clock: Clock) -> None:
        self._involved, self._clock = involved, clock
        self._throttle = Throttle(clock)

    async def begin(self, user_id: UserId) -> AsyncIterator[bytes]:
        """The lines, read as they are asked for: a slow reader costs no memory. Raises RateLimited, UserUnknown."""
        self._throttle.spend(Rate("exports", _EXPORTS_PER_DAY, 86_400_000), user_id)
        user = await self._involved.users.user(user_id)
        head = _line("export", {"version": _VERSION, "time_ms": self._clock()})
        return self._lines([head, _line("account", msgspec.to_builtins(user))], user_id)

    async def _lines(self, first: Sequence[bytes], user_id: UserId) -> AsyncIterator[bytes]:
        for line in first:
            yield line
        for part in (self._person, self._devices, self._relations, self._requests, self._items, self._conversations):
            async for line in part(user_id):
                yield line
        # Who finds no such line holds a piece.
        yield _line("end", {})

    async def _person(self, user_id: UserId) -> AsyncIterator[bytes]:
        person = await self._involved.people.own(user_id)
        yield _line("profile", msgspec.to_builtins(person.profile))
        yield _line("privacy", msgspec.to_builtins(person.privacy))

    async def _devices(self, user_id: UserId) -> AsyncIterator[bytes]:
        for device in await self._involved.users.devices(user_id):
            yield _line("device", msgspec.to_builtins(device))

    async def _relations(self, user_id: UserId) -> AsyncIterator[bytes]:
        relations = self._involved.relations
        for name, pages in (("friend", relations.friends), ("block", relations.blocks)):
            page = await pages(user_id, "", _PAGE)
            while True:
                for other in page.user_ids:
                    yield _line(name, {"user_id": other})
                if not page.cursor:
                    break
                page = await pages(user_id, page.cursor, _PAGE)

    async def _requests(self, user_id: UserId) -> AsyncIterator[bytes]:
        for incoming in (False, True):
            cursor = ""
            while True:
                asked = RequestsAsked(user_id, incoming, pending_only=False, cursor=cursor, limit=_PAGE)
                page = await self._involved.relations.requests(asked)
                for request in page.requests:
                    yield _line("friend_request", msgspec.to_builtins(request))
                cursor = page.cursor
                if not cursor:
                    break

    async def _items(self, user_id: UserId) -> AsyncIterator[bytes]:
        for topic in Topic:
            for item in await self._involved.items.of_topic(user_id, topic):
                value = msgspec.to_builtins(decode_value(topic, item.value))
                yield _line("item", {"topic": topic, "key": item.key, "value": value})

    async def _conversations(self, user_id: UserId) -> AsyncIterator[bytes]:
        conversations, cursor, more = self._involved.conversations, "", True
        while more:
            page = await conversations.sync(user_id, frames.Sync(cursor))
            for head in page.conversations:
                shown = {"conversation_id": head.conversation_id, "name": head.name, "member": head.member}
                yield _line("conversation", {**shown, "seq": head.seq, "read_seq": head.read_seq})
                async for line in self._entries(user_id, head.conversation_id, head.first_seq):
                    yield line
            cursor, more = page.cursor, page.more

    async def _entries(self, user_id: UserId, conversation_id: ConversationId, first_seq: int) -> AsyncIterator[bytes]:
        seq, more = max(0, first_seq - 1), True
        while more:
            page = await self._involved.conversations.entries(
                user_id, frames.GetEntries(conversation_id, seq, limit=_ENTRIES)
            )
            if page.too_long_restart_seq:
                # So wide a gap is not pulled upwards at once: backwards it has no bound.
                async for line in self._entries_backward(user_id, conversation_id):
                    yield line
                return
            for encoded in page.entries:
                value = entry_value(encoded)
                seq = int(value["seq"])
                yield _line("entry", value)
            more = page.more and bool(page.entries)

    async def _entries_backward(self, user_id: UserId, conversation_id: ConversationId) -> AsyncIterator[bytes]:
        seq, more = 0, True
        while more:
            asked = frames.GetEntries(conversation_id, seq, backward=True, limit=_ENTRIES)
            page = await self._involved.conversations.entries(user_id, asked)
            values = [entry_value(encoded) for encoded in page.entries]
            for value in reversed(values):
                yield _line("entry", value)
            more = page.more and bool(values)
            seq = int(values[0]["seq"]) if values else 0


def _line(kind: str, value: Plain) -> bytes:
    return msgspec.json.encode({"type": kind, **value}) + b"\n"
