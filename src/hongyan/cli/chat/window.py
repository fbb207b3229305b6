"""The open chat: what of it is on the screen, how far others have read, and who is typing."""

from collections.abc import Iterable

import msgspec

from hongyan.cli.chat.screen import Screen
from hongyan.cli.chat.words import line_of, mark_of, title_of
from hongyan.model.ids import ConversationId, UserId, kind_of
from hongyan.protocol.frames import Position
from hongyan_client import Client, ClientError, Entry, Message, PositionMoved

PAGE = 20
"""How many entries are shown at a time."""
TYPING_S = 6.0
"""A typing sign holds so long."""


class Window:
    """One chat on the screen. `low` to `high` are the entries shown, `own_seq` the last own message among them."""

    def __init__(self, client: Client, screen: Screen, conversation_id: ConversationId) -> None:
        self.conversation_id, self.kind = conversation_id, kind_of(conversation_id)
        self._client, self._screen = client, screen
        self.low = self.high = self.own_seq = 0
        self._positions: dict[UserId, Position] = {}
        self._typing: dict[UserId, float] = {}

    @property
    def title(self) -> str:
        """What it is called; a group's name may become known later."""
        chat = self._client.conversation(self.conversation_id)
        return title_of(self.conversation_id, self._client.user_id, chat.name if chat else "")

    @property
    def mark(self) -> str:
        """How far others got with the own last message; "" without one."""
        return mark_of(self.own_seq, self._positions.values(), self.kind) if self.own_seq else ""

    async def fill(self) -> None:
        """Shows the last entries. Raises ClientError."""
        if self._client.conversation(self.conversation_id) is None:
            self._screen.notice(f"{self.title}: nothing was said here yet; just type.")
            return
        await self._ask_positions()
        entries = await self._older(0)
        self._screen.notice(f"{self.title}{': /more shows what came before' if self._is_more(entries) else ''}")
        await self._show(entries, marked=True)

    async def more(self) -> None:
        """Shows what came before. Raises ClientError."""
        entries = await self._older(self.low) if self.low > 1 else []
        if not entries:
            self._screen.notice("This is where it begins.")
            return
        self._screen.notice(f"{len(entries)} before message {self.low}:")
        await self._show(entries, marked=True)
        self._screen.notice("and then what you saw." if self._is_more(entries) else "That was all of it.")

    async def find(self, seq: int) -> Entry | None:
        """One entry. Raises ClientError."""
        page = await self._client.history(self.conversation_id, before=seq + 1, limit=1)
        return next((entry for entry in self._visible(page.entries) if entry.seq == seq), None)

    async def take(self, entry: Entry) -> None:
        """A new entry; entries between it and those on the screen are shown first."""
        chat = self._client.conversation(self.conversation_id)
        self._typing.pop(entry.sender_id, None)
        if chat is not None and chat.head - entry.seq >= PAGE:
            # The beginning of a burst: what is on the screen at its end is worth showing, and no more.
            return
        if entry.seq > self.high + 1:
            await self.catch_up()
        elif entry.seq > self.high:
            await self._show([entry])

    async def catch_up(self) -> None:
        """Shows what the local copy has above the entries on the screen."""
        chat = self._client.conversation(self.conversation_id)
        if chat is None or chat.head <= self.high:
            return
        found = await self._client.entries(self.conversation_id, limit=PAGE)
        entries = [entry for entry in found if entry.seq > self.high]
        if entries and self.high and entries[0].seq > self.high + 1:
            count = entries[0].seq - self.high - 1
            self._screen.notice(f"{count} left out here: /open {self.title} and /more show them.")
        await self._show(self._visible(entries))

    def move(self, event: PositionMoved) -> None:
        """Somebody has read or received more."""
        self._merge(Position(event.user_id, event.read_seq, event.delivered_seq))

    def typing(self, user_id: UserId, now_s: float) -> None:
        """Somebody is typing."""
        self._typing[user_id] = now_s + TYPING_S

    def typists(self, now_s: float) -> tuple[str, ...]:
        """Who is typing now."""
        self._typing = {user_id: until_s for user_id, until_s in self._typing.items() if until_s > now_s}
        return tuple(self._typing)

    def read_seq(self, user_id: UserId) -> int:
        """How far a user is known to have read."""
        position = self._positions.get(user_id)
        return position.read_seq if position is not None else 0

    async def refresh_positions(self) -> None:
        """Asks again how far others have read: moves are not pushed to those who were away."""
        if self._client.conversation(self.conversation_id) is not None:
            await self._ask_positions()

    async def _older(self, before: int) -> list[Entry]:
        """The entries below a seq (0: from the end); fewer where the server cannot be asked. Raises ClientError."""
        found: list[Entry] = []
        cleared_seq = self._client.settings_of(self.conversation_id).cleared_seq
        while len(found) < PAGE:
            try:
                page = await self._client.history(self.conversation_id, before=before, limit=PAGE - len(found))
            except ClientError:
                if found:
                    break
                raise
            found[:0] = self._visible(page.entries)
            if not page.entries or not page.more or page.entries[0].seq <= cleared_seq + 1:
                break
            before = page.entries[0].seq
        return found

    def _visible(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those that the person did not take away for himself."""
        key = self.conversation_id
        return [entry for entry in entries if not self._client.is_deleted_for_me(key, entry.seq)]

    async def _show(self, entries: list[Entry], *, marked: bool = False) -> None:
        """Puts entries on the screen and counts them as read; `marked`: they are old enough to have a read mark."""
        me = self._client.user_id
        for entry in entries:
            # Who writes has read what stands before; no position is pushed for that.
            self._merge(Position(entry.sender_id, entry.seq, entry.seq))
        for entry in entries:
            own = entry.sender_id == me and isinstance(entry.body, Message)
            mark = mark_of(entry.seq, self._positions.values(), self.kind) if own and marked else ""
            self._screen.entry(line_of(entry, me, mark))
            self.own_seq = max(self.own_seq, entry.seq) if own else self.own_seq
        if entries:
            self.low = min(self.low or entries[0].seq, entries[0].seq)
            self.high = max(self.high, entries[-1].seq)
            await self._client.mark_read(self.conversation_id, self.high)

    def _is_more(self, entries: list[Entry]) -> bool:
        return len(entries) >= PAGE and entries[0].seq > 1

    async def _ask_positions(self) -> None:
        try:
            for position in await self._client.positions(self.conversation_id):
                self._merge(position)
        except ClientError:
            # Marks are an ornament: without a connection they stay as they were.
            return

    def _merge(self, position: Position) -> None:
        user_id = position.user_id
        if user_id == self._client.user_id:
            return
        known = self._positions.get(user_id, Position(user_id, 0, 0))
        read_seq = max(known.read_seq, position.read_seq)
        delivered_seq = max(known.delivered_seq, position.delivered_seq)
        self._positions[user_id] = msgspec.structs.replace(known, read_seq=read_seq, delivered_seq=delivered_seq)
