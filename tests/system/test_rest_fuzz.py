"""Bad input over HTTP: whatever is asked, the answer is what OpenAPI says or a problem with a code, and never a 5xx."""

import http.client
import json
import re
import socket
import string
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.system.servers import Answer, Server

TRIES = 300
PROBLEM = {"type", "title", "status", "detail", "code", "name", "permanent", "request_id"}
TUNE = ("users.log_ins_per_minute=1000000", "users.user_log_ins_per_minute=1000000", "limits.request_timeout_s=3")


BODIED = {"/api/v1/users", "/api/v1/sessions", "/api/v1/sessions/refresh"}
"""Where strangers may send a body; who else does is asked for a token first."""


def named(path: str) -> str:
    """A path with a value in place of each of its parameters."""
    return re.sub(r"{\w+}", "1", path)


class Operation(msgspec.Struct, frozen=True):
    """One of /openapi.json. `fields` are its body's, by name with their JSON type."""

    method: str
    path: str
    fields: Mapping[str, str]
    statuses: Sequence[str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("fuzz")
    running = Server(folder / "data", folder / "server.log", TUNE)
    try:
        running.start().register("alice")
        yield running
        assert running.metric("hongyan_unauthenticated") == 0
        assert running.stop() == 0
        assert "Traceback" not in running.said.read_text()
        assert running.said.read_text().count("\n") < 20, "bad input is no news"
    finally:
        running.kill()


@pytest.fixture(scope="module")
def operations(server: Server) -> list[Operation]:
    found = server.ask("GET", "/openapi.json").json
    schemas = found["components"]["schemas"]
    operations = []
    for path, methods in found["paths"].items():
        for method, described in methods.items():
            body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            schema = schemas.get(body.get("$ref", "").rpartition("/")[2], {})
            properties = schema.get("properties", {}) if path in BODIED else {}
            fields = {name: of.get("type", "") for name, of in properties.items()}
            operations.append(Operation(method.upper(), path, fields, list(described["responses"])))
    assert len(operations) >= 10
    assert {operation.path for operation in operations if operation.fields} == BODIED
    return operations


def send(server: Server, raw: bytes, *, reads: bool = True) -> Answer:
    """Bytes on a connection of their own, and the answer to them."""
    with closing(socket.create_connection(("127.0.0.1", server.ports.http), timeout=10)) as line:
        try:
            line.sendall(raw)
        except ConnectionError:
            assert not reads, "it did not take the request in"
        response = http.client.HTTPResponse(line, method=raw[:8].split(b" ", maxsplit=1)[0].decode(errors="replace"))
        response.begin()
        with response:
            text = response.read()
    media_type = response.headers.get_content_type()
    return Answer(
        response.status, media_type, json.loads(text) if text and "json" in media_type else None, text.decode()
    )


def request(
    method: str,
    target: bytes,
    body: bytes = b"",
    headers: Sequence[tuple[bytes, bytes]] = (),
    kind: bytes = b"application/json",
) -> bytes:
    """A request as bytes, so that nothing mends it on the way."""
    lines = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: a", b"Connection: close"]
    if kind:
        lines.append(b"Content-Type: " + kind)
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(b"Content-Length: %d" % len(body))
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def fault_of(answer: Answer, statuses: Sequence[str] = ("4XX",)) -> str:
    """What is wrong with an answer; "" when nothing is."""
    if answer.status >= 500:
        return f"a {answer.status}: {answer.text[:300]}"
    if not any(status in (str(answer.status), f"{answer.status // 100}XX") for status in ("4XX", *statuses)):
        return f"a {answer.status} that OpenAPI does not know of"
    if answer.status >= 400:
        if answer.media_type != "application/problem+json" or not isinstance(answer.json, dict):
            return f"{answer.status} is no problem but {answer.media_type}: {answer.text[:300]}"
        if not set(answer.json) >= PROBLEM or answer.json["status"] != answer.status or answer.json["code"] < 1000:
            return f"a problem without its members: {answer.json}"
    return ""


def check(server: Server, raw: bytes, statuses: Sequence[str] = ("4XX",), *, reads: bool = True) -> Answer:
    """Sends, and judges the answer."""
    answer = send(server, raw, reads=reads)
    assert not fault_of(answer, statuses), f"{fault_of(answer, statuses)} to {raw[:300]!r}"
    return answer


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
ODD_TEXT = st.one_of(
    st.text(),
    st.text(st.characters(categories=["Cs", "Cc", "Co", "Cn"]), min_size=1),
    st.sampled_from(
        ["alice", "system", "", " ", "\0", "a" * 33, "a" * 5_000, "../..", "%00", "\ud800", "é", "ａlice", "-1"]
    ),
)
ANYTHING = ODD_TEXT | JSON


@settings(max_examples=TRIES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bodies_of_wrong_fields_and_types_are_answered_with_a_problem(
    server: Server, operations: list[Operation], data: st.DataObject
) -> None:
    for operation in operations:
        if operation.fields:
            body: dict[str, Any] = data.draw(
                st.fixed_dictionaries({}, optional=dict.fromkeys(operation.fields, ANYTHING))
            )
            body.update(data.draw(st.dictionaries(st.text(max_size=5), JSON, max_size=1)))
            raw = request(operation.method, operation.path.encode(), json.dumps(body).encode())
            check(server, raw, operation.statuses)


@settings(max_examples=TRIES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(st.binary(max_size=300), JSON.map(lambda value: json.dumps(value).encode())),
    kind=st.binary(max_size=20),
)
def test_bodies_that_are_no_object_or_no_json_are_answered_with_a_problem(
    server: Server, operations: list[Operation], body: bytes, kind: bytes
) -> None:
    named = bytes(byte for byte in kind if 32 <= byte < 127)
    for operation in operations:
        if operation.fields:
            for media_type in (b"application/json", named):
                raw = request(operation.method, operation.path.encode(), body, kind=media_type)
                assert check(server, raw, operation.statuses).status >= 400


def deep(opening: bytes, closing_: bytes, count: int) -> bytes:
    return opening * count + closing_ * count


BODIES = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a number": b"1e999999",
    "a huge number": b"1" * 60_000,
    "not a number": b'{"user_id": NaN}',
    "infinity": b'{"user_id": Infinity}',
    "half a surrogate pair": b'{"user_id": "\\ud800", "password": "\\udfff\\ud800xxxxxxx"}',
    "no UTF-8": b'{"user_id": "\xff\xfe", "password": "\xc3\x28xxxxxxxx"}',
    "UTF-16": '{"user_id": "alice"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "an unknown key": b'{"user_id": "new", "password": "correct horse", "role": "admin"}',
    "a prototype": b'{"__proto__": {"user_id": "a"}, "constructor": 1}',
    "deep lists": deep(b"[", b"]", 30_000),
    "deep objects": deep(b'{"a":', b"}", 8_000).replace(b":}", b":1}"),
    "a deep field": b'{"user_id": ' + deep(b"[", b"]", 25_000) + b"}",
    "an open deep list": b"[" * 60_000,
    "too large by one": b" " * 262_145,
    "ten megabytes": b"[" + b"1," * 5_000_000 + b"1]",
    "a form": b"user_id=alice&password=x",
    "XML": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
}


@pytest.mark.parametrize("name", BODIES)
def test_what_a_body_must_not_be(server: Server, operations: list[Operation], name: str) -> None:
    body = BODIES[name]
    for operation in operations:
        raw = request(operation.method, named(operation.path).encode(), body)
        answer = check(server, raw, operation.statuses, reads=len(body) < 1_000_000)
        assert answer.status >= 400 or not operation.fields
        if operation.fields and len(body) > 262_144:
            assert (answer.status, answer.json["name"]) == (413, "packet_too_large")


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"]
)
def test_other_methods_are_refused_with_those_that_are_allowed(
    server: Server, operations: list[Operation], method: str
) -> None:
    allowed = {(operation.path, operation.method) for operation in operations}
    for path in sorted({operation.path for operation in operations}):
        if (path, method) in allowed or (method == "HEAD" and (path, "GET") in allowed) or method == "CONNECT":
            continue
        answer = send(server, request(method, named(path).encode()))
        assert answer.status in (404, 405), (method, path, answer)
        assert method == "HEAD" or not fault_of(answer)
        if answer.status == 405 and method != "HEAD":
            assert answer.json["name"] == "method_not_allowed"


