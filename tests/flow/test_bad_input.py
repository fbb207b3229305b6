"""Whatever comes over a socket, the answer is a coded one, and the server goes on for everybody else.

Each test ends with two well-behaved people who chat: `unharmed`.
"""

import asyncio
import base64
import functools
import gzip
import json
from collections.abc import AsyncIterator, Callable, Iterable

import pytest

from hongyan.gateway.gateway import GatewayOptions
from hongyan.model.codes import CloseCode
from hongyan.model.commands import CreateGroup, MovePositions, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.protocol import frames
from hongyan.protocol.codec import PROTO_CLIENT
from hongyan.protocol.codec_content import text_content
from hongyan.protocol.codec_json import JSON_CLIENT
from hongyan.protocol.framing import frame_packet
from hongyan.protocol.server import STRANGER_BYTES
from tests.flow.device import Device, Refusal
from tests.flow.node import MemoryEngines, Node, configured
from tests.tasks import until
from tests.unit.gateway.sockets import handshake

AB = ConversationId("s:alice:bob")
WIRES = ("ws", "json", "tcp")
EVERY_WIRE = pytest.mark.parametrize("wire", WIRES)

_lines = iter(range(1_000_000))


@pytest.fixture
async def server() -> AsyncIterator[Node]:
    node = Node(MemoryEngines(), "ws")
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


async def unharmed(node: Node) -> None:
    """Two people who do nothing wrong, on every wire."""
    conversation_id = ConversationId("s:good1:good2")
    for wire in WIRES:
        one, other = await node.connect("good1/phone", wire=wire), await node.connect("good2/phone", wire=wire)
        text = f"still here {next(_lines)}"
        receipt = await one.say(conversation_id, text)
        await other.has(conversation_id, receipt.seq)
        assert other.texts(conversation_id)[receipt.seq] == text
        assert [entry.seq for entry in await other.history(conversation_id, receipt.seq - 1)] == [receipt.seq]
        one.close()
        other.close()
    await until(lambda: not node.stages.gateway.connections_of(UserId("good1")))


async def ended(device: Device, wire: str, code: CloseCode) -> None:
    """The connection ended with this code; TCP has none."""
    assert await device.closed() == (None if wire == "tcp" else code)


# What is no packet


