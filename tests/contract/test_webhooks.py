"""What every store of webhooks and every outbox promises."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from hongyan.adapters.store.database import Database
from hongyan.adapters.store.webhooks_memory import MemoryWebhookStore
from hongyan.adapters.store.webhooks_sqlite import SqliteWebhookStore
from hongyan.model.ids import ConversationId
from hongyan.ports.webhooks import Attempted, DeliveryRow, DeliveryState, WebhookRow
from tests.contract.adapters import sqlite_file

Store = MemoryWebhookStore | SqliteWebhookStore
DELIVERED, WAITING, DEAD = DeliveryState.DELIVERED, DeliveryState.WAITING, DeliveryState.DEAD


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Each adapter, empty."""
    if request.param == "memory":
        yield MemoryWebhookStore()
        return
    database = Database(await asyncio.to_thread(sqlite_file, tmp_path, "webhook"), "webhooks")
    yield SqliteWebhookStore(database)
    await database.close()


def webhook(webhook_id: str = "w1", events: tuple[str, ...] = ("message.sent",)) -> WebhookRow:
    return WebhookRow(webhook_id, "k1", "https://example.org/hook", "whsec_x", events, "", 1)


def row(event_id: str, conversation_id: str = "g:a", webhook_id: str = "w1") -> DeliveryRow:
    return DeliveryRow(0, webhook_id, event_id, "message.sent", ConversationId(conversation_id), 7, "", 100)


def ended(row: DeliveryRow, state: DeliveryState = DELIVERED, next_ms: int = 0, tried_ms: int = 200) -> Attempted:
    return Attempted(row.delivery_id, state, tried_ms, 200, "said no" if state != DELIVERED else "", next_ms)


async def due(store: Store, now_ms: int = 1_000, busy: Sequence[str] = (), webhook_id: str = "w1") -> list[str]:
    found = await store.due(webhook_id, now_ms, [ConversationId(name) for name in busy], 10)
    return sorted(lane[0].event_id for lane in found.lanes)


async def first(store: Store, now_ms: int = 1_000) -> DeliveryRow:
    return (await store.due("w1", now_ms, [], 1)).lanes[0][0]


async def test_a_webhook_is_what_was_said_of_it_last(store: Store) -> None:
    await store.put(webhook())
    changed = msgspec.structs.replace(
        webhook(), url="https://x.example", events=(), previous_secret="whsec_y", previous_until_ms=5, disabled_ms=6
    )
    await store.put(changed)
    await store.put(webhook("w0"))
    assert list(await store.webhooks()) == [webhook("w0"), changed]


async def test_a_removed_webhook_has_no_deliveries(store: Store) -> None:
    await store.put(webhook())
    await store.gather([row("e1"), row("e1", webhook_id="w2")], 1)
    assert await store.remove("w1")
    assert not await store.remove("w1")
    assert list(await store.webhooks()) == []
    assert await due(store) == []
    assert await due(store, webhook_id="w2") == ["e1"]
    assert await store.waiting() == {"w2": 1}


async def test_events_come_with_the_position_and_once(store: Store) -> None:
    assert await store.position() is None
    await store.gather([row("e1"), row("e2")], 5)
    await store.gather([row("e2"), row("e3")], 8)
    assert await store.position() == 8
    assert await store.waiting() == {"w1": 3}
    assert [found.event_id for found in await store.page("w1", WAITING, 0, 10)] == ["e1", "e2", "e3"]


async def test_a_row_is_found_as_it_was_gathered(store: Store) -> None:
    await store.gather([row("e1")], 1)
    found = await first(store)
    assert found == msgspec.structs.replace(row("e1"), delivery_id=found.delivery_id)
    assert found.delivery_id > 0


async def test_only_the_first_of_a_conversation_goes_and_conversations_go_beside_each_other(store: Store) -> None:
    await store.gather([row("a1"), row("a2"), row("b1", "g:b"), row("b2", "g:b")], 4)
    assert await due(store) == ["a1", "b1"]
    assert await due(store, busy=["g:a"]) == ["b1"]
    assert len((await store.due("w1", 1_000, [], 1)).lanes) == 1
    lanes = (await store.due("w1", 1_000, [], 10, rows=2)).lanes
    assert sorted([row.event_id for row in lane] for lane in lanes) == [["a1", "a2"], ["b1", "b2"]]


