"""Signatures as Standard Webhooks has them (https://www.standardwebhooks.com): who calls, when, and that nothing changed."""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence

_PREFIX = "whsec_"
_SECRET_BYTES = 32


def make_secret() -> str:
    """A new random secret, as receivers' libraries take it."""
    return _PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


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
