"""What is answered without asking the store."""

from hypothesis import given
from hypothesis import strategies as st

from hongyan.model.ids import UserId
from hongyan.services.users.memory import EndedSessions, KnownUsers


def test_ended_sessions_are_known_until_no_token_of_theirs_can_live() -> None:
    now_ms = 0
    ended = EndedSessions(lambda: now_ms, keep_ms=100)
    ended.add(["a", "b"], 0)
    now_ms = 100
    ended.add(["c"], 100)
    assert all(session_id in ended for session_id in "abc")
    now_ms = 101
    ended.add([], 101)
    assert [session_id in ended for session_id in "abc"] == [False, False, True]
    assert len(ended) == 1


def test_a_session_keeps_the_time_it_ended_first() -> None:
    now_ms = 0
    ended = EndedSessions(lambda: now_ms, keep_ms=100)
    ended.add(["a"], 0)
    now_ms = 90
    ended.add(["a"], 90)
    now_ms = 150
    ended.add(["b"], 150)
    assert "a" not in ended
    assert "b" in ended


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=200), st.integers(1, 12))
def test_what_is_remembered_is_true_and_bounded(learned: list[tuple[int, bool]], capacity: int) -> None:
    known, truth = KnownUsers(capacity), dict[UserId, bool]()
    for number, exists in learned:
        user_id = UserId(str(number))
        truth[user_id] = exists
        known.learn({user_id: exists})
        assert known.get(user_id) is exists
        for other, expected in truth.items():
            assert known.get(other) in (None, expected)
        assert len(known) <= max(2, capacity)


def test_who_is_asked_for_often_stays() -> None:
    known = KnownUsers(10)
    alice = UserId("alice")
    known.learn({alice: True})
    for number in range(1_000):
        known.learn({UserId(str(number)): True})
        assert known.get(alice) is True
    assert known.get(UserId("0")) is None
