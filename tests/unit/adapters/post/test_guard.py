"""What may be called: the world, and what the operator allows; however it is written."""

import ipaddress

import pytest
from httpcore2 import ConnectError

from hongyan.adapters.post.guard import GuardedBackend, Refused, may_call

INSIDE = (
    *(
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
    ),
    *("172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.0.1", "192.168.255.255", "198.18.0.1"),
    *("198.51.100.7", "203.0.113.5", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:0"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:101::"),
    *("fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "ff02::1", "2001:db8::1", "100::1", "2001::7f00:1"),
)
OUTSIDE = ("1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")
WRITTEN = (
    *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001"),
    *("localhost", "::1", "::ffff:127.0.0.1", "0", "0.0.0.0", "::", "10.1", "0xa000001", "012.0.0.1", "169.254.43518"),
)


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_that_are_not_out_in_the_world_are_refused(address: str) -> None:
    assert not may_call(address, ())


@pytest.mark.parametrize("address", OUTSIDE)
def test_addresses_of_the_world_may_be_called(address: str) -> None:
    assert may_call(address, ())


def test_a_network_that_the_operator_names_may_be_called_and_no_other() -> None:
    allowed = [ipaddress.ip_network("10.1.0.0/16")]
    assert may_call("10.1.2.3", allowed)
    assert may_call("::ffff:10.1.2.3", allowed)
    assert not may_call("10.2.2.3", allowed)


@pytest.mark.parametrize("host", WRITTEN)
async def test_it_does_not_matter_how_an_address_is_written(host: str) -> None:
    with pytest.raises((Refused, ConnectError)):
        await GuardedBackend(()).connect_tcp(host, 9, timeout=1.0)


async def test_a_name_that_nobody_knows_is_no_bug_of_ours() -> None:
    with pytest.raises(ConnectError):
        await GuardedBackend(()).connect_tcp("nowhere.invalid", 80, timeout=1.0)