@functools.cache
def packets_of(wire: str) -> dict[str, tuple[bytes, str]]:
    """Bytes that are no packet, and the code that says so."""
    ping = frames.ClientFrame(1, frames.Ping())
    if wire == "json":
        return {
            "empty": (b"", "malformed_frame"),
            "garbage": (b"hello?", "malformed_frame"),
            "not text": (b"\xff\xfe", "malformed_frame"),
            "truncated": (JSON_CLIENT.encode([ping])[:-3], "malformed_frame"),
            "an array": (b"[]", "malformed_frame"),
            "frames of another kind": (b'{"frames": {"id": 1}}', "malformed_frame"),
            "frames that are none": (b'{"frames": [1]}', "malformed_frame"),
            "another field": (b'{"frames": [], "more": 1}', "malformed_frame"),
            "the same key twice": (b'{"frames": [{"id": 1, "id": 2}]}', "malformed_frame"),
            "not a number": (b'{"frames": [{"id": NaN}]}', "malformed_frame"),
            "half a surrogate pair": (b'{"frames": [{"connect": {"token": "\\ud800"}}]}', "malformed_frame"),
            "a byte that is no text": (b'{"frames": [{"connect": {"token": "\xed\xa0\x80"}}]}', "malformed_frame"),
            "nested deeply": (b'{"frames": [' + b"[" * 50_000 + b"]" * 50_000 + b"]}", "malformed_frame"),
            "nested deeply in a frame": (
                b'{"frames": [{"submit": ' + b'{"a":' * 40_000 + b"1" + b"}" * 40_000 + b"}]}",
                "malformed_frame",
            ),
            "too many frames": (json.dumps({"frames": [{"id": 1, "ping": {}}] * 1_000}).encode(), "too_many_frames"),
            "no base64": (b'{"gzip": "%%%"}', "malformed_frame"),
            "no gzip": (b'{"gzip": "aGVsbG8="}', "malformed_frame"),
            "a bomb": (packed_json(b" " * 20_000_000), "inflated_too_large"),
            "compressed twice": (packed_json(packed_json(b"{}")), "malformed_frame"),
            "compressed and cut off": (packed_json(b'{"frames":[]}', cut=4), "malformed_frame"),
        }
    return {
        "garbage": (b"hello?", "malformed_frame"),
        "zeros": (b"\x00" * 100, "malformed_frame"),
        "truncated": (PROTO_CLIENT.encode([ping])[:-1], "malformed_frame"),
        "a length beyond the end": (b"\x0a\xff\xff\xff\x7f", "malformed_frame"),
        "a varint without end": (b"\x0a" + b"\xff" * 20, "malformed_frame"),
        "half a surrogate pair": (b"\x0a\x07\x12\x05\x0a\x03\xed\xa0\x80", "malformed_frame"),
        "nested deeply": (nested(1_000), "malformed_frame"),
        "too many frames": (PROTO_CLIENT.encode([ping] * 1_000), "too_many_frames"),
        "no gzip": (b"\x12\x05hello", "malformed_frame"),
        "a bomb": (packed(b"\x00" * 20_000_000), "inflated_too_large"),
        "compressed twice": (packed(packed(b"")), "malformed_frame"),
        "compressed and not alone": (packed(b"") + PROTO_CLIENT.encode([ping]), "malformed_frame"),
    }


def field(number: int, data: bytes) -> bytes:
    """A protobuf field of bytes."""
    size, rest = len(data), []
    while size > 127:
        rest.append(size & 127 | 128)
        size >>= 7
    return bytes([number << 3 | 2, *rest, size]) + data


def packed(packet: bytes) -> bytes:
    """A compressed packet in protobuf."""
    return field(2, gzip.compress(packet))


def packed_json(packet: bytes, *, cut: int = 0) -> bytes:
    """A compressed packet in JSON."""
    compressed = gzip.compress(packet)
    return json.dumps({"gzip": base64.b64encode(compressed[: len(compressed) - cut]).decode()}).encode()


def nested(depth: int) -> bytes:
    """Groups inside each other, which protobuf's parser bounds."""
    return b"\x0b" * depth + b"\x0c" * depth


CASES = [(wire, name) for wire in WIRES for name in packets_of(wire)]


@pytest.mark.parametrize(("wire", "case"), CASES)
@pytest.mark.parametrize("is_known", [False, True], ids=["stranger", "member"])
async def test_what_is_no_packet_is_answered_with_its_code_and_ends_the_connection(
    server: Node, wire: str, case: str, is_known: bool
) -> None:
    data, name = packets_of(wire)[case]
    device = await server.dial(wire)
    if is_known:
        await device.log_in("alice/phone")
    elif len(data) > STRANGER_BYTES:
        name = "packet_too_large"
    device.send_packet(data)
    assert await device.error() == name
    await ended(device, wire, CloseCode.BAD_FRAME)
    assert server.stages.gateway.unauthenticated == 0
    await unharmed(server)


@EVERY_WIRE
async def test_a_packet_over_the_limit_is_not_taken(server: Node, wire: str) -> None:
    device = await server.connect("alice/phone", wire=wire)
    device.send_packet(b"[" * (device.welcome.limits.packet_bytes + 1))
    assert await device.error() == "packet_too_large"
    await ended(device, wire, CloseCode.BAD_FRAME)
    await unharmed(server)


async def test_a_length_of_four_gigabytes_is_answered_and_nothing_is_held_for_it(server: Node) -> None:
    device = await server.dial("tcp")
    device.write(b"\xff\xff\xff\xff" + b"x" * 100_000)
    assert await device.error() == "packet_too_large"
    await ended(device, "tcp", CloseCode.BAD_FRAME)
    await unharmed(server)


