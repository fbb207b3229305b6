"""A user's conversations over HTTP: who is in, how far they have read, what passes by."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from hongyan.model.codes import EntryUnknown
from hongyan.model.ids import ConversationId, UserId, parse_user_id
from hongyan.protocol import frames
from hongyan.protocol.plain import event_value
from hongyan.rest.asking import (
    MAX_SEQ,
    NAME_PATTERN,
    PAGE,
    Asking,
    ConversationPath,
    Cursor,
    Limit,
    SeqPath,
    conversation_of,
    reading,
)
from hongyan.rest.desk import json_response
from hongyan.rest.history import entry_of
from hongyan.rest.openapi import accepts, reads
from hongyan.rest.services import Services

Position = Annotated[int, Field(ge=0, le=MAX_SEQ, description="0 leaves it as it is; it never goes back.")]
UserIds = Annotated[
    list[Annotated[str, Field(pattern=NAME_PATTERN)]],
    Query(default_factory=list, max_length=100, description="Whose; without it, those of the first hundred members."),
]
SyncCursor = Annotated[str, Query(pattern="^[0-9]{0,18}$", description="As the page before gave it; empty: all.")]


class AskedMark(BaseModel):
    """How far the caller has read and received."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)

    read_seq: Position = 0
    delivered_seq: Position = 0


class AskedSignal(BaseModel):
    """A passing sign."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)

    kind: Annotated[str, Field(pattern="^[A-Za-z0-9_.:-]{1,32}$", examples=["typing"])]


class ReaderAnswer(BaseModel):
    """A member, and whether he has read the entry."""

    user_id: str
    read_seq: int
    has_read: bool


class ReadersAnswer(BaseModel):
    """Members who could read an entry, its sender left out, by user id."""

    readers: list[ReaderAnswer]
    cursor: str
    more: bool


def conversations_router(services: Services) -> APIRouter:
    """Everything about conversations that is no message."""
    router = APIRouter(prefix="/api/v1/conversations")
    _add_lists(router, services)
    _add_positions(router, services)
    _add_marks(router, services)
    return router


def _add_lists(router: APIRouter, services: Services) -> None:
    caller, conversations = Depends(reading(services)), services.conversations

    @router.get(
        "",
        tags=["conversations"],
        summary="List my conversations, the one that changed last at the end",
        responses=reads("SyncPage"),
        response_class=Response,
    )
    async def list_conversations(cursor: SyncCursor = "", limit: Limit = PAGE, asking: Asking = caller) -> Response:
        page = await conversations.sync(asking.user_id, frames.Sync(cursor, limit))
        return json_response(event_value(page))

    @router.get(
        "/{conversation_id}",
        tags=["conversations"],
        summary="How does it stand?",
        responses=reads("Group"),
        response_class=Response,
    )
    async def get_conversation(conversation_id: ConversationPath, asking: Asking = caller) -> Response:
        """Of a group its name, rules, mutes, links and who asks to come in; of any what is pinned, and how I am in it."""
        wanted = frames.GetGroup(conversation_of(conversation_id))
        return json_response(event_value(await conversations.group(asking.user_id, wanted)))

    @router.get(
        "/{conversation_id}/members",
        tags=["conversations"],
        summary="List the members",
        responses=reads("MemberPage"),
        response_class=Response,
    )
    async def list_members(
        conversation_id: ConversationPath, cursor: Cursor = "", limit: Limit = 100, asking: Asking = caller
    ) -> Response:
        wanted = frames.GetMembers(conversation_of(conversation_id), cursor, limit)
        return json_response(event_value(await conversations.members(asking.user_id, wanted)))


def _add_positions(router: APIRouter, services: Services) -> None:
    caller, conversations = Depends(reading(services)), services.conversations

    @router.get(
        "/{conversation_id}/positions",
        tags=["conversations"],
        summary="How far have they read?",
        responses=reads("Positions"),
        response_class=Response,
    )
    async def list_positions(conversation_id: ConversationPath, user_id: UserIds, asking: Asking = caller) -> Response:
        users = tuple(parse_user_id(text) for text in user_id)
        wanted = frames.GetPositions(conversation_of(conversation_id), users)
        return json_response(event_value(await conversations.positions(asking.user_id, wanted)))

    @router.get(
        "/{conversation_id}/entries/{seq}/readers",
        tags=["conversations"],
        summary="Who has read this?",
        responses=reads("ReadersAnswer", EntryUnknown),
        response_model=ReadersAnswer,
    )
    async def list_readers(
        conversation_id: ConversationPath,
        seq: SeqPath,
        page: Annotated[tuple[str, int], Depends(_page)],
        asking: Asking = caller,
    ) -> Response:
        wanted = conversation_of(conversation_id)
        entry = await entry_of(conversations, asking.user_id, wanted, seq)
        members = await conversations.members(asking.user_id, frames.GetMembers(wanted, *page))
        others = {row.user_id for row in members.members if row.user_id != entry["sender_id"] and row.joined_seq <= seq}
        answer = ReadersAnswer(readers=[], cursor=members.cursor, more=members.more)
        if others:
            asked = frames.GetPositions(wanted, tuple(sorted(others)))
            found = await conversations.positions(asking.user_id, asked)
            answer.readers = [
                ReaderAnswer(user_id=row.user_id, read_seq=row.read_seq, has_read=row.read_seq >= seq)
                for row in sorted(found.positions, key=_user)
            ]
        return json_response(answer.model_dump())


async def _page(cursor: Cursor = "", limit: Limit = 100) -> tuple[str, int]:
    return cursor, limit


def _user(position: frames.Position) -> UserId:
    return position.user_id


def _add_marks(router: APIRouter, services: Services) -> None:
    caller = Depends(reading(services))

    @router.put(
        "/{conversation_id}/positions/me",
        status_code=204,
        tags=["conversations"],
        summary="Say how far I have read",
        responses=accepts(),
    )
    async def move_positions(conversation_id: ConversationPath, asked: AskedMark, asking: Asking = caller) -> None:
        """It holds within half a second; a higher mark of another device stays."""
        wanted = await _present(services, asking, conversation_id)
        services.mark(asking.identity, frames.MarkRequest(wanted, asked.read_seq, asked.delivered_seq))

    @router.post(
        "/{conversation_id}/signals",
        status_code=204,
        tags=["conversations"],
        summary="Give a passing sign, such as that I am typing",
        responses=accepts(),
    )
    async def signal(conversation_id: ConversationPath, asked: AskedSignal, asking: Asking = caller) -> None:
        """Not kept, and dropped first under pressure."""
        wanted = await _present(services, asking, conversation_id)
        services.signal(asking.identity, frames.SignalRequest(wanted, asked.kind))


async def _present(services: Services, asking: Asking, text: str) -> ConversationId:
    """The conversation of a path, if it is one of the caller's. Raises ConversationUnknown."""
    conversation_id = conversation_of(text)
    await services.conversations.visible(asking.user_id, conversation_id)
    return conversation_id
