"""What a conversation is between two records, and what one record does to it.

The state belongs to one owner, who hands it in and takes it back changed: replacing a map of ten thousand members for
every message would make the cost of a message grow with the group.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from hongyan.model.commands import JoinPolicy, Role
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ClientMsgId, ConversationId, ConversationKind, UserId, fixed_members, kind_of
from hongyan.model.records import AnyBody, Entry, Record, Submitted

FRIEND, BLOCKS, BLOCKED = 1, 2, 4
"""Flags of a member of a single: he is the other one's friend; he hears nothing of the other one, or the other of him."""


class Seat(msgspec.Struct, frozen=True, gc=False):
    """What a member has beside rank and positions; it hardly ever changes, and most have the plain one.

    `first_seq` is the first seq that is visible, 0: the one of joining. `muted_until_ms` is the last moment without a
    voice. `flags` are FRIEND, BLOCKS and BLOCKED. `left_name` is what a group was called when a former member left it.
    """

    first_seq: int = 0
    muted_until_ms: int = 0
    nickname: str = ""
    flags: int = 0
    left_name: str = ""


PLAIN_SEAT = Seat()
"""Everybody's, until something sets him apart."""


class Member(msgspec.Struct, gc=False):
    """A user in a conversation: rank, stay ([joined_seq, left_seq], 0: no end), and positions.

    `read_countable` is the countable number at `read_seq`.
    """

    role: int
    joined_seq: int
    left_seq: int = 0
    read_seq: int = 0
    read_countable: int = 0
    delivered_seq: int = 0
    seat: Seat = PLAIN_SEAT

    @property
    def first_seq(self) -> int:
        """The first seq that is visible."""
        return self.seat.first_seq or self.joined_seq


class JoinLink(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who brings the token whose hash this is comes in before `expires_ms` (0: ever), `uses` times (0: any number)."""

    link_id: str
    token: str
    by_user_id: UserId
    expires_ms: int = 0
    uses: int = 0
    used: int = 0


class JoinRequest(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Somebody who wants to come in and waits for an answer, or got none of the kind he hoped for."""

    user_id: UserId
    note: str
    time_ms: int


class Settings(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is set for a whole conversation. It is stored as it is here: new fields go to the end and have a default.

    `who_may_add` and `who_may_mention_all` are the lowest roles that may. While `muted_all`, only owner, admins and
    `speakers` speak. `requests` wait, `refused` were not let in. `muted_away` are those who left without a voice, and
    until when they have none; `removed` were put out, and come back only when somebody lets them.
    """

    avatar: str = ""
    announcement: str = ""
    history_for_newcomers: bool = False
    join_policy: int = JoinPolicy.LINK
    who_may_add: int = Role.MEMBER
    who_may_mention_all: int = Role.ADMIN
    muted_all: bool = False
    speakers: tuple[UserId, ...] = ()
    is_dismissed: bool = False
    links: tuple[JoinLink, ...] = ()
    requests: tuple[JoinRequest, ...] = ()
    refused: tuple[JoinRequest, ...] = ()
    pins: tuple[int, ...] = ()
    muted_away: tuple[tuple[UserId, int], ...] = ()
    removed: tuple[UserId, ...] = ()


PLAIN_SETTINGS = Settings()
"""Those of a conversation where nothing was set."""


class Conversation(msgspec.Struct):
    """The state. `seq` is the head, `offset` the log place of the last record applied.

    What lies below the line is derived or passing: `audience` the members as one shared tuple; `submitted` and
    `recent` the warm windows by submission and by seq; `touched` the members changed since the owner last took them to
    the store, `seated` those of them whose seat changed, `is_set` whether the settings did. `opened` are the
    bodies, as they are now, that a rule of this batch may look into, by seq, and all that are new in it; None: no rule will.
    """

    conversation_id: ConversationId
    kind: ConversationKind
    seq: int = 0
    countable: int = 0
    time_ms: int = 0
    offset: int = -1
    name: str = ""
    members: dict[UserId, Member] = {}
    settings: Settings = PLAIN_SETTINGS
    # ---
    audience: tuple[UserId, ...] = ()
    submitted: dict[tuple[UserId, ClientMsgId], Submitted] = {}
    recent: dict[int, Submitted] = {}
    touched: dict[UserId, Member] = {}
    seated: frozenset[UserId] = frozenset()
    is_set: bool = False
    opened: dict[int, AnyBody] | None = None


class Outcome(msgspec.Struct, gc=False):
    """What one record did. Exactly one of `receipt` and `refusal` is set, or neither for a silent merge.

    `entry` is new and to be shown; `duplicate` says that the receipt is of an earlier record; `replaced` are the
    entries that now stand at older seqs; `former` are those who see this entry as their last; `joined` are those who
    see it as their first; `moved` are the users whose positions moved.
    """

    receipt: Submitted | None = None
    refusal: HongyanError | None = None
    entry: Entry | None = None
    duplicate: bool = False
    replaced: tuple[Entry, ...] = ()
    joined: tuple[UserId, ...] = ()
    former: tuple[UserId, ...] = ()
    moved: tuple[UserId, ...] = ()


Rule = Callable[[Conversation, Record, Any], Outcome]


def new_conversation(conversation_id: ConversationId) -> Conversation:
    """The empty state before the first record. The users of a single or system conversation are members from seq 1."""
    members = {user_id: Member(Role.MEMBER, joined_seq=1) for user_id in fixed_members(conversation_id)}
    state = Conversation(conversation_id, kind_of(conversation_id), members=members)
    return rebuild(state)


def rebuild(state: Conversation) -> Conversation:
    """Derives what is derived; called on a state that was loaded or whose members changed."""
    state.audience = tuple(state.members)
    return state


def add_entry(state: Conversation, record: Record, body: AnyBody, *, countable: bool) -> Outcome:
    """Numbers an entry, keeps its facts warm and moves the sender's own read position; rules end with it."""
    seq = state.seq = state.seq + 1
    if countable:
        state.countable += 1
    time_ms = state.time_ms = max(state.time_ms, record.time_ms)
    sender_id, client_msg_id, count = record.sender_id, record.client_msg_id, state.countable
    kind = record.command.kind if countable else 0  # type: ignore[union-attr]  # only messages count
    receipt = Submitted(sender_id, client_msg_id, seq, record.message_id, time_ms, count, record.digest, kind)
    state.recent[seq] = receipt
    member = state.members.get(sender_id)
    if member is not None:
        member.read_seq = member.delivered_seq = seq
        member.read_countable = count
        state.touched[sender_id] = member
    entry = Entry(state.conversation_id, seq, record.message_id, sender_id, client_msg_id, time_ms, count, body)
    if state.opened is not None:
        state.opened[seq] = body
    return Outcome(receipt, None, entry)


def change_seat(state: Conversation, user_id: UserId, **changes: int | str) -> None:
    """Gives a member another seat, and notes that it has to be stored."""
    member = state.members[user_id]
    member.seat = msgspec.structs.replace(member.seat, **changes)
    state.touched[user_id] = member
    # A set of its own in every warm conversation would cost them all memory; seats hardly ever change.
    state.seated |= {user_id}


def change_settings(state: Conversation, **changes: Any) -> None:
    """Sets something for the whole conversation, and notes that it has to be stored."""
    state.settings = msgspec.structs.replace(state.settings, **changes)
    state.is_set = True


def unread(countable: int, member: Member) -> int:
    """Countable entries by others after what was read; sending moves one's own read position, so own never count."""
    return max(0, countable - member.read_countable)
