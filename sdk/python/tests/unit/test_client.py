"""A client against a server that does what it is told, faults included."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from picows import WSMsgType

from hongyan.model import commands as ask
from hongyan.model.codes import CloseCode, RateLimited
from hongyan.model.ids import ClientMsgId, ConversationId, UserId, single_id
from hongyan.protocol.codec_content import text_content
from hongyan.protocol.frames import ClientFrame, Connect, GetEntries, GoAway, MarkRequest, Resync, Submit
from hongyan_client import (
    Client,
    ClientOptions,
    ClosedError,
    ConnectionChanged,
    ConnectionState,
    ConversationChanged,
    EntryAdded,
    EntryRecalled,
    Event,
    MemoryStore,
    RefusedError,
    SessionEndedError,
    SignalReceived,
    SqliteStore,
    Store,
    StoreError,
    SubmissionRefused,
    text_of,
)
from sdk.python.tests.fake_server import FakeServer, Socket, soon

ALICE, BOB, EVE = UserId("alice"), UserId("bob"), UserId("eve")
PAIR = single_id(ALICE, BOB)
FAST = ClientOptions(backoff_first_s=0.001, backoff_last_s=0.01, mark_every_s=0.001, receipt_timeout_s=60)


def client_of(server: FakeServer, user_id: str, store: Store | None = None, options: ClientOptions = FAST) -> Client:
    async def token(_refused: str | None) -> str:
        return user_id

    return Client(server.url, token, store=store, options=options)


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer().running() as running:
        yield running


def say(server: FakeServer, sender_id: UserId, text: str, key: ConversationId = PAIR) -> None:
    """Somebody says something from elsewhere."""
    server_id = ClientMsgId(f"elsewhere-{server.truth.offset}")
    server.submit(None, sender_id, Submit(key, server_id, ask.SendMessage(1, text_content(text))))


async def texts(client: Client, key: ConversationId = PAIR) -> list[str]:
    return [text_of(entry) for entry in await client.entries(key, limit=10_000)]


async def assert_equal_to_fresh(server: FakeServer, client: Client) -> None:
    """What the client has is what a new device would fetch."""
    await client.synced()
    async with client_of(server, client.user_id) as fresh:
        await fresh.synced()
        assert client.conversations() == fresh.conversations()
        for shown in fresh.conversations():
            key = shown.conversation_id
            entries = await client.entries(key, limit=10_000)
            visible = server.truth.visible(key, client.user_id)
            assert entries == visible[-len(entries) :]


async def test_a_sent_message_has_a_receipt_and_reaches_the_other(server: FakeServer) -> None:
    async with client_of(server, ALICE) as alice, client_of(server, BOB) as bob:
        await bob.connected()
        await alice.connected()
        sent = await alice.send(alice.single("bob"), "你好 🕊️")
        assert (sent.seq, sent.conversation_id) == (1, PAIR)
        async for event in bob.events():
            if isinstance(event, EntryAdded):
                assert text_of(event.entry) == "你好 🕊️"
                break
        assert await texts(alice) == await texts(bob) == ["你好 🕊️"]
        assert (alice.conversations()[0].unread, bob.conversations()[0].unread) == (0, 1)


async def test_a_lost_receipt_is_asked_for_again_and_the_message_stands_once(server: FakeServer) -> None:
    def swallow(socket: Socket, frame: ClientFrame) -> None:
        assert isinstance(frame.command, Submit)
        server.submit(socket, ALICE, frame.command)
        socket.cut()

    server.once(Submit, swallow)
    async with client_of(server, ALICE) as alice:
        sent = await alice.send(PAIR, "once")
        assert sent.seq == 1
        assert [entry.client_msg_id for entry in server.truth.entries[PAIR]] == [sent.client_msg_id]


async def test_a_submission_that_vanished_on_a_living_connection_is_sent_again_as_a_resend(server: FakeServer) -> None:
    server.once(Submit, lambda _socket, _frame: None)
    async with client_of(server, ALICE) as alice:
        device = alice._device
        await alice.connected()
        sending = asyncio.ensure_future(alice.send(PAIR, "again"))
        await soon(lambda: bool(device.outbox._flying))
        device.tick(asyncio.get_running_loop().time() + FAST.receipt_timeout_s + 1.0)
        assert (await sending).seq == 1
        assert (server.resends, server.connects) == (1, 1)


async def test_an_entry_that_comes_before_its_receipt_settles_the_submission(server: FakeServer) -> None:
    def tell_by_push(_socket: Socket, frame: ClientFrame) -> None:
        assert isinstance(frame.command, Submit)
        server.submit(None, ALICE, frame.command)

    server.once(Submit, tell_by_push)
    async with client_of(server, ALICE) as alice:
        assert (await alice.send(PAIR, "there already")).seq == 1
        assert server.resends == 0


async def test_messages_of_a_conversation_keep_their_order_over_cuts_and_refusals(server: FakeServer) -> None:
    server.once(Submit, lambda socket, frame: socket.refuse(frame, RateLimited(what="x", retry_after_ms=5)), times=3)
    server.once(Submit, lambda socket, _frame: socket.cut(), times=5)
    async with client_of(server, ALICE) as alice:
        said = [f"message {number}" for number in range(30)]
        await asyncio.gather(*(alice.send(PAIR, text) for text in said))
        assert await texts(alice) == said
        await assert_equal_to_fresh(server, alice)


async def test_a_refusal_for_good_is_raised_and_not_tried_again(server: FakeServer) -> None:
    async with client_of(server, EVE) as eve:
        with pytest.raises(RefusedError, match="not a member") as caught:
            await eve.send(PAIR, "let me in")
        assert (caught.value.name, caught.value.permanent) == ("not_a_member", True)
        assert not eve.pending(PAIR)


async def test_a_refusal_that_nobody_waits_for_is_told_as_an_event(server: FakeServer) -> None:
    async with client_of(server, EVE) as eve:
        sending = asyncio.ensure_future(eve.send(PAIR, "never mind"))
        await soon(lambda: bool(eve.pending(PAIR)))
        sending.cancel()
        async for event in eve.events():
            if isinstance(event, SubmissionRefused):
                assert event.error.name == "not_a_member"
                break


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_what_was_not_acknowledged_is_sent_by_the_next_run(server: FakeServer, tmp_path: Path, kind: str) -> None:
    store: Store = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "store.db")
    server.once(Submit, lambda socket, _frame: socket.cut(), times=1000)
    async with client_of(server, ALICE, store) as alice:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await asyncio.gather(*(alice.send(PAIR, text) for text in ("one", "two", "three")))
        assert len(alice.pending(PAIR)) == 3
    server.vetoes.clear()
    async with client_of(server, ALICE, store) as alice:
        await soon(lambda: not alice.pending(PAIR))
        assert await texts(alice) == ["one", "two", "three"]
        await assert_equal_to_fresh(server, alice)
    assert not (await store.open()).pending
    await store.close()


async def test_a_device_that_was_away_pulls_what_it_missed_in_pages(server: FakeServer) -> None:
    store = MemoryStore()
    say(server, BOB, "0")
    async with client_of(server, ALICE, store) as alice:
        await alice.synced()
    for number in range(1, 200):
        say(server, BOB, str(number))
    async with client_of(server, ALICE, store) as alice:
        await alice.synced()
        assert await texts(alice) == [str(number) for number in range(200)]
        assert alice.conversations()[0].unread == 200
        await assert_equal_to_fresh(server, alice)


async def test_a_fresh_device_takes_the_list_and_fetches_history_when_asked(server: FakeServer) -> None:
    for number in range(120):
        say(server, BOB, str(number))
    async with client_of(server, ALICE) as alice:
        await alice.synced()
        assert await texts(alice) == ["119"]
        page = await alice.history(PAIR, before=120, limit=40)
        assert [text_of(entry) for entry in page.entries] == [str(number) for number in range(79, 119)]
        assert page.more
        assert len(await texts(alice)) == 41
        older = await alice.history(PAIR, before=1_000_000, limit=2)
        assert [entry.seq for entry in older.entries] == [119, 120]
        while (page := await alice.history(PAIR, before=(await alice.entries(PAIR, limit=1000))[0].seq)).more:
            pass
        assert await texts(alice) == [str(number) for number in range(120)]
        later = await alice.history(PAIR, after=100, limit=5)
        assert ([entry.seq for entry in later.entries], later.more) == ([101, 102, 103, 104, 105], True)


async def test_a_lost_push_is_found_by_the_next_one_or_by_a_resync(server: FakeServer) -> None:
    async with client_of(server, ALICE) as alice:
        say(server, BOB, "0")
        await alice.synced()
        quiet, server.sockets = server.sockets, []
        say(server, BOB, "lost")
        server.sockets = quiet
        say(server, BOB, "heard")
        await soon(lambda: alice.conversations()[0].head == 3)
        await alice.synced()
        assert await texts(alice) == ["0", "lost", "heard"]
        quiet, server.sockets = server.sockets, []
        say(server, BOB, "lost too")
        server.sockets = quiet
        server.push([ALICE], Resync())
        await soon(lambda: alice.conversations()[0].head == 4)
        await assert_equal_to_fresh(server, alice)


async def test_a_failed_pull_is_asked_again(server: FakeServer) -> None:
    store = MemoryStore()
    say(server, BOB, "0")
    async with client_of(server, ALICE, store) as alice:
        await alice.synced()
    say(server, BOB, "1")
    server.once(
        GetEntries, lambda socket, frame: socket.refuse(frame, RateLimited(what="x", retry_after_ms=5)), times=2
    )
    async with client_of(server, ALICE, store) as alice:
        await alice.synced()
        assert await texts(alice) == ["0", "1"]


async def test_an_expired_token_is_refreshed_once_and_then_gives_up(server: FakeServer) -> None:
    refused: list[str | None] = []

    async def token(old: str | None) -> str:
        refused.append(old)
        return "old-alice" if old is None else "alice"

    async with Client(server.url, token, options=FAST) as alice:
        await alice.connected()
        assert refused == [None, "old-alice"]

    async def always_old(_old: str | None) -> str:
        return "old-alice"

    async with Client(server.url, always_old, options=FAST) as alice:
        with pytest.raises(SessionEndedError, match="expired"):
            await alice.connected()
        with pytest.raises(SessionEndedError):
            await alice.send(PAIR, "too late")
        with pytest.raises(SessionEndedError):
            async for _ in alice.events():
                pass


@pytest.mark.parametrize("code", [CloseCode.LOGGED_OUT, CloseCode.REPLACED, CloseCode.BAD_FRAME])
async def test_a_terminal_close_stops_the_client_with_a_sentence(server: FakeServer, code: CloseCode) -> None:
    async with client_of(server, ALICE) as alice:
        await alice.connected()
        server.sockets[0].close(code)
        with pytest.raises(SessionEndedError) as caught:
            async for _ in alice.events():
                pass
        assert caught.value.close_code == code
        assert server.connects == 1


async def test_a_resumable_close_and_a_goaway_are_followed_by_a_new_connection(server: FakeServer) -> None:
    async with client_of(server, ALICE) as alice:
        for count, code in enumerate((CloseCode.GOING_AWAY, CloseCode.SLOW_CONSUMER, CloseCode.SERVER_ERROR), 2):
            await alice.connected()
            server.push([ALICE], GoAway(1))
            server.sockets[0].close(code)
            await soon(lambda count=count: server.connects == count)  # type: ignore[misc]
        await alice.connected()
        say(server, BOB, "still there?")
        await soon(lambda: bool(alice.conversations()))


async def test_a_store_of_another_user_is_refused(server: FakeServer) -> None:
    store = MemoryStore()
    async with client_of(server, ALICE, store) as alice:
        await alice.connected()
    async with client_of(server, BOB, store) as bob:
        with pytest.raises(StoreError, match="belongs to alice"):
            await bob.connected()


async def test_one_reads_and_all_devices_know(server: FakeServer) -> None:
    async with AsyncExitStack() as stack:
        phone = await stack.enter_async_context(client_of(server, ALICE))
        laptop = await stack.enter_async_context(client_of(server, ALICE))
        await phone.connected()
        await laptop.connected()
        for number in range(10):
            say(server, BOB, str(number))
        await soon(lambda: bool(laptop.conversations()) and laptop.conversations()[0].unread == 10)
        await phone.mark_read(PAIR, 4)
        assert phone.conversations()[0].unread == 6
        await soon(lambda: laptop.conversations()[0].unread == 6)
        await phone.mark_read(PAIR)
        await soon(lambda: laptop.conversations()[0].unread == 0)
        await assert_equal_to_fresh(server, phone)
        await assert_equal_to_fresh(server, laptop)


async def test_what_was_read_while_offline_is_told_on_the_next_connection(server: FakeServer) -> None:
    store = MemoryStore()
    for number in range(5):
        say(server, BOB, str(number))
    async with client_of(server, ALICE, store) as alice:
        await alice.synced()
        server.vetoes.append(lambda _socket, frame: isinstance(frame.command, Connect))
        server.drop_all()
        await soon(lambda: not alice.is_online)
        await alice.mark_read(PAIR)
        assert alice.conversations()[0].unread == 0
    server.vetoes.clear()
    async with client_of(server, ALICE, store) as alice:
        await soon(lambda: server.truth.members[PAIR, ALICE].read_seq == 5)


async def test_a_mark_that_was_lost_with_the_connection_is_made_again(server: FakeServer) -> None:
    lost: list[ClientFrame] = []
    server.once(MarkRequest, lambda _socket, frame: lost.append(frame), times=1000)
    async with client_of(server, ALICE) as alice:
        say(server, BOB, "read me")
        await alice.synced()
        await alice.mark_read(PAIR)
        await soon(lambda: bool(lost))
        server.vetoes.clear()
        server.drop_all()
        await soon(lambda: server.truth.members[PAIR, ALICE].read_seq == 1)


async def test_delivery_is_told_for_a_conversation_of_two(server: FakeServer) -> None:
    async with client_of(server, ALICE) as alice:
        await alice.connected()
        say(server, BOB, "did you get it?")
        await soon(lambda: server.truth.members[PAIR, ALICE].delivered_seq == 1)
        assert [(found.user_id, found.delivered_seq) for found in await alice.positions(PAIR)] == [
            ("alice", 1),
            ("bob", 1),
        ]


async def test_groups_recalls_and_typing(server: FakeServer) -> None:
    async with client_of(server, ALICE) as alice, client_of(server, BOB) as bob:
        await bob.connected()
        group = await alice.create_group("读书会", ["bob"])
        await alice.add_members(group, ["eve"])
        said = await alice.send(group, "oops")
        await alice.recall(group, said.seq)
        alice.typing(group)
        seen: list[Event] = []
        async for event in bob.events():
            seen.append(event)
            if isinstance(event, SignalReceived):
                break
        assert [event.seq for event in seen if isinstance(event, EntryRecalled)] == [said.seq]
        assert bob.conversations()[0].name == "读书会"
        assert {row.user_id for row in await bob.members(group)} == {ALICE, BOB, EVE}
        await bob.leave(group)
        await alice.remove_members(group, ["eve"])
        await bob.synced()
        assert not bob.conversations()[0].member
        await assert_equal_to_fresh(server, alice)
        await assert_equal_to_fresh(server, bob)


async def test_send_waits_when_too_much_is_under_way_and_goes_on_when_there_is_room(server: FakeServer) -> None:
    options = ClientOptions(outbox=5, backoff_first_s=0.001, backoff_last_s=0.01)
    async with client_of(server, ALICE, options=options) as alice:
        await alice.connected()
        held: list[tuple[Socket, ClientFrame]] = []
        server.once(Submit, lambda socket, frame: held.append((socket, frame)))
        sends = [asyncio.ensure_future(alice.send(PAIR, str(number))) for number in range(20)]
        await soon(lambda: bool(held))
        assert len(alice.pending(PAIR)) == 5
        held[0][0].take(held[0][1])
        await asyncio.gather(*sends)
        assert await texts(alice) == [str(number) for number in range(20)]


async def test_events_that_nobody_takes_shrink_to_what_changed(server: FakeServer) -> None:
    options = ClientOptions(events=10, backoff_first_s=0.001, backoff_last_s=0.01)
    async with client_of(server, ALICE, options=options) as alice:
        await alice.connected()
        for number in range(100):
            say(server, BOB, str(number))
        await soon(lambda: bool(alice.conversations()) and alice.conversations()[0].head == 100)
        events: list[Event] = []
        async for event in alice.events():
            events.append(event)
            if isinstance(event, ConversationChanged):
                break
        assert len(events) <= 11
        assert len(await texts(alice)) == 100


async def test_connection_changes_are_told(server: FakeServer) -> None:
    async with client_of(server, ALICE) as alice:
        await alice.connected()
        server.drop_all()
        states = []
        async for event in alice.events():
            if isinstance(event, ConnectionChanged):
                states.append(event.state)
                if len(states) == 5:
                    break
        connecting, online, waiting = ConnectionState.CONNECTING, ConnectionState.ONLINE, ConnectionState.WAITING
        assert states == [connecting, online, waiting, connecting, online]


async def test_closing_ends_every_wait(server: FakeServer) -> None:
    server.vetoes.append(lambda _socket, _frame: True)
    alice = client_of(server, ALICE)
    async with alice:
        waits = [asyncio.ensure_future(alice.connected()), asyncio.ensure_future(alice.send(PAIR, "never"))]
        await soon(lambda: server.sockets != [] and bool(alice.pending(PAIR)))
    for error in await asyncio.gather(*waits, return_exceptions=True):
        assert isinstance(error, ClosedError)
    assert [event async for event in alice.events()]


async def test_a_server_that_is_not_there_is_tried_again_until_it_is() -> None:
    server = FakeServer()
    async with server.running():
        pass
    async with client_of(server, ALICE) as alice:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await alice.connected()


async def test_a_line_that_breaks_during_the_handshake_is_given_up_at_once() -> None:
    accepted = 0

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        writer.transport.abort()

    server = FakeServer()
    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as listening:
        server.url = f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with client_of(server, ALICE):
            await soon(lambda: accepted >= 3)


async def test_a_ping_that_is_not_answered_ends_the_connection(server: FakeServer) -> None:
    server.heartbeat_ms = 1_000
    async with client_of(server, ALICE) as alice:
        await alice.connected()
        connection = alice._device.connection
        assert connection is not None
        server.vetoes.append(lambda _socket, _frame: True)
        now_s = asyncio.get_running_loop().time()
        for second in range(5):
            connection.tick(now_s + second)
        await soon(connection.ended.done)
        assert "nothing was heard" in connection.ended.result().reason
        server.vetoes.clear()
        await soon(lambda: server.connects == 2)


async def test_a_pushed_frame_right_behind_the_welcome_is_not_lost(server: FakeServer) -> None:
    def welcome_and_push(socket: Socket, frame: ClientFrame) -> None:
        socket.take(frame)
        say(server, BOB, "quick")

    server.once(Connect, welcome_and_push)
    async with client_of(server, ALICE) as alice:
        await soon(lambda: bool(alice.conversations()))
        await assert_equal_to_fresh(server, alice)


async def test_a_packet_that_cannot_be_read_costs_the_connection_only(server: FakeServer) -> None:
    async with client_of(server, ALICE) as alice:
        await alice.connected()
        transport = server.sockets[0].transport
        assert transport is not None
        transport.send(WSMsgType.BINARY, b"\xff\xff\xff")
        await soon(lambda: server.connects == 2)
        await alice.connected()


async def test_who_is_taken_into_a_group_learns_its_name(server: FakeServer) -> None:
    async with client_of(server, ALICE) as alice, client_of(server, BOB) as bob:
        await bob.synced()
        group = await alice.create_group("读书会")
        await alice.add_members(group, [BOB])

        def is_named() -> bool:
            shown = bob.conversation(group)
            return shown is not None and shown.name == "读书会"

        await soon(is_named)
        await assert_equal_to_fresh(server, bob)


async def test_a_socket_that_takes_no_more_gets_no_more_until_it_does(server: FakeServer) -> None:
    async with client_of(server, ALICE) as alice:
        await alice.connected()
        connection = alice._device.connection
        assert connection is not None
        connection.pause_writing()
        sending = asyncio.ensure_future(alice.send(PAIR, "held back"))
        await soon(lambda: bool(alice.pending(PAIR)))
        alice._device.pump()
        assert not alice._device.outbox._flying
        connection.resume_writing()
        assert (await sending).seq == 1


async def test_what_another_run_said_under_the_same_id_is_not_said_again(server: FakeServer) -> None:
    sent = []
    for _ in range(2):
        async with client_of(server, ALICE) as alice:
            await alice.connected()
            sent.append(await alice.send(PAIR, "once", client_msg_id="order:4711"))
    assert sent[0] == sent[1]
    assert len(server.truth.entries[PAIR]) == 1
    assert server.resends == 2


async def test_an_id_that_is_on_its_way_is_not_given_twice(server: FakeServer) -> None:
    async with client_of(server, ALICE) as alice:
        await alice.connected()
        first = asyncio.ensure_future(alice.send(PAIR, "once", client_msg_id="order:4711"))
        await asyncio.sleep(0)
        with pytest.raises(ValueError, match="on its way"):
            await alice.send(PAIR, "once", client_msg_id="order:4711")
        assert (await first).seq == 1
