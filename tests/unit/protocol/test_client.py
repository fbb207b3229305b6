"""Two ends wired back to back: what one makes the other takes."""

import pytest

from hongyan.model.codes import CloseCode, ErrorCode
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Submitted
from hongyan.protocol.client import AfterClose, ClientCodec, ClientEnd, State, after_close
from hongyan.protocol.codec import PROTO_CLIENT, PROTO_SERVER
from hongyan.protocol.codec_json import JSON_CLIENT, JSON_SERVER
from hongyan.protocol.frames import (
    ClientCommand,
    Connect,
    Connected,
    ErrorReply,
    GoAway,
    Limits,
    MarkRequest,
    Ping,
    Pong,
    Refused,
    Resync,
    ServerEvent,
    ServerFrame,
    SignalRequest,
    Sync,
    SyncPage,
)
from hongyan.protocol.server import ServerCodec, ServerEnd

HERE = ConversationId("s:a:b")
WELCOME = Connected("c1", UserId("a"), "phone", 5, 30_000, Limits(), SyncPage())


class Line:
    """A server's and a client's end, and the bytes between them."""

    def __init__(self, server: ServerCodec = PROTO_SERVER, client: ClientCodec = PROTO_CLIENT) -> None:
        self.server, self.client = ServerEnd(server, Limits()), ClientEnd(client)

    def connect(self) -> "Line":
        request, packet = self.client.connect(Connect("token"))
        assert [frame.id for frame in self.server.receive(packet)] == [request]
        self.server.authenticated()
        self.answer(request, WELCOME)
        return self

    def answer(self, reply_to: int, event: ServerEvent) -> list[ClientCommand | None]:
        received = self.client.receive(self.server.codec.encode([ServerFrame(reply_to, event)]))
        assert [item.frame.event for item in received] == [event]
        return [item.command for item in received]


@pytest.mark.parametrize(("server", "client"), [(PROTO_SERVER, PROTO_CLIENT), (JSON_SERVER, JSON_CLIENT)])
def test_a_connection_is_made_and_a_question_gets_its_answer(server: ServerCodec, client: ClientCodec) -> None:
    line = Line(server, client).connect()

    request, packet = line.client.request(Sync("c"))
    (asked,) = line.server.receive(packet)

    assert (asked.id, asked.command) == (request, Sync("c"))
    assert line.client.welcome == WELCOME
    assert line.answer(request, SyncPage(cursor="d")) == [Sync("c")]
    assert line.client.pending() == {}


def test_an_answer_is_joined_to_its_question_in_whatever_order_they_come() -> None:
    line = Line().connect()
    ids, packet = line.client.requests([Sync("a"), Sync("b")])

    assert [frame.id for frame in line.server.receive(packet)] == ids
    assert list(line.client.pending()) == ids
    assert line.answer(ids[1], SyncPage()) == [Sync("b")]
    assert line.answer(ids[0], SyncPage()) == [Sync("a")]


def test_an_answer_nobody_waits_for_and_a_push_answer_no_command() -> None:
    line = Line().connect()
    request, _ = line.client.request(Sync())
    assert line.client.forget(request) == Sync()
    assert line.client.forget(request) is None

    assert line.answer(request, SyncPage()) == [None]
    assert line.answer(0, Resync()) == [None]


def test_marks_and_signals_want_no_answer() -> None:
    line = Line().connect()

    ids, packet = line.client.requests([MarkRequest(HERE, 3), SignalRequest(HERE, "typing")])

    assert ids == [0, 0]
    assert [frame.id for frame in line.server.receive(packet)] == [0, 0]
    assert line.client.pending() == {}


def test_a_receipt_is_joined_to_its_submission() -> None:
    line = Line().connect()
    request, _ = line.client.request(Ping())
    submitted = Submitted(UserId("a"), ClientMsgId("c"), 5, MessageId(9), 17, 5, 0)

    (received,) = line.client.receive(PROTO_SERVER.receipt(request, HERE, submitted))

    assert received.command == Ping()


def test_nothing_is_asked_before_the_server_has_let_us_in() -> None:
    line = Line()
    with pytest.raises(RuntimeError, match="NEW takes no requests"):
        line.client.request(Ping())
    line.client.connect(Connect("token"))
    with pytest.raises(RuntimeError, match="CONNECTING takes no requests"):
        line.client.requests([Ping()])
    with pytest.raises(RuntimeError, match="CONNECTING cannot connect"):
        line.client.connect(Connect("token"))


def test_ids_begin_again_after_the_last_one_and_never_are_zero() -> None:
    line = Line().connect()
    line.client._last_id = 2**32 - 2

    assert [line.client.request(Ping())[0] for _ in range(2)] == [2**32 - 1, 1]


