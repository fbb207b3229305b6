"""One rule a command: who may, and what happens then. `RULES` at the end is the table that `apply` asks."""

from hongyan.model import commands as ask
from hongyan.model.codes import (
    AlreadyRecalled,
    EntryUnknown,
    GroupExists,
    GroupFull,
    InvalidField,
    LastOwner,
    NotAllowed,
    NotAMember,
    RecallTooLate,
)
from hongyan.model.errors import HongyanError
from hongyan.model.ids import SYSTEM_USER, ConversationKind, UserId
from hongyan.model.records import (
    Entry,
    GroupCreated,
    MemberLeft,
    MembersAdded,
    MembersRemoved,
    Message,
    Recalled,
    RecallNotice,
    Record,
    Submitted,
)
from hongyan.model.state import Conversation, Member, Outcome, Role, Rule, add_entry, rebuild


def refuse(error: HongyanError) -> Outcome:
    """No entry, no receipt, no trace."""
    return Outcome(refusal=error)


def send_message(state: Conversation, record: Record, command: ask.SendMessage) -> Outcome:
    """Members speak; in a system conversation only the system does."""
    sender = state.members.get(record.sender_id)
    if state.kind is ConversationKind.SYSTEM:
        if not _system_speaks(state, record):
            return refuse(NotAllowed(action="send"))
    elif sender is None:
        return refuse(NotAMember(conversation_id=state.conversation_id))
    elif command.mention_all and (state.kind is not ConversationKind.GROUP or sender.role < Role.ADMIN):
        return refuse(NotAllowed(action="mention all"))
    outcome = add_entry(state, record, Message(command.kind, command.content), countable=True)
    if state.seq == 1:
        # The first message makes a single or system conversation; a group exists before anybody can speak in it.
        outcome.joined = state.audience
        state.touched.update(state.members)
    return outcome


def recall(state: Conversation, record: Record, command: ask.Recall) -> Outcome:
    """The sender within the window, the system its own notices too; in a group a higher rank at any time."""
    actor = state.members.get(record.sender_id)
    if actor is None and not _system_speaks(state, record):
        return refuse(NotAMember(conversation_id=state.conversation_id))
    target = state.recent.get(command.seq)
    if target is None or target.kind == 0 or (actor is not None and command.seq < actor.joined_seq):
        return refuse(EntryUnknown(seq=command.seq))
    if target.recalled:
        return refuse(AlreadyRecalled(seq=command.seq))
    refusal = _recall_refusal(state, record, command, target)
    if refusal is not None:
        return refuse(refusal)
    target.recalled = True
    outcome = add_entry(state, record, RecallNotice(command.seq), countable=False)
    outcome.replaced = recalled_entry(state, target, record.sender_id)
    return outcome


def _system_speaks(state: Conversation, record: Record) -> bool:
    return state.kind is ConversationKind.SYSTEM and record.sender_id == SYSTEM_USER


def recalled_entry(state: Conversation, target: Submitted, by_user_id: UserId) -> Entry:
    """What stands at a recalled message's place from now on: who and when, but not what."""
    return Entry(
        state.conversation_id,
        target.seq,
        target.message_id,
        target.sender_id,
        target.client_msg_id,
        target.time_ms,
        target.countable,
        Recalled(by_user_id),
    )


def _recall_refusal(state: Conversation, record: Record, command: ask.Recall, target: Submitted) -> HongyanError | None:
    if target.sender_id != record.sender_id:
        owner = state.members.get(target.sender_id)
        rank = owner.role if owner is not None else Role.MEMBER
        allowed = state.kind is ConversationKind.GROUP and state.members[record.sender_id].role > rank
        return None if allowed else NotAllowed(action="recall another's message")
    if record.time_ms - target.time_ms > command.window_ms:
        return RecallTooLate(window_ms=command.window_ms)
    return None


