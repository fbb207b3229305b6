"""The list of a user's conversations, and their history, as he wants to see them.

Nothing is written for it when somebody sends: a list is made of what there is when it is asked for, by a number of reads
that does not grow with the conversations.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec

from hongyan.model.codes import ConversationUnknown, InvalidField
from hongyan.model.ids import ConversationId, ConversationKind, UserId, kind_of
from hongyan.model.personal import ConversationSettings, Topic, hidden_key, is_hidden, is_muted
from hongyan.ports.clock import Clock
from hongyan.ports.personal import ItemStore
from hongyan.ports.state import Hot
from hongyan.ports.store import HeadRow, ListReader, Place
from hongyan.protocol import frames
from hongyan.protocol.codec import decode_entry
from hongyan.protocol.codec_personal import decode_value
from hongyan.services.conversations.service import Conversations
from hongyan.services.personal.mentions import Mentions, Stretch

MAX_CONVERSATIONS = 10_000
"""Of a user who has more, those that changed last are listed."""
MAX_PAGE = 1_000
_REFILL_ENTRIES = 200
_PLAIN = ConversationSettings()


class ListFilters(msgspec.Struct, frozen=True):
    """Which conversations: of a label, with something unread, pinned, of a kind; `hidden`: those that were hidden instead."""

    label: str = ""
    unread: bool = False
    pinned: bool = False
    hidden: bool = False
    kind: ConversationKind | None = None


class ListedConversation(msgspec.Struct, frozen=True):
    """One line of the list. `preview` is the last entry that the user sees, encoded; b"" when he sees none.

    `mentions` counts unread messages that call him; with `mentions_more` there may be others, further back.
    """

    conversation_id: ConversationId
    name: str
    seq: int
    countable: int
    time_ms: int
    first_seq: int
    read_seq: int
    unread: int
    mentions: int
    mentions_more: bool
    muted_now: bool
    settings: ConversationSettings
    preview: bytes
    member: bool


class ConversationList(msgspec.Struct, frozen=True):
    """A page of the list; `cursor` is "" at its end. `unread_total` is of all conversations that are neither muted nor hidden."""

    conversations: tuple[ListedConversation, ...]
    cursor: str
    unread_total: int


class _Line(msgspec.Struct):
    """A conversation on its way into the list."""

    head: HeadRow
    settings: ConversationSettings
    unread: int

    @property
    def conversation_id(self) -> ConversationId:
        return self.head.conversation.conversation_id

    @property
    def first_seq(self) -> int:
        """The first seq that is visible and not cleared."""
        return max(self.head.member.first_seq, self.settings.cleared_seq + 1)

    @property
    def order(self) -> tuple[int, int, str]:
        """Pinned ones first, the highest above; then by time, the newest above."""
        row = self.head.conversation
        return (-self.settings.pin_order, -row.time_ms, row.conversation_id)


class Listing:
    """Typed reads; see the module."""

    def __init__(
        self, items: ItemStore, conversations: Conversations, hot: Hot, reader: ListReader, clock: Clock
    ) -> None:
        self._items, self._conversations, self._hot = items, conversations, hot
        self._reader, self._clock = reader, clock
        self._mentions = Mentions(hot, reader)

    async def conversation_list(
        self, user_id: UserId, cursor: str = "", filters: ListFilters | None = None, limit: int = 50
    ) -> ConversationList:
        """A page of at most `limit` conversations (1 to MAX_PAGE), pinned ones first, then by time.

        What moves while somebody pages may come twice or not at all; asking from the beginning sees all.
        Raises InvalidField for a foreign cursor.
        """
        after = _read_cursor(cursor)
        lines = await self._lines(user_id)
        asked = filters or ListFilters()
        found = sorted((line for line in lines if _is_asked(line, asked)), key=lambda line: line.order)
        rest = [line for line in found if after is None or line.order > after]
        page = rest[: max(1, min(limit, MAX_PAGE))]
        next_cursor = _write_cursor(page[-1]) if len(rest) > len(page) else ""
        return ConversationList(await self._shown(user_id, page), next_cursor, self._total(lines))

    async def line(self, user_id: UserId, conversation_id: ConversationId) -> ListedConversation:
        """One conversation as the list has it. Raises ConversationUnknown."""
        for line in await self._lines(user_id):
            if line.conversation_id == conversation_id:
                return (await self._shown(user_id, [line]))[0]
        raise ConversationUnknown(conversation_id=conversation_id)

    async def history(self, user_id: UserId, request: frames.GetEntries) -> frames.EntryPage:
        """As `Conversations.entries`, without what the user cleared or deleted for himself.

        So an entry may be missing between two others, and a page shorter than asked though there is more; it is empty
        only at the end. Raises ConversationUnknown, InvalidField.
        """
        conversation_id = request.conversation_id
        settings = (await self._settings(user_id, [conversation_id])).get(conversation_id, _PLAIN)
        items = await self._items.of_topic(user_id, Topic.HIDDEN, hidden_key(conversation_id, 0)[:-1])
        hidden = {int(item.key.rpartition("/")[2]) for item in items}
        cleared = settings.cleared_seq
        if not request.backward and request.seq < cleared:
            request = msgspec.structs.replace(request, seq=cleared)
        page = await self._conversations.entries(user_id, request)
        if not hidden and (not request.backward or not cleared):
            return page
        while True:
            shown = _visible(page, hidden, cleared)
            if request.backward and cleared and _reaches(page, cleared):
                shown = msgspec.structs.replace(shown, more=False)
            if shown.entries or not shown.more:
                entries = shown.entries[-request.limit :] if request.backward else shown.entries[: request.limit]
                chosen = entries if request.limit else shown.entries
                return msgspec.structs.replace(
                    shown, entries=chosen, more=shown.more or len(chosen) < len(shown.entries)
                )
            edge = decode_entry(page.entries[0 if request.backward else -1]).seq
            again = msgspec.structs.replace(request, seq=edge, limit=max(request.limit, _REFILL_ENTRIES))
            page = await self._conversations.entries(user_id, again)

    # Steps

    async def _lines(self, user_id: UserId) -> list[_Line]:
        """All of the user's conversations, with what is unread."""
        # The hot ones first: what settles between the two reads is then found in the store.
        unsettled = await self._hot.unsettled(user_id)
        outlines = await self._reader.outlines(user_id, MAX_CONVERSATIONS)
        known = {row.conversation.conversation_id: row for row in outlines if row.conversation.seq}
        await self._conversations.overlay(user_id, unsettled, known)
        settings = await self._settings(user_id)
        lines = [_line(head, settings.get(conversation_id, _PLAIN)) for conversation_id, head in known.items()]
        await self._count_cleared(lines)
        return lines

    async def _settings(
        self, user_id: UserId, keys: Sequence[ConversationId] | None = None
    ) -> Mapping[str, ConversationSettings]:
        if keys is None:
            items = await self._items.of_topic(user_id, Topic.CONVERSATION)
        else:
            items = await self._items.items(user_id, Topic.CONVERSATION, keys)
        return {item.key: _settings_of(item.value) for item in items if not item.deleted}

    async def _count_cleared(self, lines: Iterable[_Line]) -> None:
        """What was cleared unread counts no more. Whoever clears marks as read too, so this is seldom any."""
        cleared = {
            (line.conversation_id, line.settings.cleared_seq): line
            for line in lines
            if line.unread and line.settings.cleared_seq > line.head.member.read_seq
        }
        if not cleared:
            return
        for place, encoded in (await self._entries_at(list(cleared))).items():
            line = cleared[place]
            line.unread = min(line.unread, line.head.conversation.countable - decode_entry(encoded).countable)

    def _total(self, lines: Iterable[_Line]) -> int:
        now_ms = self._clock()
        return sum(
            line.unread
            for line in lines
            if line.unread and not is_muted(line.settings, now_ms) and not _is_hidden(line)
        )

    async def _shown(self, user_id: UserId, page: Sequence[_Line]) -> tuple[ListedConversation, ...]:
        previews = await self._previews(user_id, page)
        mentions = await self._mentions.count(user_id, [_stretch(line) for line in page if _may_call(line)])
        now_ms = self._clock()
        return tuple(
            ListedConversation(
                conversation_id=line.conversation_id,
                name=line.head.conversation.name,
                seq=line.head.conversation.seq,
                countable=line.head.conversation.countable,
                time_ms=line.head.conversation.time_ms,
                first_seq=line.first_seq,
                read_seq=line.head.member.read_seq,
                unread=line.unread,
                mentions=mentions.counts.get(line.conversation_id, 0),
                mentions_more=line.conversation_id in mentions.cut,
                muted_now=is_muted(line.settings, now_ms),
                settings=line.settings,
                preview=previews.get(line.conversation_id, b""),
                member=not line.head.member.left_seq,
            )
            for line in page
        )

    async def _previews(self, user_id: UserId, page: Sequence[_Line]) -> dict[ConversationId, bytes]:
        visible = [line for line in page if line.head.conversation.seq >= line.first_seq]
        found = {line.conversation_id: line.head.preview for line in visible if line.head.preview}
        missing = [(line.conversation_id, line.head.conversation.seq) for line in visible if not line.head.preview]
        found |= {place[0]: encoded for place, encoded in (await self._entries_at(missing)).items()}
        keys = {hidden_key(line.conversation_id, line.head.conversation.seq): line for line in visible}
        for item in await self._items.items(user_id, Topic.HIDDEN, list(keys)):
            if not item.deleted:
                line = keys[item.key]
                before = frames.GetEntries(line.conversation_id, line.head.conversation.seq, backward=True, limit=1)
                entries = (await self.history(user_id, before)).entries
                found[line.conversation_id] = entries[-1] if entries else b""
        return found

    async def _entries_at(self, places: Sequence[Place]) -> dict[Place, bytes]:
        """Entries as they are now: from the hot head where it has them, which may know better than the store."""
        found: dict[Place, bytes] = {}
        missing: list[Place] = []
        for place in places:
            hot = await self._hot.read(place[0])
            rows = (*hot.replaced, *hot.entries) if hot else ()
            encoded = next((row.encoded for row in reversed(rows) if row.seq == place[1]), b"")
            if encoded:
                found[place] = encoded
            else:
                missing.append(place)
        return found | dict(await self._reader.at(missing))