async def test_two_hundred_packets_at_once_are_two_hundred_answers(server: Node) -> None:
    device = await server.connect("alice/phone", wire="tcp")
    packet = frame_packet(PROTO_CLIENT.encode([frames.ClientFrame(7, frames.Ping())]))
    device.write(packet * 200)
    for _ in range(200):
        assert isinstance(await device.reply(7), frames.Pong)
    await unharmed(server)


async def test_thousands_of_connections_that_send_rubbish_leave_nothing_behind(server: Node) -> None:
    for wire in WIRES:
        for number in range(100):
            device = await server.dial(wire)
            device.send_packet(bytes([number, 255]) * 20)
            await device.error()
            device.close()
    gateway = server.stages.gateway
    await until(lambda: not gateway.connections)
    assert (gateway.unauthenticated, gateway.by_user, gateway.paused) == (0, {}, set())
    await unharmed(server)


# What is wrong in one frame


TOO_LONG = "x" * 200_000


def command(**parts: object) -> dict[str, object]:
    """A frame in JSON."""
    return {"id": 9, **parts}


def submit(**parts: object) -> dict[str, object]:
    """A submission in JSON."""
    text = {"text": {"text": "hello"}}
    whole = {"conversation_id": AB, "client_msg_id": "a", **({} if "recall" in parts else {"message": text}), **parts}
    return command(submit=whole)


