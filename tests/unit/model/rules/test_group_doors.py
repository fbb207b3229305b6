"""How those come into a group whom no member brings in: by a link, by asking, or because it is open."""

import pytest

from hongyan.model import commands as ask
from hongyan.model.codes import (
    GroupDismissed,
    GroupFull,
    InvalidField,
    JoinClosed,
    JoinLinkInvalid,
    JoinRequestUnknown,
    NotAllowed,
    NotAMember,
    TooManyJoinLinks,
    TooManyJoinRequests,
)
from hongyan.model.commands import AnyCommand, JoinPolicy, Role
from hongyan.model.ids import UserId
from hongyan.model.records import JoinAnswered, JoinLinkMade, JoinLinkRevoked, JoinRequested, MemberJoined
from hongyan.model.rules.group_doors import ASK_AGAIN_MS, LINKS, REQUESTS
from hongyan.model.state import JoinLink
from tests.unit.model.stories import ALICE, BOB, CAROL, DAVE, LIMIT, Story, add, entry_of, group, receipt_of, refusal_of

EVE = UserId("eve")
KNOCK = ask.RequestJoin("let me in", LIMIT)


def by(token: str, limit: int = LIMIT) -> ask.JoinByLink:
    return ask.JoinByLink(token, limit)


def linked(*, expires_ms: int = 0, uses: int = 0) -> Story:
    """Alice's group with bob, and a link of hers."""
    story = group(BOB)
    entry_of(story.ask(ALICE, ask.MakeJoinLink("front", "t-1", expires_ms, uses)))
    return story


def policed(policy: JoinPolicy) -> Story:
    story = linked()
    if story.state.settings.join_policy != policy:
        entry_of(story.ask(ALICE, ask.SetGroupRules(join_policy=policy)))
    return story


def silently(story: Story, sender_id: UserId, command: AnyCommand) -> bool:
    """Whether it was taken and nothing changed."""
    outcome = story.ask(sender_id, command)
    return receipt_of(outcome).seq == 0 and outcome.entry is None


# Links


def test_a_link_is_told_without_what_opens() -> None:
    story = group(BOB)
    entry = entry_of(story.ask(ALICE, ask.MakeJoinLink("front", "t-1", 9_000, 3)))
    assert entry.body == JoinLinkMade("front", 9_000, 3)
    assert story.state.settings.links == (JoinLink("front", "t-1", ALICE, 9_000, 3),)


def test_who_holds_a_link_comes_in() -> None:
    story = linked()
    outcome = story.ask(CAROL, by("t-1"))
    entry = entry_of(outcome)
    assert (entry.sender_id, entry.body, outcome.joined) == (CAROL, MemberJoined("front"), (CAROL,))
    assert CAROL in story.state.audience
    assert story.state.members[CAROL].first_seq == entry.seq
    assert story.unread(CAROL) == 0
    assert story.state.settings.links[0].used == 1


def test_who_is_in_uses_no_link_up() -> None:
    story = linked(uses=1)
    assert silently(story, BOB, by("t-1"))
    entry_of(story.ask(CAROL, by("t-1")))
    assert silently(story, CAROL, by("t-1"))


def test_a_link_opens_as_often_as_was_said() -> None:
    story = linked(uses=2)
    entry_of(story.ask(CAROL, by("t-1")))
    entry_of(story.ask(DAVE, by("t-1")))
    assert isinstance(refusal_of(story.ask(EVE, by("t-1"))), JoinLinkInvalid)


def test_of_a_hundred_who_redeem_a_link_for_one_the_first_comes_in() -> None:
    story = linked(uses=1)
    users = [UserId(f"u{number}") for number in range(100)]
    outcomes = [story.ask(user_id, by("t-1", 1_000)) for user_id in users]
    assert [outcome.entry is not None for outcome in outcomes] == [True] + [False] * 99
    assert {type(outcome.refusal) for outcome in outcomes[1:]} == {JoinLinkInvalid}
    assert set(story.state.members) == {ALICE, BOB, users[0]}


def test_a_link_ends_at_its_time() -> None:
    story = linked(expires_ms=1_005)
    entry_of(story.ask(CAROL, by("t-1")))
    story.now_ms = 1_004
    assert isinstance(refusal_of(story.ask(DAVE, by("t-1"))), JoinLinkInvalid)


def test_a_wrong_token_tells_nothing_of_a_group() -> None:
    for story in (Story(linked().state.conversation_id), linked()):
        assert isinstance(refusal_of(story.ask(CAROL, by("t-2"))), JoinLinkInvalid)


def test_a_revoked_link_is_worthless_and_may_be_revoked_again() -> None:
    story = linked()
    assert entry_of(story.ask(ALICE, ask.RevokeJoinLink("front"))).body == JoinLinkRevoked("front")
    assert isinstance(refusal_of(story.ask(CAROL, by("t-1"))), JoinLinkInvalid)
    assert silently(story, ALICE, ask.RevokeJoinLink("front"))


