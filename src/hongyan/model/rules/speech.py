"""Who may say something: asked before a message, and before whatever else could carry words."""

from hongyan.model.codes import Blocked, Muted, NotAllowed
from hongyan.model.commands import Role
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ConversationKind, UserId
from hongyan.model.records import Record
from hongyan.model.state import BLOCKED, Conversation, Member


def voice_refusal(state: Conversation, record: Record, sender: Member) -> HongyanError | None:
    """Why a member has no voice at the time of the record: blocked by the other one, muted, or all but some are."""
    if sender.seat.flags & BLOCKED:
        return Blocked(user_id=other_of(state, record.sender_id))
    until_ms = sender.seat.muted_until_ms
    if until_ms > record.time_ms:
        return Muted(until_ms=until_ms)
    settings = state.settings
    if settings.muted_all and sender.role < Role.ADMIN and record.sender_id not in settings.speakers:
        return Muted(until_ms=0)
    return None


def mention_all_refusal(state: Conversation, sender: Member) -> HongyanError | None:
    """Why a member may not call everybody."""
    may = state.kind is ConversationKind.GROUP and sender.role >= state.settings.who_may_mention_all
    return None if may else NotAllowed(action="mention all")


def other_of(state: Conversation, user_id: UserId) -> UserId:
    """The other one of a single."""
    return next(other for other in state.members if other != user_id)
