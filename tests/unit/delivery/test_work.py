"""What a batch did to one conversation: who sees which entries, who is answered what, and which rows are kept."""

from msgspec.structs import replace

from hongyan.delivery.work import Segment, Work, conversation_row, touched_rows
from hongyan.model.codes import Internal, NotAMember
from hongyan.model.commands import AddMembers, LeaveGroup, Mark, MovePositions, Recall, RemoveMembers
from hongyan.model.conversation import apply
from hongyan.model.ids import SYSTEM_USER, ConversationId
from hongyan.model.records import Record, Submitted
from hongyan.model.state import Seat, change_seat, change_settings, new_conversation
from hongyan.ports.link import Answer, MovedPosition
from hongyan.ports.store import MemberRow
from tests.unit.delivery.worlds import ALICE, BOB, CAROL, DAVE, GATEWAY, GROUP, SINGLE, founded, record


def worked(*records: Record, to: ConversationId = SINGLE) -> Work:
    work = Work(new_conversation(to))
    for offset, each in enumerate(records):
        work.take(each, apply(work.state, each, offset))
    return work


def seqs(segment: Segment) -> list[int]:
    return [entry.seq for entry in segment.entries]


def answered(segment: Segment, gateway: int = GATEWAY) -> dict[int, int]:
    """By request, the seq of a receipt, or the code of a refusal."""
    found = {}
    for answer in segment.answers.get(gateway, []):
        result = answer.result
        found[answer.request] = result.seq if isinstance(result, Submitted) else int(result.code)
    return found


def test_nothing_is_a_row_before_something_happens() -> None:
    work = worked()
    assert (work.rows, work.segments, work.silent) == ([], [], [])


def test_entries_for_the_same_users_are_one_segment_and_keep_who_sent_them() -> None:
    work = worked(record(0, connection=4), record(1, sender=BOB, connection=5))
    (segment,) = work.segments
    assert set(segment.recipients) == {ALICE, BOB}
    assert [(entry.seq, entry.gateway, entry.connection) for entry in segment.entries] == [(1, 7, 4), (2, 7, 5)]
    assert answered(segment) == {1: 1, 2: 2}
    assert [row.encoded for row in work.rows] == [entry.encoded for entry in segment.entries]


def test_what_wants_no_receipt_is_pushed_to_its_own_connection_too() -> None:
    """Else it would have neither, and a gap."""
    work = worked(record(0, request=0), record(1))
    assert [(entry.seq, entry.connection) for entry in work.segments[0].entries] == [(1, 0), (2, 1)]
    assert answered(work.segments[0]) == {2: 2}


def test_answers_are_kept_apart_by_gateway() -> None:
    work = worked(record(0), replace(record(1, sender=BOB), gateway=9))
    assert work.segments[0].answers.keys() == {7, 9}
    assert answered(work.segments[0], 9) == {2: 2}


def test_membership_changes_begin_a_new_segment() -> None:
    work = worked(
        founded(0, BOB, CAROL),
        record(1, to=GROUP),
        record(2, RemoveMembers((CAROL,)), to=GROUP),
        record(3, to=GROUP),
        record(4, AddMembers((DAVE,), 500), to=GROUP),
        record(5, LeaveGroup(), sender=BOB, to=GROUP),
        record(6, to=GROUP),
        to=GROUP,
    )
    assert [(set(segment.recipients), seqs(segment)) for segment in work.segments] == [
        ({ALICE, BOB, CAROL}, [1, 2]),
        ({ALICE, BOB, CAROL}, [3]),
        ({ALICE, BOB}, [4]),
        ({ALICE, BOB, DAVE}, [5]),
        ({ALICE, DAVE, BOB}, [6]),
        ({ALICE, DAVE}, [7]),
    ]


def test_a_refusal_is_answered_where_it_came_among_the_entries() -> None:
    work = worked(founded(0), record(1, sender=BOB, to=GROUP), record(2, AddMembers((BOB,), 500), to=GROUP), to=GROUP)
    first, second = work.segments
    assert answered(first) == {1: 1, 2: NotAMember.code}
    assert BOB not in first.recipients
    assert answered(second) == {3: 2}


def test_a_refusal_alone_has_entries_for_nobody() -> None:
    work = worked(record(0, sender=CAROL))
    (segment,) = work.segments
    assert segment.entries == []
    assert answered(segment) == {1: NotAMember.code}
    assert work.rows == []


