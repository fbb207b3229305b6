"""What passes for a token, and what does not."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from hongyan.model.codes import TokenExpired, TokenInvalid
from hongyan.model.errors import HongyanError
from hongyan.model.ids import DeviceId, UserId
from hongyan.ports.users import SessionRow
from hongyan.services.users.secrets import Secrets, TokenKey, make_secrets
from hongyan.services.users.tokens import AccessTokens, Claims, RefreshTokens

NOW_S = 1_700_000_000
CLAIMS = Claims(UserId("alice"), DeviceId("phone"), "session")
SECRETS = Secrets((TokenKey("k1", bytes(range(32))), TokenKey("k0", bytes(range(50, 82)))), bytes(range(100, 132)))
TOKENS = AccessTokens(SECRETS, 900, lambda: NOW_S * 1_000)
HEADER = {"alg": "HS256", "typ": "at+jwt", "kid": "k1"}
PAYLOAD = {"iss": "hongyan", "sub": "alice", "did": "phone", "sid": "session", "iat": NOW_S, "exp": NOW_S + 900}


def part(value: Any) -> str:
    """A part of a JWT; bytes as they are."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(header: Any, payload: Any, key: bytes = SECRETS.access_keys[0].secret, digest: str = "sha256") -> str:
    """A token made by hand, signed rightly whatever it says."""
    said = f"{part(header)}.{part(payload)}"
    return f"{said}.{part(hmac.digest(key, said.encode(), digest))}"


def test_a_token_by_hand_passes_when_all_of_it_is_right() -> None:
    assert TOKENS.read(signed(HEADER, PAYLOAD)) == CLAIMS
    assert TOKENS.read(TOKENS.issue(CLAIMS)) == CLAIMS


def test_tokens_of_a_key_that_was_replaced_still_pass() -> None:
    before = AccessTokens(Secrets(SECRETS.access_keys[1:], SECRETS.refresh_secret), 900, lambda: NOW_S * 1_000)
    assert TOKENS.read(before.issue(CLAIMS)) == CLAIMS


RSA = RSAKey.generate_key(2048, {"kid": "k1"})
GOOD = signed(HEADER, PAYLOAD)
HEAD, BODY, SIGNATURE = GOOD.split(".")
FOREIGN = {
    "nothing": "",
    "no token": "hello",
    "two parts": f"{HEAD}.{BODY}",
    "four parts": f"{GOOD}.x",
    "no signature": f"{HEAD}.{BODY}.",
    "another's signature": f"{HEAD}.{BODY}.{TOKENS.issue(CLAIMS).split('.')[2]}",
    "a changed payload": f"{HEAD}.{part({**PAYLOAD, 'sub': 'bob'})}.{SIGNATURE}",
    "a changed header": f"{part({**HEADER, 'kid': 'k0'})}.{BODY}.{SIGNATURE}",
    "alg none": f"{part({**HEADER, 'alg': 'none'})}.{BODY}.",
    "alg None": f"{part({**HEADER, 'alg': 'None'})}.{BODY}.",
    "alg none, signed": signed({**HEADER, "alg": "none"}, PAYLOAD),
    "alg HS512": signed({**HEADER, "alg": "HS512"}, PAYLOAD, digest="sha512"),
    "alg HS384": signed({**HEADER, "alg": "HS384"}, PAYLOAD, digest="sha384"),
    "alg RS256": jwt.encode({**HEADER, "alg": "RS256"}, PAYLOAD, RSA, algorithms=["RS256"]),
    "alg by a public key": signed(HEADER, PAYLOAD, key=RSA.as_pem(private=False)),
    "no alg": signed({"typ": "at+jwt", "kid": "k1"}, PAYLOAD),
    "alg a list": signed({**HEADER, "alg": ["HS256"]}, PAYLOAD),
    "an embedded key": signed({**HEADER, "jwk": {"kty": "oct", "k": part(b"x" * 32)}}, PAYLOAD, key=b"x" * 32),
    "an unknown kid": signed({**HEADER, "kid": "k9"}, PAYLOAD),
    "no kid": signed({"alg": "HS256", "typ": "at+jwt"}, PAYLOAD),
    "a kid that is a path": signed({**HEADER, "kid": "../../dev/null"}, PAYLOAD, key=b""),
    "a kid that is a list": signed({**HEADER, "kid": ["k1"]}, PAYLOAD),
    "another key": signed(HEADER, PAYLOAD, key=b"x" * 32),
    "an empty key": signed(HEADER, PAYLOAD, key=b""),
    "the other key of ours": signed(HEADER, PAYLOAD, key=SECRETS.access_keys[1].secret),
    "another issuer": signed(HEADER, {**PAYLOAD, "iss": "elsewhere"}),
    "no issuer": signed(HEADER, {key: value for key, value in PAYLOAD.items() if key != "iss"}),
    "another type": signed({**HEADER, "typ": "JWT"}, PAYLOAD),
    "no type": signed({"alg": "HS256", "kid": "k1"}, PAYLOAD),
    "no end": signed(HEADER, {key: value for key, value in PAYLOAD.items() if key != "exp"}),
    "an end in words": signed(HEADER, {**PAYLOAD, "exp": "never"}),
    "an end that is true": signed(HEADER, {**PAYLOAD, "exp": True}),
    "an end that is no number": signed(HEADER, part({**PAYLOAD}).encode()),
    "nobody": signed(HEADER, {**PAYLOAD, "sub": None}),
    "a bad name": signed(HEADER, {**PAYLOAD, "sub": "a b"}),
    "no device": signed(HEADER, {key: value for key, value in PAYLOAD.items() if key != "did"}),
    "no session": signed(HEADER, {**PAYLOAD, "sid": 7}),
    "a payload that is a list": signed(HEADER, [PAYLOAD]),
    "a payload that is no JSON": signed(HEADER, b"{"),
    "a header that is a list": f"{part([HEADER])}.{BODY}.{SIGNATURE}",
    "a header that is no JSON": f"{part(b'{')}.{BODY}.{SIGNATURE}",
    "an unknown critical header": signed({**HEADER, "crit": ["exp"], "exp": 1}, PAYLOAD),
    "an unencoded payload": signed({**HEADER, "crit": ["b64"], "b64": False}, PAYLOAD),
    "not ASCII": "é.é.é",
    "a lone surrogate": "\ud800.a.b",
    "very long": "a" * 100_000,
    "long and signed": signed({**HEADER, "x": "y" * 2_000}, PAYLOAD),
}