@lru_cache(maxsize=4_096)
def _settings_of(value: bytes) -> ConversationSettings:
    settings = decode_value(Topic.CONVERSATION, value)
    return settings if isinstance(settings, ConversationSettings) else _PLAIN


def _line(head: HeadRow, settings: ConversationSettings) -> _Line:
    row, member = head.conversation, head.member
    if member.left_seq or settings.cleared_seq >= row.seq:
        return _Line(head, settings, 0)
    return _Line(head, settings, max(0, row.countable - member.read_countable))


def _is_hidden(line: _Line) -> bool:
    return is_hidden(line.settings, line.head.conversation.countable)


def _is_asked(line: _Line, filters: ListFilters) -> bool:
    settings = line.settings
    return (
        _is_hidden(line) is filters.hidden
        and (not filters.label or filters.label in settings.labels)
        and (not filters.unread or line.unread > 0 or settings.marked_unread)
        and (not filters.pinned or settings.pin_order > 0)
        and (filters.kind is None or kind_of(line.conversation_id) is filters.kind)
    )


def _may_call(line: _Line) -> bool:
    return line.unread > 0 and kind_of(line.conversation_id) is ConversationKind.GROUP


def _stretch(line: _Line) -> Stretch:
    row = line.head.conversation
    return Stretch(row.conversation_id, max(line.head.member.read_seq + 1, line.first_seq), row.seq)


def _visible(page: frames.EntryPage, hidden: set[int], cleared_seq: int) -> frames.EntryPage:
    """The page without what is hidden or cleared."""
    numbered = [(decode_entry(encoded).seq, encoded) for encoded in page.entries]
    entries = tuple(encoded for seq, encoded in numbered if seq > cleared_seq and seq not in hidden)
    return msgspec.structs.replace(page, entries=entries)


def _reaches(page: frames.EntryPage, cleared_seq: int) -> bool:
    """Whether nothing below the page is to be seen."""
    return bool(page.entries) and decode_entry(page.entries[0]).seq <= cleared_seq + 1


def _write_cursor(line: _Line) -> str:
    pin, time, conversation_id = line.order
    return f"{-pin}.{-time}.{conversation_id}"


def _read_cursor(cursor: str) -> tuple[int, int, str] | None:
    if not cursor:
        return None
    pin, _, rest = cursor.partition(".")
    time, point, conversation_id = rest.partition(".")
    if not (cursor.isascii() and pin.isdecimal() and time.isdecimal() and point and len(cursor) <= 120):
        raise InvalidField(field="cursor", reason="it is not one that this server gave")
    return (-int(pin), -int(time), conversation_id)