FRAMES: dict[str, tuple[dict[str, object], str]] = {
    "no command": (command(), "unknown_command"),
    "an unknown command": (command(dance={}), "unknown_command"),
    "two commands": (command(ping={}, sync={}), "invalid_field"),
    "an unknown field": (command(sync={"cursor": "", "colour": "red"}), "invalid_field"),
    "a number that is none": (command(get_entries={"conversation_id": AB, "seq": "many"}), "invalid_field"),
    "a number below zero": (command(get_entries={"conversation_id": AB, "limit": -1}), "invalid_field"),
    "a number too large": (command(get_entries={"conversation_id": AB, "seq": str(1 << 63)}), "invalid_field"),
    "a text that is none": (command(sync={"cursor": 5}), "invalid_field"),
    "a foreign cursor": (command(sync={"cursor": "page 2"}), "invalid_field"),
    "a cursor without end": (command(sync={"cursor": "1" * 400}), "invalid_field"),
    "an id with a space": (submit(client_msg_id="a b"), "invalid_field"),
    "no id": (submit(client_msg_id=""), "invalid_field"),
    "an id too long": (submit(client_msg_id="a" * 65), "invalid_field"),
    "no conversation": (submit(conversation_id=""), "invalid_field"),
    "a conversation with oneself": (submit(conversation_id="s:alice:alice"), "invalid_field"),
    "a conversation in the wrong order": (submit(conversation_id="s:bob:alice"), "invalid_field"),
    "a conversation of no kind": (submit(conversation_id="x:alice"), "invalid_field"),
    "a path": (submit(conversation_id="g:../../etc/passwd"), "invalid_field"),
    "quotes": (submit(conversation_id="g:' OR 1=1 --"), "invalid_field"),
    "a digit of another script": (submit(conversation_id="g:１"), "invalid_field"),
    "nothing to say": (submit(message={"text": {"text": ""}}), "invalid_field"),
    "no kind": (submit(message={}), "invalid_field"),
    "an unknown kind": (submit(message={"smell": {}}), "invalid_field"),
    "too much to say": (submit(message={"text": {"text": TOO_LONG}}), "content_too_large"),
    "a place outside the world": (
        submit(message={"location": {"latitude_deg": 91, "longitude_deg": 0}}),
        "invalid_field",
    ),
    "a file without bytes": (submit(message={"file": {"name": "a"}}), "invalid_field"),
    "a mention of everybody in a single": (
        submit(message={"text": {"text": "@all"}, "mention": {"all": True}}),
        "invalid_field|not_allowed",
    ),
    "a recall of nothing": (submit(recall={"seq": "0"}), "invalid_field"),
    "a group without a name": (command(submit={"client_msg_id": "a", "create_group": {"name": " "}}), "invalid_field"),
    "a group with a name too long": (
        command(submit={"client_msg_id": "a", "create_group": {"name": "x" * 300}}),
        "invalid_field",
    ),
    "a group with control characters": (
        command(submit={"client_msg_id": "a", "create_group": {"name": "a\u0000b"}}),
        "invalid_field",
    ),
    "a group of too many": (
        command(submit={"client_msg_id": "a", "create_group": {"name": "a", "member_ids": ["bob"] * 1_001}}),
        "invalid_field",
    ),
    "a group of somebody impossible": (
        command(submit={"client_msg_id": "a", "create_group": {"name": "a", "member_ids": ["b o b"]}}),
        "invalid_field",
    ),
    "a group larger than groups may be": (
        command(
            submit={"client_msg_id": "a", "create_group": {"name": "a", "member_ids": [f"u{n}" for n in range(600)]}}
        ),
        "group_full",
    ),
    "positions of too many": (
        command(get_positions={"conversation_id": AB, "user_ids": ["bob"] * 501}),
        "invalid_field",
    ),
    "another's conversation": (submit(conversation_id="s:bob:carol"), "not_a_member"),
    "another's notices": (submit(conversation_id="n:bob"), "not_allowed"),
    "one's own notices": (submit(conversation_id="n:alice"), "not_allowed"),
    "a group that is not there": (submit(conversation_id="g:nowhere"), "not_a_member"),
    "somebody who is not there": (submit(conversation_id="s:alice:nobody"), "user_unknown"),
    "another's history": (command(get_entries={"conversation_id": "s:bob:carol"}), "conversation_unknown"),
    "another's members": (command(get_members={"conversation_id": "s:bob:carol"}), "conversation_unknown"),
    "another's positions": (command(get_positions={"conversation_id": "s:bob:carol"}), "conversation_unknown"),
    "history of a group that is not there": (command(get_entries={"conversation_id": "g:x"}), "conversation_unknown"),
    "a second connect": (command(connect={"token": "bob/phone"}), "wrong_state"),
}


@pytest.mark.parametrize("case", FRAMES)
async def test_what_is_wrong_in_one_frame_is_answered_there_and_the_others_stand(server: Node, case: str) -> None:
    frame, names = FRAMES[case]
    device = await server.connect("alice/phone", wire="json")
    around = [{"id": 8, "ping": {}}, frame, {"id": 10, "ping": {}}]
    device.send_packet(json.dumps({"frames": around}).encode())
    assert isinstance(await device.reply(8), frames.Pong)
    with pytest.raises(Refusal) as refused:
        await device.reply(9)
    assert refused.value.name in names.split("|")
    assert refused.value.error.message
    assert isinstance(await device.reply(10), frames.Pong)
    assert (await device.say(AB, "I meant this", "b")).seq == 1
    await unharmed(server)


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        ({"mark": {"conversation_id": "s:bob:carol", "read_seq": "3"}}, "not_a_member"),
        ({"mark": {"conversation_id": "nonsense", "read_seq": "3"}}, "invalid_field"),
        ({"signal": {"conversation_id": AB, "kind": "x" * 33}}, "invalid_field"),
        ({"dance": {}}, "unknown_command"),
    ],
)
async def test_what_wants_no_reply_is_told_of_its_refusal_too(
    server: Node, frame: dict[str, object], name: str
) -> None:
    device = await server.connect("alice/phone", wire="json")
    device.send_packet(json.dumps({"frames": [frame]}).encode())
    assert await device.error() == name
    await unharmed(server)


