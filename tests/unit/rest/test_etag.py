"""Whatever is read twice is sent once."""

from collections.abc import Sequence

from starlette.types import Receive, Scope, Send

from hongyan.rest.etag import Tagged
from tests.unit.rest.asking import Asker
from tests.unit.rest.conftest import Edge
from tests.unit.rest.people import person


def answering(*bodies: bytes, status: int = 200) -> Asker:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"3")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number, body in enumerate(bodies, 1):
            await send({"type": "http.response.body", "body": body, "more_body": number < len(bodies)})

    return Asker(Tagged(app))


async def test_a_whole_answer_has_a_name_and_is_not_sent_to_whom_has_it() -> None:
    client = answering(b"abc")
    first = await client.ask("GET", "/api/v1/x")
    again = await client.ask("GET", "/api/v1/x", headers=[("if-none-match", first.headers["etag"])])
    assert (again.status, again.body, again.headers) == (304, b"", {"etag": first.headers["etag"]})
    other = await client.ask("GET", "/api/v1/x", headers=[("if-none-match", '"x"')])
    assert (other.status, other.body, other.headers["content-length"]) == (200, b"abc", "3")
    assert (await answering(b"abd").ask("GET", "/api/v1/x")).headers["etag"] != first.headers["etag"]


async def test_what_comes_in_parts_what_failed_and_what_changes_something_has_none() -> None:
    for client, method, path in (
        (answering(b"a", b"b"), "GET", "/api/v1/x"),
        (answering(b"abc", status=404), "GET", "/api/v1/x"),
        (answering(b"abc"), "POST", "/api/v1/x"),
        (answering(b"abc"), "GET", "/page"),
    ):
        answer = await client.ask(method, path, headers=[("if-none-match", "*")])
        assert "etag" not in answer.headers
        assert answer.status != 304
        assert answer.body in (b"ab", b"abc")


async def test_every_read_of_the_api_has_one_and_says_so(edge: Edge) -> None:
    alice = await person(edge, "alice")
    paths = (await edge.client.ask("GET", "/openapi.json")).json["paths"]
    reads: Sequence[str] = [path for path, methods in paths.items() if path.startswith("/api/") and "get" in methods]
    assert len(reads) > 20
    for path in reads:
        assert "304" in paths[path]["get"]["responses"], path
    for path in ("/users/me", "/users/me/profile", "/friends", "/conversations", "/sync"):
        first = await alice.ask("GET", path, status=200)
        await alice.ask("GET", path, status=304, if_none_match=first.headers["etag"])
