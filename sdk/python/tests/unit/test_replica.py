"""The replica's rules one by one; tests/property/test_replica.py has them all at once."""

import pytest

from hongyan.model import commands as ask
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import (
    Amended,
    AnyBody,
    DeleteNotice,
    EditNotice,
    Entry,
    GroupCreated,
    GroupDismissed,
    GroupProfileSet,
    JoinAnswered,
    MemberJoined,
    MemberLeft,
    MembersAdded,
    MembersRemoved,
    Message,
    Reaction,
    ReactionNotice,
    Recalled,
    RecallNotice,
    Submitted,
)
from hongyan.protocol.frames import ConversationHead, MarkRequest, Position, Positions, Submit
from hongyan_client.copy import BEYOND_LIMIT, Added, Copy, DroppedBelow, Told
from hongyan_client.events import (
    ConversationChanged,
    EntryAdded,
    EntryDeleted,
    EntryEdited,
    EntryReacted,
    EntryRecalled,
    Event,
    PositionMoved,
)
from hongyan_client.replica import EARLY_POSITIONS, Page, Pull, Replica, Settled

ME, BOB = UserId("me"), UserId("bob")
KEY, GROUP = ConversationId("s:bob:me"), ConversationId("g:club")


def entry(
    seq: int, body: AnyBody | None = None, *, key: ConversationId = KEY, by: UserId = BOB, countable: int | None = None
) -> Entry:
    """An entry; unless told otherwise a message, and all below it are messages too."""
    body = body if body is not None else Message(1, b"text")
    client_msg_id = ClientMsgId(f"c{seq}")
    return Entry(key, seq, MessageId(seq), by, client_msg_id, seq, seq if countable is None else countable, body)


def push(replica: Replica, *entries: Entry) -> Settled:
    replica.take_entries(entries)
    return replica.settle()


def copy_of(replica: Replica, key: ConversationId = KEY) -> Copy:
    copy = replica.get(key)
    assert copy is not None
    return copy


def known(*seqs: int) -> Replica:
    """A replica that holds these entries of a conversation of two."""
    replica = Replica(ME)
    push(replica, *(entry(seq) for seq in seqs))
    return replica


def head(seq: int, *, unread: int = 0, read_seq: int = 0, first_seq: int = 1, member: bool = True) -> ConversationHead:
    return ConversationHead(KEY, seq, seq, read_seq, 0, unread, first_seq, name="", member=member)


def test_entries_of_one_packet_are_taken_in_before_gaps_are_judged() -> None:
    replica = known(1)
    settled = push(replica, entry(3), entry(2))
    assert not replica.holes()
    assert [event.entry.seq for event in settled.events if isinstance(event, EntryAdded)] == [2, 3]


def test_a_gap_is_pulled_from_where_the_range_ends_and_what_waited_is_joined() -> None:
    replica = known(1, 2)
    settled = push(replica, entry(5))
    assert replica.holes() == [Pull(KEY, 2)]
    assert not settled.changes
    assert settled.events == [ConversationChanged(KEY)]
    assert replica.take_page(Pull(KEY, 2), Page((entry(3), entry(4))))
    assert [event.entry.seq for event in replica.settle().events if isinstance(event, EntryAdded)] == [3, 4, 5]
    assert not replica.holes()


def test_too_many_entries_above_a_gap_are_let_go_and_pulled() -> None:
    replica = known(1)
    push(replica, *(entry(seq) for seq in range(3, BEYOND_LIMIT + 10)))
    assert replica.holes() == [Pull(KEY, 1)]
    assert len(replica._copies[KEY]._beyond) <= BEYOND_LIMIT
    while holes := replica.holes():
        (pull,) = holes
        assert replica.take_page(pull, Page(tuple(entry(seq) for seq in range(pull.after + 1, BEYOND_LIMIT + 10))))
        replica.settle()
    assert copy_of(replica).high == BEYOND_LIMIT + 9


def test_a_page_that_brings_nothing_says_so() -> None:
    replica = known(1)
    push(replica, entry(3))
    assert not replica.take_page(Pull(KEY, 1), Page(()))


def test_a_gap_too_wide_to_pull_makes_the_range_begin_anew() -> None:
    replica = known(1, 2)
    push(replica, entry(100_000))
    replica.take_page(Pull(KEY, 2), Page((), restart_seq=99_000))
    assert replica.settle().changes == [DroppedBelow(KEY, 99_001)]
    assert replica.holes() == [Pull(KEY, 99_000)]


def test_what_waited_below_a_new_beginning_is_let_go() -> None:
    replica = known(1)
    push(replica, entry(5), entry(9))
    replica.take_page(Pull(KEY, 1), Page((), restart_seq=7))
    replica.settle()
    assert list(replica._copies[KEY]._beyond) == [9]