async def test_a_client_cannot_speak_for_another_nor_set_what_the_server_sets(server: Node) -> None:
    alice, bob = await server.connect("alice/phone", wire="json"), await server.connect("bob/phone")
    for extra in ({"sender_id": "bob"}, {"seq": "7"}, {"message_id": "1"}, {"time_ms": "1"}, {"gateway": 1}):
        alice.send_packet(json.dumps({"frames": [submit(**extra)]}).encode())
        with pytest.raises(Refusal, match="invalid_field"):
            await alice.reply(9)
    await alice.say(AB, "it is me")
    await bob.has(AB, 1)
    assert bob.entries[AB][1].sender_id == "alice"
    with pytest.raises(KeyError):
        PROTO_CLIENT.encode([frames.ClientFrame(1, frames.Submit(AB, ClientMsgId("a"), MovePositions(())))])
    await unharmed(server)


@EVERY_WIRE
async def test_mutated_packets_are_answered_or_taken_and_never_more(server: Node, wire: str) -> None:
    """A few thousand of them here; the decoder has its own million."""
    good = [
        frames.ClientFrame(1, frames.Submit(AB, ClientMsgId("a"), SendMessage(1, text_content("hello")))),
        frames.ClientFrame(2, frames.GetEntries(AB, 3, True, 10)),
        frames.ClientFrame(
            3, frames.Submit(ConversationId("g:x"), ClientMsgId("b"), CreateGroup("Books", (UserId("bob"),), 0))
        ),
        frames.ClientFrame(4, frames.MarkRequest(AB, 1, 2)),
        frames.ClientFrame(5, frames.Sync("3", 10)),
    ]
    codec = JSON_CLIENT if wire == "json" else PROTO_CLIENT
    whole = codec.encode(good)
    device = await server.connect("alice/phone", wire=wire)
    for mutant in mutations(whole):
        device.send_packet(mutant)
        device.send(frames.Ping())
        if await device.any_answer():
            device.close()
            device = await server.connect("alice/phone", wire=wire)
    await unharmed(server)


def mutations(whole: bytes) -> Iterable[bytes]:
    """Each byte changed, cut off after, and doubled."""
    for place in range(0, len(whole), 3):
        yield whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        yield whole[:place] + bytes([whole[place] ^ 0x01]) + whole[place + 1 :]
        yield whole[:place]
        yield whole[:place] + whole[place:] * 2


# Who one is


@EVERY_WIRE
async def test_nothing_but_pings_before_connect(server: Node, wire: str) -> None:
    device = await server.dial(wire)
    asked = (
        frames.Submit(AB, ClientMsgId("a"), SendMessage(1, text_content("hello"))),
        frames.Sync(),
        frames.GetEntries(AB),
        frames.GetMembers(AB),
        frames.GetPositions(AB),
        frames.MarkRequest(AB, 1),
        frames.SignalRequest(AB, "typing"),
    )
    for each in asked:
        with pytest.raises(Refusal, match="not_authenticated"):
            await device.ask(each)
    assert isinstance(await device.ask(frames.Ping()), frames.Pong)
    await device.log_in("alice/phone")
    assert await device.sync() == ([], "")
    await unharmed(server)


@EVERY_WIRE
@pytest.mark.parametrize(
    ("token", "name"), [("rubbish", "token_invalid"), ("", "token_invalid"), ("expired", "token_expired")]
)
async def test_a_bad_token_is_answered_and_ends_the_connection(server: Node, wire: str, token: str, name: str) -> None:
    device = await server.dial(wire)
    with pytest.raises(Refusal, match=name):
        await device.log_in(token)
    await ended(device, wire, CloseCode.NOT_AUTHENTICATED)
    await unharmed(server)


