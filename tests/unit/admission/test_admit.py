"""What is plainly wrong is refused early; everything else is stamped and appended, each sender's in order."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest
import xxhash
from msgspec.structs import replace

from hongyan.adapters.log.memory import MemoryLog
from hongyan.adapters.state.memory import MemoryHot
from hongyan.admission.admit import Admission, AdmissionOptions, Directory
from hongyan.model.codes import (
    ContentRefused,
    InvalidField,
    NotAllowed,
    NotAMember,
    Overloaded,
    RateLimited,
    UserUnknown,
)
from hongyan.model.commands import (
    AddMembers,
    AnswerJoin,
    AnyCommand,
    Befriend,
    Block,
    CreateGroup,
    EditMessage,
    JoinByLink,
    LeaveGroup,
    MakeJoinLink,
    MuteAll,
    React,
    Recall,
    RemoveMembers,
    RequestJoin,
    SendMessage,
    SendToFriend,
    Unfriend,
)
from hongyan.model.ids import SYSTEM_USER, ClientMsgId, ConversationId, UserId, kind_of, self_id, single_id
from hongyan.model.privacy import Doors
from hongyan.model.records import Record
from hongyan.ports.link import Submission
from tests.contract.rows import head, update

ALICE, BOB, CAROL, NOBODY = (UserId(name) for name in ("alice", "bob", "carol", "nobody"))
SINGLE, GROUP, NOTICES = single_id(ALICE, BOB), ConversationId("g:books"), ConversationId("n:alice")
SAVED = self_id(ALICE)
OPTIONS = AdmissionOptions(group_members=30, recall_window_ms=1_000, submissions_per_s=10, burst=5)


def asked(command: AnyCommand | str = "hello", to: str = SINGLE, sender: UserId = ALICE, name: str = "a") -> Submission:
    command = SendMessage(1, command.encode()) if isinstance(command, str) else command
    return Submission(ConversationId(to), sender, ClientMsgId(name), command, False, 7, 4, 9)


class World:
    """A directory in which alice, bob and carol exist; of `known` ones it can tell at once."""

    def __init__(self, known: Sequence[UserId] = (ALICE, BOB, CAROL), queue_records: int = 1_000) -> None:
        self.now_ms, self.known = 1_700_000_000_000, set(known)
        self.asked: list[Sequence[UserId]] = []
        self.log = MemoryLog(lambda *_: None, queue_records=queue_records)
        self.hot = MemoryHot(1 << 20)
        directory = Directory(lambda user_id: True if user_id in self.known else None, self._missing)
        self.admission = Admission(self.log, self.hot, directory, lambda: self.now_ms, OPTIONS)

    async def _missing(self, user_ids: Sequence[UserId]) -> Sequence[UserId]:
        self.asked.append(user_ids)
        await asyncio.sleep(0)
        return [user_id for user_id in user_ids if user_id == NOBODY]

    def taken(self) -> list[Record]:
        return list(self.log._queue)

    def admit(self, submission: Submission) -> None:
        """Admits what needs no waiting."""
        assert self.admission.admit(submission) is None


def test_a_submission_is_stamped_and_appended_at_once() -> None:
    world = World()
    world.admit(replace(asked(), resend=True))
    (record,) = world.taken()
    assert (record.conversation_id, record.sender_id, record.client_msg_id) == (SINGLE, ALICE, "a")
    assert (record.time_ms, record.resend, record.gateway, record.connection, record.request) == (
        world.now_ms,
        True,
        7,
        4,
        9,
    )
    assert record.command == SendMessage(1, b"hello")


def test_message_ids_grow_in_the_order_of_the_submissions() -> None:
    world = World()
    for name in "abc":
        world.admit(asked(name=name))
        world.now_ms -= 5
    ids = [record.message_id for record in world.taken()]
    assert ids == sorted(set(ids))
    assert [record.client_msg_id for record in world.taken()] == ["a", "b", "c"]


def test_ids_are_above_those_given_before_a_restart() -> None:
    world = World()
    world.admit(asked())
    again = World()
    again.now_ms = world.now_ms - 3_600_000
    again.admission.start_above(world.taken()[0].message_id)
    again.admit(asked())
    assert again.taken()[0].message_id > world.taken()[0].message_id


def test_limits_are_stamped_in_so_that_a_replay_decides_as_today() -> None:
    world = World()
    world.admit(asked(Recall(3, 0)))
    world.admit(asked(CreateGroup("Books", (BOB,), 0), GROUP))
    world.admit(asked(AddMembers((CAROL,), 9_999), GROUP))
    assert [record.command for record in world.taken()] == [
        Recall(3, 1_000),
        CreateGroup("Books", (BOB,), 30),
        AddMembers((CAROL,), 30),
    ]


def test_windows_and_the_sizes_of_groups_are_stamped_into_the_commands_that_ask_for_them() -> None:
    world = World()
    world.admission._options = replace(OPTIONS, admin_recall_window_ms=7, edit_window_ms=9)
    for command in (EditMessage(3, 1, b"new"), RequestJoin("hi"), AnswerJoin(BOB, True), Recall(3, 0)):
        world.admit(asked(command, GROUP))
    assert [record.command for record in world.taken()] == [
        EditMessage(3, 1, b"new", window_ms=9),
        RequestJoin("hi", 30),
        AnswerJoin(BOB, True, 30),
        Recall(3, 1_000, 7),
    ]


def test_what_opens_a_group_is_nowhere_in_the_log_and_the_same_token_is_known_again() -> None:
    world = World()
    token = "a-token-of-the-least-length"
    world.admit(asked(MakeJoinLink("l", token), GROUP))
    world.admit(asked(JoinByLink(token), GROUP))
    made, joined = (record.command for record in world.taken())
    assert isinstance(made, MakeJoinLink)
    assert isinstance(joined, JoinByLink)
    assert made.token == joined.token
    assert joined.limit == 30
    assert token.encode() not in msgspec.msgpack.encode(world.taken())


def test_a_recall_has_the_fingerprint_that_it_had_before_there_were_two_windows() -> None:
    world = World()
    world.admit(asked(Recall(3, 0)))
    (record,) = world.taken()
    assert record.digest == xxhash.xxh3_64_intdigest(bytes.fromhex("93020300")) - (1 << 63)


def test_the_digest_is_of_what_was_asked_and_of_nothing_else() -> None:
    world = World()
    first, again, other = asked(Recall(3, 0)), replace(asked(Recall(3, 0)), request=10), asked(Recall(4, 0))
    for each in (first, again, other, asked("hello"), asked("hello!")):
        world.admit(each)
    digests = [record.digest for record in world.taken()]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4
    assert all(-(1 << 63) <= digest < 1 << 63 for digest in digests)
    world.admission._options = replace(OPTIONS, recall_window_ms=5)
    world.now_ms += 10_000
    world.admit(first)
    assert world.taken()[-1].digest == digests[0]


# Refusals


@pytest.mark.parametrize(
    ("submission", "refusal"),
    [
        (asked(sender=CAROL), NotAMember),
        (asked(Recall(1, 0), sender=CAROL), NotAMember),
        (asked(to=NOTICES), NotAllowed),
        (asked(to=SAVED, sender=BOB), NotAMember),
        (asked(to=SAVED, sender=SYSTEM_USER), NotAMember),
        (asked(LeaveGroup(), SAVED), InvalidField),
        (asked(Block(on=True), SAVED), InvalidField),
        (asked(CreateGroup("Books", (), 0)), InvalidField),
        (asked(CreateGroup("Books", (), 0), NOTICES), InvalidField),
        (asked(AddMembers((CAROL,), 0)), InvalidField),
        (asked(RemoveMembers((BOB,))), InvalidField),
        (asked(LeaveGroup()), InvalidField),
        (asked(to=""), InvalidField),
        (asked(Block(), GROUP), InvalidField),
        (asked(Befriend(ALICE)), NotAllowed),
        (asked(Unfriend(ALICE)), NotAllowed),
        (asked(Befriend(ALICE), GROUP), InvalidField),
        (asked(MuteAll(on=True)), InvalidField),
        (asked(React(1, "a"), NOTICES), NotAllowed),
        (asked(EditMessage(1, 1, b""), sender=CAROL), NotAMember),
    ],
)
def test_what_is_plainly_wrong_is_refused_at_once_and_not_appended(
    submission: Submission, refusal: type[Exception]
) -> None:
    world = World()
    with pytest.raises(refusal):
        world.admission.admit(submission)
    assert world.taken() == []


def test_the_system_speaks_in_system_conversations() -> None:
    world = World()
    world.admit(asked(to=NOTICES, sender=SYSTEM_USER))
    assert len(world.taken()) == 1


def test_a_user_saves_messages_for_himself_and_nobody_is_looked_up() -> None:
    world = World()
    world.admit(asked(to=SAVED))
    assert [record.conversation_id for record in world.taken()] == [SAVED]


def test_pressure_refuses_before_anything_else_and_costs_no_token() -> None:
    world = World()
    world.admission.pressure = lambda: Overloaded(what="the log", retry_after_ms=500)
    for _ in range(20):
        with pytest.raises(Overloaded):
            world.admission.admit(asked())
    world.admission.pressure = lambda: None
    world.admit(asked())


def test_a_full_log_is_told_to_the_sender() -> None:
    world = World(queue_records=1)
    world.admit(asked())
    with pytest.raises(Overloaded):
        world.admission.admit(asked())


# Who exists


async def test_where_it_is_not_known_at_once_it_waits_for_the_directory_and_then_appends() -> None:
    world = World(known=())
    wait = world.admission.admit(asked())
    assert wait is not None
    assert world.taken() == []
    world.now_ms += 40
    await wait()
    assert world.asked == [[BOB]]
    assert [record.time_ms for record in world.taken()] == [world.now_ms]


async def test_a_user_who_does_not_exist_is_named() -> None:
    world = World(known=())
    for submission in (
        asked(to=single_id(ALICE, NOBODY)),
        asked(CreateGroup("Books", (BOB, NOBODY), 0), GROUP),
        asked(AddMembers((NOBODY,), 0), GROUP),
    ):
        wait = world.admission.admit(submission)
        assert wait is not None
        with pytest.raises(UserUnknown) as refused:
            await wait()
        assert refused.value.fields == {"user_id": "nobody"}
    assert world.taken() == []


async def test_a_message_into_a_conversation_that_is_hot_asks_nobody() -> None:
    world = World(known=())
    await world.hot.write([update(head(1, 0))])
    world.admit(asked())
    assert world.asked == []


def test_a_message_to_a_group_asks_nobody_and_leaves_the_right_to_delivery() -> None:
    world = World(known=())
    world.admit(asked(to=GROUP, sender=CAROL))
    assert len(world.taken()) == 1


# Groups without an id


def test_a_group_without_an_id_gets_one_that_a_retry_gets_again() -> None:
    world = World()
    create = CreateGroup("Books", (BOB,), 0)
    for submission in (
        asked(create, "", name="a"),
        asked(create, "", name="a"),
        asked(create, "", name="b"),
        asked(create, "", name="a", sender=CAROL),
    ):
        world.admit(submission)
    ids = [record.conversation_id for record in world.taken()]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert {kind_of(conversation_id).name for conversation_id in ids} == {"GROUP"}
    assert all(len(conversation_id) == len("g:") + 32 for conversation_id in ids)


# How fast


def test_a_user_may_send_a_burst_and_then_so_many_a_second() -> None:
    world = World()
    for _ in range(5):
        world.admit(asked())
    with pytest.raises(RateLimited) as refused:
        world.admission.admit(asked())
    assert 90 <= refused.value.retry_after_ms <= 101
    world.now_ms += refused.value.retry_after_ms
    world.admit(asked())
    with pytest.raises(RateLimited):
        world.admission.admit(asked())
    world.now_ms += 3_600_000
    for _ in range(5):
        world.admit(asked())
    with pytest.raises(RateLimited):
        world.admission.admit(asked())


def test_users_have_buckets_of_their_own() -> None:
    world = World()
    for _ in range(5):
        world.admit(asked())
    world.admit(asked(sender=BOB))


def test_a_clock_that_jumps_back_gives_and_takes_nothing() -> None:
    world = World()
    for _ in range(3):
        world.admit(asked())
        world.now_ms -= 60_000
    world.admit(asked())
    world.admit(asked())
    with pytest.raises(RateLimited):
        world.admission.admit(asked())


def test_buckets_that_had_time_to_fill_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    from hongyan.admission import admit

    monkeypatch.setattr(admit, "_BUCKETS", 10)
    world = World()
    for number in range(300):
        world.admit(asked(to=GROUP, sender=UserId(f"u{number}")))
        world.now_ms += 100
    assert len(world.admission._buckets) <= 20


def test_buckets_are_not_forgotten_while_they_say_something(monkeypatch: pytest.MonkeyPatch) -> None:
    from hongyan.admission import admit

    monkeypatch.setattr(admit, "_BUCKETS", 10)
    world = World()
    for _ in range(5):
        world.admit(asked(to=GROUP))
    for number in range(100):
        world.admit(asked(to=GROUP, sender=UserId(f"u{number}")))
    with pytest.raises(RateLimited):
        world.admission.admit(asked(to=GROUP))


# Strangers


def test_a_message_to_one_who_takes_friends_only_is_a_message_to_a_friend_on_either_way() -> None:
    world = World()
    world.admission.doors.others.add(BOB)
    for name in ("cold", "warm"):
        world.admit(asked("hello", SINGLE, ALICE, name))
        world.admit(asked("hello", SINGLE, BOB, name))
        world.admit(asked("hello", single_id(ALICE, CAROL), ALICE, name))
        asyncio.run(world.hot.write([update(head(1, 5))]))
    kinds = [type(record.command) for record in world.taken()]
    assert kinds == [SendToFriend, SendMessage, SendMessage] * 2
    first = world.taken()[0]
    assert isinstance(first.command, SendToFriend)
    assert (first.command.kind, first.command.content) == (1, b"hello")


def test_where_only_friends_write_those_who_open_their_door_are_written_to_by_all() -> None:
    world = World()
    world.admission.doors = Doors(closed=True, others={BOB})
    world.admit(asked("hello", SINGLE, ALICE))
    world.admit(asked("hello", SINGLE, BOB))
    world.admit(asked("hello", GROUP, ALICE))
    kinds = [type(record.command) for record in world.taken()]
    assert kinds == [SendMessage, SendToFriend, SendMessage]


def test_a_retry_after_the_door_was_closed_is_the_same_submission() -> None:
    world = World()
    world.admit(asked())
    world.admission.doors.others.add(BOB)
    world.admit(asked())
    before, after = world.taken()
    assert before.digest == after.digest


def test_friends_are_lost_though_one_of_them_is_gone() -> None:
    world = World(known=(ALICE,))
    world.admit(asked(Unfriend(BOB), SINGLE, SYSTEM_USER))
    assert isinstance(world.taken()[0].command, Unfriend)


# Screens


class Stars:
    """Makes stars of words, and asks about those that begin with a question mark."""

    def screen(self, submission: Submission) -> AnyCommand | None:
        """See ports.screen."""
        command = submission.command
        assert isinstance(command, SendMessage | EditMessage)
        if command.content.startswith(b"?"):
            return None
        if command.content == b"no":
            raise ContentRefused(reason="no")
        return replace(command, content=b"*" * len(command.content))

    async def screen_late(self, submission: Submission) -> AnyCommand:
        """See ports.screen."""
        await asyncio.sleep(0)
        assert isinstance(submission.command, SendMessage)
        return replace(submission.command, content=b"!")


def contents(world: World) -> list[bytes]:
    return [record.command.content for record in world.taken() if isinstance(record.command, SendMessage | EditMessage)]


async def test_a_screen_changes_messages_and_edits_and_nothing_passes_by_it() -> None:
    world = World()
    await world.hot.write([update(head(1, 0))])
    world.admit(asked("before"))
    world.admission.screen = Stars()
    world.admit(asked("hello", name="b"))
    world.admit(asked(EditMessage(1, 1, b"edited"), name="c"))
    later = world.admission.admit(asked("?", name="d"))
    assert later is not None
    await later()
    with pytest.raises(ContentRefused):
        world.admission.admit(asked("no", name="e"))
    world.admission.screen = None
    world.now_ms += 10_000
    world.admit(asked("after", name="f"))
    assert contents(world) == [b"before", b"*****", b"******", b"!", b"after"]


async def test_what_a_screen_makes_of_a_message_leaves_its_fingerprint_that_of_what_was_asked() -> None:
    world = World()
    world.admit(asked("hello"))
    world.admission.screen = Stars()
    world.admit(asked("hello"))
    first, second = world.taken()
    assert first.digest == second.digest
    assert first.command != second.command


def test_what_the_system_says_and_other_commands_are_not_screened() -> None:
    world = World()
    world.admission.screen = Stars()
    world.admit(asked("notice", to=NOTICES, sender=SYSTEM_USER))
    world.admit(asked(Recall(1, 0)))
    assert contents(world) == [b"notice"]
