"""A question over HTTP, answered in JSON: log in, refresh, where to connect.

On the standard library, in a thread: a handful of small requests in the life of a client does not pay for a dependency.
"""

import asyncio
import urllib.error
import urllib.request
from typing import Any, TypeVar

import msgspec

from hongyan_client.errors import HttpError

T = TypeVar("T")

TIMEOUT_S = 15.0
MAX_ANSWER_BYTES = 1 << 20


class Problem(msgspec.Struct, frozen=True):
    """What an error's body says (RFC 9457), of it what a client acts upon."""

    detail: str = ""
    title: str = ""
    code: int = 0


async def call(method: str, url: str, kind: type[T], body: msgspec.Struct | None = None, *, token: str = "") -> T:
    """The answer to a request. Raises HttpError for an error's answer, for none in time, and for one that is not ours."""
    return await asyncio.to_thread(_call, method, url, kind, body, token)


def _call(method: str, url: str, kind: type[T], body: msgspec.Struct | None, token: str) -> T:
    request = urllib.request.Request(url, method=method)  # noqa: S310 - a server that the caller chose
    request.add_header("Accept", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.data = msgspec.json.encode(body)
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
            text = answer.read(MAX_ANSWER_BYTES)
        return msgspec.json.decode(text, type=kind) if kind is not type(None) else _nothing()
    except urllib.error.HTTPError as error:
        with error:
            problem = _problem(error.read(MAX_ANSWER_BYTES))
        sentence = problem.detail or problem.title or str(error.reason)
        raise HttpError(sentence, status=error.code, code=problem.code) from error
    except msgspec.MsgspecError as error:
        raise HttpError(f"{url} is no server of hongyan: {error}") from error
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise HttpError(f"{url} cannot be reached: {reason}") from error


def _nothing() -> Any:
    return None


def _problem(text: bytes) -> Problem:
    try:
        return msgspec.json.decode(text, type=Problem)
    except msgspec.MsgspecError:
        return Problem()
