"""Who may say what, and what becomes of it."""

import pytest
from msgspec.structs import replace

from hongyan.model.codes import (
    AlreadyRecalled,
    DifferentKind,
    EditTooLate,
    EntryUnknown,
    NotAllowed,
    NotAMember,
    RecallTooLate,
    TooManyPins,
    TooManyReactions,
)
from hongyan.model.commands import (
    AnyCommand,
    Block,
    DeleteMessage,
    EditMessage,
    LeaveGroup,
    Mark,
    MessageKind,
    MuteAll,
    MuteMember,
    Pin,
    React,
    Recall,
    RemoveMembers,
    Role,
    SendMessage,
)
from hongyan.model.ids import SYSTEM_USER, ConversationId, UserId
from hongyan.model.records import (
    Amended,
    AnyBody,
    Deleted,
    DeleteNotice,
    EditNotice,
    Message,
    PinNotice,
    Reaction,
    ReactionNotice,
    Recalled,
    RecallNotice,
)
from hongyan.model.rules.messages import MAX_PINS, MAX_REACTION_KINDS, MAX_REACTIONS
from hongyan.model.state import Member
from tests.unit.model.stories import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    GROUP,
    NOTICES,
    SAVED,
    SINGLE,
    WINDOW_MS,
    Story,
    add,
    entry_of,
    group,
    receipt_of,
    refusal_of,
    text_of,
    with_admin,
)

RECALL_1, RECALL_2 = Recall(1, WINDOW_MS), Recall(2, WINDOW_MS)


def test_a_message_takes_the_next_seq_and_counts() -> None:
    story = Story()
    story.say(ALICE)
    outcome = story.ask(BOB, SendMessage(MessageKind.IMAGE, b"\x00\xff"), "m-1", digest=77)
    entry = entry_of(outcome)
    record = story.records[-1]
    assert (entry.conversation_id, entry.seq, entry.countable) == (SINGLE, 2, 2)
    assert (entry.message_id, entry.sender_id, entry.client_msg_id) == (record.message_id, BOB, "m-1")
    assert entry.time_ms == record.time_ms
    assert entry.body == Message(MessageKind.IMAGE, b"\x00\xff")
    receipt = receipt_of(outcome)
    assert (receipt.seq, receipt.message_id, receipt.time_ms) == (entry.seq, entry.message_id, entry.time_ms)
    assert (receipt.countable, receipt.digest, receipt.kind) == (2, 77, MessageKind.IMAGE)
    assert not outcome.duplicate


@pytest.mark.parametrize("conversation_id", [SINGLE, GROUP, NOTICES, SAVED])
def test_a_stranger_cannot_speak(conversation_id: ConversationId) -> None:
    story = Story(conversation_id)
    refusal = refusal_of(story.say(CAROL))
    assert isinstance(refusal, NotAllowed if conversation_id == NOTICES else NotAMember)
    assert story.state.seq == 0


def test_only_the_system_speaks_in_a_system_conversation() -> None:
    story = Story(NOTICES)
    assert entry_of(story.say(SYSTEM_USER)).seq == 1
    assert isinstance(refusal_of(story.say(ALICE)), NotAllowed)
    assert story.unread(ALICE) == 1


def test_what_a_user_says_to_himself_is_his_alone_and_read_at_once() -> None:
    story = Story(SAVED)
    outcome = story.say(ALICE)
    assert (entry_of(outcome).seq, outcome.joined) == (1, (ALICE,))
    assert story.unread(ALICE) == 0
    assert isinstance(refusal_of(story.say(SYSTEM_USER)), NotAMember)
    assert entry_of(story.ask(ALICE, Recall(1, WINDOW_MS))).seq == 2


def test_the_system_speaks_in_groups_that_are_there_and_not_between_two() -> None:
    assert isinstance(refusal_of(Story().say(SYSTEM_USER)), NotAMember)
    assert isinstance(refusal_of(Story(GROUP).say(SYSTEM_USER)), NotAMember)
    story = group(BOB)
    entry_of(story.say(SYSTEM_USER))
    assert (story.unread(ALICE), story.unread(BOB)) == (1, 1)


def test_the_first_message_makes_a_single_known_to_both() -> None:
    story = Story()
    first = story.say(ALICE)
    assert set(first.joined) == set(story.state.touched) == {ALICE, BOB}
    story.state.touched.clear()
    second = story.say(BOB)
    assert second.joined == ()
    assert set(story.state.touched) == {BOB}


