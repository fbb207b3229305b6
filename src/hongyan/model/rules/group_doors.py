"""How those come into a group whom no member brings in: by a link, by asking, or because it is open."""

from msgspec.structs import replace

from hongyan.model import commands as ask
from hongyan.model.codes import (
    GroupDismissed,
    InvalidField,
    JoinClosed,
    JoinLinkInvalid,
    JoinRequestUnknown,
    TooManyJoinLinks,
    TooManyJoinRequests,
)
from hongyan.model.commands import JoinPolicy, Role
from hongyan.model.ids import UserId
from hongyan.model.records import JoinAnswered, JoinLinkMade, JoinLinkRevoked, JoinRequested, MemberJoined, Record
from hongyan.model.rules.answers import nothing_new, refuse
from hongyan.model.rules.membership import full_refusal, group_refusal, let_in
from hongyan.model.state import (
    Conversation,
    JoinLink,
    JoinRequest,
    Outcome,
    Rule,
    Settings,
    add_entry,
    change_settings,
)

LINKS = 50
REQUESTS = 200
ASK_AGAIN_MS = 24 * 3_600_000
"""Who was not let in may ask again after so long; before, the members would hear him as often as he likes."""


def make_link(state: Conversation, record: Record, command: ask.MakeJoinLink) -> Outcome:
    """Admins make links. What can bring nobody in any more gives way."""
    refusal = group_refusal(state, record, "make a link", Role.ADMIN)
    if refusal is not None:
        return refuse(refusal)
    made = JoinLink(command.link_id, command.token, record.sender_id, command.expires_ms, command.uses)
    if made in state.settings.links:
        return nothing_new(state, record)
    links = tuple(link for link in state.settings.links if _opens(link, record.time_ms))
    if any(link.link_id == made.link_id or link.token == made.token for link in links):
        return refuse(InvalidField(field="link_id", reason="the group has a link of this id or token"))
    if not _opens(made, record.time_ms):
        return refuse(InvalidField(field="expires_ms", reason="it has passed"))
    if len(links) >= LINKS:
        return refuse(TooManyJoinLinks(limit=LINKS))
    body = JoinLinkMade(made.link_id, made.expires_ms, made.uses)
    outcome = add_entry(state, record, body, countable=False)
    change_settings(state, links=(*links, made))
    return outcome


def revoke_link(state: Conversation, record: Record, command: ask.RevokeJoinLink) -> Outcome:
    """Any admin makes any link worthless; one that is not there is that already."""
    refusal = group_refusal(state, record, "revoke a link", Role.ADMIN)
    if refusal is not None:
        return refuse(refusal)
    kept = tuple(link for link in state.settings.links if link.link_id != command.link_id)
    if len(kept) == len(state.settings.links):
        return nothing_new(state, record)
    outcome = add_entry(state, record, JoinLinkRevoked(command.link_id), countable=False)
    change_settings(state, links=kept)
    return outcome


def join_by_link(state: Conversation, record: Record, command: ask.JoinByLink) -> Outcome:
    """Whoever holds a link that opens comes in, and uses it up by one. Of wrong tokens none tells whether there is a group."""
    settings = state.settings
    link = next((link for link in settings.links if link.token == command.token), None)
    if record.sender_id in state.members:
        return nothing_new(state, record)
    if link is None:
        return refuse(JoinLinkInvalid())
    if settings.is_dismissed:
        return refuse(GroupDismissed(conversation_id=state.conversation_id))
    if not _opens(link, record.time_ms):
        return refuse(JoinLinkInvalid())
    if settings.join_policy == JoinPolicy.CLOSED or record.sender_id in settings.removed:
        return refuse(JoinClosed(conversation_id=state.conversation_id))
    full = full_refusal(state, 1, command.limit)
    if full is not None:
        return refuse(full)
    used = replace(link, used=link.used + 1)
    change_settings(state, links=tuple(used if each is link else each for each in settings.links))
    return let_in(state, record, (record.sender_id,), MemberJoined(link.link_id))


def request_join(state: Conversation, record: Record, command: ask.RequestJoin) -> Outcome:
    """An open group lets in at once, one by approval lets wait; any other refuses, and so does one that is not there."""
    settings, user_id = state.settings, record.sender_id
    if user_id in state.members:
        return nothing_new(state, record)
    is_there = bool(state.members) and not settings.is_dismissed
    if is_there and settings.join_policy == JoinPolicy.OPEN and user_id not in settings.removed:
        full = full_refusal(state, 1, command.limit)
        return refuse(full) if full is not None else let_in(state, record, (user_id,), MemberJoined())
    if not is_there or settings.join_policy != JoinPolicy.APPROVAL or _was_refused(settings, record):
        return refuse(JoinClosed(conversation_id=state.conversation_id))
    if any(request.user_id == user_id for request in settings.requests):
        return nothing_new(state, record)
    if len(settings.requests) >= REQUESTS:
        return refuse(TooManyJoinRequests(limit=REQUESTS))
    outcome = add_entry(state, record, JoinRequested(command.note), countable=False)
    asked = JoinRequest(user_id, command.note, state.time_ms)
    change_settings(state, requests=(*settings.requests, asked), refused=_without(settings.refused, user_id))
    return outcome


def answer_join(state: Conversation, record: Record, command: ask.AnswerJoin) -> Outcome:
    """An admin lets in who asked, or does not."""
    refusal = group_refusal(state, record, "let in", Role.ADMIN)
    if refusal is not None:
        return refuse(refusal)
    settings, user_id = state.settings, command.user_id
    asked = next((request for request in settings.requests if request.user_id == user_id), None)
    if asked is None:
        return refuse(JoinRequestUnknown(user_id=user_id))
    body = JoinAnswered(user_id, command.accept)
    if command.accept:
        full = full_refusal(state, 1, command.limit)
        return refuse(full) if full is not None else let_in(state, record, (user_id,), body)
    outcome = add_entry(state, record, body, countable=False)
    refused = (*settings.refused, replace(asked, time_ms=state.time_ms))[-REQUESTS:]
    change_settings(state, requests=_without(settings.requests, user_id), refused=refused)
    return outcome


def _opens(link: JoinLink, time_ms: int) -> bool:
    return (not link.expires_ms or time_ms < link.expires_ms) and (not link.uses or link.used < link.uses)


def _was_refused(settings: Settings, record: Record) -> bool:
    return any(
        each.user_id == record.sender_id and record.time_ms - each.time_ms < ASK_AGAIN_MS for each in settings.refused
    )


def _without(requests: tuple[JoinRequest, ...], user_id: UserId) -> tuple[JoinRequest, ...]:
    return tuple(each for each in requests if each.user_id != user_id)


RULES: dict[type, Rule] = {
    ask.MakeJoinLink: make_link,
    ask.RevokeJoinLink: revoke_link,
    ask.JoinByLink: join_by_link,
    ask.RequestJoin: request_join,
    ask.AnswerJoin: answer_join,
}
