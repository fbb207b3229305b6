"""Addresses, free and held."""

import os
import socket
from collections.abc import Iterator

import pytest

from hongyan.cli.doctor.findings import Level
from hongyan.cli.doctor.sockets import check_port, holder_of


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_free_port_is_free_and_stays_so() -> None:
    for _ in range(2):
        assert check_port("ws", "127.0.0.1:0", 0).level is Level.OK


def test_a_held_port_is_told_with_its_holder_and_two_ways_out(taken: int) -> None:
    finding = check_port("ws", f"127.0.0.1:{taken}", 0)
    assert (finding.name, finding.level) == ("listen.ws", Level.BAD)
    assert f"process {os.getpid()} (" in finding.sentence
    assert f"kill {os.getpid()}" in finding.cure
    assert f"--set listen.ws=127.0.0.1:{taken + 1}" in finding.cure


def test_a_port_that_the_server_on_this_directory_holds_is_as_it_should_be(taken: int) -> None:
    finding = check_port("ws", f"127.0.0.1:{taken}", os.getpid())
    assert (finding.level, "is served by hongyan" in finding.sentence) == (Level.OK, True)


def test_a_holder_is_found_for_this_port_alone(taken: int) -> None:
    found = holder_of(taken)
    assert found is not None
    assert found.pid == os.getpid()
    with socket.create_server(("127.0.0.1", 0)) as other:
        free = other.getsockname()[1]
    assert holder_of(free) is None


def test_an_address_of_another_machine_is_told(taken: int) -> None:
    finding = check_port("http", f"192.0.2.1:{taken}", 0)
    assert (finding.level, "no address of this machine" in finding.sentence) == (Level.BAD, True)
    assert finding.cure == f"Choose another address: --set listen.http=0.0.0.0:{taken}."
