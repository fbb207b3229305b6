"""Friend requests, friends and blocks, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from hongyan.model.ids import parse_user_id
from hongyan.ports.link import Identity
from hongyan.rest.accounts import PROBLEMS, Asked, Milliseconds, UserIdText, authentication
from hongyan.rest.asking import Cursor, Limit, UserPath
from hongyan.rest.services import Services
from hongyan.services.relations.records import Related, Request, RequestsAsked, StateName, Wish
from hongyan.services.relations.service import Relations

RequestPath = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{1,64}$", description="A request's id.")]


class AskedRequest(Asked):
    """A wish to become friends."""

    user_id: UserIdText
    note: Annotated[str, Field(max_length=1_024, description="For him, at most 200 characters.")] = ""
    source: Annotated[
        str, Field(max_length=256, description="Where you found him, such as `handle` or a group's id.")
    ] = ""


class RequestAnswer(BaseModel):
    """A friend request."""

    request_id: str
    from_user_id: str
    to_user_id: str
    note: str
    source: str
    state: StateName
    created_ms: Milliseconds
    expires_ms: Milliseconds
    answered_ms: Annotated[int, Field(description="0 while nobody answered.")]


class RequestsAnswer(BaseModel):
    """Friend requests, newest first."""

    requests: list[RequestAnswer]
    cursor: Annotated[str, Field(description="For the next page; empty: that was the last.")]


class RelatedAnswer(BaseModel):
    """Users, ascending by id."""

    user_ids: list[str]
    cursor: Annotated[str, Field(description="For the next page; empty: that was the last.")]


class RelationAnswer(BaseModel):
    """What somebody is to you. Whether he blocks you is not told."""

    user_id: str
    friend: bool
    blocked: Annotated[bool, Field(description="That you block him.")]


def relations_router(services: Services) -> APIRouter:
    """The routes below /api/v1 about requests, friends and blocks."""
    router = APIRouter(prefix="/api/v1", responses=PROBLEMS, tags=["relations"])
    caller = Depends(authentication(services.users))
    _add_request_routes(router, services.relations, caller)
    _add_answer_routes(router, services.relations, caller)
    _add_friend_routes(router, services.relations, caller)
    return router


def _add_request_routes(router: APIRouter, relations: Relations, caller: Any) -> None:
    @router.post("/friend-requests", status_code=201, summary="Ask to become friends")
    async def send_friend_request(asked: AskedRequest, identity: Identity = caller) -> RequestAnswer:
        """Asking again renews the request that waits. Where he has asked you, you are friends at once."""
        wish = Wish(identity.user_id, parse_user_id(asked.user_id), asked.note, asked.source)
        return _request(await relations.ask(wish))

    @router.get("/friend-requests", summary="Friend requests to me, or of mine")
    async def list_friend_requests(
        *,
        sent: Annotated[bool, Query(description="Those of yours instead of those to you.")] = False,
        pending: Annotated[bool, Query(description="Only those without an answer.")] = False,
        limit: Limit = 100,
        cursor: Cursor = "",
        identity: Identity = caller,
    ) -> RequestsAnswer:
        asked = RequestsAsked(identity.user_id, not sent, pending, cursor, limit)
        page = await relations.requests(asked)
        return RequestsAnswer(requests=[_request(request) for request in page.requests], cursor=page.cursor)

    @router.get("/friend-requests/{request_id}", summary="A friend request")
    async def get_friend_request(request_id: RequestPath, identity: Identity = caller) -> RequestAnswer:
        return _request(await relations.request(identity.user_id, request_id))


def _add_answer_routes(router: APIRouter, relations: Relations, caller: Any) -> None:
    @router.post("/friend-requests/{request_id}/accept", summary="Become friends")
    async def accept_friend_request(request_id: RequestPath, identity: Identity = caller) -> RequestAnswer:
        return _request(await relations.accept(identity.user_id, request_id))

    @router.post("/friend-requests/{request_id}/refuse", summary="Do not become friends")
    async def refuse_friend_request(request_id: RequestPath, identity: Identity = caller) -> RequestAnswer:
        return _request(await relations.refuse(identity.user_id, request_id))

    @router.delete("/friend-requests/{request_id}", summary="Take a request back")
    async def withdraw_friend_request(request_id: RequestPath, identity: Identity = caller) -> RequestAnswer:
        return _request(await relations.withdraw(identity.user_id, request_id))


def _add_friend_routes(router: APIRouter, relations: Relations, caller: Any) -> None:
    @router.get("/friends", summary="My friends")
    async def list_friends(limit: Limit = 100, cursor: Cursor = "", identity: Identity = caller) -> RelatedAnswer:
        return _related(await relations.friends(identity.user_id, cursor, limit))

    @router.delete("/friends/{user_id}", status_code=204, summary="End a friendship")
    async def unfriend(user_id: UserPath, identity: Identity = caller) -> None:
        """Nobody is told."""
        await relations.unfriend(identity.user_id, parse_user_id(user_id))

    @router.get("/relations/{user_id}", summary="What is somebody to me?")
    async def get_relation(user_id: UserPath, identity: Identity = caller) -> RelationAnswer:
        other = parse_user_id(user_id)
        flags = await relations.flags(identity.user_id, other)
        return RelationAnswer(user_id=other, friend=flags.friend, blocked=flags.blocks)

    @router.get("/blocks", summary="Whom do I block?")
    async def list_blocks(limit: Limit = 100, cursor: Cursor = "", identity: Identity = caller) -> RelatedAnswer:
        return _related(await relations.blocks(identity.user_id, cursor, limit))

    @router.put("/blocks/{user_id}", status_code=204, summary="Block somebody")
    async def block_user(user_id: UserPath, identity: Identity = caller) -> None:
        """In force when this is answered: of what he sends after, nothing reaches you. He is not told until he writes."""
        await relations.block(identity.user_id, parse_user_id(user_id), on=True)

    @router.delete("/blocks/{user_id}", status_code=204, summary="Block somebody no more")
    async def unblock_user(user_id: UserPath, identity: Identity = caller) -> None:
        await relations.block(identity.user_id, parse_user_id(user_id), on=False)


def _request(request: Request) -> RequestAnswer:
    return RequestAnswer(
        request_id=request.request_id,
        from_user_id=request.from_user_id,
        to_user_id=request.to_user_id,
        note=request.note,
        source=request.source,
        state=request.state,
        created_ms=request.created_ms,
        expires_ms=request.expires_ms,
        answered_ms=request.answered_ms,
    )


def _related(related: Related) -> RelatedAnswer:
    return RelatedAnswer(user_ids=list(related.user_ids), cursor=related.cursor)
