"""Who asks, and what every request may say beside its body: the dependencies that routes share."""

import secrets
from collections.abc import Callable, Coroutine
from typing import Annotated

import msgspec
from fastapi import Depends, Header, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import ClientDisconnect

from hongyan.model.codes import ConversationUnknown, InvalidField, NotAuthenticated
from hongyan.model.ids import ClientMsgId, ConversationId, UserId, parse_conversation_id
from hongyan.ports.link import Identity
from hongyan.protocol.plain import Plain, read_body
from hongyan.rest.services import Services
from hongyan.services.users.service import Users

MAX_PAGE = 200
PAGE = 100
"""How many are given when nobody says."""
MAX_SEQ = 2**53 - 1
NAME_PATTERN = "^[A-Za-z0-9_-]{1,32}$"

ConversationPath = Annotated[
    str,
    Path(
        pattern=r"^(s:[A-Za-z0-9_-]{1,32}:[A-Za-z0-9_-]{1,32}|[gnu]:[A-Za-z0-9_-]{1,32})$",
        description="`s:alice:bob` (two users, sorted), `g:group`, `n:user` (notices) or `u:user` (saved messages).",
        examples=["s:alice:bob"],
    ),
]
GroupPath = Annotated[str, Path(pattern=NAME_PATTERN, description="The group's id, without `g:`.", examples=["club"])]
UserPath = Annotated[str, Path(pattern=NAME_PATTERN, description="A user's id.", examples=["bob"])]
SeqPath = Annotated[int, Path(ge=1, le=MAX_SEQ, description="An entry's number in its conversation.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most.")]
Cursor = Annotated[str, Query(max_length=512, description="As the page before gave it; empty: from the start.")]

IfMatch = Annotated[
    str | None,
    Header(description="The ETag of what you read and mean to change; 412 if it is another now.", max_length=1_000),
]


class Asking(msgspec.Struct, frozen=True):
    """A request of a known user."""

    request: Request
    identity: Identity
    key: str = ""

    @property
    def user_id(self) -> UserId:
        """Who asks."""
        return self.identity.user_id

    @property
    def client_msg_id(self) -> ClientMsgId:
        """The name of what is submitted: the key of the request, or a new one."""
        return ClientMsgId(self.key or f"rest-{secrets.token_hex(12)}")

    async def body(self, *required: str) -> Plain:
        """The JSON object that was sent, with these fields at least. Raises InvalidField."""
        media_type = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            # A form of another site can be sent without asking the user; JSON cannot.
            raise InvalidField(field="body", reason="expected application/json")
        try:
            return read_body(await self.request.body(), required)
        except ClientDisconnect as error:
            raise InvalidField(field="body", reason="it did not come whole") from error


Caller = Callable[..., Coroutine[None, None, Asking]]
"""A dependency that gives the request of a known user."""


def authentication(users: Users) -> Callable[..., Coroutine[None, None, Identity]]:
    """The dependency of a route that gives its caller. Raises NotAuthenticated and what `Users.authenticate` raises."""
    bearer = HTTPBearer(auto_error=False, description="An access token of POST /api/v1/sessions.")

    async def authenticated(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> Identity:
        if credentials is None:
            raise NotAuthenticated
        return await users.authenticate(credentials.credentials)

    return authenticated


def reading(services: Services) -> Caller:
    """For routes that change nothing."""
    authenticated = authentication(services.users)

    async def reader(request: Request, identity: Annotated[Identity, Depends(authenticated)]) -> Asking:
        return Asking(request, identity)

    return reader


def submitting(services: Services) -> Caller:
    """For routes that submit a command."""
    authenticated = authentication(services.users)

    async def submitter(
        request: Request,
        identity: Annotated[Identity, Depends(authenticated)],
        key: Annotated[
            str | None,
            Header(
                alias="Idempotency-Key",
                pattern="^[A-Za-z0-9_.:-]{1,64}$",
                description="The same for every retry of the same thing: it is done once. It becomes the `client_msg_id`.",
            ),
        ] = None,
    ) -> Asking:
        return Asking(request, identity, key or "")

    return submitter


def conversation_of(text: str) -> ConversationId:
    """A path's conversation. Raises ConversationUnknown: what cannot be is not there."""
    try:
        return parse_conversation_id(text)
    except InvalidField as error:
        raise ConversationUnknown(conversation_id=text) from error


def group_of(name: str) -> ConversationId:
    """A path's group as its conversation."""
    return conversation_of(f"g:{name}")
