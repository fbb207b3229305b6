"""What follows from what a user keeps for himself."""

import pytest

from hongyan.model import personal
from hongyan.model.ids import ConversationId
from hongyan.model.personal import ConversationSettings, Settings

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def test_a_muted_conversation_is_silent_until_its_time_or_for_good() -> None:
    assert not personal.is_muted(ConversationSettings(), 5)
    assert not personal.is_muted(ConversationSettings(muted_until_ms=9), 5)
    assert personal.is_muted(ConversationSettings(muted=True), 1 << 60)
    assert personal.is_muted(ConversationSettings(muted=True, muted_until_ms=9), 8)
    assert not personal.is_muted(ConversationSettings(muted=True, muted_until_ms=9), 9)


def test_a_hidden_conversation_comes_back_with_a_new_message() -> None:
    settings = ConversationSettings(hidden=True, hidden_countable=12)
    assert personal.is_hidden(settings, 12)
    assert not personal.is_hidden(settings, 13)
    assert not personal.is_hidden(ConversationSettings(hidden_countable=12), 12)


@pytest.mark.parametrize(
    ("begin", "end", "offset", "hour_utc", "quiet"),
    [
        (1_380, 450, 0, 23, True),
        (1_380, 450, 0, 0, True),
        (1_380, 450, 0, 7, True),
        (1_380, 450, 0, 8, False),
        (1_380, 450, 0, 22, False),
        (540, 600, 0, 9, True),
        (540, 600, 0, 10, False),
        (1_380, 450, 480, 15, True),  # 23:00 in Hangzhou
        (1_380, 450, 480, 23, True),  # 7:00 there
        (1_380, 450, 480, 14, False),
        (1_380, 450, -300, 4, True),  # 23:00 the day before in New York
        (1_380, 450, -300, 3, False),
        (0, 0, 0, 0, False),
        (600, 600, 0, 10, False),
    ],
)
def test_quiet_hours_are_those_of_the_clock_of_the_user(
    begin: int, end: int, offset: int, hour_utc: int, quiet: bool
) -> None:
    for day in (0, 1, 19_700):
        assert personal.is_quiet(Settings(begin, end, offset), day * DAY_MS + hour_utc * HOUR_MS) is quiet


def test_the_key_of_a_deletion_for_oneself_names_the_entry() -> None:
    assert personal.hidden_key(ConversationId("g:books"), 45) == "g:books/45"


def test_every_topic_has_a_value() -> None:
    assert set(personal.VALUES) == set(personal.Topic)
