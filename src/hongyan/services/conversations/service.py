"""Sync and history for one user at a time."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from hongyan.model.codes import ConversationUnknown, InvalidField
from hongyan.model.commands import JoinPolicy, Role
from hongyan.model.ids import ConversationId, ConversationKind, UserId, fixed_members, kind_of
from hongyan.model.state import PLAIN_SETTINGS, Settings
from hongyan.ports.state import Hot, HotConversation
from hongyan.ports.store import READ_BYTES, ConversationRow, HeadRow, HistoryReader, MemberRow
from hongyan.protocol import frames
from hongyan.protocol.codec import seen_until

_NO_END = 1 << 62


class ConversationsOptions(msgspec.Struct, frozen=True):
    """Bounds of pages: conversations, entries and their bytes; and how wide a gap is pulled before starting anew is better."""

    sync_page: int = 200
    page_entries: int = 1_000
    page_bytes: int = 1_048_576
    too_long_gap: int = 50_000


class Visible(msgspec.Struct, frozen=True):
    """What a user may see of a conversation: seqs `low` to `high` of a head at `head`."""

    low: int
    high: int
    hot: HotConversation | None


class Conversations:
    """Typed reads of one user's conversations. `pace` is waited for first, by what a slow server does slower."""

    def __init__(self, hot: Hot, reader: HistoryReader, options: ConversationsOptions) -> None:
        self._hot, self._reader, self._options = hot, reader, options
        self.pace: Callable[[], Awaitable[None]] | None = None

    async def sync(self, user_id: UserId, request: frames.Sync) -> frames.SyncPage:
        """The user's conversations changed since the cursor, oldest change first. Raises InvalidField for a foreign cursor."""
        after = parse_cursor(request.cursor)
        if self.pace is not None:
            await self.pace()
        limit = min(request.limit or self._options.sync_page, self._options.sync_page)
        # The hot ones first: what settles between the two reads is then found in the store.
        unsettled = await self._hot.unsettled(user_id)
        rows, is_cut = await self._heads(user_id, after, limit)
        known = {row.conversation.conversation_id: row for row in rows}
        await self.overlay(user_id, [pair for pair in unsettled if pair[0].offset > after], known)
        # What changed after the last one that was read waits for its page: the store may have others before it.
        horizon = rows[-1].conversation.offset if is_cut else _NO_END
        ordered = sorted(known.values(), key=lambda row: row.conversation.offset)
        ordered = [row for row in ordered if row.conversation.offset <= horizon]
        page = _fitting(ordered[:limit], self._options.page_bytes)
        if len(page) < len(ordered):
            return _sync_page(page, str(page[-1].conversation.offset), more=True)
        if is_cut:
            return _sync_page(page, str(horizon), more=True)
        return _sync_page(page, str(page[-1].conversation.offset) if page else request.cursor, more=False)

    async def overlay(
        self,
        user_id: UserId,
        unsettled: Sequence[tuple[ConversationRow, MemberRow | None]],
        known: dict[ConversationId, HeadRow],
    ) -> None:
        """Brings stored heads to what they are now. `unsettled` was read from the hot head before they were."""
        for conversation, member in unsettled:
            # One without an entry is nobody's to see: it may hold no more than that one blocks the other.
            if conversation.seq:
                newer = await self._overlaid(user_id, conversation, member, known)
                if newer is not None:
                    known[conversation.conversation_id] = newer

    async def _heads(self, user_id: UserId, after: int, limit: int) -> tuple[list[HeadRow], bool]:
        """More than `limit` heads above an offset, or more than a page's bytes, or all; and whether there may be others."""
        rows: list[HeadRow] = []
        size = 0
        while len(rows) <= limit and size <= self._options.page_bytes:
            asked = limit + 1 - len(rows)
            some = await self._reader.heads(user_id, rows[-1].conversation.offset if rows else after, asked)
            read = sum(len(row.preview) for row in some)
            rows += some
            size += read
            if len(some) < asked and read < READ_BYTES:
                return rows, False
        return rows, True

    async def _overlaid(
        self,
        user_id: UserId,
        conversation: ConversationRow,
        member: MemberRow | None,
        known: dict[ConversationId, HeadRow],
    ) -> HeadRow | None:
        """A conversation as it is now, where the store still has it as it was."""
        conversation_id = conversation.conversation_id
        hot = await self._hot.read(conversation_id)
        if hot is not None:
            # Both as of this moment: a head that counts what its member's row does not know of shows it as unread.
            conversation = hot.conversation
            member = await self._hot.membership(conversation_id, user_id) or member
        stored = known.get(conversation_id)
        if member is None:
            member = stored.member if stored else await self._reader.membership(conversation_id, user_id)
        if member is None or (stored and stored.conversation.offset >= conversation.offset):
            return None
        if member.left_seq:
            return await self._left(conversation, member, hot)
        preview = hot.entries[-1].encoded if hot and hot.entries else b""
        return HeadRow(conversation, member, preview or await self._one_entry(conversation_id, conversation.seq))

    async def _left(self, conversation: ConversationRow, member: MemberRow, hot: HotConversation | None) -> HeadRow:
        """The head of one who went: it stands at his last entry."""
        entries = hot.entries if hot else ()
        last = next((entry for entry in entries if entry.seq == member.left_seq), None)
        encoded = last.encoded if last else await self._one_entry(conversation.conversation_id, member.left_seq)
        countable = last.countable if last else member.read_countable
        row = ConversationRow(
            conversation.conversation_id,
            member.left_seq,
            countable,
            conversation.time_ms,
            conversation.offset,
            member.seat.left_name,
        )
        return HeadRow(row, member, encoded)

    async def _one_entry(self, conversation_id: ConversationId, seq: int) -> bytes:
        rows = await self._reader.entries(conversation_id, seq, seq, 1, backward=False)
        return rows[0][1] if rows else b""

    async def visible(self, user_id: UserId, conversation_id: ConversationId) -> Visible:
        """What the user may see. Raises ConversationUnknown, the same for a conversation of others and for none."""
        fixed = fixed_members(conversation_id)
        if fixed and user_id not in fixed:
            raise ConversationUnknown(conversation_id=conversation_id)
        # The hot head first: were the store read first, what settles in between would be in neither.
        hot = await self._hot.read(conversation_id)
        member = await self._hot.membership(conversation_id, user_id)
        if member is None and not fixed:
            member = await self._reader.membership(conversation_id, user_id)
        if member is None:
            if not fixed:
                raise ConversationUnknown(conversation_id=conversation_id)
            return Visible(1, _NO_END, hot)
        return Visible(member.first_seq, member.left_seq or _NO_END, hot)

    async def entries(self, user_id: UserId, request: frames.GetEntries) -> frames.EntryPage:
        """A range of entries. Raises ConversationUnknown, InvalidField."""
        if request.seq < 0 or request.limit < 0:
            raise InvalidField(field="seq", reason="it is not negative")
        if self.pace is not None:
            await self.pace()
        visible = await self.visible(user_id, request.conversation_id)
        head = min(visible.high, await self._head_seq(request.conversation_id, visible.hot))
        if request.backward:
            seqs = (visible.low, min(head, request.seq - 1) if request.seq else head)
        else:
            seqs = (max(visible.low, request.seq + 1), head)
            if seqs[1] - seqs[0] >= self._options.too_long_gap:
                restart = head - self._options.page_entries
                return frames.EntryPage(request.conversation_id, too_long_restart_seq=restart, head_seq=head)
        limit = min(request.limit or self._options.page_entries, self._options.page_entries)
        rows = await self._merged(request, visible.hot, seqs, limit + 1)
        fitting = rows[-limit:] if request.backward else rows[:limit]
        chosen = _within(fitting, self._options.page_bytes, backward=request.backward)
        encoded = tuple(encoded for _, encoded in chosen)
        if visible.high != _NO_END:
            encoded = tuple(seen_until(entry, visible.high) for entry in encoded)
        return frames.EntryPage(request.conversation_id, encoded, more=len(rows) > len(chosen), head_seq=head)

    async def _head_seq(self, conversation_id: ConversationId, hot: HotConversation | None) -> int:
        if hot:
            return hot.conversation.seq
        last = await self._reader.entries(conversation_id, 1, _NO_END, 1, backward=True)
        return last[0][0] if last else 0

    async def _merged(
        self, request: frames.GetEntries, hot: HotConversation | None, seqs: tuple[int, int], limit: int
    ) -> list[tuple[int, bytes]]:
        """At most `limit` of these seqs from the end that was asked for; fewer where they have more bytes than a page."""
        low, high = seqs
        window = hot.entries if hot else ()
        first_hot = window[0].seq if window else _NO_END
        upper = [(row.seq, row.encoded) for row in window if low <= row.seq <= high]
        stored = (low, min(high, first_hot - 1))
        if request.backward:
            upper = upper[-limit:]
            if _has_page(upper, self._options.page_bytes):
                return upper
            return await self._stored(request, hot, stored, limit - len(upper)) + upper
        lower = await self._stored(request, hot, stored, limit)
        if _has_page(lower, self._options.page_bytes):
            # What is above may follow only when all below was read.
            return lower
        return (lower + upper)[:limit]

    async def _stored(
        self, request: frames.GetEntries, hot: HotConversation | None, seqs: tuple[int, int], limit: int
    ) -> list[tuple[int, bytes]]:
        """As `_merged`, from the store alone."""
        low, high = seqs
        rows: list[tuple[int, bytes]] = []
        while low <= high and (asked := limit - len(rows)) > 0:
            some = await self._reader.entries(request.conversation_id, low, high, asked, backward=request.backward)
            rows = [*some, *rows] if request.backward else [*rows, *some]
            is_end = len(some) < asked and sum(len(encoded) for _, encoded in some) < READ_BYTES
            if is_end or _has_page(rows, self._options.page_bytes):
                break
            low, high = (low, rows[0][0] - 1) if request.backward else (rows[-1][0] + 1, high)
        if not hot or not hot.replaced:
            return rows
        replaced = {row.seq: row.encoded for row in hot.replaced}
        return [(seq, replaced.get(seq, encoded)) for seq, encoded in rows]

    async def members(self, user_id: UserId, request: frames.GetMembers) -> frames.MemberPage:
        """Who is in. Raises ConversationUnknown; those who left may not ask."""
        await self._check_present(user_id, request.conversation_id)
        limit = min(request.limit or 200, 500)
        rows, more = await self._present(request.conversation_id, request.cursor, limit)
        page = [_member(row) for row in rows]
        cursor = page[-1].user_id if page else request.cursor
        return frames.MemberPage(request.conversation_id, tuple(page), cursor, more=more)

    async def group(self, user_id: UserId, request: frames.GetGroup) -> frames.Group:
        """How a conversation stands. Raises ConversationUnknown; those who left may not ask."""
        conversation_id = request.conversation_id
        visible = await self._check_present(user_id, conversation_id)
        member = await self._hot.membership(conversation_id, user_id)
        member = member or await self._reader.membership(conversation_id, user_id)
        stored, hot = await self._reader.group(conversation_id), visible.hot
        row = hot.conversation if hot else stored.conversation if stored else None
        if row is None or member is None or not row.seq:
            raise ConversationUnknown(conversation_id=conversation_id)
        settings = (hot.settings if hot else None) or (stored.settings if stored else PLAIN_SETTINGS)
        count = hot.member_count if hot else stored.member_count if stored else 0
        return _group(row, settings, count, member)

    async def _present(self, conversation_id: ConversationId, after: str, limit: int) -> tuple[list[MemberRow], bool]:
        """Up to `limit` present members above a user id, as they are now; and whether there are others."""
        changed = await self._hot.changed(conversation_id)
        # One more than can have left shows that there are others.
        asked = limit + 1 + len(changed)
        rows = await self._reader.members(conversation_id, after, asked)
        known = {row.user_id: row for row in rows}
        last = rows[-1].user_id if len(rows) == asked else None
        known |= {row.user_id: row for row in changed if after < row.user_id and (last is None or row.user_id <= last)}
        present = sorted((row for row in known.values() if not row.left_seq), key=lambda row: row.user_id)
        return present[:limit], len(present) > limit

    async def positions(self, user_id: UserId, request: frames.GetPositions) -> frames.Positions:
        """How far members have read and received, of at most 500 users. Raises ConversationUnknown, InvalidField."""
        conversation_id, user_ids = request.conversation_id, request.user_ids
        await self._check_present(user_id, conversation_id)
        if len(user_ids) > 500:
            raise InvalidField(field="user_ids", reason="at most 500")
        if user_ids:
            changed = {row.user_id: row for row in await self._hot.changed(conversation_id)}
            known = {row.user_id: row for row in await self._reader.positions(conversation_id, user_ids)}
            known |= {user_id: changed[user_id] for user_id in user_ids if user_id in changed}
            rows = [row for row in known.values() if not row.left_seq]
        else:
            rows, _ = await self._present(conversation_id, "", 100)
        found = tuple(frames.Position(row.user_id, row.read_seq, row.delivered_seq) for row in rows)
        return frames.Positions(conversation_id, found)

    async def _check_present(self, user_id: UserId, conversation_id: ConversationId) -> Visible:
        visible = await self.visible(user_id, conversation_id)
        if visible.high != _NO_END:
            raise ConversationUnknown(conversation_id=conversation_id)
        return visible