def test_a_page_that_begins_later_says_that_what_lies_between_is_not_ours_any_more() -> None:
    replica = known(1, 2)
    push(replica, entry(8))
    replica.take_page(Pull(KEY, 2), Page((entry(6), entry(7))))
    settled = replica.settle()
    assert settled.changes == [DroppedBelow(KEY, 6), Added((entry(6), entry(7), entry(8)))]


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (RecallNotice(1), EntryRecalled(KEY, 1, BOB)),
        (DeleteNotice(1), EntryDeleted(KEY, 1, BOB)),
        (EditNotice(1, 1, b"new"), EntryEdited(KEY, 1)),
        (ReactionNotice(1, "👍", on=True), EntryReacted(KEY, 1, BOB, "👍", on=True)),
    ],
)
def test_what_tells_a_change_goes_to_the_store_and_is_told(body: AnyBody, event: Event) -> None:
    replica = known(1, 2)
    notice = entry(3, body, countable=2)
    settled = push(replica, notice)
    assert settled.changes == [Added((notice,)), Told(notice)]
    assert event in settled.events


def test_a_change_of_what_is_not_kept_is_told_to_nobody() -> None:
    settled = push(known(5), entry(6, EditNotice(2, 1, b"new"), countable=2))
    assert not any(isinstance(event, EntryEdited) for event in settled.events)


def test_a_page_made_before_a_change_and_come_after_it_holds_the_change() -> None:
    replica = known(3, 4)
    push(replica, entry(5, ReactionNotice(2, "👍", on=True), countable=2), entry(6, EditNotice(2, 1, b"new")))
    replica.take_history(KEY, Page((entry(2),)))
    (added,) = replica.settle().changes
    assert isinstance(added, Added)
    assert added.entries[0].body == Amended(1, b"new", 6, entry(6).time_ms, (Reaction("👍", (BOB,)),), 6)


def test_a_group_is_called_as_it_was_last_called() -> None:
    replica = group(entry(2, GroupProfileSet(name="New"), key=GROUP), entry(3, GroupProfileSet(avatar="a"), key=GROUP))
    assert copy_of(replica, GROUP).name == "New"
    old = ConversationHead(GROUP, 1, 0, 1, 0, 0, 1, name="Old", member=True)
    replica.take_head(old, None, fresh=False)
    assert copy_of(replica, GROUP).name == "New"


@pytest.mark.parametrize("body", [MemberJoined("l"), JoinAnswered(ME, accept=True)])
def test_who_comes_in_by_himself_or_is_let_in_is_a_member_and_asks_how_far_back_he_may_look(body: AnyBody) -> None:
    who = ME if isinstance(body, MemberJoined) else BOB
    replica = group(entry(2, MembersRemoved((ME,)), key=GROUP))
    assert not copy_of(replica, GROUP).member
    taken_in = entry(7, body, key=GROUP, by=who)
    push(replica, taken_in)
    assert (copy_of(replica, GROUP).member, copy_of(replica, GROUP).first_seq) == (True, 7)
    assert replica.is_head_wanted(taken_in)
    replica.take_head(ConversationHead(GROUP, 7, 2, 7, 7, 0, 1, name="Club", member=True), None, fresh=False)
    assert copy_of(replica, GROUP).first_seq == 1


def test_nobody_is_in_a_group_that_was_dismissed() -> None:
    assert not copy_of(group(entry(2, GroupDismissed(), key=GROUP)), GROUP).member


def test_a_page_made_before_a_recall_and_come_after_its_notice_does_not_bring_the_message_back() -> None:
    replica = known(1)
    push(replica, entry(3, RecallNotice(2), countable=2))
    replica.take_page(Pull(KEY, 1), Page((entry(2),)))
    (added, *_) = replica.settle().changes
    assert isinstance(added, Added)
    assert isinstance(added.entries[0].body, Recalled)


def test_history_made_before_a_recall_and_come_after_its_notice_does_not_bring_the_message_back() -> None:
    replica = known(5)
    push(replica, entry(6, RecallNotice(4), countable=5))
    replica.take_history(KEY, Page((entry(3), entry(4)), more=True))
    (added,) = replica.settle().changes
    assert isinstance(added, Added)
    assert [isinstance(found.body, Recalled) for found in added.entries] == [False, True]


def test_the_preview_of_a_recalled_message_is_its_placeholder() -> None:
    replica = known(1)
    replica.take_entries([entry(1)])
    push(replica, entry(3, RecallNotice(1), countable=1))
    assert copy_of(replica).preview == entry(3, RecallNotice(1), countable=1)


