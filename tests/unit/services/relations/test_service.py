"""Requests, friends, blocks: who may ask whom, and that one answer counts."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hongyan.config import Config
from hongyan.model.codes import (
    AlreadyFriends,
    Blocked,
    FriendsFull,
    InvalidField,
    RateLimited,
    RequestOver,
    RequestsClosed,
    RequestsFull,
    RequestUnknown,
    UserUnknown,
)
from hongyan.model.commands import SendMessage
from hongyan.model.ids import ClientMsgId, UserId, single_id
from hongyan.model.privacy import Strangers
from hongyan.ports.relations import RequestState
from hongyan.services.relations.records import RelationsOptions, RequestsAsked, Wish
from hongyan.services.users.people import PrivacyChange
from tests.unit.services.relations.worlds import ALICE, BOB, CAROL, DAVE, Town, opened_town


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    """A town of its own."""
    async with opened_town() as town:
        yield town


async def test_a_request_waits_and_who_accepts_it_is_a_friend_of_both_sides(town: Town) -> None:
    request = await town.asked()
    assert (request.state, request.note, request.source) == ("pending", "it is me", "handle")
    assert await town.friends(ALICE) == []
    accepted = await town.service.accept(BOB, request.request_id)
    assert accepted.state == "accepted"
    assert (await town.friends(ALICE), await town.friends(BOB)) == ([BOB], [ALICE])
    assert (await town.service.flags(ALICE, BOB)).friend
    assert [row.state for row in town.told] == [RequestState.PENDING, RequestState.DONE]


async def test_a_friendship_is_seen_at_once_and_after_it_is_stored(town: Town) -> None:
    await town.befriended()
    assert await town.friends(ALICE) == [BOB]
    await town.stages.delivery.persister.drained()
    await town.befriended(ALICE, CAROL)
    assert await town.friends(ALICE) == [BOB, CAROL]
    await town.service.unfriend(BOB, ALICE)
    assert await town.friends(ALICE) == [CAROL]


async def test_accepting_may_be_repeated_and_makes_one_entry(town: Town) -> None:
    request = await town.asked()
    answers = await asyncio.gather(*(town.service.accept(BOB, request.request_id) for _ in range(10)))
    assert {answer.state for answer in answers} == {"accepted"}
    hot = await town.stages.engines.hot.read(single_id(ALICE, BOB))
    assert hot is not None
    assert hot.conversation.seq == 1


async def test_refused_withdrawn_and_expired_requests_are_over(town: Town) -> None:
    service = town.service
    refused, withdrawn = await town.asked(), await town.asked(ALICE, CAROL)
    expired = await town.asked(ALICE, DAVE)
    assert (await service.refuse(BOB, refused.request_id)).state == "refused"
    assert (await service.refuse(BOB, refused.request_id)).state == "refused", "may be repeated"
    assert (await service.withdraw(ALICE, withdrawn.request_id)).state == "withdrawn"
    town.world.now_ms += town.options.request_ttl_s * 1_000
    assert (await service.request(ALICE, expired.request_id)).state == "expired"
    for user_id, request, state in (
        (BOB, refused, "refused"),
        (CAROL, withdrawn, "withdrawn"),
        (DAVE, expired, "expired"),
    ):
        with pytest.raises(RequestOver, match=f"was {state} before"):
            await service.accept(user_id, request.request_id)
    with pytest.raises(RequestOver):
        await service.withdraw(ALICE, refused.request_id)
    assert await town.friends(ALICE) == []


async def test_only_the_one_who_was_asked_answers_and_only_the_two_see_it(town: Town) -> None:
    request_id = (await town.asked()).request_id
    for call in (
        town.service.accept(ALICE, request_id),
        town.service.refuse(CAROL, request_id),
        town.service.withdraw(BOB, request_id),
        town.service.request(CAROL, request_id),
        town.service.accept(BOB, "unknown"),
    ):
        with pytest.raises(RequestUnknown):
            await call


async def test_of_acceptance_refusal_and_withdrawal_at_once_one_counts(town: Town) -> None:
    request_id = (await town.asked()).request_id
    results = await asyncio.gather(
        town.service.withdraw(ALICE, request_id),
        town.service.accept(BOB, request_id),
        town.service.refuse(BOB, request_id),
        return_exceptions=True,
    )
    names = sorted(type(result).__name__ for result in results)
    assert names == ["Request", "RequestOver", "RequestOver"]


async def test_two_who_ask_each_other_are_friends(town: Town) -> None:
    await town.asked(ALICE, BOB)
    crossing = await town.asked(BOB, ALICE)
    assert (crossing.from_user_id, crossing.state) == (ALICE, "accepted")
    assert await town.friends(BOB) == [ALICE]


async def test_asking_again_renews_the_request_that_waits(town: Town) -> None:
    first = await town.asked()
    town.world.now_ms += 1_000
    again = await town.service.ask(Wish(ALICE, BOB, "please"))
    assert (again.request_id, again.note) == (first.request_id, "please")
    assert again.expires_ms == first.expires_ms + 1_000
    page = await town.service.requests(RequestsAsked(BOB))
    assert [request.request_id for request in page.requests] == [first.request_id]


async def test_what_cannot_be_asked_is_refused(town: Town) -> None:
    await town.befriended(ALICE, CAROL)
    await town.service.block(DAVE, ALICE, on=True)
    await town.world.people.set_privacy(BOB, PrivacyChange(strangers=Strangers.FRIENDS))
    for wish, refusal in (
        (Wish(ALICE, ALICE), InvalidField),
        (Wish(ALICE, UserId("nobody")), UserUnknown),
        (Wish(ALICE, CAROL), AlreadyFriends),
        (Wish(ALICE, DAVE), Blocked),
        (Wish(ALICE, BOB), RequestsClosed),
        (Wish(CAROL, DAVE, "n" * 201), InvalidField),
        (Wish(CAROL, DAVE, source="a\nb"), InvalidField),
    ):
        with pytest.raises(refusal):
            await town.service.ask(wish)
    # Who takes no requests may ask himself, and is answered by asking back.
    await town.asked(BOB, ALICE)
    assert (await town.asked(ALICE, BOB)).state == "accepted"


async def test_open_requests_and_friends_have_bounds() -> None:
    async with opened_town(open_requests=1, friends=1) as town:
        first = await town.asked(ALICE, BOB)
        with pytest.raises(RequestsFull, match="1 friend requests are open"):
            await town.asked(ALICE, CAROL)
        assert (await town.asked(ALICE, BOB)).request_id == first.request_id, "the same again is no other"
        second = await town.asked(CAROL, BOB)
        await town.service.accept(BOB, first.request_id)
        with pytest.raises(FriendsFull):
            await town.service.accept(BOB, second.request_id)
        assert (await town.service.request(BOB, second.request_id)).state == "pending"


async def test_requests_of_a_user_are_rationed_and_those_to_one_more_so() -> None:
    async with opened_town(requests_per_day=7) as town:
        for _ in range(5):
            await town.service.withdraw(ALICE, (await town.asked()).request_id)
        with pytest.raises(RateLimited, match="to this user"):
            await town.asked()
        await town.asked(ALICE, CAROL)
        with pytest.raises(RateLimited, match="friend requests;"):
            await town.asked(ALICE, DAVE)
        await town.asked(BOB, DAVE)


async def test_pages_of_requests_continue(town: Town) -> None:
    for user_id in (ALICE, CAROL, DAVE):
        await town.asked(user_id, BOB)
        town.world.now_ms += 1
    first = await town.service.requests(RequestsAsked(BOB, limit=2))
    second = await town.service.requests(RequestsAsked(BOB, limit=2, cursor=first.cursor))
    senders = [request.from_user_id for page in (first, second) for request in page.requests]
    assert (senders, second.cursor) == ([DAVE, CAROL, ALICE], "")
    mine = await town.service.requests(RequestsAsked(ALICE, incoming=False, pending_only=True))
    assert [request.to_user_id for request in mine.requests] == [BOB]
    for wrong in (RequestsAsked(BOB, cursor="x"), RequestsAsked(BOB, limit=0)):
        with pytest.raises(InvalidField):
            await town.service.requests(wrong)


async def test_pages_of_friends_and_blocks_continue(town: Town) -> None:
    for other in (BOB, CAROL, DAVE):
        await town.befriended(ALICE, other)
        await town.service.block(ALICE, other, on=True)
    for pages in (town.service.friends, town.service.blocks):
        first = await pages(ALICE, "", 2)
        second = await pages(ALICE, first.cursor, 2)
        assert (first.user_ids, second.user_ids, second.cursor) == ((BOB, CAROL), (DAVE,), "")


async def test_a_block_is_in_force_at_once_and_only_its_owner_sees_it(town: Town) -> None:
    await town.service.block(ALICE, BOB, on=True)
    await town.service.block(ALICE, BOB, on=True)
    said = SendMessage(1, b"hello")
    with pytest.raises(Blocked):
        await town.stages.commands.submit(BOB, single_id(ALICE, BOB), ClientMsgId("m1"), said)
    assert (await town.service.blocks(ALICE, "", 10)).user_ids == (BOB,)
    assert (await town.service.blocks(BOB, "", 10)).user_ids == ()
    await town.service.block(ALICE, BOB, on=False)
    await town.stages.commands.submit(BOB, single_id(ALICE, BOB), ClientMsgId("m2"), said)
    with pytest.raises(UserUnknown):
        await town.service.block(ALICE, UserId("nobody"), on=True)


async def test_profiles_know_friends_and_the_blocked_see_less(town: Town) -> None:
    await town.befriended()
    await town.world.people.set_privacy(BOB, PrivacyChange(by_handle=False))
    (seen,) = await town.world.people.seen_by(ALICE, [BOB])
    assert seen.friend
    standing = (await town.standings.standings_of(ALICE, [BOB, CAROL, ALICE]))[BOB]
    assert (standing.friend, standing.blocked) == (True, False)
    await town.service.block(BOB, ALICE, on=True)
    assert (await town.standings.standings_of(ALICE, [BOB]))[BOB].blocked


async def test_what_a_crash_left_accepted_becomes_a_friendship_at_the_next_start(town: Town) -> None:
    request_id = (await town.asked()).request_id
    await town.requests.move(request_id, RequestState.PENDING, RequestState.ACCEPTED, town.world.now_ms)
    assert await town.friends(ALICE) == []
    service = town.started()
    await service.load()
    await service.load()
    assert await town.friends(ALICE) == [BOB]
    row = await town.requests.request(request_id)
    assert row is not None
    assert row.state == RequestState.DONE


async def test_one_who_leaves_has_neither_requests_nor_friends(town: Town) -> None:
    await town.befriended()
    request, mine = await town.asked(CAROL, ALICE), await town.asked(ALICE, DAVE)
    town.told.clear()
    await town.service.leave(ALICE)
    await town.service.leave(ALICE)
    assert await town.friends(BOB) == []
    assert {(row.request_id, row.state) for row in town.told} == {
        (request.request_id, RequestState.EXPIRED),
        (mine.request_id, RequestState.WITHDRAWN),
    }
    with pytest.raises(RequestUnknown):
        await town.service.request(CAROL, request.request_id)


def test_the_bounds_are_those_of_the_configuration() -> None:
    keys, options = Config().people, RelationsOptions()
    for name in ("friends", "open_requests", "requests_per_day", "request_ttl_s"):
        assert getattr(options, name) == getattr(keys, name)