PATHS = st.one_of(
    st.text(string.printable, max_size=40),
    st.text(max_size=20),
    st.sampled_from(
        ["..", "%2e%2e%2f", "%00", "%ff%fe", "%", "%zz", "a" * 60_000, "//", "\\", ";a=b", "?a=b&" * 50, "#"]
    ),
)


@settings(max_examples=TRIES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=PATHS, prefix=st.sampled_from(["/", "/api/v1/", "/api/v1/devices/", "", "http://b/"]), is_alice=st.booleans()
)
def test_odd_paths_are_answered_with_a_problem(server: Server, path: str, prefix: str, is_alice: bool) -> None:
    target = (prefix + path).encode()
    known = [(b"Authorization", b"Bearer " + token_of(server).encode())] if is_alice else []
    for method in ("GET", "DELETE"):
        raw = request(method, target.replace(b"\r", b"").replace(b"\n", b"").replace(b" ", b"%20"), headers=known)
        check(server, raw, ("200", "204"))


def token_of(server: Server) -> str:
    """Made once a day's work."""
    if not hasattr(server, "kept_token"):
        server.kept_token = server.token("alice", "fuzz")  # type: ignore[attr-defined]  # lives as long as the server
    return str(server.kept_token)  # type: ignore[attr-defined]  # as above