def create_group(state: Conversation, record: Record, command: ask.CreateGroup) -> Outcome:
    """The creator owns it; the first entry names everybody."""
    if state.kind is not ConversationKind.GROUP:
        return refuse(InvalidField(field="conversation_id", reason="a group's id begins with g:"))
    if state.seq:
        return refuse(GroupExists(conversation_id=state.conversation_id))
    members = tuple(dict.fromkeys((record.sender_id, *command.member_ids)))
    if len(members) > command.limit:
        return refuse(GroupFull(limit=command.limit))
    state.name = command.name
    for user_id in members:
        _take_in(state, user_id, Role.MEMBER)
    state.members[record.sender_id].role = Role.OWNER
    outcome = add_entry(state, record, GroupCreated(command.name, members), countable=False)
    outcome.joined = members
    rebuild(state)
    return outcome


def add_members(state: Conversation, record: Record, command: ask.AddMembers) -> Outcome:
    """Any member of a group brings others in; who is in already is passed over."""
    refusal = _group_refusal(state, record, "add members")
    if refusal is not None:
        return refuse(refusal)
    new = tuple(user_id for user_id in dict.fromkeys(command.member_ids) if user_id not in state.members)
    if not new:
        return _nothing_new(state, record)
    if len(state.members) + len(new) > command.limit:
        return refuse(GroupFull(limit=command.limit))
    for user_id in new:
        _take_in(state, user_id, Role.MEMBER)
    outcome = add_entry(state, record, MembersAdded(new), countable=False)
    outcome.joined = new
    rebuild(state)
    return outcome


def remove_members(state: Conversation, record: Record, command: ask.RemoveMembers) -> Outcome:
    """A higher rank puts lower ones out; who is not in is passed over. The removed see this entry as their last."""
    refusal = _group_refusal(state, record, "remove members")
    if refusal is not None:
        return refuse(refusal)
    actor = state.members[record.sender_id]
    targets = tuple(user_id for user_id in dict.fromkeys(command.member_ids) if user_id in state.members)
    if any(state.members[user_id].role >= actor.role for user_id in targets):
        return refuse(NotAllowed(action="remove a member of your rank or above"))
    if not targets:
        return _nothing_new(state, record)
    outcome = add_entry(state, record, MembersRemoved(targets), countable=False)
    for user_id in targets:
        _put_out(state, user_id)
    outcome.former = targets
    rebuild(state)
    return outcome


def leave_group(state: Conversation, record: Record, _command: ask.LeaveGroup) -> Outcome:
    """Anybody goes, but the last owner stays while others are there."""
    refusal = _group_refusal(state, record, "leave")
    if refusal is not None:
        return refuse(refusal)
    actor = state.members[record.sender_id]
    owners = sum(1 for member in state.members.values() if member.role == Role.OWNER)
    if actor.role == Role.OWNER and owners == 1 and len(state.members) > 1:
        return refuse(LastOwner())
    outcome = add_entry(state, record, MemberLeft(), countable=False)
    _put_out(state, record.sender_id)
    outcome.former = (record.sender_id,)
    rebuild(state)
    return outcome


def _group_refusal(state: Conversation, record: Record, action: str) -> HongyanError | None:
    """Strangers hear the same of a group that is not theirs and of none."""
    if record.sender_id not in state.members:
        return NotAMember(conversation_id=state.conversation_id)
    return None if state.kind is ConversationKind.GROUP else NotAllowed(action=action)


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


def _take_in(state: Conversation, user_id: UserId, role: Role) -> None:
    # What came before the entry that brings them in is not theirs to see, so it does not count as unread either.
    member = Member(role, state.seq + 1, read_seq=state.seq, read_countable=state.countable, delivered_seq=state.seq)
    state.members[user_id] = state.touched[user_id] = member


def _put_out(state: Conversation, user_id: UserId) -> None:
    member = state.members.pop(user_id)
    member.left_seq = state.seq
    state.touched[user_id] = member


def _nothing_new(state: Conversation, record: Record) -> Outcome:
    """A receipt without an entry: its seq is 0."""
    time_ms = max(state.time_ms, record.time_ms)
    sender_id, client_msg_id, count = record.sender_id, record.client_msg_id, state.countable
    return Outcome(Submitted(sender_id, client_msg_id, 0, record.message_id, time_ms, count, record.digest))


RULES: dict[type, Rule] = {
    ask.SendMessage: send_message,
    ask.Recall: recall,
    ask.CreateGroup: create_group,
    ask.AddMembers: add_members,
    ask.RemoveMembers: remove_members,
    ask.LeaveGroup: leave_group,
    ask.MovePositions: move_positions,
}
