"""What integrators hear of and are asked, over real sockets, through restarts and trouble of theirs and ours."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest
from standardwebhooks import WebhookVerificationError

from hongyan.adapters.post.http import HttpPost
from hongyan.adapters.store.admin_sqlite import SqliteAdminStore
from hongyan.adapters.store.database import Database
from hongyan.adapters.store.webhooks_sqlite import SqliteWebhookStore
from hongyan.app.integrators import Joined, Stores, checked_url, join_integrators
from hongyan.app.run import Runnable
from hongyan.config import Hooks
from hongyan.model.commands import AddMembers, CreateGroup, Recall, RemoveMembers
from hongyan.model.ids import ConversationId, UserId
from hongyan.ports.admin import BotCommand, WordRow
from hongyan.ports.webhooks import DeliveryState, WebhookRow
from hongyan.services.webhooks.service import Wanted
from hongyan.services.webhooks.signing import make_secret
from tests.contract.adapters import sqlite_file
from tests.flow.device import Refusal, text_of
from tests.flow.node import CONFIG, Node, SqliteEngines
from tests.flow.receiver import Receiver, receiving

AB = ConversationId("s:alice:bob")
AC = ConversationId("s:alice:carol")
BOOKS = ConversationId("g:books")


class IntegratorNode(Node):
    """A node with integrators, on files."""

    joined: Joined

    def __init__(self, folder: Path, hooks: Hooks) -> None:
        config = msgspec.structs.replace(CONFIG, hooks=hooks)
        super().__init__(SqliteEngines(folder), "memory", config)
        self.folder = folder
        self._databases: list[Database] = []
        self._post: HttpPost | None = None

    async def join_more(self) -> Sequence[Runnable]:
        """See Node."""
        files = [await asyncio.to_thread(sqlite_file, self.folder, name) for name in ("admin", "webhook")]
        self._databases = [Database(file, file.stem) for file in files]
        self._post = HttpPost(self.config.hooks.allowed_networks, checked_url(self.config))
        stores = Stores(SqliteAdminStore(self._databases[0]), SqliteWebhookStore(self._databases[1]))
        self.joined = await join_integrators(self.config, self.stages, self.accounts, stores, self._post)
        return self.joined.parts()

    async def stop(self) -> None:
        """See Node."""
        await super().stop()
        for database in self._databases:
            await database.close()
        if self._post is not None:
            await self._post.__aexit__(None, None, None)

    async def webhook(self, receiver: Receiver, *events: str, bot_id: str = "") -> WebhookRow:
        """A webhook on a receiver."""
        wanted = Wanted(receiver.url, events, bot_id)
        return await self.joined.services.webhooks.create("k1", wanted)

    async def ended(self, webhook: WebhookRow, state: DeliveryState, count: int) -> list[str]:
        """The ids of so many events that were delivered, or died."""
        async with asyncio.timeout(8):
            while True:
                rows = await self.joined.services.webhooks.deliveries(webhook.webhook_id, state, 0, 1_000)
                if len(rows) >= count:
                    return [row.event_id for row in rows]
                await asyncio.sleep(0.01)  # allow sleep: the outbox tells nobody


HOOKS = Hooks(allowed_networks=("127.0.0.0/8",), retry_s=0.05, timeout_s=1.0)


def config_with(**changes: object) -> Hooks:
    """The configuration of hooks with some other values."""
    return msgspec.structs.replace(HOOKS, **changes)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """An integrator."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[IntegratorNode]:
    """A server that may call this machine."""
    node = IntegratorNode(tmp_path, HOOKS)
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


# After the fact