def test_sending_moves_ones_own_positions_and_nobody_elses() -> None:
    story = Story()
    for sender_id in (ALICE, ALICE, BOB, ALICE):
        story.say(sender_id)
    assert story.state.members == {
        ALICE: Member(Role.MEMBER, 1, 0, read_seq=4, read_countable=4, delivered_seq=4),
        BOB: Member(Role.MEMBER, 1, 0, read_seq=3, read_countable=3, delivered_seq=3),
    }
    assert (story.unread(ALICE), story.unread(BOB)) == (0, 1)


def test_entry_time_never_runs_backwards() -> None:
    story = Story()
    times = []
    for now_ms in (5_000, 4_000, 6_000, 5_999):
        story.now_ms = now_ms
        times.append(entry_of(story.say(ALICE)).time_ms)
    assert times == [5_001, 5_001, 6_001, 6_001]


def test_only_owner_and_admins_of_a_group_call_everybody() -> None:
    everybody = SendMessage(1, b"", mention_all=True)
    story = with_admin(group(BOB, CAROL), BOB)
    assert [story.ask(user_id, everybody).refusal is None for user_id in (ALICE, BOB, CAROL)] == [True, True, False]
    refusal = refusal_of(story.ask(CAROL, everybody))
    assert str(refusal) == "You may not mention all here."
    assert isinstance(refusal_of(Story().ask(ALICE, everybody)), NotAllowed)


# Recall


def test_a_recalled_message_keeps_its_place_and_number_but_not_its_content() -> None:
    story = Story()
    said = entry_of(story.say(ALICE, "secret"))
    story.say(BOB)
    outcome = story.ask(ALICE, RECALL_1)
    notice = entry_of(outcome)
    assert (notice.seq, notice.countable, notice.body) == (3, 2, RecallNotice(1))
    assert outcome.replaced == (replace(said, body=Recalled(ALICE)),)


def test_a_recall_does_not_change_what_is_unread() -> None:
    story = Story()
    story.say(ALICE)
    story.say(ALICE)
    story.ask(ALICE, RECALL_1)
    assert story.unread(BOB) == 2
    story.mark(Mark(BOB, read_seq=3))
    assert story.unread(BOB) == 0


def test_a_message_is_recalled_once() -> None:
    story = group(BOB)
    story.say(BOB)
    assert entry_of(story.ask(BOB, RECALL_2)).seq == 3
    for user_id in (ALICE, BOB):
        assert isinstance(refusal_of(story.ask(user_id, RECALL_2)), AlreadyRecalled)


@pytest.mark.parametrize(("late_ms", "allowed"), [(WINDOW_MS, True), (WINDOW_MS + 1, False)])
def test_the_sender_recalls_within_the_window(late_ms: int, allowed: bool) -> None:
    story = Story()
    story.say(ALICE)
    story.now_ms += late_ms - 1
    outcome = story.ask(ALICE, RECALL_1)
    assert (outcome.refusal is None) is allowed
    if not allowed:
        assert str(refusal_of(outcome)) == "A message can be recalled for 120000 ms."
        assert isinstance(outcome.refusal, RecallTooLate)


def test_in_a_single_nobody_recalls_the_others_message() -> None:
    story = Story()
    story.say(ALICE)
    assert isinstance(refusal_of(story.ask(BOB, RECALL_1)), NotAllowed)


@pytest.mark.parametrize("actor", [ALICE, BOB, CAROL])
@pytest.mark.parametrize("sender", [ALICE, BOB, CAROL])
def test_in_a_group_a_higher_rank_recalls_at_any_time(actor: UserId, sender: UserId) -> None:
    """Alice owns the group, bob is an admin, carol is a member."""
    story = with_admin(group(BOB, CAROL), BOB)
    story.say(sender)
    story.now_ms += 10 * WINDOW_MS
    ranks = {ALICE: 3, BOB: 2, CAROL: 1}
    outcome = story.ask(actor, RECALL_2)
    assert (outcome.refusal is None) is (ranks[actor] > ranks[sender])


def test_a_message_of_one_who_left_is_a_members_message() -> None:
    story = with_admin(group(BOB, CAROL, DAVE), BOB)
    story.say(CAROL)
    story.ask(CAROL, LeaveGroup())
    assert isinstance(refusal_of(story.ask(DAVE, RECALL_2)), NotAllowed)
    assert story.ask(BOB, RECALL_2).refusal is None


