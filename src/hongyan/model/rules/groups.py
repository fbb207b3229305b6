"""Who is in a group: made, filled, left and ended. What its members may set and how strangers come in lies beside."""

from hongyan.model import commands as ask
from hongyan.model.codes import GroupExists, GroupFull, InvalidField, LastOwner, NotAllowed
from hongyan.model.commands import Role
from hongyan.model.ids import SYSTEM_USER, ConversationKind
from hongyan.model.records import GroupCreated, GroupDismissed, MemberLeft, MembersAdded, MembersRemoved, Record
from hongyan.model.rules import group_doors, group_settings
from hongyan.model.rules.answers import nothing_new, refuse
from hongyan.model.rules.membership import full_refusal, group_refusal, let_in, own_refusal, put_out, rank_of
from hongyan.model.state import Conversation, Outcome, Rule, add_entry, change_settings

REMOVED = 1_000
"""So many who were put out are kept from coming back by themselves; then the earliest is forgotten."""


def create_group(state: Conversation, record: Record, command: ask.CreateGroup) -> Outcome:
    """The creator owns it; the first entry names everybody."""
    if state.kind is not ConversationKind.GROUP:
        return refuse(InvalidField(field="conversation_id", reason="a group's id begins with g:"))
    if record.sender_id == SYSTEM_USER:
        return refuse(NotAllowed(action="own a group"))
    if state.seq:
        return refuse(GroupExists(conversation_id=state.conversation_id))
    members = tuple(dict.fromkeys((record.sender_id, *command.member_ids)))
    if len(members) > command.limit:
        return refuse(GroupFull(limit=command.limit))
    state.name = command.name
    outcome = let_in(state, record, members, GroupCreated(command.name, members))
    state.members[record.sender_id].role = Role.OWNER
    return outcome


def add_members(state: Conversation, record: Record, command: ask.AddMembers) -> Outcome:
    """Those of the rank that the group's rules name bring others in; who is in already is passed over."""
    refusal = group_refusal(state, record, "add members", state.settings.who_may_add)
    if refusal is not None:
        return refuse(refusal)
    new = tuple(user_id for user_id in dict.fromkeys(command.member_ids) if user_id not in state.members)
    if not new:
        return nothing_new(state, record)
    full = full_refusal(state, len(new), command.limit)
    return refuse(full) if full is not None else let_in(state, record, new, MembersAdded(new))


def remove_members(state: Conversation, record: Record, command: ask.RemoveMembers) -> Outcome:
    """A higher rank puts lower ones out; who is not in is passed over. The removed see this entry as their last.

    They do not come back by a link, nor because the group is open: somebody has to take them in.
    """
    refusal = group_refusal(state, record, "remove members")
    if refusal is not None:
        return refuse(refusal)
    rank = rank_of(state, record.sender_id)
    targets = tuple(user_id for user_id in dict.fromkeys(command.member_ids) if user_id in state.members)
    if any(state.members[user_id].role >= rank for user_id in targets):
        return refuse(NotAllowed(action="remove a member of your rank or above"))
    if not targets:
        return nothing_new(state, record)
    if len(targets) < len(state.members) and any(state.members[user_id].role == Role.OWNER for user_id in targets):
        # There is one; the others would be left without.
        return refuse(LastOwner())
    outcome = add_entry(state, record, MembersRemoved(targets), countable=False)
    change_settings(state, removed=(*state.settings.removed, *targets)[-REMOVED:])
    put_out(state, record, targets)
    outcome.former = targets
    return outcome


def leave_group(state: Conversation, record: Record, _command: ask.LeaveGroup) -> Outcome:
    """Anybody goes, but the last owner stays while others are there. With the last one the group ends."""
    refusal = own_refusal(state, record, "leave")
    if refusal is not None:
        return refuse(refusal)
    actor = state.members[record.sender_id]
    owners = sum(1 for member in state.members.values() if member.role == Role.OWNER)
    if actor.role == Role.OWNER and owners == 1 and len(state.members) > 1:
        return refuse(LastOwner())
    outcome = add_entry(state, record, MemberLeft(), countable=False)
    put_out(state, record, (record.sender_id,))
    outcome.former = (record.sender_id,)
    return outcome


def dismiss_group(state: Conversation, record: Record, _command: ask.DismissGroup) -> Outcome:
    """The owner ends it: for everybody this entry is the last, and what was said stays readable."""
    refusal = group_refusal(state, record, "dismiss the group", Role.OWNER)
    if refusal is not None:
        return refuse(refusal)
    everybody = state.audience
    outcome = add_entry(state, record, GroupDismissed(), countable=False)
    # Links stay, and open nothing: who holds one hears that the group has ended.
    links = state.settings.links
    put_out(state, record, everybody)
    change_settings(state, links=links)
    outcome.former = everybody
    return outcome


RULES: dict[type, Rule] = {
    ask.CreateGroup: create_group,
    ask.AddMembers: add_members,
    ask.RemoveMembers: remove_members,
    ask.LeaveGroup: leave_group,
    ask.DismissGroup: dismiss_group,
    **group_settings.RULES,
    **group_doors.RULES,
}