async def test_a_message_is_told_with_a_signature_that_another_library_verifies(
    node: IntegratorNode, receiver: Receiver
) -> None:
    webhook = await node.webhook(receiver)
    alice = await node.connect("alice/phone")
    receipt = await alice.say(AB, "hello 你好", "m1")
    (taken,) = await receiver.wait_for(1)
    event = taken.verified(webhook.secret)
    assert event["type"] == "message.sent"
    assert event["data"]["entry"]["conversation_id"] == AB
    assert int(event["data"]["entry"]["seq"]) == receipt.seq
    assert taken.text == "hello 你好"
    assert taken.headers["webhook-id"] == f"evt_{receipt.message_id}"
    with pytest.raises(WebhookVerificationError):
        taken.verified(make_secret())
    with pytest.raises(WebhookVerificationError):
        msgspec.structs.replace(taken, body=taken.body.replace(b"hello", b"hallo")).verified(webhook.secret)


async def test_what_was_refused_or_said_twice_is_no_event_and_order_is_that_of_the_conversation(
    node: IntegratorNode, receiver: Receiver
) -> None:
    webhook = await node.webhook(receiver)
    alice, mallory = await node.connect("alice/phone"), await node.connect("mallory/phone")
    await alice.submit(BOOKS, CreateGroup("Books", (UserId("bob"),), 0), "g1")
    for number in range(20):
        await alice.say(BOOKS, f"m{number}", f"m{number}")
    await alice.say(BOOKS, "m3", "m3", resend=True)
    with pytest.raises(Refusal, match="not_a_member"):
        await mallory.say(BOOKS, "let me in", "x1")
    await alice.submit(BOOKS, Recall(2, 0), "r1")
    ids = await node.ended(webhook, DeliveryState.DELIVERED, 22)
    assert len(set(ids)) == 22
    types = [taken.json["type"] for taken in receiver.taken]
    assert types == ["group.created", *["message.sent"] * 20, "message.recalled"]
    assert [int(taken.entry["seq"]) for taken in receiver.taken] == list(range(1, 23))


async def test_only_the_events_that_were_asked_for_are_told_and_none_from_before(
    node: IntegratorNode, receiver: Receiver
) -> None:
    alice = await node.connect("alice/phone")
    await alice.say(AB, "before", "m0")
    await node.stored()
    await node.webhook(receiver, "message.recalled")
    first = await alice.say(AB, "hello", "m1")
    await alice.submit(AB, Recall(first.seq, 0), "r1")
    (taken,) = await receiver.wait_for(1)
    assert taken.json["type"] == "message.recalled"
    assert taken.entry["recall"] == {"seq": str(first.seq)}


async def test_nothing_is_lost_when_the_process_dies_before_it_was_told(
    node: IntegratorNode, receiver: Receiver
) -> None:
    webhook = await node.webhook(receiver)
    alice = await node.connect("alice/phone")
    node.hold_store()
    sent = [await alice.say(AB, f"m{number}", f"m{number}") for number in range(30)]
    await node.restart()
    alice = await node.connect("alice/phone")
    sent += [await alice.say(AB, f"n{number}", f"n{number}") for number in range(5)]
    ids = await node.ended(webhook, DeliveryState.DELIVERED, 35)
    assert sorted(set(ids)) == sorted(f"evt_{receipt.message_id}" for receipt in sent)
    assert [int(taken.entry["seq"]) for taken in receiver.taken] == list(range(1, 36))
    for taken in receiver.taken:
        taken.verified(webhook.secret)


async def test_what_waits_for_a_receiver_that_is_down_is_told_after_a_restart(
    node: IntegratorNode, receiver: Receiver
) -> None:
    receiver.answer = lambda _: (503, b"")
    webhook = await node.webhook(receiver)
    alice = await node.connect("alice/phone")
    for number in range(3):
        await alice.say(AB, f"m{number}", f"m{number}")
    await receiver.wait_for(1)
    await node.restart()
    receiver.answer = lambda _: (200, b"")
    await node.ended(webhook, DeliveryState.DELIVERED, 3)
    seqs = [int(taken.entry["seq"]) for taken in receiver.taken]
    assert seqs[-2:] == [2, 3]
    assert set(seqs[:-2]) == {1}, "nothing overtook the first"


