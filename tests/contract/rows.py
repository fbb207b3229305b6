"""Rows to keep: short to write, with every column set to something that a mix-up would show."""

from collections.abc import Iterable, Sequence

from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.state import PLAIN_SEAT, Seat, Settings
from hongyan.ports.state import HotUpdate
from hongyan.ports.store import ConversationRow, EntryRow, MemberRow, StoreBatch

ALICE, BOB, CAROL = UserId("alice"), UserId("bob"), UserId("carol")
SINGLE = ConversationId("s:alice:bob")
GROUP = ConversationId("g:books")


def entry(
    seq: int, content: bytes | None = None, conversation_id: ConversationId = SINGLE, **columns: object
) -> EntryRow:
    """The entry at `seq`; sent by alice unless a column says otherwise."""
    row = EntryRow(
        conversation_id,
        seq,
        message_id=(1 << 62) + seq,
        sender_id=ALICE,
        client_msg_id=ClientMsgId(f"m{seq}"),
        time_ms=1_000 + seq,
        countable=seq,
        kind=1,
        encoded=b"entry %d" % seq if content is None else content,
        digest=-seq,
    )
    return row if not columns else _changed(row, columns)


def _changed(row: EntryRow, columns: dict[str, object]) -> EntryRow:
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    return EntryRow(**{**fields, **columns})


def head(seq: int, offset: int, conversation_id: ConversationId = SINGLE, name: str = "") -> ConversationRow:
    """A conversation whose `seq` entries all count."""
    return ConversationRow(conversation_id, seq, seq, 1_000 + seq, offset, name)


def member(
    user_id: UserId,
    read_seq: int = 0,
    conversation_id: ConversationId = SINGLE,
    *,
    joined: int = 1,
    left: int = 0,
    seat: Seat = PLAIN_SEAT,
) -> MemberRow:
    """A member who has read up to `read_seq` and received one entry more."""
    return MemberRow(conversation_id, user_id, 1, joined, left, read_seq, read_seq, read_seq + 1, seat)


def batch(
    next_offset: int,
    conversations: Iterable[ConversationRow] = (),
    entries: Iterable[EntryRow] = (),
    members: Iterable[MemberRow] = (),
    replaced: Iterable[EntryRow] = (),
) -> StoreBatch:
    """A batch of partition 0."""
    return StoreBatch(0, next_offset, list(entries), list(replaced), list(conversations), list(members), [], [])


def update(
    conversation: ConversationRow,
    entries: Sequence[EntryRow] = (),
    *,
    replaced: Sequence[EntryRow] = (),
    members: Sequence[MemberRow] = (),
    audience: Sequence[UserId] = (ALICE, BOB),
    settings: Settings | None = None,
) -> HotUpdate:
    """What a batch did to one conversation."""
    return HotUpdate(conversation, entries, replaced, members, audience, settings)


def entries_of(low: int, high: int, conversation_id: ConversationId = SINGLE) -> list[EntryRow]:
    """The entries [low, high]."""
    return [entry(seq, conversation_id=conversation_id) for seq in range(low, high + 1)]
