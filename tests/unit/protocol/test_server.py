import sys

import pytest

from hongyan.model import commands as ask
from hongyan.model.codes import (
    InflatedTooLarge,
    InvalidField,
    MalformedFrame,
    NotAuthenticated,
    PacketTooLarge,
    WrongState,
)
from hongyan.model.ids import ClientMsgId, ConversationId
from hongyan.protocol.codec import PROTO_CLIENT, PROTO_SERVER
from hongyan.protocol.codec_content import text_content
from hongyan.protocol.frames import (
    ClientCommand,
    ClientFrame,
    Connect,
    GetEntries,
    GetGroup,
    GetMembers,
    GetPositions,
    Limits,
    MarkRequest,
    Ping,
    Refused,
    SignalRequest,
    Submit,
    Sync,
)
from hongyan.protocol.server import STRANGER_BYTES, ServerEnd, State

HERE = ConversationId("s:a:b")
WORK: list[ClientCommand] = [
    Submit(HERE, ClientMsgId("c"), ask.SendMessage(1, text_content("x"))),
    MarkRequest(HERE, 1),
    SignalRequest(HERE, "typing"),
    Sync(),
    GetEntries(HERE),
    GetMembers(HERE),
    GetGroup(HERE),
    GetPositions(HERE),
]


def new_end() -> ServerEnd:
    return ServerEnd(PROTO_SERVER, Limits())


def open_end() -> ServerEnd:
    end = new_end()
    send(end, Connect("token"))
    end.authenticated()
    return end


def send(end: ServerEnd, *commands: ClientCommand) -> list[ClientCommand]:
    packet = PROTO_CLIENT.encode([ClientFrame(9, command) for command in commands])
    return [frame.command for frame in end.receive(packet)]


def refusals(commands: list[ClientCommand]) -> list[type]:
    return [type(command.error) for command in commands if isinstance(command, Refused)]


def test_the_first_frame_is_a_connect() -> None:
    assert send(new_end(), Connect("token")) == [Connect("token")]


@pytest.mark.parametrize("command", WORK, ids=lambda command: type(command).__name__)
def test_nothing_else_is_allowed_before_it(command: ClientCommand) -> None:
    assert refusals(send(new_end(), command)) == [NotAuthenticated]


@pytest.mark.parametrize("command", WORK, ids=lambda command: type(command).__name__)
def test_nothing_is_allowed_while_the_token_is_looked_at(command: ClientCommand) -> None:
    end = new_end()

    assert refusals(send(end, Connect("token"), command)) == [NotAuthenticated]
    assert refusals(send(end, command)) == [NotAuthenticated]


@pytest.mark.parametrize("command", WORK, ids=lambda command: type(command).__name__)
def test_everything_is_allowed_once_the_token_was_accepted(command: ClientCommand) -> None:
    assert send(open_end(), command) == [command]


def test_a_ping_is_allowed_at_any_time() -> None:
    assert send(new_end(), Ping()) == [Ping()]
    assert send(new_end(), Connect("token"), Ping()) == [Connect("token"), Ping()]
    assert send(open_end(), Ping()) == [Ping()]


def test_a_second_connect_is_refused_and_says_in_which_state() -> None:
    end = new_end()
    _, second = send(end, Connect("token"), Connect("token"))
    end.authenticated()
    _, third = send(end, Ping(), Connect("token"))

    assert [str(command.error) for command in (second, third) if isinstance(command, Refused)] == [
        "connect is not allowed while the connection is authenticating.",
        "connect is not allowed while the connection is open.",
    ]
    assert refusals([second, third]) == [WrongState, WrongState]


def test_a_connect_that_is_not_valid_may_be_tried_again() -> None:
    end = new_end()

    assert refusals(send(end, Connect("x" * 5_000))) == [InvalidField]
    assert send(end, Connect("token")) == [Connect("token")]


def test_who_was_asked_to_go_may_finish_but_not_connect_again() -> None:
    end = open_end()
    end.drain()
    end.drain()

    assert end.state is State.DRAINING
    assert send(end, *WORK) == WORK
    assert refusals(send(end, Connect("token"))) == [WrongState]


def test_what_comes_after_the_end_is_nobodys() -> None:
    end = open_end()
    end.close()

    assert send(end, *WORK) == []
    assert end.receive(b"garbage") == []


def test_a_connection_that_closes_while_its_token_is_looked_at_stays_closed() -> None:
    end = new_end()
    send(end, Connect("token"))
    end.close()
    end.authenticated()
    end.drain()

    assert end.state is State.CLOSED


def test_nobody_is_let_in_who_did_not_ask() -> None:
    with pytest.raises(RuntimeError, match="AWAITING_CONNECT cannot become OPEN"):
        new_end().authenticated()


def test_strangers_get_little_room() -> None:
    large, bomb = bytes(STRANGER_BYTES + 1), PROTO_SERVER.compress(bytes(STRANGER_BYTES + 1))

    with pytest.raises(PacketTooLarge):
        new_end().receive(large)
    with pytest.raises(InflatedTooLarge):
        new_end().receive(bomb)
    assert send(new_end(), Connect("t" * 4_096)) == [Connect("t" * 4_096)]


def test_who_was_let_in_has_all_the_room_there_is() -> None:
    text = Submit(HERE, ClientMsgId("c"), ask.SendMessage(1, text_content("x" * 100_000)))
    end = open_end()

    assert send(end, text) == [text]
    end.drain()
    assert send(end, text) == [text]


def test_garbage_is_refused_in_every_state() -> None:
    for end in (new_end(), open_end()):
        with pytest.raises(MalformedFrame):
            end.receive(b"\xff")


def test_an_end_is_small() -> None:
    assert not hasattr(new_end(), "__dict__")
    assert sys.getsizeof(new_end()) < 100
