"""Who is in a group, and what they may do there."""

from hongyan.model import commands as ask
from hongyan.model.codes import GroupExists, GroupFull, InvalidField, LastOwner, NotAllowed, NotAMember
from hongyan.model.commands import Role
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ConversationKind, UserId
from hongyan.model.records import GroupCreated, MemberLeft, MembersAdded, MembersRemoved, Record
from hongyan.model.rules.answers import not_written_yet, nothing_new, refuse
from hongyan.model.state import Conversation, Member, Outcome, Rule, add_entry, rebuild


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
        return nothing_new(state, record)
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
        return nothing_new(state, record)
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


def _take_in(state: Conversation, user_id: UserId, role: Role) -> None:
    # What came before the entry that brings them in is not theirs to see, so it does not count as unread either.
    member = Member(role, state.seq + 1, read_seq=state.seq, read_countable=state.countable, delivered_seq=state.seq)
    state.members[user_id] = state.touched[user_id] = member


def _put_out(state: Conversation, user_id: UserId) -> None:
    member = state.members.pop(user_id)
    member.left_seq = state.seq
    state.touched[user_id] = member


RULES: dict[type, Rule] = {
    ask.CreateGroup: create_group,
    ask.AddMembers: add_members,
    ask.RemoveMembers: remove_members,
    ask.LeaveGroup: leave_group,
    ask.SetRole: not_written_yet("set roles"),
    ask.TransferOwner: not_written_yet("transfer the group"),
    ask.MuteMember: not_written_yet("mute"),
    ask.MuteAll: not_written_yet("mute everybody"),
    ask.SetGroupProfile: not_written_yet("change the group"),
    ask.SetNickname: not_written_yet("set a nickname"),
    ask.SetGroupRules: not_written_yet("change the rules"),
    ask.MakeJoinLink: not_written_yet("make a link"),
    ask.RevokeJoinLink: not_written_yet("revoke a link"),
    ask.JoinByLink: not_written_yet("join by a link"),
    ask.RequestJoin: not_written_yet("ask to join"),
    ask.AnswerJoin: not_written_yet("let in"),
    ask.DismissGroup: not_written_yet("dismiss the group"),
}