@EVERY_WIRE
async def test_a_second_connect_cannot_change_who_one_is(server: Node, wire: str) -> None:
    device = await server.connect("alice/phone", wire=wire)
    with pytest.raises(Refusal, match="wrong_state"):
        await device.log_in("bob/phone")
    assert (await device.say(AB, "still alice")).seq == 1
    bob = await server.connect("bob/phone")
    assert (await bob.history(AB))[0].sender_id == "alice"


async def test_those_who_never_authenticate_are_bounded_in_number_and_time() -> None:
    node = Node(MemoryEngines(), "ws", configured(unauthenticated_connections=20, connect_timeout_s=2))
    await node.start()
    waiting = [await node.dial(WIRES[number % 3]) for number in range(20)]
    await until(lambda: node.stages.gateway.unauthenticated == 20)
    for wire in WIRES:
        device = await node.dial(wire)
        await ended(device, wire, CloseCode.OVERLOADED)
    wheel = node.stages.gateway._wheel
    for _ in range(3):
        waiting[0].send(frames.Ping())
        wheel.turn(node.stages.gateway.now_s + 1)
    for number, device in enumerate(waiting):
        await ended(device, WIRES[number % 3], CloseCode.CONNECT_TIMEOUT)
    await unharmed(node)
    await node.stop()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "chat.example"}, 400),
        ({"Host": "chat.example", "Sec-WebSocket-Protocol": "mqtt"}, 400),
        ({"Host": "chat.example", "Sec-WebSocket-Protocol": "hongyan.v1+xml"}, 400),
        ({"Host": "chat.example", "Sec-WebSocket-Protocol": "hongyan.v1+json", "Origin": "https://evil.example"}, 403),
        ({"Host": "chat.example", "Sec-WebSocket-Protocol": "hongyan.v1+json", "Origin": "null"}, 403),
        ({"Host": "chat.example", "Sec-WebSocket-Protocol": "hongyan.v1+json", "Origin": "http://[::1"}, 403),
        ({"Host": "chat.example", "Sec-WebSocket-Protocol": "hongyan.v1+json", "Origin": "https://chat.example"}, 101),
    ],
)
async def test_a_foreign_page_and_another_protocol_are_turned_away(
    server: Node, headers: dict[str, str], status: int
) -> None:
    found, text = await handshake(server.ws.url, headers)
    assert found == status
    assert status == 101 or "ask for" in text.lower() or "not allowed" in text
    await unharmed(server)


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"SSH-2.0-x\r\n"],
    ids=["http", "tls", "ssh"],
)
async def test_another_protocol_on_the_stream_is_answered(server: Node, data: bytes) -> None:
    device = await server.dial("tcp")
    device.write(data + bytes(100))
    assert await device.error() == "packet_too_large"
    await ended(device, "tcp", CloseCode.BAD_FRAME)
    await unharmed(server)


# Too fast, too much, too slow


async def test_a_sender_who_is_too_fast_is_told_to_wait_and_others_are_not() -> None:
    node = Node(MemoryEngines(), "ws", configured(submissions_per_s=50, submissions_burst=20))
    await node.start()
    alice = await node.connect("alice/phone")
    refusals: list[frames.ErrorReply] = []
    for number in range(30):
        try:
            await alice.say(AB, f"spam {number}")
        except Refusal as refusal:
            refusals.append(refusal.error)
    assert {error.name for error in refusals} == {"rate_limited"}
    assert all(0 < error.retry_after_ms <= 21 and not error.permanent for error in refusals)
    bob = await node.connect("bob/phone")
    assert (await bob.say(AB, "hello")).seq == 31 - len(refusals)
    await unharmed(node)
    await node.stop()


