"""Numbering is a function of the log alone: not of how batches are cut, of what is warm, or of where the owner died.

Random logs are decided once in one go, and once by owners with little memory, whose batches are small and who die at random
moments, some of what they decided stored and some not. Stored, answered and pushed must be the same.
"""

import asyncio
from collections.abc import Sequence
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hongyan.adapters.store.memory import MemoryStore
from hongyan.delivery import warm
from hongyan.delivery.deliver import DeliveryOptions
from hongyan.delivery.persist import PersistOptions
from hongyan.model import conversation
from hongyan.model.commands import (
    AddMembers,
    AnyCommand,
    CreateGroup,
    LeaveGroup,
    Mark,
    MovePositions,
    Recall,
    RemoveMembers,
)
from hongyan.model.ids import SYSTEM_USER, ConversationId, UserId, single_id
from hongyan.model.records import Record
from tests.unit.delivery.worlds import ALICE, BOB, CAROL, GROUP, GatedStore, World, record

USERS = (ALICE, BOB, CAROL)
SINGLES = tuple(single_id(one, other) for one, other in ((ALICE, BOB), (ALICE, CAROL), (BOB, CAROL)))
PLACES: tuple[ConversationId, ...] = (*SINGLES, GROUP)
RETRY_WINDOW = 3
"""So small that logs of some dozens of records go past it."""


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """Some dozens of records; retries are of something that came before, marked as such or not."""
    found: list[Record] = []
    for number in range(draw(st.integers(1, 45))):
        if found and draw(st.integers(0, 3)) == 0:
            earlier = draw(st.sampled_from(found))
            stamps = {"message_id": 10_000 + number, "time_ms": 1_000_000 + number, "request": number + 1}
            found.append(replace(earlier, **stamps, resend=draw(st.booleans())))
        else:
            found.append(draw(records(number)))
    return found


@st.composite
def records(draw: st.DrawFn, number: int) -> Record:
    """Something new that somebody asks for, allowed or not."""
    place, sender = draw(st.sampled_from(PLACES)), draw(st.sampled_from(USERS))
    seq = draw(st.integers(1, 12))
    choice = draw(st.integers(0, 11))
    if choice == 0:
        marks = MovePositions(tuple(Mark(user_id, seq, seq + 1) for user_id in USERS[:2]))
        return record(number, marks, sender=SYSTEM_USER, to=place, name="", request=0)
    if choice <= 5:
        return record(number, f"text {number % 5}", sender=sender, to=place)
    others: tuple[UserId, ...] = tuple(draw(st.lists(st.sampled_from(USERS), min_size=1, max_size=2)))
    asked: Sequence[AnyCommand] = (
        Recall(seq, 30),
        CreateGroup("Books", others, 3),
        AddMembers(others, 3),
        RemoveMembers(others),
        LeaveGroup(),
        Recall(seq, 1 << 40),
    )
    return record(number, asked[choice - 6], sender=sender, to=GROUP if 6 < choice < 11 else place)


async def decided_at_once(log: Sequence[Record]) -> World:
    """The reference: one owner, one batch, everything stored."""
    world = World(MemoryStore())
    async with world.running():
        await world.take(*log)
        await world.stored()
    return world


Lives = list[tuple[int, bool]]
"""For each owner: up to where in the log he comes, and whether all of it is stored when he dies."""


async def decided_by_mortals(
    log: Sequence[Record], lives: Lives, batch_records: int, warm_states: int
) -> tuple[World, dict[int, str]]:
    """Owner after owner; what each of them answered, by request. The last one stores everything."""
    options = DeliveryOptions(
        batch_records=batch_records,
        warm_conversations=warm_states,
        window=1,
        persist=PersistOptions(gather_s=0, retry_s=0),
    )
    store = GatedStore()
    world = World(store, options)
    answers: dict[int, str] = {}
    appended = 0
    for dies_at, is_stored in [*lives, (len(log), True)]:
        end = max(appended, min(dies_at, len(log)))
        if is_stored:
            store.gate.set()
        else:
            store.gate.clear()
        async with world.running():
            while appended < end:
                step = min(batch_records, end - appended)
                await world.take(*log[appended : appended + step])
                appended += step
            await world.decided()
            if is_stored:
                await world.stored()
        for request, result in world.heard.answers().items():
            told = answers.setdefault(request, shown(result))
            assert told == shown(result), "a replay answers what was answered before"
        world.restart()
    return world, answers


def shown(result: object) -> str:
    """A receipt as its receiver has it, or a refusal."""
    names = ("seq", "message_id", "time_ms", "countable", "client_msg_id")
    return str([getattr(result, name) for name in names]) if hasattr(result, "seq") else str(result)


async def contents(store: MemoryStore) -> object:
    """Everything that people find, offsets apart: those tell where a batch ended."""
    found = []
    for place in PLACES:
        entries = await store.entries(place, 1, 1 << 40, 1 << 20, backward=False)
        members = [await store.membership(place, user_id) for user_id in USERS]
        found.append((entries, members))
        assert [seq for seq, _ in entries] == list(range(1, len(entries) + 1)), "no hole"
    return found, store._submissions


@given(
    logs(),
    st.lists(st.tuples(st.integers(0, 45), st.booleans()), max_size=4),
    st.integers(1, 7),
    st.integers(1, 3),
)
def test_numbers_are_a_function_of_the_log(
    log: list[Record], lives: Lives, batch_records: int, warm_states: int
) -> None:
    async def compare() -> None:
        reference = await decided_at_once(log)
        world, answers = await decided_by_mortals(log, sorted(lives), batch_records, warm_states)
        assert answers == {key: shown(result) for key, result in reference.heard.answers().items()}
        assert await contents(world.store) == await contents(reference.store)

    with (
        mock.patch.object(conversation, "RETRY_WINDOW", RETRY_WINDOW),
        mock.patch.object(warm, "RETRY_WINDOW", RETRY_WINDOW),
    ):
        asyncio.run(compare())
