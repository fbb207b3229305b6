"""Every kind of entry has its words."""

from typing import get_args

import pytest

from hongyan.cli.chat.happened import deed_words
from hongyan.model.commands import Role
from hongyan.model.ids import UserId
from hongyan.model.records import AnyBody
from hongyan.protocol.codec_content import text_content
from hongyan_client import (
    AllMuted,
    Amended,
    Befriended,
    Deleted,
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
    Message,
    NicknameSet,
    OwnerTransferred,
    PinNotice,
    ReactionNotice,
    Recalled,
    RecallNotice,
    RoleSet,
)

ME, BOB = UserId("alice"), UserId("bob")

WORDS: list[tuple[AnyBody, str]] = [
    (RecallNotice(3), "took message 3 back"),
    (DeleteNotice(3), "deleted message 3"),
    (EditNotice(3, 1, text_content("better")), "edited message 3: better"),
    (EditNotice(3), "edited message 3"),
    (ReactionNotice(3, "👍", on=True), "reacted 👍 to message 3"),
    (ReactionNotice(3, "👍", on=False), "took 👍 from message 3"),
    (PinNotice(3, on=True), "pinned message 3"),
    (PinNotice(3, on=False), "unpinned message 3"),
    (GroupCreated("读书会", (ME, BOB)), "made the group #读书会 with you, bob"),
    (MembersAdded((ME,)), "brought in you"),
    (MembersRemoved((BOB,)), "put out bob"),
    (MemberLeft(), "left"),
    (MemberJoined("ab12"), "came in by a link"),
    (MemberJoined(), "came in"),
    (JoinRequested("it is me"), "asks to be let in: it is me"),
    (JoinAnswered(BOB, accept=True), "let in bob"),
    (JoinAnswered(BOB, accept=False), "did not let in bob"),
    (RoleSet(ME, Role.ADMIN), "made you admin"),
    (OwnerTransferred(BOB), "gave the group to bob"),
    (MemberMuted(BOB, 1_800_000_000_000), "silenced bob until 2027-01-15 08:00 UTC"),
    (MemberMuted(BOB, 0), "let bob speak again"),
    (GroupProfileSet(name="New"), "called the group #New"),
    (GroupProfileSet(announcement="周四发布"), "announced: 周四发布"),
    (GroupProfileSet(announcement=""), "took the notice down"),
    (NicknameSet("小薇"), "is called 小薇 here"),
    (NicknameSet(""), "has no other name here any more"),
    (AllMuted(on=True), "lets only admins speak"),
    (AllMuted(on=False), "lets everybody speak"),
    (GroupRulesSet(), "changed the group's rules"),
    (JoinLinkMade("ab12"), "made a link into the group"),
    (JoinLinkRevoked("ab12"), "ended a link into the group"),
    (GroupDismissed(), "ended the group"),
]


@pytest.mark.parametrize(("body", "words"), WORDS)
def test_what_happened_has_its_words(body: AnyBody, words: str) -> None:
    assert deed_words(body, ME) == words


def test_no_kind_of_entry_is_without_words() -> None:
    told_elsewhere = {Message, Amended, Recalled, Deleted, Befriended}
    assert {type(body) for body, _ in WORDS} | told_elsewhere == set(get_args(AnyBody))