async def test_open_submissions_and_requests_are_bounded_for_each_connection() -> None:
    node = Node(MemoryEngines(), "ws", configured(pending_submissions=5, requests_per_connection=3))
    await node.start()
    alice = await node.connect("alice/phone")
    texts = [frames.Submit(AB, ClientMsgId(f"m{n}"), SendMessage(1, text_content("x"))) for n in range(20)]
    await outcomes(alice, alice.send(*texts), lambda counts: counts["receipt"] >= 5 and counts["too_many_requests"] > 0)
    reads = [frames.GetEntries(AB) for _ in range(20)]
    await outcomes(alice, alice.send(*reads), lambda counts: counts["receipt"] >= 3 and counts["too_many_requests"] > 0)
    await unharmed(node)
    await node.stop()


async def outcomes(device: Device, ids: list[int], is_right: Callable[[dict[str, int]], bool]) -> None:
    """How many of these frames were answered, and how many refused."""
    counts = {"receipt": 0, "too_many_requests": 0}
    for number in ids:
        try:
            await device.reply(number)
            counts["receipt"] += 1
        except Refusal as refusal:
            counts[refusal.name] += 1
    assert sum(counts.values()) == len(ids)
    assert is_right(counts), counts


async def test_a_flood_of_marks_is_bounded_and_messages_go_on(server: Node) -> None:
    device = await server.connect("alice/phone")
    server.stages.gatherer._capacity = 500
    for start in range(0, 1_000, 100):
        marks = [frames.MarkRequest(ConversationId(f"g:{start + n}"), 1, 1) for n in range(100)]
        device.send(*marks, wants_reply=False)
    assert await device.error() == "overloaded"
    assert (await device.say(AB, "and yet")).seq == 1
    await unharmed(server)


@EVERY_WIRE
async def test_a_reader_that_stops_is_closed_and_takes_nobody_with_it(server: Node, wire: str) -> None:
    gateway = server.stages.gateway
    gateway.options = GatewayOptions(write_buffer_bytes=20_000, write_buffer_hard_bytes=200_000)
    slow, bob = await server.connect("alice/phone", wire=wire), await server.connect("bob/phone")
    slow.stop_reading()
    (connection,) = gateway.connections_of(slow.welcome.user_id)
    most, count = 0, 0
    while connection.id in gateway.connections:
        await bob.say_all(AB, ["x" * 10_000] * 20)
        count += 20
        most = max(most, connection.wire.buffered_bytes())
        assert count < 5_000
    assert most < 200_000 + 20 * 11_000
    assert server.stages.metrics.closes == {"slow_consumer": 1}
    assert bob.seqs(AB) == list(range(1, count + 1))
    back = await server.connect("alice/phone", wire=wire)
    assert [entry.seq for entry in await back.history(AB)] == list(range(1, count + 1))
    await unharmed(server)


async def test_a_retry_of_anothers_submission_tells_nothing_about_it(server: Node) -> None:
    alice, bob = await server.connect("alice/phone"), await server.connect("bob/phone")
    mine = await alice.say(AB, "the plan", "plan-1")
    other = ConversationId("s:bob:carol")
    for conversation_id in (AB, other):
        theirs = await bob.say(conversation_id, "the plan", "plan-1", resend=True)
        assert theirs.message_id != mine.message_id
    mallory = await server.connect("mallory/phone")
    with pytest.raises(Refusal, match="not_a_member"):
        await mallory.say(AB, "the plan", "plan-1", resend=True)
    assert [entry.sender_id for entry in await alice.history(AB)] == ["alice", "bob"]


async def test_clients_that_come_and_go_at_once_leave_nothing_behind(server: Node) -> None:
    async def come_and_go(number: int) -> None:
        device = await server.dial(WIRES[number % 3])
        if number % 4:
            device.send(frames.Connect(f"u{number % 7}/d{number}"))
        if number % 5:
            await asyncio.sleep(0)
        if number % 6 == 5:
            await device.take()
        device.close()

    for start in range(0, 120, 30):
        await asyncio.gather(*(come_and_go(number) for number in range(start, start + 30)))
    gateway = server.stages.gateway
    await until(lambda: not gateway.connections)
    assert (gateway.unauthenticated, gateway.by_user) == (0, {})
    await unharmed(server)