async def test_one_conversation_that_is_refused_holds_no_other_back(node: IntegratorNode, receiver: Receiver) -> None:
    receiver.answer = lambda taken: (500 if taken.entry["conversation_id"] == AB else 200, b"")
    webhook = await node.webhook(receiver)
    alice = await node.connect("alice/phone")
    await alice.say(AB, "poison", "m1")
    for number in range(5):
        await alice.say(AC, f"m{number}", f"c{number}")
    await node.ended(webhook, DeliveryState.DELIVERED, 5)
    assert node.joined.services.webhooks.waiting(webhook.webhook_id) == 1


async def test_an_event_nobody_takes_dies_in_the_end_and_can_be_replayed(tmp_path: Path, receiver: Receiver) -> None:
    node = IntegratorNode(tmp_path, config_with(give_up_h=0.1 / 3_600, retry_s=0.2))
    await node.start()
    try:
        receiver.answer = lambda taken: (400 if taken.text == "poison" else 200, b"")
        webhook = await node.webhook(receiver)
        alice = await node.connect("alice/phone")
        await alice.say(AB, "poison", "m1")
        await alice.say(AB, "next", "m2")
        (dead,) = await node.ended(webhook, DeliveryState.DEAD, 1)
        await node.ended(webhook, DeliveryState.DELIVERED, 1)
        receiver.answer = lambda _: (200, b"")
        webhooks = node.joined.services.webhooks
        (row,) = await webhooks.deliveries(webhook.webhook_id, DeliveryState.DEAD, 0, 10)
        assert (row.status, row.problem) == (400, "it answered 400")
        assert await webhooks.replay(webhook.webhook_id, [row.delivery_id]) == 1
        assert dead in await node.ended(webhook, DeliveryState.DELIVERED, 2)
        assert receiver.taken[-1].headers["webhook-id"] == dead, "the same id as before"
    finally:
        await node.stop()


async def test_what_was_recalled_meanwhile_is_not_told_any_more(node: IntegratorNode, receiver: Receiver) -> None:
    receiver.answer = lambda _: (503, b"")
    webhook = await node.webhook(receiver)
    alice = await node.connect("alice/phone")
    first = await alice.say(AB, "a secret", "m1")
    await receiver.wait_for(1)
    await alice.submit(AB, Recall(first.seq, 0), "r1")
    await node.stored()
    receiver.taken.clear()
    receiver.answer = lambda _: (200, b"")
    await node.ended(webhook, DeliveryState.DELIVERED, 2)
    assert all(b"a secret" not in taken.body for taken in receiver.taken[1:])
    assert receiver.taken[-1].json["type"] == "message.recalled"


async def test_a_receiver_that_is_gone_is_called_no_more(node: IntegratorNode, receiver: Receiver) -> None:
    receiver.answer = lambda _: (410, b"")
    webhook = await node.webhook(receiver)
    alice = await node.connect("alice/phone")
    await alice.say(AB, "hello", "m1")
    await node.ended(webhook, DeliveryState.DEAD, 1)
    row = node.joined.services.webhooks.get(webhook.webhook_id)
    assert row.disabled_ms > 0
    assert row.disabled_reason == "it answered 410"
    await alice.say(AB, "hello?", "m2")
    await node.stored()
    assert node.joined.reader.position is None, "the log owes nothing to a webhook that is not called"
    assert len(receiver.taken) == 1


async def test_a_secret_is_replaced_without_a_gap(node: IntegratorNode, receiver: Receiver) -> None:
    webhook = await node.webhook(receiver)
    newer = await node.joined.services.webhooks.rotate(webhook.webhook_id)
    alice = await node.connect("alice/phone")
    await alice.say(AB, "hello", "m1")
    (taken,) = await receiver.wait_for(1)
    assert taken.verified(webhook.secret) == taken.verified(newer.secret)
    assert webhook.secret != newer.secret


async def test_a_private_address_is_not_called_unless_the_operator_says_so(tmp_path: Path, receiver: Receiver) -> None:
    node = IntegratorNode(tmp_path, config_with(allowed_networks=(), give_up_h=0.01 / 3_600))
    await node.start()
    try:
        webhook = await node.webhook(receiver)
        alice = await node.connect("alice/phone")
        await alice.say(AB, "hello", "m1")
        await node.ended(webhook, DeliveryState.DEAD, 1)
        rows = await node.joined.services.webhooks.deliveries(webhook.webhook_id, DeliveryState.DEAD, 0, 1)
        assert "127.0.0.1" in rows[0].problem
        assert receiver.taken == []
    finally:
        await node.stop()