def test_what_is_no_message_cannot_be_recalled() -> None:
    story = group(BOB)
    story.say(ALICE)
    story.ask(ALICE, RECALL_2)
    for seq in (-1, 0, 1, 3, 4, 1 << 62):
        refusal = refusal_of(story.ask(ALICE, Recall(seq, WINDOW_MS)))
        assert isinstance(refusal, EntryUnknown)
        assert str(refusal) == f"There is no entry {seq} for you."


def test_who_cannot_see_a_message_cannot_recall_it() -> None:
    story = with_admin(group(BOB, CAROL), BOB)
    story.say(CAROL)
    story.say(BOB, "mine")
    story.ask(ALICE, RemoveMembers((BOB,)))
    assert isinstance(refusal_of(story.ask(BOB, Recall(3, WINDOW_MS))), NotAMember)
    story.ask(ALICE, add(BOB))
    with_admin(story, BOB)
    for seq in (2, 3):
        assert isinstance(refusal_of(story.ask(BOB, Recall(seq, WINDOW_MS))), EntryUnknown)


def test_the_system_recalls_its_own_notices_and_the_reader_does_not() -> None:
    story = Story(NOTICES)
    story.say(SYSTEM_USER)
    assert isinstance(refusal_of(story.ask(ALICE, RECALL_1)), NotAllowed)
    assert entry_of(story.ask(SYSTEM_USER, RECALL_1)).body == RecallNotice(1)
    assert isinstance(refusal_of(Story().ask(SYSTEM_USER, RECALL_1)), NotAMember)


# Recall by role


@pytest.mark.parametrize(
    ("sender", "admin_window_ms", "allowed"), [(ALICE, -1, False), (ALICE, 500, True), (BOB, 500, False)]
)
def test_admins_have_a_window_of_their_own_if_there_is_one(sender: UserId, admin_window_ms: int, allowed: bool) -> None:
    """Alice owns the group; her own message has to be in her window, though bob's never has."""
    story = group(BOB)
    story.say(sender)
    story.now_ms += 200
    outcome = story.ask(sender, Recall(2, window_ms=100, admin_window_ms=admin_window_ms))
    assert (outcome.refusal is None) is allowed


# Edits


def edit(seq: int = 1, text: str = "new", window_ms: int = 0, *, mention_all: bool = False) -> EditMessage:
    return EditMessage(seq, 1, text.encode(), mention_all, window_ms)


def test_an_edit_is_told_and_seen_where_the_message_stands() -> None:
    story = Story()
    said = entry_of(story.say(ALICE, "old"))
    outcome = story.ask(ALICE, edit())
    notice = entry_of(outcome)
    assert (notice.seq, notice.countable, notice.body) == (2, 1, EditNotice(1, 1, b"new"))
    assert outcome.replaced == (replace(said, body=Amended(1, b"new", 2, notice.time_ms, (), 2)),)
    assert story.unread(BOB) == 1


def test_what_an_edit_said_is_nowhere_any_more_once_there_is_another() -> None:
    story = Story()
    story.say(ALICE, "old")
    first = entry_of(story.ask(ALICE, edit(text="secret")))
    outcome = story.ask(ALICE, edit(text="new"))
    assert [(entry.seq, entry.body) for entry in outcome.replaced] == [
        (1, Amended(1, b"new", 3, entry_of(outcome).time_ms, (), 3)),
        (2, EditNotice(1)),
    ]
    assert outcome.replaced[1] == replace(first, body=EditNotice(1))


@pytest.mark.parametrize(("command", "instead"), [(RECALL_1, Recalled(ALICE)), (DeleteMessage(1), Deleted(ALICE))])
def test_nothing_of_an_edited_message_stays_when_it_is_taken_away(command: AnyCommand, instead: AnyBody) -> None:
    story = Story()
    story.say(ALICE, "old")
    story.ask(ALICE, edit(text="secret"))
    story.ask(BOB, React(1, "a"))
    outcome = story.ask(ALICE, command)
    assert [(entry.seq, entry.body) for entry in outcome.replaced] == [(1, instead), (2, EditNotice(1))]
    for after in (edit(), React(1, "a"), Pin(1), RECALL_1, DeleteMessage(1)):
        assert isinstance(refusal_of(story.ask(ALICE, after)), AlreadyRecalled)