def test_a_ping_is_due_when_nothing_was_sent_for_the_heartbeats_interval() -> None:
    line = Line().connect()

    assert line.client.heartbeat(100.0) is None
    assert line.client.heartbeat(129.9) is None
    packet = line.client.heartbeat(130.0)
    assert packet is not None
    assert [frame.command for frame in line.server.receive(packet)] == [Ping()]
    assert line.client.heartbeat(131.0) is None


def test_anything_that_is_sent_is_a_heartbeat() -> None:
    line = Line().connect()
    line.client.heartbeat(100.0)
    line.client.request(Sync())

    assert line.client.heartbeat(130.0) is None
    assert line.client.heartbeat(159.0) is None
    assert line.client.heartbeat(160.0) is not None


def test_a_server_not_heard_for_two_and_a_half_intervals_is_gone() -> None:
    line = Line().connect()
    assert not line.client.is_silent(100.0)
    assert not line.client.is_silent(175.0)
    assert line.client.is_silent(175.1)

    line.answer(0, Resync())
    assert not line.client.is_silent(175.2)


def test_before_the_welcome_nobody_is_pinged_or_missed() -> None:
    client = ClientEnd(PROTO_CLIENT)

    assert client.heartbeat(1e9) is None
    assert not client.is_silent(1e9)


def test_after_a_goaway_requests_still_may_be_made() -> None:
    line = Line().connect()
    line.server.drain()
    line.answer(0, GoAway(5_000))

    request, packet = line.client.request(Sync())

    assert line.client.state is State.GOING_AWAY
    assert [frame.id for frame in line.server.receive(packet)] == [request]


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 3000, 4100, 5000, *(c for c in CloseCode if c.resumable)])
def test_most_closes_mean_connect_again(code: int) -> None:
    assert after_close(code) is AfterClose.RESUME


def test_a_refused_token_means_refresh_it_and_the_other_terminal_codes_stop() -> None:
    terminal = {code: after_close(code) for code in CloseCode if not code.resumable}

    assert terminal.pop(CloseCode.NOT_AUTHENTICATED) is AfterClose.REFRESH
    assert set(terminal.values()) == {AfterClose.STOP}
    assert after_close(4999) is AfterClose.STOP


def failed(code: ErrorCode, *, permanent: bool = True) -> ErrorReply:
    return ErrorReply(int(code), code.name.lower(), "", 0, permanent)


@pytest.mark.parametrize(
    ("code", "then"),
    [
        (ErrorCode.TOKEN_EXPIRED, AfterClose.REFRESH),
        (ErrorCode.TOKEN_REVOKED, AfterClose.STOP),
        (ErrorCode.INVALID_FIELD, AfterClose.STOP),
    ],
)
def test_without_a_close_code_the_refusal_of_the_connect_decides(code: ErrorCode, then: AfterClose) -> None:
    line = Line()
    request, _ = line.client.connect(Connect("token"))
    line.answer(request, failed(code))

    assert line.client.closed(None) is then
    assert line.client.state is State.CLOSED


def test_without_a_close_code_a_packet_the_server_could_not_read_stops() -> None:
    line = Line().connect()
    line.answer(0, failed(ErrorCode.MALFORMED_FRAME))

    assert line.client.closed(1006) is AfterClose.STOP


@pytest.mark.parametrize(
    "last",
    [failed(ErrorCode.NOT_A_MEMBER), failed(ErrorCode.UNAVAILABLE, permanent=False), GoAway(5), Resync()],
    ids=repr,
)
def test_a_line_that_breaks_after_anything_else_is_made_again(last: ServerEvent) -> None:
    """A mark that was refused has no id to answer either, and says nothing about the connection."""
    line = Line().connect()
    line.answer(0, last)

    assert line.client.closed(None) is AfterClose.RESUME


def test_the_close_code_counts_more_than_what_was_said_before() -> None:
    line = Line().connect()
    line.answer(0, failed(ErrorCode.MALFORMED_FRAME))

    assert line.client.closed(CloseCode.SLOW_CONSUMER) is AfterClose.RESUME
    assert line.client.closed(CloseCode.LOGGED_OUT) is AfterClose.STOP


def test_what_was_not_answered_is_told_at_the_end() -> None:
    line = Line().connect()
    request, _ = line.client.request(Sync())
    line.client.closed(None)

    assert line.client.pending() == {request: Sync()}


def test_what_the_server_refuses_reaches_the_one_who_asked() -> None:
    line = Line().connect()
    request, packet = line.client.request(Sync("x" * 1_000))
    (refused,) = line.server.receive(packet)

    assert isinstance(refused.command, Refused)
    error = refused.command.error
    assert line.answer(refused.id, ErrorReply(int(error.code), error.name, str(error), 0, error.permanent)) == [
        Sync("x" * 1_000)
    ]
    assert refused.id == request


def test_a_pong_answers_a_ping() -> None:
    line = Line().connect()
    request, _ = line.client.request(Ping())

    assert line.answer(request, Pong(5)) == [Ping()]
