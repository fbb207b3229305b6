"""A question over HTTP, answered in JSON or into a file: log in, refresh, where to connect, people, the account.

On the standard library, in a thread: a handful of small requests in the life of a client does not pay for a dependency.
"""

import asyncio
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
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


class Question(msgspec.Struct, frozen=True):
    """A request. `idempotency_key` is the same for every retry of the same thing."""

    method: str
    url: str
    body: msgspec.Struct | None = None
    token: str = ""
    idempotency_key: str = ""

    def __repr__(self) -> str:
        return f"Question({self.method} {self.url})"


async def call(method: str, url: str, kind: type[T], body: msgspec.Struct | None = None, *, token: str = "") -> T:
    """The answer to a request. Raises HttpError for an error's answer, for none in time, and for one that is not ours."""
    return await ask(Question(method, url, body, token), kind)


async def ask(question: Question, kind: type[T]) -> T:
    """The answer to a question. Raises HttpError as `call` does."""
    return await asyncio.to_thread(_ask, question, kind)


async def download(question: Question, path: Path) -> bytes:
    """Writes an answer of any size to a file that only its owner may read; gives its last line. Raises HttpError, OSError."""
    return await asyncio.to_thread(_download, question, path)


def _ask(question: Question, kind: type[T]) -> T:
    with _answered(question) as answer:
        text = answer.read(MAX_ANSWER_BYTES)
        return msgspec.json.decode(text, type=kind) if kind is not type(None) else _nothing()


def _download(question: Question, path: Path) -> bytes:
    last = b""
    with (
        os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file,
        _answered(question) as answer,
    ):
        for line in answer:
            file.write(line)
            last = line
    return last


@contextmanager
def _answered(question: Question) -> Iterator[Any]:
    """The answer, to be read inside. Raises HttpError, also for what the reading raises."""
    url = question.url
    try:
        with urllib.request.urlopen(_request(question), timeout=TIMEOUT_S) as answer:  # noqa: S310 - as in _request
            yield answer
    except urllib.error.HTTPError as error:
        with error:
            problem = _problem(error.read(MAX_ANSWER_BYTES))
        sentence = problem.detail or problem.title or str(error.reason)
        raise HttpError(sentence, status=error.code, code=problem.code) from error
    except msgspec.MsgspecError as error:
        raise HttpError(f"{url} is no server of hongyan: {error}") from error
    except (OSError, ValueError, HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise HttpError(f"{url} cannot be reached: {reason}") from error


def _request(question: Question) -> urllib.request.Request:
    request = urllib.request.Request(question.url, method=question.method)  # noqa: S310 - a server that the caller chose
    request.add_header("Accept", "application/json")
    if question.token:
        request.add_header("Authorization", f"Bearer {question.token}")
    if question.idempotency_key:
        request.add_header("Idempotency-Key", question.idempotency_key)
    if question.body is not None:
        request.data = msgspec.json.encode(question.body)
        request.add_header("Content-Type", "application/json")
    return request


def _nothing() -> Any:
    return None


def _problem(text: bytes) -> Problem:
    try:
        return msgspec.json.decode(text, type=Problem)
    except msgspec.MsgspecError:
        return Problem()
