"""What the two of a single conversation are to each other."""

from hongyan.model import commands as ask
from hongyan.model.codes import InvalidField, NotAllowed, NotAMember
from hongyan.model.errors import HongyanError
from hongyan.model.ids import SYSTEM_USER, ConversationKind
from hongyan.model.records import Befriended, Record
from hongyan.model.rules.answers import nothing_new, refuse
from hongyan.model.rules.speech import other_of
from hongyan.model.state import BLOCKED, BLOCKS, FRIEND, Conversation, Outcome, Rule, add_entry, change_seat


def block(state: Conversation, record: Record, command: ask.Block) -> Outcome:
    """Either of the two, silently: nobody sees an entry. Friends stay friends."""
    actor = state.members.get(record.sender_id)
    if actor is None:
        return refuse(NotAMember(conversation_id=state.conversation_id))
    if state.kind is not ConversationKind.SINGLE:
        return refuse(NotAllowed(action="block"))
    if bool(actor.seat.flags & BLOCKS) is not command.on:
        other_id = other_of(state, record.sender_id)
        change_seat(state, record.sender_id, flags=actor.seat.flags ^ BLOCKS)
        change_seat(state, other_id, flags=state.members[other_id].seat.flags ^ BLOCKED)
    return _silently(state, record)


def befriend(state: Conversation, record: Record, command: ask.Befriend) -> Outcome:
    """The system says so, and both see it; who are friends already are told nothing."""
    refusal = _system_refusal(state, record, command.by_user_id)
    if refusal is not None:
        return refuse(refusal)
    if not _change_friends(state, on=True):
        return _silently(state, record)
    outcome = add_entry(state, record, Befriended(command.by_user_id, command.note), countable=False)
    if state.seq == 1:
        # The conversation begins with it, as with a first message.
        outcome.joined = state.audience
    return outcome


def unfriend(state: Conversation, record: Record, command: ask.Unfriend) -> Outcome:
    """The system says so, silently."""
    refusal = _system_refusal(state, record, command.by_user_id)
    if refusal is not None:
        return refuse(refusal)
    _change_friends(state, on=False)
    return _silently(state, record)


def _silently(state: Conversation, record: Record) -> Outcome:
    if not state.seq:
        # The receipt is kept, so the conversation is; and what is kept has its two members.
        state.touched.update(state.members)
    return nothing_new(state, record)


def _change_friends(state: Conversation, *, on: bool) -> bool:
    """Whether that was new."""
    changed = False
    for user_id, member in state.members.items():
        if bool(member.seat.flags & FRIEND) is not on:
            change_seat(state, user_id, flags=member.seat.flags ^ FRIEND)
            changed = True
    return changed


def _system_refusal(state: Conversation, record: Record, by_user_id: str) -> HongyanError | None:
    if record.sender_id != SYSTEM_USER or state.kind is not ConversationKind.SINGLE:
        return NotAllowed(action="decide who are friends")
    if by_user_id not in state.members:
        return InvalidField(field="by_user_id", reason="it is neither of the two")
    return None


RULES: dict[type, Rule] = {ask.Block: block, ask.Befriend: befriend, ask.Unfriend: unfriend}
