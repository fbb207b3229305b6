import pytest

from hongyan.admission.pace import ConversationPace
from hongyan.model.codes import RateLimited
from hongyan.model.ids import ConversationId

GROUP, OTHER = ConversationId("g:one"), ConversationId("g:other")


def room(pace: ConversationPace, now_ms: int, conversation_id: ConversationId = GROUP) -> int:
    """How many more it takes at that moment."""
    taken = 0
    while True:
        try:
            pace.spend(conversation_id, now_ms)
        except RateLimited:
            return taken
        taken += 1


def test_a_conversation_takes_its_burst_at_once_and_others_are_not_concerned() -> None:
    pace = ConversationPace(per_s=10, burst=20)
    assert room(pace, 1_000_000) == 25
    assert room(pace, 1_000_000, OTHER) == 25


def test_on_the_long_run_it_takes_its_rate() -> None:
    pace = ConversationPace(per_s=10, burst=20)
    room(pace, 1_000_000)
    taken = sum(room(pace, 1_000_000 + 100 * step) for step in range(1, 301))
    assert 10 * 30 - 5 <= taken <= 10 * 30 + 5


def test_the_refusal_says_when_there_is_room_again() -> None:
    pace = ConversationPace(per_s=10, burst=20)
    room(pace, 1_000_000)
    with pytest.raises(RateLimited) as refused:
        pace.spend(GROUP, 1_000_000)
    assert 0 < refused.value.retry_after_ms <= 201
    pace.spend(GROUP, 1_000_000 + refused.value.retry_after_ms)


def test_a_clock_that_was_set_back_begins_a_new_second() -> None:
    pace = ConversationPace(per_s=10, burst=1)
    room(pace, 1_000_000)
    assert room(pace, 5_000) >= 5