async def test_a_webhook_whose_queue_is_full_is_disabled_and_the_others_go_on(
    tmp_path: Path, receiver: Receiver
) -> None:
    node = IntegratorNode(tmp_path, config_with(queue_events=3))
    await node.start()
    try:
        async with receiving() as slow:
            slow.hold.clear()
            full, good = await node.webhook(slow), await node.webhook(receiver)
            alice = await node.connect("alice/phone")
            for number in range(6):
                await alice.say(AB, f"m{number}", f"m{number}")
                await receiver.wait_for(number + 1)
            assert "3 events waited" in node.joined.services.webhooks.get(full.webhook_id).disabled_reason
            assert not node.joined.services.webhooks.get(good.webhook_id).disabled_ms
    finally:
        await node.stop()


# Bots


async def test_a_command_reaches_the_bot_that_is_there_and_no_other(node: IntegratorNode, receiver: Receiver) -> None:
    bots = node.joined.services.bots
    await bots.put(UserId("weather"), "k1", [BotCommand("weather"), BotCommand("天气")])
    await bots.put(UserId("other"), "k1", [BotCommand("weather")])
    webhook = await node.webhook(receiver, bot_id="weather")
    alice = await node.connect("alice/phone")
    await alice.submit(BOOKS, CreateGroup("Books", (UserId("bob"),), 0), "g1")
    await alice.say(BOOKS, "/weather nowhere", "m0")
    await alice.submit(BOOKS, AddMembers((UserId("weather"),), 0), "a1")
    await alice.say(BOOKS, "what about /weather", "m1")
    await alice.say(BOOKS, "/weather@other 北京", "m2")
    await alice.say(BOOKS, "/天气 北京 明天", "m3")
    await alice.submit(BOOKS, RemoveMembers((UserId("weather"),)), "r1")
    await alice.say(BOOKS, "/weather gone", "m4")
    await alice.say(ConversationId("s:alice:weather"), "/WEATHER Oslo", "m5")
    await node.ended(webhook, DeliveryState.DELIVERED, 2)
    said = {taken.verified(webhook.secret)["data"]["arguments"] for taken in receiver.taken}
    assert said == {"北京 明天", "Oslo"}
    for taken in receiver.taken:
        assert taken.json["type"] == "command.invoked"
        assert taken.json["data"]["bot_id"] == "weather"


# Before the fact


async def test_the_check_may_allow_refuse_and_change_a_message(tmp_path: Path, receiver: Receiver) -> None:
    secret = make_secret()
    hooks = config_with(check_url=receiver.url, check_secret=secret, allowed_networks=())
    node = IntegratorNode(tmp_path, hooks)
    answers = {
        "fine": {"action": "allow"},
        "bad": {"action": "refuse", "reason": "not here"},
        "rude": {"action": "change", "content": {"text": {"text": "polite"}}},
    }
    receiver.answer = lambda taken: (
        200,
        json.dumps(answers[taken.json["data"]["content"]["text"]["text"]]).encode(),
    )
    await node.start()
    try:
        alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
        await alice.say(AB, "fine", "m1")
        with pytest.raises(Refusal, match="not here"):
            await alice.say(AB, "bad", "m2")
        changed = await alice.say(AB, "rude", "m3")
        assert [text_of(entry) for entry in await bob.history(AB)] == ["fine", "polite"]
        assert receiver.taken[0].verified(secret)["type"] == "message.sending"
        await node.stored()
        asked = len(receiver.taken)
        again = await alice.say(AB, "rude", "m3", resend=True)
        assert (again.seq, again.message_id) == (changed.seq, changed.message_id), "a retry means the same"
        assert len(receiver.taken) == asked, "and is not asked about again once it is stored"
        with pytest.raises(Refusal, match="submission_conflict"):
            await alice.say(AB, "fine", "m3", resend=True)
    finally:
        await node.stop()


