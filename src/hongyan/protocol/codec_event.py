"""A server's frame as a record, and back. Entries stay bytes."""

from collections.abc import Callable
from typing import Any

import msgspec

from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.personal import Item
from hongyan.model.records import Submitted
from hongyan.protocol import codec_opaque as opaque
from hongyan.protocol.codec_presence import read_presences, write_presences
from hongyan.protocol.frames import (
    Connected,
    ConversationHead,
    EntryPage,
    ErrorReply,
    GoAway,
    Group,
    ItemPage,
    ItemsChanged,
    JoinLinkRow,
    JoinRequestRow,
    Limits,
    MemberPage,
    MemberRow,
    Pong,
    Position,
    Positions,
    Presences,
    Push,
    ReceiptReply,
    Resync,
    ServerEvent,
    ServerFrame,
    SignalPush,
    SyncPage,
)


def write_frame(frame: ServerFrame) -> Any:
    """A record as an opaque ServerFrame."""
    name, write = _WRITERS[type(frame.event)]
    return opaque.ServerFrame(reply_to=frame.reply_to, **{name: write(frame.event)})


def _write_error(error: ErrorReply) -> Any:
    return opaque.Error(
        code=error.code,
        name=error.name,
        message=error.message,
        retry_after_ms=error.retry_after_ms,
        permanent=error.permanent,
    )


def _write_connected(connected: Connected) -> Any:
    return opaque.Connected(
        connection_id=connected.connection_id,
        user_id=connected.user_id,
        device_id=connected.device_id,
        server_time_ms=connected.server_time_ms,
        heartbeat_ms=connected.heartbeat_ms,
        limits=_write_limits(connected.limits),
        sync_page=_write_sync_page(connected.sync_page),
        items_version=connected.items_version,
    )


def _write_limits(limits: Limits) -> Any:
    return opaque.Limits(
        packet_bytes=limits.packet_bytes,
        frames_per_packet=limits.frames_per_packet,
        content_bytes=limits.content_bytes,
        pending_submissions=limits.pending_submissions,
        page_entries=limits.page_entries,
    )


def _write_sync_page(page: SyncPage) -> Any:
    heads = [_write_head(head) for head in page.conversations]
    return opaque.SyncPage(conversations=heads, cursor=page.cursor, more=page.more)


def _write_head(head: ConversationHead) -> Any:
    return opaque.ConversationHead(
        conversation_id=head.conversation_id,
        seq=head.seq,
        countable=head.countable,
        read_seq=head.read_seq,
        delivered_seq=head.delivered_seq,
        unread=head.unread,
        first_seq=head.first_seq,
        # Absent, not empty: an empty message would be read as an entry.
        preview=head.preview or None,
        name=head.name,
        member=head.member,
    )


def _write_receipt(receipt: ReceiptReply) -> Any:
    submitted = receipt.submitted
    return opaque.Receipt(
        conversation_id=receipt.conversation_id,
        client_msg_id=submitted.client_msg_id,
        seq=submitted.seq,
        message_id=submitted.message_id,
        time_ms=submitted.time_ms,
        countable=submitted.countable,
    )


def _write_entry_page(page: EntryPage) -> Any:
    return opaque.EntryPage(
        conversation_id=page.conversation_id,
        entries=page.entries,
        more=page.more,
        too_long_restart_seq=page.too_long_restart_seq,
        head_seq=page.head_seq,
    )


def _write_member(row: MemberRow) -> Any:
    return opaque.Member(
        user_id=row.user_id,
        role=row.role,
        joined_seq=row.joined_seq,
        muted_until_ms=row.muted_until_ms,
        nickname=row.nickname,
    )


def _write_group(group: Group) -> Any:
    plain = {field: value for field, value in msgspec.structs.asdict(group).items() if field not in _GROUP_PARTS}
    return opaque.Group(
        **plain,
        me=_write_member(group.me),
        links=[opaque.JoinLink(**msgspec.structs.asdict(link)) for link in group.links],
        requests=[opaque.JoinRequest(**msgspec.structs.asdict(request)) for request in group.requests],
    )


_GROUP_PARTS = frozenset(("me", "links", "requests"))


def _write_member_page(page: MemberPage) -> Any:
    members = [_write_member(row) for row in page.members]
    return opaque.MemberPage(conversation_id=page.conversation_id, members=members, cursor=page.cursor, more=page.more)


def _write_positions(positions: Positions) -> Any:
    rows = [
        opaque.Position(user_id=row.user_id, read_seq=row.read_seq, delivered_seq=row.delivered_seq)
        for row in positions.positions
    ]
    return opaque.Positions(conversation_id=positions.conversation_id, positions=rows)


def write_item(item: Item) -> Any:
    """An item as an opaque Item. Raises ValueError for a topic that this software does not know."""
    return opaque.Item(key=item.key, version=item.version, deleted=item.deleted, **{item.topic: item.value})


def _write_item_page(page: ItemPage) -> Any:
    items = [write_item(item) for item in page.items]
    return opaque.ItemPage(items=items, version=page.version, cursor=page.cursor, more=page.more, reset=page.reset)


def _write_items_changed(changed: ItemsChanged) -> Any:
    items = [write_item(item) for item in changed.items]
    return opaque.ItemsChanged(items=items, from_version=changed.from_version, version=changed.version)


def _write_signal(sign: SignalPush) -> Any:
    return opaque.SignalPush(conversation_id=sign.conversation_id, sender_id=sign.sender_id, kind=sign.kind)


_WRITERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    ErrorReply: ("error", _write_error),
    Connected: ("connected", _write_connected),
    ReceiptReply: ("receipt", _write_receipt),
    SyncPage: ("sync_page", _write_sync_page),
    EntryPage: ("entry_page", _write_entry_page),
    MemberPage: ("member_page", _write_member_page),
    Group: ("group", _write_group),
    Positions: ("positions", _write_positions),
    ItemPage: ("item_page", _write_item_page),
    ItemsChanged: ("items_changed", _write_items_changed),
    Pong: ("pong", lambda pong: opaque.Pong(server_time_ms=pong.server_time_ms)),
    Push: ("push", lambda push: opaque.Push(entries=push.entries)),
    SignalPush: ("signal", _write_signal),
    GoAway: ("go_away", lambda away: opaque.GoAway(retry_within_ms=away.retry_within_ms)),
    Resync: ("resync", lambda _resync: opaque.Resync()),
    Presences: ("presences", write_presences),
}


def read_frame(frame: Any) -> ServerFrame | None:
    """An opaque ServerFrame as a record; None for an event of a newer server, which a client passes over."""
    name = frame.WhichOneof("event")
    if name is None:
        return None
    return ServerFrame(frame.reply_to, _READERS[name](getattr(frame, name)))


def _read_error(error: Any) -> ErrorReply:
    return ErrorReply(error.code, error.name, error.message, error.retry_after_ms, error.permanent)


def _read_connected(connected: Any) -> Connected:
    return Connected(
        connected.connection_id,
        UserId(connected.user_id),
        connected.device_id,
        connected.server_time_ms,
        connected.heartbeat_ms,
        _read_limits(connected.limits),
        _read_sync_page(connected.sync_page),
        connected.items_version,
    )


def _read_limits(limits: Any) -> Limits:
    return Limits(
        packet_bytes=limits.packet_bytes,
        frames_per_packet=limits.frames_per_packet,
        content_bytes=limits.content_bytes,
        pending_submissions=limits.pending_submissions,
        page_entries=limits.page_entries,
    )


def _read_sync_page(page: Any) -> SyncPage:
    return SyncPage(tuple(_read_head(head) for head in page.conversations), page.cursor, page.more)


def _read_head(head: Any) -> ConversationHead:
    return ConversationHead(
        ConversationId(head.conversation_id),
        head.seq,
        head.countable,
        head.read_seq,
        head.delivered_seq,
        head.unread,
        head.first_seq,
        head.preview,
        head.name,
        head.member,
    )


def _read_receipt(receipt: Any) -> ReceiptReply:
    # A receipt does not repeat who sent, nor the payload's digest: the client that gets it knows.
    submitted = Submitted(
        sender_id=UserId(""),
        client_msg_id=ClientMsgId(receipt.client_msg_id),
        seq=receipt.seq,
        message_id=MessageId(receipt.message_id),
        time_ms=receipt.time_ms,
        countable=receipt.countable,
        digest=0,
    )
    return ReceiptReply(ConversationId(receipt.conversation_id), submitted)


def _read_entry_page(page: Any) -> EntryPage:
    return EntryPage(
        ConversationId(page.conversation_id),
        tuple(page.entries),
        page.more,
        page.too_long_restart_seq,
        page.head_seq,
    )


def _read_member_page(page: Any) -> MemberPage:
    members = tuple(_read_member(row) for row in page.members)
    return MemberPage(ConversationId(page.conversation_id), members, page.cursor, page.more)


def _read_member(row: Any) -> MemberRow:
    return MemberRow(UserId(row.user_id), row.role, row.joined_seq, row.muted_until_ms, row.nickname)


def _read_group(group: Any) -> Group:
    return Group(
        ConversationId(group.conversation_id),
        group.name,
        group.avatar,
        group.announcement,
        group.member_count,
        _read_member(group.me),
        group.history_for_newcomers,
        group.join_policy,
        group.who_may_add,
        group.who_may_mention_all,
        group.muted_all,
        tuple(UserId(user_id) for user_id in group.allowed_ids),
        tuple(group.pinned_seqs),
        tuple(
            JoinLinkRow(each.link_id, UserId(each.by_user_id), each.expires_ms, each.uses, each.used)
            for each in group.links
        ),
        tuple(JoinRequestRow(UserId(each.user_id), each.note, each.time_ms) for each in group.requests),
    )


def _read_positions(positions: Any) -> Positions:
    rows = tuple(Position(UserId(row.user_id), row.read_seq, row.delivered_seq) for row in positions.positions)
    return Positions(ConversationId(positions.conversation_id), rows)


def _read_item(item: Any) -> Item:
    topic = item.WhichOneof("value") or ""
    return Item(topic, item.key, getattr(item, topic) if topic else b"", item.deleted, item.version)


def _read_item_page(page: Any) -> ItemPage:
    return ItemPage(tuple(map(_read_item, page.items)), page.version, page.cursor, page.more, page.reset)


def _read_items_changed(changed: Any) -> ItemsChanged:
    return ItemsChanged(tuple(map(_read_item, changed.items)), changed.from_version, changed.version)


def _read_signal(sign: Any) -> SignalPush:
    return SignalPush(ConversationId(sign.conversation_id), UserId(sign.sender_id), sign.kind)


_READERS: dict[str, Callable[[Any], ServerEvent]] = {
    "error": _read_error,
    "connected": _read_connected,
    "receipt": _read_receipt,
    "sync_page": _read_sync_page,
    "entry_page": _read_entry_page,
    "member_page": _read_member_page,
    "group": _read_group,
    "positions": _read_positions,
    "item_page": _read_item_page,
    "items_changed": _read_items_changed,
    "pong": lambda pong: Pong(pong.server_time_ms),
    "push": lambda push: Push(tuple(push.entries)),
    "signal": _read_signal,
    "go_away": lambda away: GoAway(away.retry_within_ms),
    "resync": lambda _resync: Resync(),
    "presences": read_presences,
}
