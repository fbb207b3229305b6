"""Who is there, for clients that poll; on a connection one watches and is told."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from hongyan.model.ids import parse_user_id
from hongyan.ports.link import Identity
from hongyan.rest.accounts import PROBLEMS, authentication
from hongyan.rest.services import Services

USERS_OF_A_CALL = 100


class PresenceAnswer(BaseModel):
    """Whether a user is there."""

    user_id: str
    online: bool
    last_seen_ms: Annotated[int, Field(description="When he was there last; 0: he is, or it is not known.")]


class PresencesAnswer(BaseModel):
    """Those of the users asked for whom you may see, in the order asked."""

    presences: list[PresenceAnswer]


def presence_router(services: Services) -> APIRouter:
    """The route below /api/v1 that is about presence."""
    router = APIRouter(prefix="/api/v1", responses=PROBLEMS, tags=["people"])
    caller = Depends(authentication(services.users))

    @router.get("/presences", summary="Who of some users is there?")
    async def list_presences(
        user_id: Annotated[list[str], Query(min_length=1, max_length=USERS_OF_A_CALL)], identity: Identity = caller
    ) -> PresencesAnswer:
        """Friends, and members of your groups that are not too large, as far as they show it."""
        asked = [parse_user_id(text) for text in user_id]
        found = await services.presence.see(identity.user_id, asked)
        rows = [
            PresenceAnswer(user_id=row.user_id, online=row.online, last_seen_ms=row.last_seen_ms)
            for row in found.presences
        ]
        return PresencesAnswer(presences=rows)

    return router