def test_history_that_does_not_end_below_the_range_is_not_kept() -> None:
    replica = known(10)
    for page in ([7, 8], [8, 9, 10], [9, 8], []):
        replica.take_history(KEY, Page(tuple(entry(seq) for seq in page)))
        assert replica.settle().changes == []
    replica.take_history(KEY, Page((entry(8), entry(9)), more=False))
    replica.settle()
    assert (copy_of(replica).low, copy_of(replica).first_seq) == (8, 8)


def test_unread_counts_what_others_wrote_after_the_read_position() -> None:
    replica = known(1, 2, 3)
    assert copy_of(replica).unread == 3
    push(replica, entry(4, by=ME))
    assert copy_of(replica).unread == 0
    push(replica, entry(5), entry(7))
    assert copy_of(replica).unread == 3, "countable numbers tell it across a gap"


def test_a_position_of_another_own_device_counts_once_its_number_is_looked_up() -> None:
    replica = known(1, 2, 3)
    replica.take_positions(Positions(KEY, (Position(ME, 2, 3), Position(BOB, 1, 1))))
    settled = replica.settle()
    assert PositionMoved(KEY, BOB, 1, 1) in settled.events
    assert replica.unresolved() == [(KEY, 2)] == replica.unresolved()
    replica.resolve_read(KEY, 2, 2)
    replica.settle()
    assert (copy_of(replica).unread, replica.unresolved()) == (1, [])


def test_an_own_position_that_comes_before_the_first_entry_of_its_conversation_counts() -> None:
    replica = Replica(ME)
    replica.take_positions(Positions(KEY, (Position(ME, 1, 1),)))
    replica.take_positions(Positions(KEY, (Position(ME, 2, 2),)))
    replica.settle()
    push(replica, entry(1), entry(2), entry(3))
    replica.resolve_read(KEY, 2, 2)
    replica.settle()
    assert copy_of(replica).unread == 1


def test_of_conversations_that_nobody_tells_of_only_so_many_positions_are_remembered() -> None:
    replica = Replica(ME)
    for number in range(EARLY_POSITIONS + 1):
        replica.take_positions(Positions(ConversationId(f"g:{number}"), (Position(ME, 1, 1),)))
    assert len(replica._early) == EARLY_POSITIONS


def test_a_position_above_the_head_is_a_reason_to_pull() -> None:
    replica = known(1)
    replica.take_positions(Positions(KEY, (Position(ME, 3, 3),)))
    replica.settle()
    assert (replica.holes(), replica.unresolved()) == ([Pull(KEY, 1)], [])
    replica.take_page(Pull(KEY, 1), Page((entry(2), entry(3), entry(4))))
    replica.settle()
    assert (copy_of(replica).read_seq, copy_of(replica).unread, replica.holes()) == (3, 1, [])


def test_reading_all_needs_no_look_up_and_the_server_is_told_until_it_knows() -> None:
    replica = known(1, 2)
    replica.mark_read(KEY, 99)
    replica.settle()
    assert copy_of(replica).unread == 0
    assert replica.marks() == [MarkRequest(KEY, 2, 2)]
    assert replica.marks() == []
    replica.forget_marks()
    assert replica.marks() == [MarkRequest(KEY, 2, 2)]
    replica.take_positions(Positions(KEY, (Position(ME, 2, 2),)))
    replica.settle()
    replica.forget_marks()
    assert replica.marks() == []


def test_a_server_that_lost_a_mark_is_told_again() -> None:
    replica = known(1, 2)
    replica.take_positions(Positions(KEY, (Position(ME, 2, 2),)))
    replica.settle()
    replica.marks()
    replica.take_head(head(2, unread=2), None, fresh=False)
    replica.settle()
    assert replica.marks() == [MarkRequest(KEY, 2, 0)]


def test_a_fresh_device_holds_the_preview_and_is_not_told_that_it_is_new() -> None:
    replica = Replica(ME)
    replica.take_head(head(50, unread=3), entry(50), fresh=True)
    settled = replica.settle()
    assert settled.events == [ConversationChanged(KEY)]
    assert settled.changes == [Added((entry(50),))]
    assert (copy_of(replica).low, copy_of(replica).high, copy_of(replica).unread) == (50, 50, 3)
    assert not replica.holes()


def test_a_device_that_was_away_takes_a_new_conversation_in_from_its_beginning() -> None:
    replica = Replica(ME)
    replica.take_head(head(3, unread=3), entry(3), fresh=False)
    replica.settle()
    assert replica.holes() == [Pull(KEY, 0)]


