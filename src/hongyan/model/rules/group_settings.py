"""What the members of a group set: ranks, voices, names and rules."""

from msgspec.structs import asdict

from hongyan.model import commands as ask
from hongyan.model.codes import LastOwner, NotAllowed, UserUnknown
from hongyan.model.commands import Role
from hongyan.model.errors import HongyanError
from hongyan.model.ids import UserId
from hongyan.model.records import (
    AllMuted,
    GroupProfileSet,
    GroupRulesSet,
    MemberMuted,
    NicknameSet,
    OwnerTransferred,
    Record,
    RoleSet,
)
from hongyan.model.rules.answers import nothing_new, refuse
from hongyan.model.rules.membership import close_links_of, group_refusal, own_refusal, rank_of
from hongyan.model.rules.speech import voice_refusal
from hongyan.model.state import Conversation, Outcome, Rule, add_entry, change_seat, change_settings


def set_role(state: Conversation, record: Record, command: ask.SetRole) -> Outcome:
    """A higher rank raises and lowers others, and nobody as high as himself."""
    refusal = _refusal_on(state, record, command.user_id, "set roles")
    if refusal is not None:
        return refuse(refusal)
    member = state.members[command.user_id]
    if command.role >= min(rank_of(state, record.sender_id), Role.OWNER):
        return refuse(NotAllowed(action="grant a rank that is not below yours"))
    if member.role == Role.OWNER:
        # Not even the system: whoever is to be the owner is made so by a transfer.
        return refuse(LastOwner())
    if member.role == command.role:
        return nothing_new(state, record)
    outcome = add_entry(state, record, RoleSet(command.user_id, command.role), countable=False)
    _change_role(state, command.user_id, command.role)
    if command.role < Role.ADMIN:
        close_links_of(state, (command.user_id,))
    return outcome


def transfer_owner(state: Conversation, record: Record, command: ask.TransferOwner) -> Outcome:
    """The owner, or the system, gives the group to another member; he is an admin from then on: there is always one owner."""
    refusal = group_refusal(state, record, "transfer the group", Role.OWNER)
    if refusal is not None:
        return refuse(refusal)
    if command.user_id not in state.members:
        return refuse(UserUnknown(user_id=command.user_id))
    if state.members[command.user_id].role == Role.OWNER:
        return nothing_new(state, record)
    outcome = add_entry(state, record, OwnerTransferred(command.user_id), countable=False)
    for owner_id in [user_id for user_id, member in state.members.items() if member.role == Role.OWNER]:
        _change_role(state, owner_id, Role.ADMIN)
    _change_role(state, command.user_id, Role.OWNER)
    if state.members[command.user_id].seat.muted_until_ms:
        # Nobody is above an owner who could lift it.
        change_seat(state, command.user_id, muted_until_ms=0)
    return outcome


def mute_member(state: Conversation, record: Record, command: ask.MuteMember) -> Outcome:
    """Admins take lower ranks their voice until a time, or give it back; a time that has passed gives it back too."""
    refusal = _refusal_on(state, record, command.user_id, "mute")
    if refusal is not None:
        return refuse(refusal)
    until_ms = command.until_ms if command.until_ms > record.time_ms else 0
    before_ms = state.members[command.user_id].seat.muted_until_ms
    if until_ms == (before_ms if before_ms > record.time_ms else 0):
        return nothing_new(state, record)
    outcome = add_entry(state, record, MemberMuted(command.user_id, until_ms), countable=False)
    change_seat(state, command.user_id, muted_until_ms=until_ms)
    return outcome


def mute_all(state: Conversation, record: Record, command: ask.MuteAll) -> Outcome:
    """Admins silence everybody below them but those allowed, or end that. Who is allowed and no member is passed over."""
    refusal = group_refusal(state, record, "mute everybody", Role.ADMIN)
    if refusal is not None:
        return refuse(refusal)
    allowed = {user_id for user_id in command.allowed_ids if user_id in state.members} if command.on else set()
    speakers = tuple(sorted(allowed))
    if (command.on, speakers) == (state.settings.muted_all, state.settings.speakers):
        return nothing_new(state, record)
    outcome = add_entry(state, record, AllMuted(command.on, speakers), countable=False)
    change_settings(state, muted_all=command.on, speakers=speakers)
    return outcome


def set_profile(state: Conversation, record: Record, command: ask.SetGroupProfile) -> Outcome:
    """Admins name the group, give it a picture and post what all shall know."""
    refusal = group_refusal(state, record, "change the group", Role.ADMIN)
    if refusal is not None:
        return refuse(refusal)
    settings = state.settings
    name = command.name if command.name is not None and command.name != state.name else None
    asked = {"avatar": command.avatar, "announcement": command.announcement}
    changed = {key: value for key, value in asked.items() if value is not None and value != getattr(settings, key)}
    if name is None and not changed:
        return nothing_new(state, record)
    outcome = add_entry(state, record, GroupProfileSet(name, **changed), countable=False)
    if name is not None:
        state.name = name
    if changed:
        change_settings(state, **changed)
    return outcome


def set_nickname(state: Conversation, record: Record, command: ask.SetNickname) -> Outcome:
    """Everybody for himself; who has no voice finds none in his name."""
    refusal = own_refusal(state, record, "set a nickname")
    if refusal is not None:
        return refuse(refusal)
    member = state.members[record.sender_id]
    if member.seat.nickname == command.nickname:
        return nothing_new(state, record)
    muted = voice_refusal(state, record, member) if command.nickname else None
    if muted is not None:
        return refuse(muted)
    outcome = add_entry(state, record, NicknameSet(command.nickname), countable=False)
    change_seat(state, record.sender_id, nickname=command.nickname)
    return outcome


def set_rules(state: Conversation, record: Record, command: ask.SetGroupRules) -> Outcome:
    """Admins decide who comes in, what newcomers see, and which ranks may what, up to their own."""
    refusal = group_refusal(state, record, "change the rules", Role.ADMIN)
    if refusal is not None:
        return refuse(refusal)
    asked = max(command.who_may_add or 0, command.who_may_mention_all or 0)
    if asked > rank_of(state, record.sender_id):
        return refuse(NotAllowed(action="ask for a rank above yours"))
    settings = state.settings
    changed = {
        key: value for key, value in asdict(command).items() if value is not None and value != getattr(settings, key)
    }
    if not changed:
        return nothing_new(state, record)
    outcome = add_entry(state, record, GroupRulesSet(**changed), countable=False)
    change_settings(state, **changed)
    return outcome


def _refusal_on(state: Conversation, record: Record, user_id: UserId, action: str) -> HongyanError | None:
    """Why the sender, who has to be an admin at least, may not do this to a member."""
    refusal = group_refusal(state, record, action, Role.ADMIN)
    if refusal is not None:
        return refusal
    member = state.members.get(user_id)
    if member is None:
        return UserUnknown(user_id=user_id)
    if member.role >= rank_of(state, record.sender_id):
        return NotAllowed(action=f"{action} of your rank or above")
    return None


def _change_role(state: Conversation, user_id: UserId, role: Role) -> None:
    member = state.members[user_id]
    member.role = role
    state.touched[user_id] = member


RULES: dict[type, Rule] = {
    ask.SetRole: set_role,
    ask.TransferOwner: transfer_owner,
    ask.MuteMember: mute_member,
    ask.MuteAll: mute_all,
    ask.SetGroupProfile: set_profile,
    ask.SetNickname: set_nickname,
    ask.SetGroupRules: set_rules,
}
