"""Signatures that other people's libraries verify."""

import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from hongyan.model.errors import SetupError
from hongyan.services.webhooks.signing import check_secret, make_secret, signed_headers

BODY = '{"type": "message.sent", "data": "你好"}'.encode()


def test_the_example_of_the_specification_is_signed_as_it_says() -> None:
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_every_secret_that_signs_is_verified_and_no_other() -> None:
    newer, older, other = make_secret(), make_secret(), make_secret()
    headers = dict(signed_headers("evt_1", int(time.time()), BODY, [newer, older]))
    for secret in (newer, older):
        Webhook(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(newer).verify(BODY, headers | {"webhook-id": "evt_2"})
    with pytest.raises(WebhookVerificationError):
        Webhook(newer).verify(BODY, headers | {"webhook-timestamp": str(int(time.time()) - 1)})


def test_secrets_differ() -> None:
    assert len({make_secret() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "secret", ["", "secret", "whsec_", "whsec_not base64!", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
)
def test_what_is_no_secret_is_refused_at_the_start(secret: str) -> None:
    with pytest.raises(SetupError, match="check_secret"):
        check_secret(secret, "hooks.check_secret")
    check_secret(make_secret(), "hooks.check_secret")
