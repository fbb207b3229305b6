"""Calls of integrators end in an answer or a coded error, in time, whatever the other end does."""

from collections.abc import AsyncIterator

import pytest

from hongyan.adapters.post.http import HttpPost
from hongyan.model.codes import AddressRefused, Unavailable
from hongyan.model.errors import SetupError
from hongyan.ports.webhooks import Call
from tests.flow.receiver import Receiver, receiving

LOCAL = ("127.0.0.0/8",)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """An integrator."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def post() -> AsyncIterator[HttpPost]:
    """What calls; this machine may be called."""
    async with HttpPost(LOCAL) as post:
        yield post


def call(url: str, timeout_s: float = 5.0) -> Call:
    return Call(url, {"content-type": "application/json", "webhook-id": "evt_1"}, b'{"x": 1}', timeout_s)


async def test_a_call_carries_its_headers_and_body_and_brings_the_answer(post: HttpPost, receiver: Receiver) -> None:
    receiver.answer = lambda _: (429, b"slowly")
    receiver.extra_headers = "retry-after: 17\r\n"
    reply = await post(call(receiver.url))
    assert (reply.status, reply.retry_after_s, reply.body) == (429, 17, b"slowly")
    (taken,) = receiver.taken
    assert (taken.headers["webhook-id"], taken.body) == ("evt_1", b'{"x": 1}')


async def test_a_redirect_is_an_answer_and_is_not_followed(post: HttpPost, receiver: Receiver) -> None:
    receiver.answer = lambda _: (302, b"")
    receiver.extra_headers = f"location: {receiver.url}\r\n"
    assert (await post(call(receiver.url))).status == 302
    assert len(receiver.taken) == 1


async def test_a_retry_after_that_is_a_date_is_passed_over(post: HttpPost, receiver: Receiver) -> None:
    receiver.extra_headers = "retry-after: Wed, 21 Oct 2026 07:28:00 GMT\r\n"
    assert (await post(call(receiver.url))).retry_after_s == 0


async def test_who_does_not_answer_in_time_is_not_waited_for(post: HttpPost, receiver: Receiver) -> None:
    receiver.hold.clear()
    with pytest.raises(Unavailable, match="no answer in"):
        await post(call(receiver.url, timeout_s=0.05))


async def test_an_endless_answer_is_cut_off(post: HttpPost, receiver: Receiver) -> None:
    receiver.answer = lambda _: (200, b"x" * 300_000)
    with pytest.raises(Unavailable, match="more than 262144 bytes"):
        await post(call(receiver.url))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nowhere.invalid/", "https://127.0.0.1:1/"])
async def test_nobody_there_is_a_coded_error(post: HttpPost, url: str) -> None:
    with pytest.raises(Unavailable):
        await post(call(url))


async def test_what_answers_with_something_else_is_a_coded_error(post: HttpPost, receiver: Receiver) -> None:
    with pytest.raises(Unavailable):
        await post(call(receiver.url.replace("http:", "https:"), timeout_s=0.2))


async def test_an_address_inside_is_not_even_connected_to(receiver: Receiver) -> None:
    async with HttpPost() as post:
        for url in (receiver.url, receiver.url.replace("127.0.0.1", "localhost")):
            with pytest.raises(AddressRefused):
                await post(call(url))
    assert receiver.taken == []


def test_what_is_no_network_is_refused_at_the_start() -> None:
    with pytest.raises(SetupError, match="allowed_networks"):
        HttpPost(("everything",))


async def test_the_address_that_the_operator_chose_is_called_wherever_it_is_and_no_other_port_of_it(
    receiver: Receiver,
) -> None:
    async with receiving() as other, HttpPost((), receiver.url) as post:
        assert (await post(call(receiver.url))).status == 204
        with pytest.raises(AddressRefused):
            await post(call(other.url))