def test_an_old_page_of_the_list_takes_nothing_back() -> None:
    replica = known(1, 2, 3)
    replica.take_head(head(2, unread=2), entry(2), fresh=False)
    replica.settle()
    assert (copy_of(replica).head, copy_of(replica).countable, copy_of(replica).unread) == (3, 3, 3)


def test_a_message_of_this_client_is_made_from_its_receipt() -> None:
    replica = known(1)
    command = ask.SendMessage(1, b"said")
    receipt = Submitted(UserId(""), ClientMsgId("mine"), 2, MessageId(77), 5, 2, 0)
    replica.take_receipt(Submit(KEY, ClientMsgId("mine"), command), receipt)
    (event,) = replica.settle().events
    said = Entry(KEY, 2, MessageId(77), ME, ClientMsgId("mine"), 5, 2, Message(1, b"said"))
    assert event == EntryAdded(said)
    replica.take_entries([said])
    assert replica.settle().changes == [], "the same entry by another way changes nothing"


@pytest.mark.parametrize("command", [ask.AddMembers((BOB,), 0), ask.LeaveGroup(), ask.Recall(1, 0)])
def test_other_entries_of_this_client_are_pulled(command: ask.AnyCommand) -> None:
    replica = known(1)
    receipt = Submitted(UserId(""), ClientMsgId("mine"), 2, MessageId(77), 5, 1, 0)
    replica.take_receipt(Submit(KEY, ClientMsgId("mine"), command), receipt)
    assert replica.settle().changes == []
    assert replica.holes() == [Pull(KEY, 1)]


def group(*entries: Entry) -> Replica:
    replica = Replica(ME)
    made = entry(1, GroupCreated("Club", (BOB, ME)), key=GROUP, countable=0)
    push(replica, made, *entries)
    return replica


def test_one_who_was_removed_or_left_is_no_member_and_has_nothing_unread() -> None:
    for body, by in ((MembersRemoved((ME,)), BOB), (MemberLeft(), ME)):
        replica = group(entry(2, key=GROUP, countable=1), entry(3, body, key=GROUP, by=by, countable=1))
        assert (copy_of(replica, GROUP).member, copy_of(replica, GROUP).unread) == (False, 0)
        replica.mark_read(GROUP, 2)
        replica.settle()
        assert replica.marks() == []


def test_one_who_was_taken_in_again_sees_from_there_on() -> None:
    replica = group(entry(2, MembersRemoved((ME,)), key=GROUP, countable=0))
    back = entry(9, MembersAdded((ME,)), key=GROUP, countable=6)
    settled = push(replica, back)
    assert settled.changes == [DroppedBelow(GROUP, 9), Added((back,))]
    copy = copy_of(replica, GROUP)
    assert (copy.member, copy.first_seq, copy.low, copy.unread, copy.name) == (True, 9, 9, 0, "Club")
    assert not replica.holes()


def test_an_older_change_of_membership_that_comes_late_does_not_count() -> None:
    replica = group()
    push(replica, entry(4, MembersAdded((ME,)), key=GROUP, countable=1))
    push(replica, entry(3, MembersRemoved((ME,)), key=GROUP, countable=1))
    assert copy_of(replica, GROUP).member


def test_a_list_that_was_overtaken_by_pushes_still_tells_a_groups_name() -> None:
    replica = Replica(ME)
    taken_in = entry(4, MembersAdded((ME,)), key=GROUP, countable=3)
    push(replica, taken_in, entry(5, key=GROUP, countable=4))
    assert replica.is_head_wanted(taken_in)
    replica.take_head(ConversationHead(GROUP, 4, 3, 3, 3, 0, 4, name="读书会"), None, fresh=False)
    assert (copy_of(replica, GROUP).name, copy_of(replica, GROUP).head) == ("读书会", 5)


def test_an_old_page_of_the_list_does_not_take_one_in_again() -> None:
    replica = group(entry(2, key=GROUP, countable=1), entry(3, MembersRemoved((ME,)), key=GROUP, countable=1))
    old = ConversationHead(GROUP, 2, 1, 1, 0, 1, 1, name="Club", member=True)
    replica.take_head(old, entry(2, key=GROUP, countable=1), fresh=False)
    replica.settle()
    assert (copy_of(replica, GROUP).member, copy_of(replica, GROUP).head) == (False, 3)


def test_what_one_may_not_see_any_more_is_let_go_and_the_rest_stays() -> None:
    replica = known(1, 2, 3, 4, 5)
    replica.take_head(head(5, unread=5, first_seq=3), None, fresh=False)
    assert replica.settle().changes == [DroppedBelow(KEY, 3)]
    assert (copy_of(replica).low, copy_of(replica).high, replica.holes()) == (3, 5, [])