async def test_the_next_of_a_conversation_goes_when_the_one_before_it_was_delivered(store: Store) -> None:
    await store.gather([row("a1"), row("a2")], 2)
    await store.settle([ended(await first(store))])
    assert await due(store) == ["a2"]
    await store.settle([ended(await first(store))])
    assert (await store.due("w1", 1_000, [], 10)).lanes == []
    assert (await store.due("w1", 1_000, [], 10)).next_ms == 0
    delivered = await store.page("w1", DELIVERED, 0, 10)
    assert [(found.event_id, found.attempts, found.tried_ms) for found in delivered] == [("a1", 1, 200), ("a2", 1, 200)]


async def test_one_that_failed_holds_its_conversation_back_until_its_time_and_no_other(store: Store) -> None:
    await store.gather([row("a1"), row("a2"), row("b1", "g:b")], 3)
    failed = next(lane[0] for lane in (await store.due("w1", 0, [], 10)).lanes if lane[0].event_id == "a1")
    await store.settle([ended(failed, WAITING, next_ms=500)])
    assert await due(store, 499) == ["b1"]
    assert (await store.due("w1", 499, [], 10)).next_ms == 500
    assert await due(store, 500) == ["a1", "b1"]
    await store.gather([row("a3")], 4)
    assert await due(store, 499) == ["b1"], "what comes later does not bring it forward"
    again = next(lane[0] for lane in (await store.due("w1", 500, [], 10)).lanes if lane[0].event_id == "a1")
    assert (again.attempts, again.status, again.problem) == (1, 200, "said no")


async def test_a_dead_letter_lets_the_next_go_and_waits_again_when_it_is_replayed(store: Store) -> None:
    await store.gather([row("a1"), row("a2")], 2)
    await store.settle([ended(await first(store), DEAD)])
    assert await due(store) == ["a2"]
    (dead,) = await store.page("w1", DEAD, 0, 10)
    assert dead.event_id == "a1"
    assert await store.page("w1", DEAD, dead.delivery_id, 10) == []
    assert await store.replay("w2", [dead.delivery_id], 900) == 0, "it is not that webhook's"
    assert await store.replay("w1", [dead.delivery_id, dead.delivery_id, 999], 900) == 1
    assert await due(store) == ["a1"]
    again = await first(store)
    assert (again.attempts, again.since_ms) == (0, 900)


async def test_what_was_delivered_can_be_replayed_though_nothing_waits(store: Store) -> None:
    await store.gather([row("a1")], 1)
    await store.settle([ended(await first(store))])
    (done,) = await store.page("w1", DELIVERED, 0, 10)
    assert await store.replay("w1", [done.delivery_id], 900) == 1
    assert await due(store) == ["a1"]


async def test_what_ended_is_forgotten_by_age_and_by_number_and_what_waits_never(store: Store) -> None:
    await store.gather([row(f"e{number}") for number in range(6)], 6)
    for number in range(5):
        state = DEAD if number == 0 else DELIVERED
        await store.settle([ended(await first(store), state, tried_ms=100 * number)])
    await store.prune(before_ms=100, keep=2)
    assert await store.page("w1", DEAD, 0, 10) == []
    assert [found.event_id for found in await store.page("w1", DELIVERED, 0, 10)] == ["e3", "e4"]
    await store.prune(before_ms=10_000, keep=2)
    assert await store.page("w1", DELIVERED, 0, 10) == []
    assert await due(store) == ["e5"]


async def test_attempts_are_noted_together_and_the_last_says_when_the_conversation_goes_on(store: Store) -> None:
    await store.gather([row("a1"), row("a2"), row("a3")], 3)
    (lane,) = (await store.due("w1", 0, [], 1, rows=10)).lanes
    await store.settle([ended(lane[0]), ended(lane[1], WAITING, next_ms=500)])
    assert await due(store, 499) == []
    assert await due(store, 500) == ["a2"]
    assert await store.waiting() == {"w1": 2}