def test_a_submission_without_an_entry_is_kept_to_be_told_again() -> None:
    work = worked(founded(0, BOB), record(1, AddMembers((BOB,), 500), to=GROUP), to=GROUP)
    ((conversation_id, submitted),) = work.silent
    assert (conversation_id, submitted.client_msg_id, submitted.seq) == (GROUP, "m1", 0)


def test_a_retry_is_answered_and_kept_nowhere() -> None:
    work = worked(record(0, "a", name="a"), record(1, "a", name="a"))
    assert answered(work.segments[0]) == {1: 1, 2: 1}
    assert len(work.rows) == 1
    assert work.silent == []


def test_moved_positions_go_to_present_members_alone() -> None:
    marks = MovePositions((Mark(ALICE, 1), Mark(CAROL, 1)))
    work = worked(
        founded(0, BOB, CAROL),
        record(1, RemoveMembers((CAROL,)), to=GROUP),
        record(2, marks, sender=SYSTEM_USER, to=GROUP, name="", request=0),
        record(3, MovePositions((Mark(BOB, 2),)), sender=SYSTEM_USER, to=GROUP, name="", request=0),
        to=GROUP,
    )
    assert [set(segment.recipients) for segment in work.segments] == [
        {ALICE, BOB, CAROL},
        {ALICE, BOB, CAROL},
        {ALICE, BOB},
    ]
    assert work.segments[-1].moved == [MovedPosition(BOB, 2, 2)]


def test_marks_that_move_nothing_are_told_to_nobody() -> None:
    work = worked(record(0, MovePositions((Mark(ALICE, 3),)), sender=SYSTEM_USER, name="", request=0))
    assert work.segments == []


def test_a_recall_replaces_the_row_and_keeps_its_kind_and_digest() -> None:
    work = worked(record(0, "secret"), record(1, Recall(1, 120_000)))
    (row,) = work.replaced
    assert (row.seq, row.kind, row.digest, row.recalled) == (1, 1, work.rows[0].digest, True)
    assert b"secret" not in row.encoded
    assert row.client_msg_id == "m0"


def test_what_cannot_be_applied_is_passed_over_and_answered() -> None:
    work = worked()
    work.bury(record(0), 5, Internal(reference="0-5"))
    assert work.state.offset == 5
    assert answered(work.segments[0]) == {1: Internal.code}
    work = worked()
    work.bury(record(0, request=0), 5, Internal(reference="0-5"))
    assert work.segments == []


def test_rows_show_the_state_after_the_batch_and_members_that_changed_once() -> None:
    work = worked(record(0), record(1, sender=BOB))
    row = conversation_row(work.state)
    assert (row.conversation_id, row.seq, row.countable, row.time_ms, row.offset) == (SINGLE, 2, 2, 1_000_001, 1)
    members = touched_rows(work.state)
    assert {member.user_id: (member.read_seq, member.read_countable) for member in members} == {
        ALICE: (1, 1),
        BOB: (2, 2),
    }
    assert touched_rows(work.state) == []
    update = work.hot_update(members)
    assert (update.conversation, update.entries, update.audience) == (row, work.rows, work.state.audience)


def test_a_member_who_went_is_kept_with_where_he_left() -> None:
    work = worked(founded(0, BOB), record(1, RemoveMembers((BOB,)), to=GROUP), to=GROUP)
    (row,) = [row for row in touched_rows(work.state) if row.user_id == BOB]
    assert row == MemberRow(GROUP, BOB, 1, 1, 2, 0, 0, 0, Seat(left_name="Books"))
    assert work.take_settings([row])[0] == [row]


def test_an_answer_says_which_frame_of_which_connection_it_is_for() -> None:
    work = worked(record(0, connection=3, request=9))
    (answer,) = work.segments[0].answers[GATEWAY]
    assert isinstance(answer, Answer)
    assert (answer.connection, answer.request) == (3, 9)


def test_seats_and_settings_are_taken_once_when_they_changed() -> None:
    work = worked(founded(0, BOB, CAROL), to=GROUP)
    assert work.take_settings(touched_rows(work.state)) == ([], [])
    change_seat(work.state, BOB, nickname="Bobby")
    change_settings(work.state, announcement="soon")
    rows = touched_rows(work.state)
    assert work.hot_update(rows).settings == work.state.settings
    seats, settings = work.take_settings(rows)
    assert [(row.user_id, row.seat) for row in seats] == [(BOB, Seat(nickname="Bobby"))]
    assert [(row.conversation_id, row.settings.announcement) for row in settings] == [(GROUP, "soon")]
    assert work.hot_update([]).settings is None
    assert work.take_settings(touched_rows(work.state)) == ([], [])
