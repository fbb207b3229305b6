"""How far users have read and received."""

from hongyan.model import commands as ask
from hongyan.model.ids import UserId
from hongyan.model.records import Record
from hongyan.model.state import Conversation, Member, Outcome, Rule


def move_positions(state: Conversation, _record: Record, command: ask.MovePositions) -> Outcome:
    """Merges marks by maximum. A mark beyond the head counts as the head; one of a stranger as nothing."""
    moved: dict[UserId, None] = {}
    for mark in command.marks:
        member = state.members.get(mark.user_id)
        if member is None:
            continue
        read = _move_read(state, member, mark.read_seq)
        delivered = min(max(mark.delivered_seq, member.read_seq), state.seq)
        if read or delivered > member.delivered_seq:
            member.delivered_seq = max(delivered, member.delivered_seq)
            state.touched[mark.user_id] = member
            moved[mark.user_id] = None
    return Outcome(moved=tuple(moved))


def _move_read(state: Conversation, member: Member, seq: int) -> bool:
    if seq <= member.read_seq:
        return False
    if seq >= state.seq:
        seq, countable = state.seq, state.countable
    else:
        fact = state.recent.get(seq)
        if fact is None:
            return False
        countable = fact.countable
    if seq <= member.read_seq:
        return False
    member.read_seq, member.read_countable = seq, max(countable, member.read_countable)
    return True


RULES: dict[type, Rule] = {ask.MovePositions: move_positions}