@pytest.mark.parametrize("token", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_is_not_ours_in_every_part_is_refused(token: str) -> None:
    with pytest.raises(TokenInvalid):
        TOKENS.read(token)


def test_a_token_ends_at_its_second() -> None:
    assert TOKENS.read(signed(HEADER, {**PAYLOAD, "exp": NOW_S + 1})) == CLAIMS
    for exp in (NOW_S, NOW_S - 1, 0, -1):
        with pytest.raises(TokenExpired):
            TOKENS.read(signed(HEADER, {**PAYLOAD, "exp": exp}))


def test_the_reason_of_a_refusal_never_holds_the_token() -> None:
    for token in FOREIGN.values():
        with pytest.raises(TokenInvalid) as caught:
            TOKENS.read(token)
        assert len(token) < 10 or token not in str(caught.value)


@given(st.text(max_size=200) | st.from_regex(r"[\w-]{0,60}\.[\w-]{0,60}\.[\w-]{0,60}", fullmatch=True))
def test_no_text_does_more_than_be_refused(token: str) -> None:
    with pytest.raises(HongyanError):
        TOKENS.read(token)
    with pytest.raises(HongyanError):
        RefreshTokens(SECRETS).read(token)


@given(st.integers(0, len(GOOD) - 2), st.sampled_from("ABCDabcd0123-_.:"))
def test_no_single_character_may_change(position: int, character: str) -> None:
    # All but the last, of which base64 ignores two bits.
    changed = GOOD[:position] + character + GOOD[position + 1 :]
    if changed != GOOD:
        with pytest.raises(TokenInvalid):
            TOKENS.read(changed)


def session(session_id: str = "A" * 22, nonce: bytes = b"nonce", generation: int = 3) -> SessionRow:
    return SessionRow(session_id, UserId("alice"), DeviceId("phone"), "", 0, 0, 1, generation, nonce)


def test_a_refresh_token_names_its_session_and_generation_and_proves_them() -> None:
    tokens = RefreshTokens(SECRETS)
    claims = tokens.read(tokens.issue(session()))
    assert (claims.session_id, claims.generation) == ("A" * 22, 3)
    assert tokens.proves(claims, session())
    assert tokens.proves(claims, session(generation=9)), "an older one is genuine too: that is how reuse is told"


def test_a_refresh_token_is_written_in_one_way_only() -> None:
    tokens = RefreshTokens(SECRETS)
    token = tokens.issue(session())
    for other in (token + "=", token + "!", token.replace("hyr_", "hyr_!"), token.removeprefix("hyr_"), f" {token}"):
        with pytest.raises(TokenInvalid):
            tokens.read(other)


def test_a_refresh_token_is_worth_nothing_without_the_nonce_or_the_secret() -> None:
    tokens = RefreshTokens(SECRETS)
    claims = tokens.read(tokens.issue(session()))
    assert not tokens.proves(claims, session(nonce=b"other"))
    assert not tokens.proves(claims, session(session_id="B" * 22))
    assert not RefreshTokens(make_secrets()).proves(claims, session())
    forged = hashlib.sha256(b"guess").digest()
    assert not tokens.proves(type(claims)(claims.session_id, claims.generation, forged), session())


def test_a_key_is_not_made_of_nothing() -> None:
    assert OctKey.import_key(SECRETS.access_keys[0].secret).kid is None, "kid stands in our header, not in the key"
