"""Server keys: made, told once, asked for at every call of an integrator."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from typing import Protocol

import msgspec

from hongyan.model.codes import InvalidField, KeyUnknown, NotAuthenticated, ScopeMissing, TokenInvalid
from hongyan.ports.admin import KeyRow, KeyStore
from hongyan.ports.clock import Clock

SCOPES = ("keys", "users", "tokens", "messages", "system", "webhooks", "bots", "filter", "reports")
"""What a key may: manage keys; make users; mint tokens; send as a user; send as the system; and so on."""

PREFIX = "hys_"  # so that whoever finds one in a log or a repository knows what it is
_KEY = re.compile(r"hys_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,64}")
_FRESH_MS = 1_000
_CACHED = 1_000


class MadeKey(msgspec.Struct, frozen=True):
    """A new key, with the text that is told once."""

    row: KeyRow
    text: str

    def __repr__(self) -> str:
        return f"MadeKey(row={self.row!r})"


class Asking(Protocol):
    """Whoever made the call: a key with its scopes."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """What it may."""
        ...


class Keys:
    """The service. A key that was revoked here is refused at once, one that was revoked by a command within a second."""

    def __init__(self, store: KeyStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._cached: dict[str, tuple[KeyRow, int]] = {}

    async def create(self, name: str, scopes: Sequence[str], maker: Asking | None = None) -> MadeKey:
        """A new key. `maker` is the key that asks, and may give no more than it has. Raises InvalidField, ScopeMissing."""
        if not name.strip() or not _NAME.fullmatch(name):
            raise InvalidField(field="name", reason="expected 1 to 64 characters on one line")
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            raise InvalidField(field="scopes", reason=f"expected some of {', '.join(SCOPES)}")
        for scope in scopes:
            if maker is not None and scope not in maker.scopes:
                raise ScopeMissing(scope=scope)
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        row = KeyRow(key_id, name, _digest(secret), tuple(dict.fromkeys(scopes)), self._clock())
        await self._store.add_key(row)
        return MadeKey(row, f"{PREFIX}{key_id}_{secret}")

    async def authenticate(self, text: str, scope: str) -> KeyRow:
        """The key of a text. Raises NotAuthenticated, TokenInvalid, ScopeMissing."""
        if not text:
            raise NotAuthenticated
        match = _KEY.fullmatch(text)
        row = await self._find(match[1]) if match else None
        # Compared even where there is none: how long it takes says nothing.
        is_right = hmac.compare_digest(row.digest if row else bytes(32), _digest(match[2] if match else ""))
        if row is None or not is_right or row.revoked_ms:
            raise TokenInvalid(reason="it is no server key, or one that was revoked")
        if scope not in row.scopes:
            raise ScopeMissing(scope=scope)
        return row

    async def list(self) -> Sequence[KeyRow]:
        """All keys, revoked ones too, in the order they were made."""
        return await self._store.keys()

    async def revoke(self, key_id: str) -> None:
        """Ends a key. Raises KeyUnknown."""
        self._cached.pop(key_id, None)
        if not await self._store.revoke_key(key_id, self._clock()):
            raise KeyUnknown(key_id=key_id)
        self._cached.pop(key_id, None)

    async def _find(self, key_id: str) -> KeyRow | None:
        now_ms = self._clock()
        cached = self._cached.get(key_id)
        if cached is not None and 0 <= now_ms - cached[1] < _FRESH_MS:
            return cached[0]
        row = await self._store.key(key_id)
        if row is not None:
            if len(self._cached) >= _CACHED:
                self._cached.clear()
            self._cached[key_id] = (row, now_ms)
        return row


def _digest(secret: str) -> bytes:
    # The secret is random and long: nothing slower than this is needed.
    return hashlib.sha256(secret.encode()).digest()
