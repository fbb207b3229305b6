"""Webhooks are made, changed, rotated, disabled and removed."""

import msgspec
import pytest

from hongyan.adapters.store.webhooks_memory import MemoryWebhookStore
from hongyan.model.codes import AddressRefused, InvalidField, TooManyWebhooks, WebhookUnknown
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ConversationId
from hongyan.ports.webhooks import DeliveryRow
from hongyan.services.webhooks.service import Wanted, Webhooks, WebhooksOptions

WANTED = Wanted("https://example.org/hook", ("message.sent",))


class World:
    """A service on memory. `end` is where the log ends."""

    def __init__(self) -> None:
        self.store = MemoryWebhookStore()
        self.now_ms, self.log_end = 1_000, 7
        self.service = self.started()

    def started(self) -> Webhooks:
        """A server that starts on the same store; it has not loaded yet."""
        return Webhooks(self.store, self.store, self.end, lambda: self.now_ms, WebhooksOptions(webhooks=2, queue=3))

    async def end(self) -> int:
        """Of the log."""
        return self.log_end


def row(webhook_id: str, event_id: str) -> DeliveryRow:
    return DeliveryRow(0, webhook_id, event_id, "message.sent", ConversationId("g:a"), 1, "", 1)


async def test_a_webhook_hears_of_nothing_from_before_it_was_made() -> None:
    world = World()
    assert not world.service.wanted.is_set()
    made = await world.service.create("k1", WANTED)
    assert world.service.wanted.is_set()
    assert await world.store.position() == 7
    world.log_end = 9
    await world.service.create("k1", WANTED)
    assert await world.store.position() == 7, "the first goes on from where it was"
    await world.service.remove(made.webhook_id)
    assert world.service.wanted.is_set()


async def test_after_nobody_listened_for_a_while_reading_begins_at_the_end() -> None:
    world = World()
    made = await world.service.create("k1", WANTED)
    await world.service.disable(made.webhook_id, "why")
    assert not world.service.wanted.is_set()
    world.log_end = 30
    changed = await world.service.change(made.webhook_id, WANTED)
    assert (changed.disabled_ms, changed.disabled_reason) == (0, "")
    assert await world.store.position() == 30


async def test_what_was_made_is_there_after_a_restart_with_what_waits() -> None:
    world = World()
    made = await world.service.create("k1", WANTED)
    await world.service.gather([row(made.webhook_id, "e1")], 8)
    again = world.started()
    await again.load()
    assert list(again.list()) == [made]
    assert again.waiting(made.webhook_id) == 1
    assert again.wanted.is_set()


async def test_a_secret_is_never_the_same_and_the_one_before_it_holds_for_a_day() -> None:
    world = World()
    made = await world.service.create("k1", WANTED)
    rotated = await world.service.rotate(made.webhook_id)
    assert rotated == msgspec.structs.replace(
        made, secret=rotated.secret, previous_secret=made.secret, previous_until_ms=1_000 + 86_400_000
    )
    assert rotated.secret != made.secret
    assert made.secret not in repr(made)


async def test_a_full_queue_disables_its_webhook_and_no_other() -> None:
    world = World()
    full, good = [await world.service.create("k1", WANTED) for _ in range(2)]
    await world.service.gather([row(full.webhook_id, f"e{number}") for number in range(3)], 8)
    await world.service.gather([row(full.webhook_id, "e9"), row(good.webhook_id, "e9")], 9)
    assert world.service.get(full.webhook_id).disabled_reason == "3 events waited for it"
    assert world.service.waiting(full.webhook_id) == 3
    assert world.service.waiting(good.webhook_id) == 1
    assert [found.webhook_id for found in world.service.active()] == [good.webhook_id]


async def test_there_are_so_many_webhooks_and_no_more() -> None:
    world = World()
    for _ in range(2):
        await world.service.create("k1", WANTED)
    with pytest.raises(TooManyWebhooks):
        await world.service.create("k1", WANTED)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (Wanted(""), InvalidField),
        (Wanted("example.org"), InvalidField),
        (Wanted("ftp://example.org"), InvalidField),
        (Wanted("file:///etc/passwd"), InvalidField),
        (Wanted("http://"), InvalidField),
        (Wanted("http://example.org:0/"), InvalidField),
        (Wanted("http://example.org:99999/"), InvalidField),
        (Wanted("http://exämple.org/"), InvalidField),
        (Wanted("http://[::1/"), InvalidField),
        (Wanted("http://example.org/ x"), InvalidField),
        (Wanted("http://example.org/\r\nx: y"), InvalidField),
        (Wanted("http://example.org/" + "x" * 2_048), InvalidField),
        (Wanted("http://user:secret@example.org/"), AddressRefused),
        (Wanted("http://example.org/#part"), AddressRefused),
        (Wanted("http://example.org/", ("not a type",)), InvalidField),
    ],
)
async def test_what_cannot_be_called_or_heard_of_is_refused(wanted: Wanted, error: type[HongyanError]) -> None:
    world = World()
    with pytest.raises(error):
        await world.service.create("k1", wanted)
    made = await world.service.create("k1", WANTED)
    with pytest.raises(error):
        await world.service.change(made.webhook_id, wanted)
    assert world.service.get(made.webhook_id) == made


async def test_what_is_not_there_is_named() -> None:
    service = World().service
    for call in (
        service.change("wh_x", WANTED),
        service.rotate("wh_x"),
        service.remove("wh_x"),
        service.replay("wh_x", []),
    ):
        with pytest.raises(WebhookUnknown):
            await call
    await service.disable("wh_x", "gone meanwhile")