def test_only_admins_make_and_revoke_links() -> None:
    story = linked()
    for command in (ask.MakeJoinLink("back", "t-2"), ask.RevokeJoinLink("front")):
        assert isinstance(refusal_of(story.ask(BOB, command)), NotAllowed)
        assert isinstance(refusal_of(story.ask(EVE, command)), NotAMember)
    entry_of(story.ask(ALICE, ask.SetRole(BOB, Role.ADMIN)))
    entry_of(story.ask(BOB, ask.MakeJoinLink("back", "t-2")))
    entry_of(story.ask(BOB, ask.RevokeJoinLink("front")))


@pytest.mark.parametrize(
    "end",
    [
        lambda story: story.ask(ALICE, ask.SetRole(BOB, Role.MEMBER)),
        lambda story: story.ask(ALICE, ask.RemoveMembers((BOB,))),
        lambda story: story.ask(BOB, ask.LeaveGroup()),
    ],
    ids=["lowered", "removed", "left"],
)
def test_a_link_ends_with_the_rank_of_who_made_it(end: object) -> None:
    story = linked()
    entry_of(story.ask(ALICE, ask.SetRole(BOB, Role.ADMIN)))
    entry_of(story.ask(BOB, ask.MakeJoinLink("back", "t-2")))
    entry_of(end(story))  # type: ignore[operator]  # one of the three above
    assert isinstance(refusal_of(story.ask(CAROL, by("t-2"))), JoinLinkInvalid)
    entry_of(story.ask(CAROL, by("t-1")))


def test_a_link_is_made_once() -> None:
    story = linked()
    assert silently(story, ALICE, ask.MakeJoinLink("front", "t-1"))
    for link_id, token in (("front", "t-2"), ("back", "t-1")):
        assert isinstance(refusal_of(story.ask(ALICE, ask.MakeJoinLink(link_id, token))), InvalidField)


def test_a_link_that_never_opens_is_not_made() -> None:
    assert isinstance(refusal_of(group(BOB).ask(ALICE, ask.MakeJoinLink("late", "t", 1_000))), InvalidField)


def test_links_are_bounded_and_those_that_open_nothing_give_way() -> None:
    story = linked(uses=1)
    for number in range(LINKS - 1):
        entry_of(story.ask(ALICE, ask.MakeJoinLink(f"l{number}", f"token-{number}")))
    assert isinstance(refusal_of(story.ask(ALICE, ask.MakeJoinLink("more", "t-m"))), TooManyJoinLinks)
    entry_of(story.ask(CAROL, by("t-1")))
    entry_of(story.ask(ALICE, ask.MakeJoinLink("more", "t-m")))
    assert len(story.state.settings.links) == LINKS


def test_a_full_group_lets_nobody_in_and_no_use_is_lost() -> None:
    story = linked(uses=1)
    assert isinstance(refusal_of(story.ask(CAROL, by("t-1", 2))), GroupFull)
    entry_of(story.ask(CAROL, by("t-1", 3)))


def test_a_closed_group_opens_to_no_link() -> None:
    story = policed(JoinPolicy.CLOSED)
    assert isinstance(refusal_of(story.ask(CAROL, by("t-1"))), JoinClosed)
    assert isinstance(refusal_of(story.ask(CAROL, by("t-2"))), JoinLinkInvalid)


def test_who_holds_a_link_hears_that_the_group_has_ended() -> None:
    story = linked()
    entry_of(story.ask(ALICE, ask.DismissGroup()))
    assert isinstance(refusal_of(story.ask(CAROL, by("t-1"))), GroupDismissed)
    assert isinstance(refusal_of(story.ask(CAROL, by("t-2"))), JoinLinkInvalid)


def test_who_was_put_out_comes_back_by_no_door_but_only_when_he_is_let_in() -> None:
    story = linked()
    entry_of(story.ask(ALICE, add(CAROL)))
    entry_of(story.ask(ALICE, ask.RemoveMembers((CAROL,))))
    assert isinstance(refusal_of(story.ask(CAROL, by("t-1"))), JoinClosed)
    entry_of(story.ask(ALICE, ask.SetGroupRules(join_policy=JoinPolicy.OPEN)))
    assert isinstance(refusal_of(story.ask(CAROL, KNOCK)), JoinClosed)
    entry_of(story.ask(ALICE, ask.SetGroupRules(join_policy=JoinPolicy.APPROVAL)))
    entry_of(story.ask(CAROL, KNOCK))
    entry_of(story.ask(ALICE, ask.AnswerJoin(CAROL, accept=True, limit=LIMIT)))
    entry_of(story.ask(CAROL, ask.LeaveGroup()))
    entry_of(story.ask(CAROL, by("t-1")))