@pytest.mark.parametrize("trouble", ["late", "error", "nonsense", "nobody"])
@pytest.mark.parametrize("when_down", ["allow", "refuse"])
async def test_what_was_declared_holds_when_the_check_is_down(
    tmp_path: Path, receiver: Receiver, when_down: str, trouble: str
) -> None:
    url = "http://127.0.0.1:1/" if trouble == "nobody" else receiver.url
    hooks = config_with(check_url=url, check_secret=make_secret(), check_timeout_ms=100, check_when_down=when_down)
    receiver.answer = lambda _: (500, b"") if trouble == "error" else (200, b'{"action": "perhaps"}')
    if trouble == "late":
        receiver.hold.clear()
    node = IntegratorNode(tmp_path, hooks)
    await node.start()
    try:
        alice = await node.connect("alice/phone")
        if when_down == "allow":
            assert (await alice.say(AB, "hello", "m1")).seq == 1
        else:
            with pytest.raises(Refusal, match="check_unavailable"):
                await alice.say(AB, "hello", "m1")
    finally:
        await node.stop()


async def test_a_check_that_is_down_is_not_waited_for_again_and_again(tmp_path: Path, receiver: Receiver) -> None:
    receiver.hold.clear()
    hooks = config_with(check_url=receiver.url, check_secret=make_secret(), check_timeout_ms=50)
    node = IntegratorNode(tmp_path, hooks)
    await node.start()
    try:
        alice = await node.connect("alice/phone")
        for number in range(20):
            await alice.say(AB, f"m{number}", f"m{number}")
        assert len(receiver.taken) <= 6
    finally:
        await node.stop()


# Words


async def test_words_are_masked_or_refused_from_the_moment_they_are_set_and_no_longer(node: IntegratorNode) -> None:
    words = node.joined.services.words
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    await alice.say(AB, "casino", "m1")
    assert node.stages.admission.screen is None, "without words sending takes the short way"
    await words.set([WordRow("casino", "mask"), WordRow("赌博", "refuse")])
    await alice.say(AB, "to the Casino!", "m2")
    with pytest.raises(Refusal, match="content_refused"):
        await alice.say(AB, "一起赌博", "m3")
    await words.set([])
    await alice.say(AB, "casino again", "m4")
    said = [text_of(entry) for entry in await bob.history(AB)]
    assert said == ["casino", "to the ******!", "casino again"]


async def test_a_retry_of_what_was_taken_in_is_answered_though_the_words_changed(node: IntegratorNode) -> None:
    words = node.joined.services.words
    alice = await node.connect("alice/phone")
    await words.set([WordRow("casino", "mask")])
    first = await alice.say(AB, "the casino", "m1")
    await node.stored()
    await words.set([WordRow("casino", "refuse")])
    again = await alice.say(AB, "the casino", "m1", resend=True)
    assert (again.seq, again.message_id) == (first.seq, first.message_id)


async def test_the_operators_file_of_words_is_read_again_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hongyan.app.integrators._WATCH_S", 0.01)
    file = tmp_path / "words.txt"
    await asyncio.to_thread(file.write_text, "# words\ncasino\n[refuse]\n赌博\n", encoding="utf-8")
    node = IntegratorNode(tmp_path, config_with(words_file=str(file)))
    await node.start()
    try:
        alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
        await alice.say(AB, "casino", "m1")
        with pytest.raises(Refusal, match="content_refused"):
            await alice.say(AB, "赌博", "m2")
        await asyncio.to_thread(file.write_text, "bingo\n", encoding="utf-8")
        async with asyncio.timeout(5):
            while node.joined.services.words.filter.count != 1:
                await asyncio.sleep(0.01)  # allow sleep: the watcher looks at a file of the system's
        await alice.say(AB, "bingo casino", "m3")
        said = [text_of(entry) for entry in await bob.history(AB)]
        assert said == ["******", "***** casino"]
    finally:
        await node.stop()
