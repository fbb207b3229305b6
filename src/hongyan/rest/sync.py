"""What changed, for clients without a socket: the same sync as on a connection, and a long poll of it."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from hongyan.model.codes import Overloaded
from hongyan.model.ids import UserId
from hongyan.protocol import frames
from hongyan.protocol.plain import event_value
from hongyan.rest.asking import PAGE, Asking, Limit, reading
from hongyan.rest.conversations import SyncCursor
from hongyan.rest.desk import json_response
from hongyan.rest.openapi import reads
from hongyan.rest.services import Services

MAX_WAIT_S = 60

Wait = Annotated[
    float,
    Query(
        ge=0,
        le=MAX_WAIT_S,
        allow_inf_nan=False,
        description="How many seconds to wait for something new when there is nothing.",
    ),
]


def sync_router(services: Services) -> APIRouter:
    """The polling fallback."""
    router = APIRouter(prefix="/api/v1")
    caller = Depends(reading(services))

    @router.get(
        "/sync",
        tags=["conversations"],
        summary="What changed since the cursor?",
        responses=reads("SyncPage", Overloaded),
        response_class=Response,
    )
    async def sync(cursor: SyncCursor = "", limit: Limit = PAGE, wait_s: Wait = 0, asking: Asking = caller) -> Response:
        """Conversations that changed, with their heads and previews; entries themselves come from history.

        Keep the cursor and ask again with it: at once while `more`. With `wait_s` an empty page is held back until something
        comes, so that one request after the other sees all without asking often.
        """
        wanted = frames.Sync(cursor, limit)
        if wait_s:
            return json_response(event_value(await _awaited(services, asking.user_id, wanted, wait_s)))
        return json_response(event_value(await services.conversations.sync(asking.user_id, wanted)))

    return router


async def _awaited(services: Services, user_id: UserId, wanted: frames.Sync, wait_s: float) -> frames.SyncPage:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    # Listening begins before the look: what comes between them rings.
    with services.wakes.listen(user_id) as bell:
        page = await services.conversations.sync(user_id, wanted)
        while not page.conversations and (left_s := deadline - loop.time()) > 0:
            if not await bell.rung(left_s):
                break
            page = await services.conversations.sync(user_id, wanted)
    return page
