"""Who asks with a server key, and the words that routers for integrators share."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field

from hongyan.model.codes import InvalidField
from hongyan.ports.admin import KeyRow
from hongyan.services.admin.keys import Keys

MAX_PAGE = 200
_NUMBER = 2**63 - 1

NamePath = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{1,32}$", examples=["zoe"])]
WebhookPath = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{1,32}$", examples=["wh_0123456789abcdef"])]
NameText = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,32}$", examples=["alice"])]
OptionalName = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{0,32}$")]
ConversationText = Annotated[
    str,
    Field(
        pattern="^(s:[A-Za-z0-9_-]{1,32}:[A-Za-z0-9_-]{1,32}|[gn]:[A-Za-z0-9_-]{1,32})$",
        description="`s:alice:bob` (two users, sorted), `g:group` or `n:user`.",
        examples=["s:alice:bob"],
    ),
]
NumberPath = Annotated[int, Path(ge=1, le=_NUMBER)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most.")]
Cursor = Annotated[
    str, Query(pattern="^[0-9]{0,18}$", description="As the page before gave it; empty: from the start.")
]
NextCursor = Annotated[str, Field(description="For the next page; empty: this is the last.")]

Key = Callable[..., Coroutine[None, None, KeyRow]]
"""A dependency that gives the key that asks."""


def with_scope(keys: Keys, scope: str) -> Any:
    """The dependency of a route that only keys with a scope may call."""
    bearer = HTTPBearer(
        auto_error=False, scheme_name="ServerKey", description="A server key, made by `hongyan key create`."
    )

    async def authenticated(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> KeyRow:
        return await keys.authenticate(credentials.credentials if credentials else "", scope)

    return Depends(authenticated)


def number_in(cursor: str) -> int:
    """A cursor as the id to go on above. Raises InvalidField."""
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit()) or int(cursor) > _NUMBER:
        raise InvalidField(field="cursor", reason="it is not one that this server gave")
    return int(cursor)


def cursor_after(ids: list[int], limit: int) -> str:
    """What goes on after a page of these ids; empty when there were fewer than could be."""
    return str(ids[-1]) if len(ids) >= limit else ""
