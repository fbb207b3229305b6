"""Passwords: argon2id on two threads of its own, and never more waiting than a bound."""

import asyncio
import secrets
import threading
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hongyan.model.codes import InvalidField, Overloaded

R = TypeVar("R")

THREADS = 2
LEAST_CHARACTERS = 8
MOST_BYTES = 1_024


def check_password(password: str) -> None:
    """Raises InvalidField for what cannot be a password."""
    if len(password) < LEAST_CHARACTERS:
        raise InvalidField(field="password", reason=f"at least {LEAST_CHARACTERS} characters are needed")
    if len(_prepared(password)) > MOST_BYTES:
        raise InvalidField(field="password", reason=f"at most {MOST_BYTES} bytes are allowed")


class Passwords:
    """Hashes and compares off the loop. `queue` bounds what runs and waits together."""

    def __init__(self, memory_kib: int, iterations: int, queue: int) -> None:
        self._hasher = PasswordHasher(time_cost=iterations, memory_cost=memory_kib, parallelism=1)
        # What nobody's password hashes to, with today's cost: comparing with it takes as long as with a real one.
        salt, digest = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
        self._nobodys = f"$argon2id$v=19$m={memory_kib},t={iterations},p=1${salt}${digest}"
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._room = threading.Semaphore(queue)

    async def hash(self, password: str) -> str:
        """A password's hash with its salt and cost. Raises Overloaded, InvalidField."""
        prepared = _prepared(password)
        return await self._run(lambda: self._hasher.hash(prepared))

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether this is the password; None, for a user that does not exist, takes as long and is False.

        Raises Overloaded, InvalidField.
        """
        prepared = _prepared(password)
        return await self._run(lambda: self._matches(prepared, password_hash or self._nobodys))

    def is_outdated(self, password_hash: str) -> bool:
        """Whether a hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    async def close(self) -> None:
        """Ends the threads after what runs."""
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)

    def _matches(self, prepared: bytes, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, prepared)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, function: Callable[[], R]) -> R:
        if not self._room.acquire(blocking=False):
            raise Overloaded(what="passwords", retry_after_ms=1_000)
        future = self._pool.submit(function)
        # Not when the caller is done, who may be cancelled: when the thread is.
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _future: "Future[R]") -> None:
        self._room.release()


def _prepared(password: str) -> bytes:
    """The bytes that are hashed: one form for what looks the same however it was typed (RFC 8265, section 4.2)."""
    try:
        return unicodedata.normalize("NFC", password).encode()
    except UnicodeEncodeError as error:
        raise InvalidField(field="password", reason="it is not Unicode text") from error
