"""How users come into a group and go: what every rule shares that lets in or puts out."""

from collections.abc import Iterable

from msgspec.structs import replace

from hongyan.model.codes import GroupFull, NotAllowed, NotAMember
from hongyan.model.commands import Role
from hongyan.model.errors import HongyanError
from hongyan.model.ids import SYSTEM_USER, ConversationKind, UserId
from hongyan.model.records import AnyBody, Record
from hongyan.model.state import (
    PLAIN_SEAT,
    Conversation,
    Member,
    Outcome,
    Seat,
    add_entry,
    change_settings,
    rebuild,
)

SYSTEM_RANK = Role.OWNER + 1
"""The system speaks for the installation: it may what an owner may, and on owners too."""

MUTED_AWAY = 1_000
"""Of so many who left without a voice it is remembered; then the earliest to have one again is forgotten."""


def group_refusal(
    state: Conversation, record: Record, action: str, least: Role | int = Role.MEMBER
) -> HongyanError | None:
    """Why the sender may not do what takes the role `least`.

    Strangers hear the same of a group that is not theirs and of none.
    """
    rank = rank_of(state, record.sender_id)
    if not rank:
        return NotAMember(conversation_id=state.conversation_id)
    allowed = state.kind is ConversationKind.GROUP and rank >= least
    return None if allowed else NotAllowed(action=action)


def own_refusal(state: Conversation, record: Record, action: str) -> HongyanError | None:
    """Why the sender may not do what only a member does, for himself."""
    refusal = group_refusal(state, record, action)
    if refusal is None and record.sender_id not in state.members:
        return NotAllowed(action=action)
    return refusal


def rank_of(state: Conversation, user_id: UserId) -> int:
    """A member's role, SYSTEM_RANK, or 0 for everybody else."""
    member = state.members.get(user_id)
    if member is not None:
        return member.role
    is_system = user_id == SYSTEM_USER and state.kind is ConversationKind.GROUP
    return SYSTEM_RANK if is_system and state.members else 0


def full_refusal(state: Conversation, newcomers: int, limit: int) -> HongyanError | None:
    """Why so many more do not fit."""
    return GroupFull(limit=limit) if len(state.members) + newcomers > limit else None


def let_in(state: Conversation, record: Record, user_ids: tuple[UserId, ...], body: AnyBody) -> Outcome:
    """Takes users in, with the entry that tells so; none of them is a member."""
    settings = state.settings
    away = dict(settings.muted_away)
    for user_id in user_ids:
        muted_until_ms = away.pop(user_id, 0)
        _take_in(state, user_id, muted_until_ms if muted_until_ms > record.time_ms else 0)
    if len(away) < len(settings.muted_away):
        change_settings(state, muted_away=tuple(away.items()))
    _settle_requests(state, user_ids)
    outcome = add_entry(state, record, body, countable=False)
    outcome.joined = user_ids
    rebuild(state)
    return outcome


def _take_in(state: Conversation, user_id: UserId, muted_until_ms: int) -> None:
    # What came before the entry that brings him in does not count as unread, whether he may see it or not.
    member = Member(
        Role.MEMBER, state.seq + 1, read_seq=state.seq, read_countable=state.countable, delivered_seq=state.seq
    )
    first_seq = int(state.settings.history_for_newcomers)
    if first_seq or muted_until_ms:
        member.seat = Seat(first_seq, muted_until_ms)
    state.members[user_id] = state.touched[user_id] = member


def put_out(state: Conversation, record: Record, user_ids: Iterable[UserId]) -> None:
    """Makes members former ones after the head; what they had here goes with them, but not that they have no voice.

    With the last one the group ends.
    """
    gone = set(user_ids)
    away = dict(state.settings.muted_away)
    for user_id in dict.fromkeys(user_ids):
        member = state.members.pop(user_id)
        member.left_seq = state.seq
        member.seat = replace(member.seat, left_name=state.name)
        state.touched[user_id] = member
        if member.seat is not PLAIN_SEAT and member.seat.muted_until_ms > record.time_ms:
            away[user_id] = member.seat.muted_until_ms
    state.seated |= gone
    settings = state.settings
    if len(away) != len(settings.muted_away):
        latest = sorted(away.items(), key=lambda each: (each[1], each[0]))[-MUTED_AWAY:]
        change_settings(state, muted_away=tuple(each for each in latest if each[1] > record.time_ms))
    if not gone.isdisjoint(settings.speakers):
        change_settings(state, speakers=tuple(each for each in settings.speakers if each not in gone))
    close_links_of(state, gone)
    if not state.members:
        change_settings(state, is_dismissed=True, requests=(), refused=(), muted_away=(), removed=())
    rebuild(state)


def close_links_of(state: Conversation, user_ids: Iterable[UserId]) -> None:
    """A link is worth what its maker may do: when he may no more, nor does it."""
    gone = frozenset(user_ids)
    if any(link.by_user_id in gone for link in state.settings.links):
        kept = tuple(link for link in state.settings.links if link.by_user_id not in gone)
        change_settings(state, links=kept)


def _settle_requests(state: Conversation, user_ids: tuple[UserId, ...]) -> None:
    """Who is in waits no more, whatever brought him in, and was not put out."""
    settings, came = state.settings, frozenset(user_ids)
    if not came.isdisjoint(settings.removed):
        change_settings(state, removed=tuple(each for each in settings.removed if each not in came))
    if settings.requests or settings.refused:
        requests = tuple(each for each in settings.requests if each.user_id not in came)
        refused = tuple(each for each in settings.refused if each.user_id not in came)
        if (requests, refused) != (settings.requests, settings.refused):
            change_settings(state, requests=requests, refused=refused)
