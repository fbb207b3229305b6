"""What every rule shares that lets users in or puts them out."""

from hongyan.model.commands import Role
from hongyan.model.ids import SYSTEM_USER, UserId
from hongyan.model.records import MembersAdded
from hongyan.model.rules.membership import MUTED_AWAY, SYSTEM_RANK, let_in, put_out, rank_of
from hongyan.model.state import PLAIN_SEAT, Seat, change_seat, change_settings
from tests.unit.model.stories import ALICE, BOB, CAROL, DAVE, GROUP, SINGLE, Story, group, text_of

HELLO = text_of("hello")


def test_ranks_go_from_nobody_to_the_system() -> None:
    story = group(BOB)
    ranks = [rank_of(story.state, user_id) for user_id in (CAROL, BOB, ALICE, SYSTEM_USER)]
    assert ranks == [0, Role.MEMBER, Role.OWNER, SYSTEM_RANK]


def test_the_system_has_no_rank_where_nobody_is_nor_between_two() -> None:
    assert rank_of(Story(GROUP).state, SYSTEM_USER) == 0
    assert rank_of(Story(SINGLE).state, SYSTEM_USER) == 0


def test_newcomers_of_a_plain_group_have_the_plain_seat() -> None:
    story = group(BOB)
    let_in(story.state, story.record(ALICE, HELLO), (CAROL, DAVE), MembersAdded((CAROL, DAVE)))
    assert all(story.state.members[user_id].seat is PLAIN_SEAT for user_id in (CAROL, DAVE))
    assert story.state.audience == (ALICE, BOB, CAROL, DAVE)


def test_a_mute_that_ended_while_one_was_away_is_forgotten() -> None:
    story = group(BOB, CAROL)
    change_seat(story.state, BOB, muted_until_ms=story.now_ms + 2)
    put_out(story.state, story.record(ALICE, HELLO), (BOB,))
    assert story.state.settings.muted_away == ((BOB, story.now_ms + 1),)
    let_in(story.state, story.record(ALICE, HELLO), (BOB,), MembersAdded((BOB,)))
    assert story.state.members[BOB].seat == Seat()
    assert not story.state.settings.muted_away


def test_of_those_who_left_without_a_voice_the_longest_muted_are_remembered() -> None:
    story = group(BOB)
    away = tuple((UserId(f"u{number}"), story.now_ms + 100 + number) for number in range(MUTED_AWAY))
    change_settings(story.state, muted_away=away)
    change_seat(story.state, BOB, muted_until_ms=1 << 50)
    put_out(story.state, story.record(ALICE, HELLO), (BOB,))
    assert len(story.state.settings.muted_away) == MUTED_AWAY
    assert story.state.settings.muted_away[-1] == (BOB, 1 << 50)
    assert away[0] not in story.state.settings.muted_away


def test_who_leaves_keeps_what_he_may_see_and_is_stored_once_more() -> None:
    story = group(BOB, CAROL)
    change_seat(story.state, BOB, first_seq=1, nickname="Bobby")
    story.state.touched.clear()
    put_out(story.state, story.record(ALICE, HELLO), (BOB,))
    assert story.state.touched[BOB].first_seq == 1
    assert story.state.touched[BOB].left_seq == story.state.seq
    assert BOB not in story.state.audience