def test_whoever_takes_in_one_who_was_put_out_opens_the_doors_to_him_again() -> None:
    story = linked()
    entry_of(story.ask(ALICE, ask.RemoveMembers((BOB,))))
    entry_of(story.ask(ALICE, add(BOB)))
    entry_of(story.ask(BOB, ask.LeaveGroup()))
    entry_of(story.ask(BOB, by("t-1")))


def test_a_newcomer_by_a_link_sees_what_newcomers_see() -> None:
    story = linked()
    entry_of(story.ask(ALICE, ask.SetGroupRules(history_for_newcomers=True)))
    entry_of(story.ask(CAROL, by("t-1")))
    assert story.state.members[CAROL].first_seq == 1


# Asking


def test_an_open_group_lets_in_at_once() -> None:
    story = policed(JoinPolicy.OPEN)
    outcome = story.ask(CAROL, KNOCK)
    assert (entry_of(outcome).body, outcome.joined) == (MemberJoined(), (CAROL,))
    assert isinstance(refusal_of(story.ask(DAVE, ask.RequestJoin("", 3))), GroupFull)


@pytest.mark.parametrize("policy", [JoinPolicy.CLOSED, JoinPolicy.LINK])
def test_a_group_that_cannot_be_asked_answers_like_none(policy: JoinPolicy) -> None:
    for story in (policed(policy), Story(linked().state.conversation_id)):
        assert isinstance(refusal_of(story.ask(CAROL, KNOCK)), JoinClosed)


def test_who_asks_waits_and_is_let_in() -> None:
    story = policed(JoinPolicy.APPROVAL)
    asked = story.ask(CAROL, KNOCK)
    assert (entry_of(asked).body, asked.joined) == (JoinRequested("let me in"), ())
    assert CAROL not in story.state.members
    assert silently(story, CAROL, KNOCK)
    outcome = story.ask(ALICE, ask.AnswerJoin(CAROL, accept=True, limit=LIMIT))
    assert (entry_of(outcome).body, outcome.joined) == (JoinAnswered(CAROL, accept=True), (CAROL,))
    assert story.state.settings.requests == ()
    assert isinstance(refusal_of(story.ask(ALICE, ask.AnswerJoin(CAROL, accept=True))), JoinRequestUnknown)


def test_who_was_not_let_in_is_heard_again_a_day_later() -> None:
    story = policed(JoinPolicy.APPROVAL)
    entry_of(story.ask(CAROL, KNOCK))
    outcome = story.ask(ALICE, ask.AnswerJoin(CAROL, accept=False))
    assert (entry_of(outcome).body, outcome.joined) == (JoinAnswered(CAROL, accept=False), ())
    assert isinstance(refusal_of(story.ask(CAROL, KNOCK)), JoinClosed)
    story.now_ms += ASK_AGAIN_MS
    entry_of(story.ask(CAROL, KNOCK))
    assert story.state.settings.refused == ()
    entry_of(story.ask(ALICE, ask.AnswerJoin(CAROL, accept=True, limit=LIMIT)))


def test_only_admins_answer() -> None:
    story = policed(JoinPolicy.APPROVAL)
    entry_of(story.ask(CAROL, KNOCK))
    assert isinstance(refusal_of(story.ask(BOB, ask.AnswerJoin(CAROL, accept=True, limit=LIMIT))), NotAllowed)
    assert isinstance(refusal_of(story.ask(CAROL, ask.AnswerJoin(CAROL, accept=True, limit=LIMIT))), NotAMember)


def test_a_full_group_keeps_the_request() -> None:
    story = policed(JoinPolicy.APPROVAL)
    entry_of(story.ask(CAROL, KNOCK))
    assert isinstance(refusal_of(story.ask(ALICE, ask.AnswerJoin(CAROL, accept=True, limit=2))), GroupFull)
    entry_of(story.ask(ALICE, ask.AnswerJoin(CAROL, accept=True, limit=3)))


def test_who_was_brought_in_meanwhile_waits_no_more() -> None:
    story = policed(JoinPolicy.APPROVAL)
    entry_of(story.ask(CAROL, KNOCK))
    entry_of(story.ask(BOB, add(CAROL)))
    assert story.state.settings.requests == ()
    assert silently(story, CAROL, KNOCK)


def test_requests_are_bounded() -> None:
    story = policed(JoinPolicy.APPROVAL)
    for number in range(REQUESTS):
        entry_of(story.ask(UserId(f"u{number}"), KNOCK))
    assert isinstance(refusal_of(story.ask(CAROL, KNOCK)), TooManyJoinRequests)


def test_an_approving_group_opens_to_its_links_too() -> None:
    entry_of(policed(JoinPolicy.APPROVAL).ask(CAROL, by("t-1")))
