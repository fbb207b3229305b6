"""Commands of services go through the log as everybody's do, and their receipts come back as results."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from hongyan.app.commands import LocalCommands
from hongyan.model.codes import NotAMember, OutcomeUnknown, Overloaded, StorageFull, SubmissionConflict, UserUnknown
from hongyan.model.commands import AddMembers, CreateGroup, Recall, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.records import Record, Submitted
from hongyan.ports.link import Answer, Fanout, Later, Submission
from hongyan.protocol.codec_content import text_content
from tests.flow.node import MemoryEngines, Node, configured
from tests.tasks import rounds
from tests.unit.delivery.worlds import record

ALICE, BOB = UserId("alice"), UserId("bob")
SINGLE = ConversationId("s:alice:bob")
GROUP = ConversationId("g:club")
HELLO = SendMessage(1, text_content("hello"))


@pytest.fixture
async def plain() -> AsyncIterator[Node]:
    """A server on memory."""
    node = Node(MemoryEngines(), "memory")
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


def of_gateway(number: int, request: int) -> Record:
    """A record whose receipt goes there."""
    return msgspec.structs.replace(record(0, request=request), gateway=number)


async def send(commands: LocalCommands, name: str = "m1", **options: bool) -> Submitted:
    return await commands.submit(ALICE, SINGLE, ClientMsgId(name), HELLO, **options)


async def test_what_was_decided_is_the_result(plain: Node) -> None:
    receipt = await send(plain.stages.commands)
    assert (receipt.seq, receipt.sender_id, receipt.client_msg_id) == (1, ALICE, "m1")
    assert plain.stages.commands.waiting() == 0


async def test_the_same_id_means_the_same_submission_and_another_payload_a_conflict(plain: Node) -> None:
    commands = plain.stages.commands
    first = await send(commands)
    assert await send(commands, resend=True) == first
    with pytest.raises(SubmissionConflict):
        await commands.submit(ALICE, SINGLE, ClientMsgId("m1"), SendMessage(1, text_content("other")))


async def test_everybody_else_gets_the_push_and_the_senders_own_devices_too(plain: Node) -> None:
    alice, bob = await plain.connect("alice/phone"), await plain.connect("bob/phone")
    await send(plain.stages.commands)
    for device in (alice, bob):
        await device.take()
        assert list(device.entries[SINGLE]) == [1]


async def test_refusals_of_admission_and_of_rules_are_raised(plain: Node) -> None:
    commands = plain.stages.commands
    with pytest.raises(NotAMember):
        await commands.submit(UserId("eve"), SINGLE, ClientMsgId("m1"), HELLO)
    with pytest.raises(UserUnknown):
        await commands.submit(ALICE, ConversationId("s:alice:nobody"), ClientMsgId("m1"), HELLO)
    await commands.submit(ALICE, GROUP, ClientMsgId("g1"), CreateGroup("club", (BOB,), 0))
    with pytest.raises(NotAMember):
        await commands.submit(UserId("eve"), GROUP, ClientMsgId("m2"), Recall(1, 0))


async def test_what_makes_no_entry_has_the_seq_0(plain: Node) -> None:
    commands = plain.stages.commands
    await commands.submit(ALICE, GROUP, ClientMsgId("g1"), CreateGroup("club", (BOB,), 0))
    assert (await commands.submit(ALICE, GROUP, ClientMsgId("g2"), AddMembers((BOB,), 0))).seq == 0


async def test_many_at_once_each_get_their_own(plain: Node) -> None:
    commands = plain.stages.commands
    receipts = await asyncio.gather(*(send(commands, f"m{number}") for number in range(100)))
    assert [receipt.client_msg_id for receipt in receipts] == [f"m{number}" for number in range(100)]
    assert [receipt.seq for receipt in receipts] == list(range(1, 101))


async def test_pressure_is_told(plain: Node) -> None:
    plain.config = configured(submissions_burst=1, submissions_per_s=0.001)
    await plain.restart()
    await send(plain.stages.commands)
    with pytest.raises(Exception, match="Too many submissions"):
        await send(plain.stages.commands, "m2")


class Silent:
    """An admission that takes everything in, and a log that never answers."""

    def __init__(self, later: Later | None = None) -> None:
        self.taken: list[Submission] = []
        self.later = later

    def admit(self, submission: Submission) -> Later | None:
        """See ports.link.Admit."""
        self.taken.append(submission)
        return self.later


async def test_without_an_answer_in_time_the_outcome_is_unknown() -> None:
    silent = Silent()
    commands = LocalCommands(7, silent.admit, deadline_s=0.01)
    with pytest.raises(OutcomeUnknown):
        await send(commands)
    assert commands.waiting() == 0
    late = Answer(silent.taken[0].connection, silent.taken[0].request, StorageFull())
    commands.deliver([Fanout(SINGLE, (), (), [late])])


async def test_a_slow_admission_counts_towards_the_deadline() -> None:
    commands = LocalCommands(7, Silent(asyncio.Event().wait).admit, deadline_s=0.01)  # type: ignore[arg-type]  # for ever
    with pytest.raises(OutcomeUnknown):
        await send(commands)


async def test_no_more_wait_than_may() -> None:
    commands = LocalCommands(7, Silent().admit, capacity=2)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(send(commands, f"m{number}")) for number in range(2)]
        await rounds()
        with pytest.raises(Overloaded):
            await send(commands, "m2")
        for task in tasks:
            task.cancel()
    assert commands.waiting() == 0


async def test_a_log_that_fails_tells_those_it_concerns() -> None:
    silent = Silent()
    commands = LocalCommands(7, silent.admit)
    waiting = asyncio.create_task(send(commands))
    await rounds()
    request = silent.taken[0].request
    commands.append_failed([of_gateway(8, request)], StorageFull())
    await rounds()
    assert not waiting.done()
    commands.append_failed([of_gateway(7, request)], StorageFull())
    with pytest.raises(StorageFull):
        await waiting
