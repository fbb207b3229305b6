"""What routers do with the contract's messages: submit commands, answer with what was read."""

from collections.abc import Mapping

import msgspec
from fastapi import Request, Response

from hongyan.model.codes import InvalidField, PreconditionFailed
from hongyan.model.ids import ConversationId, UserId
from hongyan.protocol import frames
from hongyan.protocol.plain import Plain, event_value, read_command
from hongyan.rest.asking import Asking
from hongyan.rest.etag import etag_of, names_etag
from hongyan.rest.services import Services


class Desk:
    """Bound to the services of this process."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def submit(self, asking: Asking, conversation_id: ConversationId, command: Plain) -> Response:
        """Submits a command, given by its name as in `Submit`, and answers with its receipt.

        Raises the coded error of a refusal.
        """
        services, client_msg_id = self._services, asking.client_msg_id
        named: Plain = {"conversation_id": conversation_id, "client_msg_id": client_msg_id, **command}
        submit = read_command("submit", named, services.limits)
        assert isinstance(submit, frames.Submit)
        try:
            # Whoever gave a key may be asking again, however late.
            submitted = await services.commands.submit(
                asking.user_id, conversation_id, client_msg_id, submit.command, resend=bool(asking.key)
            )
        finally:
            self._tell_allowance(asking.request, asking.user_id)
        value = event_value(frames.ReceiptReply(conversation_id, submitted))
        headers = {}
        if submitted.seq:
            headers["Location"] = f"/api/v1/conversations/{conversation_id}/entries/{submitted.seq}"
        return json_response(value, 201 if asking.request.method == "POST" else 200, headers)

    def _tell_allowance(self, request: Request, user_id: UserId) -> None:
        # draft-ietf-httpapi-ratelimit-headers-10
        may = self._services.allowance(user_id)
        request.state.headers = {
            "RateLimit-Policy": f'"submissions";q={may.burst};w={may.window_s}',
            "RateLimit": f'"submissions";r={may.remaining};t={may.reset_s}',
        }


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON of plain values."""
    return Response(msgspec.json.encode(value), status, headers, "application/json")


def readable(_asking: Asking, value: object) -> Response:
    """What a user read. Its ETag, and the 304 of one who has it, are made where every read passes: `etag.Tagged`."""
    return json_response(value)


def check_match(if_match: str, value: object) -> None:
    """Raises PreconditionFailed when the caller means to change something else than what is there now.

    What comes between this look and the change is not seen.
    """
    if not names_etag(if_match, etag_of(msgspec.json.encode(value))):
        raise PreconditionFailed


def beside(body: Plain, **path: str) -> Plain:
    """A body with what the path says. Raises InvalidField where the body says it too."""
    for name in path:
        if name in body:
            raise InvalidField(field=name, reason="the path says it")
    return {**body, **path}