def test_only_the_sender_edits_and_only_a_message_of_the_same_kind_in_time() -> None:
    story = with_admin(group(BOB, CAROL), BOB)
    story.say(CAROL)
    for actor in (ALICE, BOB):
        assert isinstance(refusal_of(story.ask(actor, edit(2))), NotAllowed)
    assert isinstance(refusal_of(story.ask(CAROL, EditMessage(2, 2, b"image"))), DifferentKind)
    story.now_ms += 100
    refusal = refusal_of(story.ask(CAROL, edit(2, window_ms=100)))
    assert isinstance(refusal, EditTooLate)
    assert str(refusal) == "A message can be edited for 100 ms."
    assert isinstance(refusal_of(story.ask(CAROL, edit(1))), EntryUnknown)
    assert isinstance(refusal_of(story.ask(CAROL, edit(2, mention_all=True))), NotAllowed)
    assert isinstance(refusal_of(story.ask(DAVE, edit(2))), NotAMember)
    receipt_of(story.ask(CAROL, edit(2)))


def test_the_system_edits_its_notices() -> None:
    story = Story(NOTICES)
    story.say(SYSTEM_USER)
    assert entry_of(story.ask(SYSTEM_USER, edit())).body == EditNotice(1, 1, b"new")
    assert isinstance(refusal_of(story.ask(ALICE, React(1, "a"))), NotAllowed)


def test_what_was_not_opened_is_not_edited() -> None:
    story = Story()
    story.say(ALICE)
    story.state.opened = None
    for command in (edit(), React(1, "a")):
        assert isinstance(refusal_of(story.ask(ALICE, command)), EntryUnknown)


# Deletions


@pytest.mark.parametrize("actor", [ALICE, BOB, CAROL])
@pytest.mark.parametrize("sender", [ALICE, BOB, CAROL])
def test_one_deletes_ones_own_at_any_time_and_those_of_lower_ranks(actor: UserId, sender: UserId) -> None:
    story = with_admin(group(BOB, CAROL), BOB)
    story.say(sender)
    story.now_ms += 10 * WINDOW_MS
    ranks = {ALICE: 3, BOB: 2, CAROL: 1}
    outcome = story.ask(actor, DeleteMessage(2))
    assert (outcome.refusal is None) is (actor == sender or ranks[actor] > ranks[sender])
    if outcome.refusal is None:
        assert entry_of(outcome).body == DeleteNotice(2)
        assert outcome.replaced[0].body == Deleted(actor)


def test_in_a_single_nobody_deletes_the_others_message_for_both() -> None:
    story = Story()
    story.say(ALICE)
    assert isinstance(refusal_of(story.ask(BOB, DeleteMessage(1))), NotAllowed)


def test_the_system_takes_away_what_an_owner_said() -> None:
    story = group(BOB)
    story.say(ALICE)
    assert entry_of(story.ask(SYSTEM_USER, DeleteMessage(2))).body == DeleteNotice(2)


# Reactions


def test_a_reaction_counts_once_and_can_be_taken_back() -> None:
    story = Story()
    said = entry_of(story.say(ALICE))
    outcome = story.ask(BOB, React(1, "👍"))
    assert entry_of(outcome).body == ReactionNotice(1, "👍", on=True)
    assert outcome.replaced == (replace(said, body=Amended(1, b"hello", 0, 0, (Reaction("👍", (BOB,)),), 2)),)
    assert receipt_of(story.ask(BOB, React(1, "👍"))).seq == 0
    assert story.ask(ALICE, React(1, "👍")).replaced[0].body.reactions == (Reaction("👍", (BOB, ALICE)),)  # type: ignore[union-attr]
    story.ask(BOB, React(1, "👍", on=False))
    assert story.ask(ALICE, React(1, "👍", on=False)).replaced == (said,)
    assert receipt_of(story.ask(ALICE, React(1, "👍", on=False))).seq == 0


def test_reactions_stay_through_an_edit() -> None:
    story = Story()
    story.say(ALICE)
    story.ask(BOB, React(1, "👍"))
    outcome = story.ask(ALICE, edit())
    body = outcome.replaced[0].body
    assert isinstance(body, Amended)
    assert (body.content, body.reactions, body.edit_seq) == (b"new", (Reaction("👍", (BOB,)),), 3)


def test_a_message_has_so_many_kinds_of_reactions_and_no_more() -> None:
    story = Story()
    story.say(ALICE)
    for number in range(MAX_REACTION_KINDS):
        receipt_of(story.ask(BOB, React(1, f"e{number}")))
    refusal = refusal_of(story.ask(BOB, React(1, "one more")))
    assert isinstance(refusal, TooManyReactions)
    assert str(refusal) == "Entry 1 can have 20 kinds of reactions."
    receipt_of(story.ask(ALICE, React(1, "e0")))


