"""Who may say something."""

from hongyan.model.codes import Muted, NotAllowed
from hongyan.model.commands import Role
from hongyan.model.rules.speech import mention_all_refusal, voice_refusal
from hongyan.model.state import change_seat, change_settings
from tests.unit.model.stories import ALICE, BOB, CAROL, SINGLE, Story, group, text_of


def test_a_voice_is_back_at_the_moment_that_was_named() -> None:
    story = group(BOB)
    record = story.record(BOB, text_of("hello"))
    member = story.state.members[BOB]
    change_seat(story.state, BOB, muted_until_ms=record.time_ms + 1)
    refusal = voice_refusal(story.state, record, member)
    assert isinstance(refusal, Muted)
    assert refusal.fields == {"until_ms": record.time_ms + 1}
    change_seat(story.state, BOB, muted_until_ms=record.time_ms)
    assert voice_refusal(story.state, record, member) is None


def test_while_all_are_muted_rank_or_leave_gives_a_voice() -> None:
    story = group(BOB, CAROL)
    change_settings(story.state, muted_all=True, speakers=(CAROL,))
    heard = {
        user_id: voice_refusal(story.state, story.record(user_id, text_of("hello")), story.state.members[user_id])
        for user_id in (ALICE, BOB, CAROL)
    }
    assert heard[ALICE] is None
    assert heard[CAROL] is None
    assert isinstance(heard[BOB], Muted)


def test_everybody_is_called_by_those_of_the_named_rank_and_nowhere_but_in_a_group() -> None:
    story = group(BOB)
    assert mention_all_refusal(story.state, story.state.members[ALICE]) is None
    assert isinstance(mention_all_refusal(story.state, story.state.members[BOB]), NotAllowed)
    change_settings(story.state, who_may_mention_all=Role.MEMBER)
    assert mention_all_refusal(story.state, story.state.members[BOB]) is None
    single = Story(SINGLE).state
    assert isinstance(mention_all_refusal(single, single.members[ALICE]), NotAllowed)
