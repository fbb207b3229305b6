"""What a user keeps for himself, over HTTP: drafts, notes about people, quiet hours, and all of it as items."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from hongyan.model.codes import ItemReadOnly
from hongyan.model.ids import UserId
from hongyan.model.personal import ME, MINUTES_OF_DAY, Contact, Draft, Item, Settings, Topic
from hongyan.protocol import frames
from hongyan.protocol.codec_personal import decode_value
from hongyan.protocol.plain import event_value, read_command
from hongyan.rest.accounts import Asked
from hongyan.rest.asking import (
    MAX_SEQ,
    PAGE,
    Asking,
    ConversationPath,
    Cursor,
    Limit,
    UserPath,
    conversation_of,
    reading,
)
from hongyan.rest.desk import json_response
from hongyan.rest.openapi import accepts, json_body, of_contract, reads
from hongyan.rest.personal import PUT_ERRORS, Label, Number
from hongyan.rest.services import Services
from hongyan.services.personal.service import Personal

Minute = Annotated[int, Field(ge=0, lt=MINUTES_OF_DAY, description="A minute of the local day.")]
Offset = Annotated[int, Field(ge=-840, le=840, description="How far your clock is ahead of UTC, in minutes.")]
Line = Annotated[str, Field(max_length=256, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


class AskedDraft(Asked):
    """What was begun and not sent."""

    text: Annotated[str, Field(max_length=20_000)]
    quote_seq: Annotated[Number, Field(description="The entry it will answer; 0: none.")] = 0
    time_ms: Number = 0


class DraftAnswer(BaseModel):
    """What was begun and not sent."""

    conversation_id: str
    text: str
    quote_seq: int
    time_ms: int


class DraftsAnswer(BaseModel):
    """Drafts, by conversation."""

    drafts: list[DraftAnswer]
    cursor: Annotated[str, Field(description="For the next page; empty: that was the last.")]


class AskedContact(Asked):
    """What you note about somebody."""

    remark: Annotated[Line, Field(description="A name of your own for him.")] = ""
    tags: Annotated[
        list[Label],
        Field(
            default_factory=list,
            max_length=20,
            description="Different ones.",
            json_schema_extra={"uniqueItems": True},
        ),
    ]
    note: Annotated[str, Field(max_length=1_000)] = ""


class ContactAnswer(BaseModel):
    """What you note about somebody."""

    user_id: str
    remark: str
    tags: list[str]
    note: str


class ContactsAnswer(BaseModel):
    """Notes about people, by user id."""

    contacts: list[ContactAnswer]
    cursor: Annotated[str, Field(description="For the next page; empty: that was the last.")]


class QuietHours(Asked):
    """Do not disturb from one minute of every day until before another; equal ones mean never."""

    quiet_from_min: Minute = 0
    quiet_to_min: Minute = 0
    utc_offset_min: Offset = 0


def items_router(services: Services) -> APIRouter:
    """The routes below /api/v1/users/me about what a user keeps."""
    router = APIRouter(prefix="/api/v1/users/me", tags=["my things"])
    _add_drafts(router, services)
    _add_contacts(router, services)
    _add_quiet_hours(router, services)
    _add_items(router, services)
    return router


def _add_drafts(router: APIRouter, services: Services) -> None:
    caller, personal = Depends(reading(services)), services.personal

    @router.get("/drafts", summary="List my drafts", responses=reads("DraftsAnswer"), response_model=DraftsAnswer)
    async def list_drafts(cursor: Cursor = "", limit: Limit = PAGE, asking: Asking = caller) -> Response:
        items, following = await _page(personal, asking.user_id, Topic.DRAFT, cursor, limit)
        return json_response({"drafts": [_draft(item) for item in items], "cursor": following})

    @router.put(
        "/drafts/{conversation_id}",
        status_code=204,
        summary="Keep what I began to write",
        responses=accepts(*PUT_ERRORS),
    )
    async def put_draft(conversation_id: ConversationPath, asked: AskedDraft, asking: Asking = caller) -> None:
        wanted = conversation_of(conversation_id)
        await services.conversations.visible(asking.user_id, wanted)
        draft = Draft(asked.text, asked.quote_seq, asked.time_ms)
        await personal.change(asking.user_id, Topic.DRAFT, wanted, lambda _: draft)

    @router.delete(
        "/drafts/{conversation_id}",
        status_code=204,
        summary="Let go of a draft",
        responses=accepts(*PUT_ERRORS),
    )
    async def delete_draft(conversation_id: ConversationPath, asking: Asking = caller) -> None:
        wanted = conversation_of(conversation_id)
        await personal.change(asking.user_id, Topic.DRAFT, wanted, lambda _: None)


def _add_contacts(router: APIRouter, services: Services) -> None:
    caller, personal = Depends(reading(services)), services.personal

    @router.get(
        "/contacts",
        summary="What do I note about people?",
        responses=reads("ContactsAnswer"),
        response_model=ContactsAnswer,
    )
    async def list_contacts(cursor: Cursor = "", limit: Limit = PAGE, asking: Asking = caller) -> Response:
        items, following = await _page(personal, asking.user_id, Topic.CONTACT, cursor, limit)
        return json_response({"contacts": [_contact(item) for item in items], "cursor": following})

    @router.put(
        "/contacts/{user_id}",
        status_code=204,
        summary="Note a name, tags and words about somebody",
        responses=accepts(*PUT_ERRORS),
    )
    async def put_contact(user_id: UserPath, asked: AskedContact, asking: Asking = caller) -> None:
        """Only you see them."""
        contact = Contact(asked.remark, tuple(asked.tags), asked.note)
        await personal.change(asking.user_id, Topic.CONTACT, user_id, lambda _: contact)

    @router.delete(
        "/contacts/{user_id}",
        status_code=204,
        summary="Forget what I noted about somebody",
        responses=accepts(*PUT_ERRORS),
    )
    async def delete_contact(user_id: UserPath, asking: Asking = caller) -> None:
        await personal.change(asking.user_id, Topic.CONTACT, user_id, lambda _: None)


def _add_quiet_hours(router: APIRouter, services: Services) -> None:
    caller, personal = Depends(reading(services)), services.personal

    @router.get(
        "/settings", summary="When am I not to be disturbed?", responses=reads("QuietHours"), response_model=QuietHours
    )
    async def get_settings(asking: Asking = caller) -> Response:
        found = await personal.get(asking.user_id, Topic.SETTINGS, ME)
        return json_response(_quiet_hours(found if isinstance(found, Settings) else Settings()))

    @router.put(
        "/settings", status_code=204, summary="Say when I am not to be disturbed", responses=accepts(*PUT_ERRORS)
    )
    async def put_settings(asked: QuietHours, asking: Asking = caller) -> None:
        settings = Settings(asked.quiet_from_min, asked.quiet_to_min, asked.utc_offset_min)
        await personal.change(asking.user_id, Topic.SETTINGS, ME, lambda _: settings)


def _add_items(router: APIRouter, services: Services) -> None:
    caller, personal = Depends(reading(services)), services.personal

    @router.get(
        "/items",
        summary="What of my things changed since a version?",
        responses=reads("ItemPage"),
        response_class=Response,
    )
    async def list_items(
        since_version: Annotated[int, Query(ge=0, le=MAX_SEQ)] = 0,
        cursor: Cursor = "",
        limit: Limit = PAGE,
        asking: Asking = caller,
    ) -> Response:
        """As `get_items` on a connection: for devices that keep a copy."""
        page = await personal.get_items(asking.user_id, frames.GetItems(since_version, cursor, limit))
        return json_response(event_value(page))

    @router.put(
        "/items",
        summary="Put some of my things",
        responses={**reads("ItemsChanged", ItemReadOnly, *PUT_ERRORS)},
        response_class=Response,
        openapi_extra=json_body(of_contract("PutItemsInput")),
    )
    async def put_items(asking: Asking = caller) -> Response:
        """As `put_items` on a connection: all of them or none."""
        asked = read_command("put_items", await asking.body(), services.limits)
        assert isinstance(asked, frames.PutItems)
        return json_response(event_value(await personal.put_items(asking.user_id, asked)))


async def _page(
    personal: Personal, user_id: UserId, topic: Topic, cursor: str, limit: int
) -> tuple[Sequence[Item], str]:
    """Items above a key, and the key for the next page."""
    items = [item for item in await personal.of_topic(user_id, topic) if item.key > cursor]
    page = items[:limit]
    return page, page[-1].key if len(items) > len(page) else ""


def _draft(item: Item) -> dict[str, object]:
    value = decode_value(Topic.DRAFT, item.value)
    assert isinstance(value, Draft)
    return {"conversation_id": item.key, "text": value.text, "quote_seq": value.quote_seq, "time_ms": value.time_ms}


def _contact(item: Item) -> dict[str, object]:
    value = decode_value(Topic.CONTACT, item.value)
    assert isinstance(value, Contact)
    return {"user_id": item.key, "remark": value.remark, "tags": list(value.tags), "note": value.note}


def _quiet_hours(settings: Settings) -> dict[str, int]:
    return {
        "quiet_from_min": settings.quiet_from_min,
        "quiet_to_min": settings.quiet_to_min,
        "utc_offset_min": settings.utc_offset_min,
    }