HEADERS: list[tuple[bytes, bytes]] = [
    (b"Authorization", b""),
    (b"Authorization", b"Bearer"),
    (b"Authorization", b"Bearer "),
    (b"Authorization", b"Bearer \xff\xfe"),
    (b"Authorization", b"Basic YWxpY2U6eA=="),
    (b"Authorization", b"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9."),
    (b"Authorization", b"Bearer " + b"a." * 5_000),
    (b"Content-Length", b"-1"),
    (b"Content-Length", b"99999999999999999999999"),
    (b"Transfer-Encoding", b"gzip, chunked"),
    (b"Content-Encoding", b"gzip"),
    (b"Expect", b"100-continue, 417"),
    (b"X-Request-ID", b"\xff" * 100),
    (b"X-Forwarded-For", b"127.0.0.1, \xff"),
    (b"Host", b"evil\x00.example"),
    (b"Cookie", b"a=b; " * 5_000),
    (b"Accept", b"image/png"),
    (b"Range", b"bytes=0-99999999999999999999"),
    (b"Upgrade", b"websocket"),
    (b"X" * 60_000, b"y"),
]


@pytest.mark.parametrize(
    "header", HEADERS, ids=[f"{name[:20].decode()}-{number}" for number, (name, _) in enumerate(HEADERS)]
)
def test_odd_headers_are_answered_as_openapi_says(
    server: Server, operations: list[Operation], header: tuple[bytes, bytes]
) -> None:
    for operation in operations:
        path = named(operation.path).encode()
        answer = check(server, request(operation.method, path, headers=[header]), operation.statuses)
        if operation.path in ("/api/v1/users/me", "/api/v1/devices", "/api/v1/sessions/current"):
            assert answer.status >= 400


NO_REQUESTS = {
    "nothing of HTTP": b"hello\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,
    "a version of the future": b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
    "a line break in a header": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost a\r\n\r\n",
    "two lengths": b"POST /api/v1/users HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    "a length and chunks": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk without an end": b"POST /api/v1/users HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("name", NO_REQUESTS)
def test_what_is_no_request_is_answered_with_a_problem_too(server: Server, name: str) -> None:
    answer = check(server, NO_REQUESTS[name])
    assert answer.status >= 400


ENDLESS = {
    "a head": (b"GET /version HTTP/1.1\r\nHost: a\r\n", b"X-More: " + b"y" * 8_000 + b"\r\n"),
    "one header": (b"GET /version HTTP/1.1\r\nHost: a\r\nX-More: ", b"y" * 8_000),
    "a path": (b"GET /", b"y" * 8_000),
    "chunks": (
        b"POST /version HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1f40\r\n" + b"y" * 8_000 + b"\r\n",
    ),
    "a trailer": (
        b"POST /api/v1/users HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-More: ",
        b"y" * 8_000,
    ),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_has_no_end_is_cut_and_not_kept(server: Server, name: str) -> None:
    beginning, more = ENDLESS[name]
    before, sent = server.rss_bytes, 0
    with closing(socket.create_connection(("127.0.0.1", server.ports.http), timeout=10)) as line:
        line.sendall(beginning)
        try:
            while sent < 256 << 20:
                line.sendall(more * 16)
                sent += len(more) * 16
        except ConnectionError:
            pass
    assert sent < 64 << 20, "it goes on and on"
    assert server.rss_bytes - before < 16 << 20
    assert server.ask("GET", "/healthz").status == 200


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(500, "application/problem+json", {}, ""), "a 500"),
        (Answer(200, "application/json", {}, ""), "OpenAPI does not know"),
        (Answer(400, "text/plain", None, "no"), "is no problem"),
        (Answer(404, "application/problem+json", {"detail": "no"}, ""), "without its members"),
        (Answer(404, "application/problem+json", dict.fromkeys(PROBLEM, 404), ""), "without its members"),
    ],
)
def test_a_wrong_answer_would_be_seen(answer: Answer, fault: str) -> None:
    assert fault in fault_of(answer)