def test_a_message_has_so_many_reactions_and_no_more() -> None:
    story = Story()
    story.say(ALICE)
    assert story.state.opened is not None
    many = tuple(UserId(f"u{number}") for number in range(MAX_REACTIONS))
    story.state.opened[1] = Amended(1, b"hello", reactions=(Reaction("a", many),))
    assert isinstance(refusal_of(story.ask(BOB, React(1, "a"))), TooManyReactions)


# Pins


def test_both_of_a_single_pin_and_unpin() -> None:
    story = Story()
    story.say(ALICE)
    story.say(ALICE)
    for actor, seq in ((BOB, 2), (ALICE, 1)):
        assert entry_of(story.ask(actor, Pin(seq))).body == PinNotice(seq, on=True)
    assert list(story.state.settings.pins) == [2, 1]
    assert receipt_of(story.ask(ALICE, Pin(2))).seq == 0
    assert entry_of(story.ask(ALICE, Pin(2, on=False))).body == PinNotice(2, on=False)
    assert list(story.state.settings.pins) == [1]


def test_in_a_group_admins_pin() -> None:
    story = with_admin(group(BOB, CAROL), BOB)
    story.say(CAROL)
    assert isinstance(refusal_of(story.ask(CAROL, Pin(2))), NotAllowed)
    receipt_of(story.ask(BOB, Pin(2)))


def test_what_is_taken_away_is_pinned_no_more() -> None:
    story = Story()
    story.say(ALICE)
    story.ask(BOB, Pin(1))
    story.ask(ALICE, RECALL_1)
    assert story.state.settings.pins == ()


def test_so_many_are_pinned_and_no_more() -> None:
    story = Story()
    for _ in range(MAX_PINS + 1):
        story.say(ALICE)
    for seq in range(1, MAX_PINS + 1):
        receipt_of(story.ask(ALICE, Pin(seq)))
    assert isinstance(refusal_of(story.ask(ALICE, Pin(MAX_PINS + 1))), TooManyPins)


# Races: whichever record is first in the log decides, whoever asked first


@pytest.mark.parametrize("silencing", [RemoveMembers((BOB,)), MuteAll(on=True), MuteMember(BOB, 1 << 50)], ids=repr)
def test_a_kick_or_a_mute_and_a_send_have_one_answer(silencing: AnyCommand) -> None:
    for sent_first in (True, False):
        story = group(BOB, CAROL)
        send, silence = (story.record(BOB, text_of("hello")), story.record(ALICE, silencing))
        outcomes = [story.apply(record) for record in ((send, silence) if sent_first else (silence, send))]
        sent = outcomes[0 if sent_first else 1]
        assert (sent.refusal is None) is sent_first
        assert story.state.countable == (1 if sent_first else 0)


def test_a_block_and_a_send_have_one_answer() -> None:
    for sent_first in (True, False):
        story = Story()
        send, block = story.record(BOB, text_of("hello")), story.record(ALICE, Block())
        outcomes = [story.apply(record) for record in ((send, block) if sent_first else (block, send))]
        assert (outcomes[0 if sent_first else 1].refusal is None) is sent_first
        assert story.state.seq == (1 if sent_first else 0)


def test_a_recall_and_a_read_have_one_answer() -> None:
    """Who has read before the recall has read; the message is gone for him all the same, and unread is what it was."""
    for read_first in (True, False):
        story = Story()
        story.say(ALICE)
        read, recall = story.marks(Mark(BOB, read_seq=1)), story.record(ALICE, RECALL_1)
        for record in (read, recall) if read_first else (recall, read):
            story.apply(record)
        assert story.state.members[BOB].read_seq == 1
        assert story.unread(BOB) == 0
        assert story.state.recent[1].recalled


def test_an_edit_and_a_recall_have_one_answer() -> None:
    for edited_first in (True, False):
        story = Story()
        story.say(ALICE, "old")
        change, recall = story.record(ALICE, edit(), "e"), story.record(ALICE, RECALL_1, "r")
        outcomes = [story.apply(record) for record in ((change, recall) if edited_first else (recall, change))]
        assert (outcomes[0 if edited_first else 1].refusal is None) is edited_first
        assert story.state.opened is not None
        assert story.state.opened[1] == Recalled(ALICE)
