"""What happened in a conversation, in words that follow "you" or somebody's name. Whatever others wrote comes out clean."""

from collections.abc import Sequence
from datetime import UTC, datetime

from hongyan.cli.chat.text import clean, clean_line
from hongyan.model.ids import UserId
from hongyan.model.records import AnyBody
from hongyan.protocol.codec_content import parse_content
from hongyan_client import (
    AllMuted,
    DeleteNotice,
    EditNotice,
    GroupCreated,
    GroupDismissed,
    GroupProfileSet,
    GroupRulesSet,
    JoinAnswered,
    JoinLinkMade,
    JoinLinkRevoked,
    JoinRequested,
    MemberJoined,
    MemberLeft,
    MemberMuted,
    MembersAdded,
    MembersRemoved,
    NicknameSet,
    OwnerTransferred,
    PinNotice,
    ReactionNotice,
    RecallNotice,
    RoleSet,
)


def person(user_id: str, me: UserId) -> str:
    """Somebody, as he is called to `me`."""
    return "you" if user_id == me else user_id


def people(user_ids: Sequence[str], me: UserId) -> str:
    """Several of them."""
    return ", ".join(person(user_id, me) for user_id in user_ids)


def deed_words(body: AnyBody, me: UserId) -> str:
    """What the sender of an entry did, but for messages and what stands in their place."""
    found = _about_message(body) or _about_members(body, me) or _about_ranks(body, me) or _about_group(body)
    return found or "did what this version cannot show"


def _about_message(body: AnyBody) -> str:
    match body:
        case RecallNotice():
            return f"took message {body.seq} back"
        case DeleteNotice():
            return f"deleted message {body.seq}"
        case EditNotice() if body.content:
            return f"edited message {body.seq}: {clean(parse_content(body.content).text)}"
        case EditNotice():
            return f"edited message {body.seq}"
        case ReactionNotice() if body.on:
            return f"reacted {clean_line(body.emoji)} to message {body.seq}"
        case ReactionNotice():
            return f"took {clean_line(body.emoji)} from message {body.seq}"
        case PinNotice():
            return f"{'pinned' if body.on else 'unpinned'} message {body.seq}"
    return ""


def _about_members(body: AnyBody, me: UserId) -> str:
    match body:
        case GroupCreated():
            return f"made the group #{clean_line(body.name)} with {people(body.member_ids, me)}"
        case MembersAdded():
            return f"brought in {people(body.member_ids, me)}"
        case MembersRemoved():
            return f"put out {people(body.member_ids, me)}"
        case MemberLeft():
            return "left"
        case MemberJoined():
            return "came in by a link" if body.link_id else "came in"
        case JoinRequested():
            return f"asks to be let in{f': {clean_line(body.note)}' if body.note else ''}"
        case JoinAnswered():
            return f"{'let in' if body.accept else 'did not let in'} {person(body.user_id, me)}"
    return ""


def _about_ranks(body: AnyBody, me: UserId) -> str:
    match body:
        case RoleSet():
            return f"made {person(body.user_id, me)} {body.role.name.lower()}"
        case OwnerTransferred():
            return f"gave the group to {person(body.user_id, me)}"
        case MemberMuted() if body.until_ms:
            until = datetime.fromtimestamp(body.until_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
            return f"silenced {person(body.user_id, me)} until {until}"
        case MemberMuted():
            return f"let {person(body.user_id, me)} speak again"
    return ""


def _about_group(body: AnyBody) -> str:
    match body:
        case GroupProfileSet():
            return _about_profile(body)
        case NicknameSet():
            return f"is called {clean_line(body.nickname)} here" if body.nickname else "has no other name here any more"
        case AllMuted():
            return "lets only admins speak" if body.on else "lets everybody speak"
        case GroupRulesSet():
            return "changed the group's rules"
        case JoinLinkMade():
            return "made a link into the group"
        case JoinLinkRevoked():
            return "ended a link into the group"
        case GroupDismissed():
            return "ended the group"
    return ""


def _about_profile(body: GroupProfileSet) -> str:
    said = []
    if body.name is not None:
        said.append(f"called the group #{clean_line(body.name)}")
    if body.announcement is not None:
        said.append(f"announced: {clean(body.announcement)}" if body.announcement else "took the notice down")
    if body.avatar is not None:
        said.append("changed the group's picture")
    return ", ".join(said) or "changed the group"
