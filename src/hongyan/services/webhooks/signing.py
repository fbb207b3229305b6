"""Signatures as Standard Webhooks has them (https://www.standardwebhooks.com): who calls, when, and that nothing changed."""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence

from hongyan.model.errors import SetupError

_PREFIX = "whsec_"
_SECRET_BYTES = 32
_LEAST_BYTES = 24


def make_secret() -> str:
    """A new random secret, as receivers' libraries take it."""
    return _PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def check_secret(secret: str, where: str) -> None:
    """Raises SetupError for what is no secret of enough random bytes."""
    try:
        size_bytes = len(b64decode(secret.removeprefix(_PREFIX), validate=True))
    except ValueError:
        size_bytes = 0
    if not secret.startswith(_PREFIX) or size_bytes < _LEAST_BYTES:
        raise SetupError(f"{where} has to be {_PREFIX} and the base64 of at least {_LEAST_BYTES} random bytes.")


def signed_headers(event_id: str, time_s: int, body: bytes, signing: Sequence[str]) -> Mapping[str, str]:
    """The headers of a call: one signature a secret, so that a receiver may still have the old one."""
    said = f"{event_id}.{time_s}.".encode() + body
    return {
        "content-type": "application/json",
        "user-agent": "hongyan",
        "webhook-id": event_id,
        "webhook-timestamp": str(time_s),
        "webhook-signature": " ".join(_signature(secret, said) for secret in signing),
    }


def _signature(secret: str, said: bytes) -> str:
    digest = hmac.digest(b64decode(secret.removeprefix(_PREFIX)), said, hashlib.sha256)
    return f"v1,{b64encode(digest).decode()}"
