"""Who is online, over HTTP: a look, where a connection would watch."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from hongyan.model.codes import Overloaded
from hongyan.model.ids import parse_user_id
from hongyan.protocol.plain import event_value
from hongyan.rest.asking import NAME_PATTERN, Asking, reading
from hongyan.rest.desk import readable
from hongyan.rest.openapi import reads
from hongyan.rest.services import Services

UserIds = Annotated[
    list[Annotated[str, Field(pattern=NAME_PATTERN)]], Query(min_length=1, max_length=100, description="Whose.")
]


def presence_router(services: Services) -> APIRouter:
    """Presence."""
    router = APIRouter(prefix="/api/v1")
    caller = Depends(reading(services))

    @router.get(
        "/presence",
        tags=["presence"],
        summary="Who is online, and when were they last seen?",
        responses=reads("Presences", Overloaded),
        response_class=Response,
    )
    async def get_presence(user_id: UserIds, asking: Asking = caller) -> Response:
        """Those whom you may not see are left out."""
        users = tuple(parse_user_id(text) for text in user_id)
        return readable(asking, event_value(await services.presence.see(asking.user_id, users)))

    return router