def parse_cursor(cursor: str) -> int:
    """The log offset in a sync cursor; -1 for the empty one. Raises InvalidField."""
    if not cursor:
        return -1
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise InvalidField(field="cursor", reason="it is not one that this server gave")
    return int(cursor)


def _head(row: HeadRow) -> frames.ConversationHead:
    conversation, member = row.conversation, row.member
    return frames.ConversationHead(
        conversation.conversation_id,
        conversation.seq,
        conversation.countable,
        member.read_seq,
        member.delivered_seq,
        0 if member.left_seq else max(0, conversation.countable - member.read_countable),
        member.first_seq,
        row.preview,
        conversation.name,
        member=not member.left_seq,
    )


def _member(row: MemberRow) -> frames.MemberRow:
    seat = row.seat
    return frames.MemberRow(
        row.user_id, Role(row.role).name.lower(), row.joined_seq, seat.muted_until_ms, seat.nickname
    )


def _group(row: ConversationRow, settings: Settings, member_count: int, member: MemberRow) -> frames.Group:
    """Only admins see how one may come in and who waits; a conversation of two has no rules of a group."""
    found = frames.Group(
        row.conversation_id,
        row.name,
        settings.avatar,
        settings.announcement,
        member_count,
        _member(member),
        pinned_seqs=tuple(seq for seq in settings.pins if seq >= member.first_seq),
    )
    if kind_of(row.conversation_id) is not ConversationKind.GROUP:
        return found
    is_admin = member.role >= Role.ADMIN
    links = [
        frames.JoinLinkRow(link.link_id, link.by_user_id, link.expires_ms, link.uses, link.used)
        for link in settings.links
    ]
    requests = [frames.JoinRequestRow(each.user_id, each.note, each.time_ms) for each in settings.requests]
    return msgspec.structs.replace(
        found,
        history_for_newcomers=settings.history_for_newcomers,
        join_policy=JoinPolicy(settings.join_policy).name.lower(),
        who_may_add=Role(settings.who_may_add).name.lower(),
        who_may_mention_all=Role(settings.who_may_mention_all).name.lower(),
        muted_all=settings.muted_all,
        allowed_ids=settings.speakers,
        links=tuple(links) if is_admin else (),
        requests=tuple(requests) if is_admin else (),
    )


def _sync_page(page: Sequence[HeadRow], cursor: str, *, more: bool) -> frames.SyncPage:
    return frames.SyncPage(tuple(map(_head, page)), cursor, more)


def _fitting(rows: Sequence[HeadRow], page_bytes: int) -> Sequence[HeadRow]:
    """As many heads as fit into the page with their previews, at least one."""
    size = 0
    for count, row in enumerate(rows):
        size += len(row.preview)
        if size > page_bytes and count:
            return rows[:count]
    return rows


def _within(rows: Sequence[tuple[int, bytes]], page_bytes: int, *, backward: bool) -> Sequence[tuple[int, bytes]]:
    """As many rows as fit into the page, at least one, from the end that was asked for."""
    size = 0
    ordered = reversed(rows) if backward else iter(rows)
    for count, (_, encoded) in enumerate(ordered):
        size += len(encoded)
        if size > page_bytes and count:
            return rows[-count:] if backward else rows[:count]
    return rows


def _has_page(rows: Sequence[tuple[int, bytes]], page_bytes: int) -> bool:
    """Whether there are more bytes than a page takes, so that `_within` leaves one of the rows at least."""
    return len(rows) > 1 and sum(len(encoded) for _, encoded in rows) > page_bytes
