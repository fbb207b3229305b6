"""Access tokens, which prove themselves, and refresh tokens, which are good once.

An access token is a JWT (RFC 7519, typed as in RFC 9068): HS256 and nothing else, a key of ours by `kid`, our issuer,
not expired. A refresh token is a session's id, its generation and a MAC over both and the session's nonce: whoever
holds only the database, or only the secret, cannot make one; and a genuine one of an older generation was used before.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OctKey

from hongyan.model.codes import TokenExpired, TokenInvalid
from hongyan.model.errors import HongyanError
from hongyan.model.ids import DeviceId, UserId, parse_device_id, parse_user_id
from hongyan.ports.clock import Clock
from hongyan.ports.users import SessionRow
from hongyan.services.users.secrets import Secrets

ISSUER = "hongyan"
REFRESH_PREFIX = "hyr_"  # so that whoever finds one in a log or a repository knows what it is
TYPE = "at+jwt"
SESSION_ID_BYTES = 16
_ALGORITHM = "HS256"
_TOKEN_CHARACTERS = 1_024  # ours have about 300; nothing longer is looked at
_REFRESH_BYTES = SESSION_ID_BYTES + 8 + 32


class Claims(msgspec.Struct, frozen=True):
    """Who a token speaks for, and by which session."""

    user_id: UserId
    device_id: DeviceId
    session_id: str


class RefreshClaims(msgspec.Struct, frozen=True):
    """What a refresh token says; true only if `proof` is the session's."""

    session_id: str
    generation: int
    proof: bytes


class AccessTokens:
    """Issues and reads access tokens of `ttl_s` seconds."""

    def __init__(self, secrets: Secrets, ttl_s: int, clock: Clock) -> None:
        self._keys = {key.kid: OctKey.import_key(key.secret) for key in secrets.access_keys}
        self._header = {"alg": _ALGORITHM, "typ": TYPE, "kid": secrets.access_keys[0].kid}
        self._ttl_s, self._clock = ttl_s, clock

    def issue(self, claims: Claims) -> str:
        """A token that is good from now on."""
        now_s = self._clock() // 1_000
        payload = {
            "iss": ISSUER,
            "sub": claims.user_id,
            "did": claims.device_id,
            "sid": claims.session_id,
            "iat": now_s,
            "exp": now_s + self._ttl_s,
        }
        return jwt.encode(self._header, payload, self._keys[self._header["kid"]], algorithms=[_ALGORITHM])

    def read(self, token: str) -> Claims:
        """Whom a token speaks for; whether the session ended is not asked here. Raises TokenInvalid, TokenExpired."""
        if len(token) > _TOKEN_CHARACTERS:
            raise TokenInvalid(reason="it is too long")
        try:
            found = jwt.decode(token, self._key_for, algorithms=[_ALGORITHM])
        except (JoseError, ValueError) as error:  # UnicodeEncodeError is a ValueError
            raise TokenInvalid(reason="its signature does not hold") from error
        if found.header.get("typ") != TYPE or found.claims.get("iss") != ISSUER:
            raise TokenInvalid(reason="it is no access token")
        expires_s = found.claims.get("exp")
        if type(expires_s) is not int:
            raise TokenInvalid(reason="it has no end")
        if expires_s * 1_000 <= self._clock():
            raise TokenExpired
        return _claims(found.claims)

    def _key_for(self, guest: GuestProtocol) -> OctKey:
        kid = guest.headers().get("kid")
        key = self._keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise ValueError("no key of ours")
        return key


def _claims(claims: jwt.Claims) -> Claims:
    user_id, device_id, session_id = claims.get("sub"), claims.get("did"), claims.get("sid")
    if not (isinstance(user_id, str) and isinstance(device_id, str) and isinstance(session_id, str)):
        raise TokenInvalid(reason="it names nobody")
    try:
        return Claims(parse_user_id(user_id), parse_device_id(device_id), session_id)
    except HongyanError as error:
        raise TokenInvalid(reason="it names nobody") from error


class RefreshTokens:
    """Makes and proves refresh tokens."""

    def __init__(self, secrets: Secrets) -> None:
        self._secret = secrets.refresh_secret

    def issue(self, session: SessionRow) -> str:
        """The token of a session's generation."""
        head = urlsafe_b64decode(session.session_id + "==") + session.generation.to_bytes(8, "big")
        return _written(head + self._proof(session, session.generation))

    def read(self, token: str) -> RefreshClaims:
        """What a token says. Raises TokenInvalid when it is none of ours."""
        try:
            whole = urlsafe_b64decode(token.removeprefix(REFRESH_PREFIX).encode("ascii") + b"==")[:_REFRESH_BYTES]
        except ValueError as error:
            raise TokenInvalid(reason="it is no refresh token") from error
        if len(whole) != _REFRESH_BYTES or _written(whole) != token:
            raise TokenInvalid(reason="it is no refresh token")
        session_id = urlsafe_b64encode(whole[:SESSION_ID_BYTES]).decode().rstrip("=")
        generation = int.from_bytes(whole[SESSION_ID_BYTES : SESSION_ID_BYTES + 8], "big")
        return RefreshClaims(session_id, generation, whole[SESSION_ID_BYTES + 8 :])

    def proves(self, claims: RefreshClaims, session: SessionRow) -> bool:
        """Whether we issued this token for this session, at whatever generation."""
        return hmac.compare_digest(claims.proof, self._proof(session, claims.generation))

    def _proof(self, session: SessionRow, generation: int) -> bytes:
        said = b"%s.%d.%s" % (session.session_id.encode(), generation, session.nonce)
        return hmac.digest(self._secret, said, hashlib.sha256)


def _written(refresh: bytes) -> str:
    return REFRESH_PREFIX + urlsafe_b64encode(refresh).decode().rstrip("=")
