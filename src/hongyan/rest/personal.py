"""A user's conversations as he wants to see them, over HTTP: the list, and what he sets for each."""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from hongyan.model.codes import EntryUnknown, ItemConflict, ItemsTooLarge, TooManyItems
from hongyan.model.ids import ConversationId, ConversationKind
from hongyan.model.personal import Hidden, Topic, hidden_key
from hongyan.protocol import frames
from hongyan.protocol.plain import Plain, entry_value
from hongyan.rest.accounts import Asked
from hongyan.rest.asking import (
    MAX_SEQ,
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
from hongyan.services.personal.listing import ListedConversation, ListFilters
from hongyan.services.personal.service import settings_changed

KindName = Literal["single", "group", "system", "self"]
Number = Annotated[int, Field(ge=0, le=MAX_SEQ)]
Label = Annotated[
    str, Field(max_length=32, pattern=r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$")
]
PUT_ERRORS = (ItemConflict, TooManyItems, ItemsTooLarge)
_PREFIX = "/api/v1/users/me/conversations"


class AskedSettings(Asked):
    """What to change; what is left out stays."""

    pin_order: Annotated[
        Number | None, Field(description="0: not pinned; else the higher stands above. The time in ms does well.")
    ] = None
    muted: bool | None = None
    muted_until_ms: Annotated[Number | None, Field(description="When the muting ends; 0: not by itself.")] = None
    hidden: Annotated[bool | None, Field(description="Out of the list until a new message comes.")] = None
    marked_unread: Annotated[bool | None, Field(description="Shown as unread though all is read.")] = None
    labels: Annotated[
        list[Label] | None,
        Field(max_length=20, description="All of them; different ones.", json_schema_extra={"uniqueItems": True}),
    ] = None


class SettingsAnswer(BaseModel):
    """How you want to see a conversation."""

    pin_order: int
    muted: Annotated[bool, Field(description="Whether it is muted now.")]
    muted_until_ms: Annotated[int, Field(description="When that ends; 0: not by itself.")]
    hidden: bool
    cleared_seq: Annotated[int, Field(description="Entries up to this one are gone for you.")]
    marked_unread: bool
    labels: list[str]


class ListedAnswer(BaseModel):
    """A conversation in your list."""

    conversation_id: str
    name: Annotated[str, Field(description="A group's name.")]
    seq: int
    countable: int
    time_ms: Annotated[int, Field(description="When something last happened there, in milliseconds since 1970.")]
    first_seq: Annotated[int, Field(description="The first entry that you may see and have not cleared.")]
    read_seq: int
    unread: int
    mentions: Annotated[int, Field(description="Unread messages that call you.")]
    mentions_more: Annotated[bool, Field(description="There may be others, further back.")]
    member: Annotated[bool, Field(description="False once you have left or were removed.")]
    settings: SettingsAnswer
    preview: Annotated[dict[str, Any] | None, Field(description="The last `Entry` that you see.")]


class ListAnswer(BaseModel):
    """A page of your list: pinned ones above, then by time."""

    conversations: list[ListedAnswer]
    cursor: Annotated[str, Field(description="For the next page; empty: that was the last.")]
    unread_total: Annotated[int, Field(description="In all conversations that are neither muted nor hidden.")]


def personal_router(services: Services) -> APIRouter:
    """The routes below /api/v1/users/me/conversations."""
    router = APIRouter(prefix=_PREFIX, tags=["my conversations"])
    _add_list(router, services)
    _add_settings(router, services)
    _add_deletions(router, services)
    return router


def _filters(
    label: Annotated[str, Query(max_length=32, description="With this label.")] = "",
    unread: Annotated[bool, Query(description="With something unread, or marked so.")] = False,  # noqa: FBT002 - a query
    pinned: Annotated[bool, Query(description="Pinned ones.")] = False,  # noqa: FBT002 - a query
    hidden: Annotated[bool, Query(description="Those that are hidden, instead of the others.")] = False,  # noqa: FBT002 - a query
    kind: Annotated[KindName | None, Query(description="Of this kind.")] = None,
) -> ListFilters:
    return ListFilters(label, unread, pinned, hidden, ConversationKind[kind.upper()] if kind else None)


def _add_list(router: APIRouter, services: Services) -> None:
    caller, listing = Depends(reading(services)), services.listing

    @router.get(
        "",
        summary="List my conversations as I want to see them",
        responses=reads("ListAnswer"),
        response_model=ListAnswer,
    )
    async def list_my_conversations(
        filters: Annotated[ListFilters, Depends(_filters)],
        cursor: Cursor = "",
        limit: Limit = 50,
        asking: Asking = caller,
    ) -> Response:
        """What moves while you page may come twice or not at all."""
        page = await listing.conversation_list(asking.user_id, cursor, filters, limit)
        lines = [_line(line) for line in page.conversations]
        value = {"conversations": lines, "cursor": page.cursor, "unread_total": page.unread_total}
        return json_response(value)

    @router.get(
        "/{conversation_id}",
        summary="One of my conversations, as the list has it",
        responses=reads("ListedAnswer"),
        response_model=ListedAnswer,
    )
    async def get_my_conversation(conversation_id: ConversationPath, asking: Asking = caller) -> Response:
        return json_response(_line(await listing.line(asking.user_id, conversation_of(conversation_id))))


def _add_settings(router: APIRouter, services: Services) -> None:
    caller, listing, personal = Depends(reading(services)), services.listing, services.personal

    @router.patch(
        "/{conversation_id}",
        summary="Pin, mute, hide, mark as unread, label",
        responses=reads("ListedAnswer", *PUT_ERRORS),
        response_model=ListedAnswer,
    )
    async def set_my_conversation(
        conversation_id: ConversationPath, asked: AskedSettings, asking: Asking = caller
    ) -> Response:
        """All of your devices are told."""
        wanted = conversation_of(conversation_id)
        line = await listing.line(asking.user_id, wanted)
        fields = asked.model_dump(exclude_none=True)
        if "labels" in fields:
            fields["labels"] = tuple(fields["labels"])
        if asked.hidden:
            fields["hidden_countable"] = line.countable
        await personal.change(
            asking.user_id, Topic.CONVERSATION, wanted, lambda known: settings_changed(known, **fields)
        )
        return json_response(_line(await listing.line(asking.user_id, wanted)))

    @router.post(
        "/{conversation_id}/clear",
        status_code=204,
        summary="Forget all that was said there until now, for me",
        responses=accepts(*PUT_ERRORS),
    )
    async def clear_my_conversation(conversation_id: ConversationPath, asking: Asking = caller) -> None:
        """The others keep it."""
        await _clear(services, asking, conversation_of(conversation_id))

    @router.delete(
        "/{conversation_id}",
        status_code=204,
        summary="Clear and hide a conversation",
        responses=accepts(*PUT_ERRORS),
    )
    async def delete_my_conversation(conversation_id: ConversationPath, asking: Asking = caller) -> None:
        """It comes back, empty, with a new message. You stay a member."""
        await _clear(services, asking, conversation_of(conversation_id), hidden=True)


async def _clear(services: Services, asking: Asking, conversation_id: ConversationId, *, hidden: bool = False) -> None:
    line = await services.listing.line(asking.user_id, conversation_id)
    fields: dict[str, object] = {"cleared_seq": line.seq, "marked_unread": False}
    if hidden:
        fields |= {"hidden": True, "hidden_countable": line.countable}
    await services.personal.change(
        asking.user_id, Topic.CONVERSATION, conversation_id, lambda known: settings_changed(known, **fields)
    )
    services.mark(asking.identity, frames.MarkRequest(conversation_id, line.seq, line.seq))


def _add_deletions(router: APIRouter, services: Services) -> None:
    caller, personal = Depends(reading(services)), services.personal

    @router.put(
        "/{conversation_id}/deleted/{seq}",
        status_code=204,
        summary="Delete an entry for me",
        responses=accepts(EntryUnknown, *PUT_ERRORS),
    )
    async def delete_for_me(conversation_id: ConversationPath, seq: SeqPath, asking: Asking = caller) -> None:
        """The others keep it; to take a message back from everybody, recall or delete it."""
        wanted = conversation_of(conversation_id)
        await entry_of(services.conversations, asking.user_id, wanted, seq)
        await personal.change(asking.user_id, Topic.HIDDEN, hidden_key(wanted, seq), lambda _: Hidden())

    @router.delete(
        "/{conversation_id}/deleted/{seq}",
        status_code=204,
        summary="Bring an entry back that I deleted for me",
        responses=accepts(*PUT_ERRORS),
    )
    async def restore_for_me(conversation_id: ConversationPath, seq: SeqPath, asking: Asking = caller) -> None:
        wanted = conversation_of(conversation_id)
        await services.conversations.visible(asking.user_id, wanted)
        await personal.change(asking.user_id, Topic.HIDDEN, hidden_key(wanted, seq), lambda _: None)


def _line(line: ListedConversation) -> Plain:
    settings = line.settings
    value: Plain = msgspec.to_builtins(line, builtin_types=(bytes,))
    value["settings"] = {
        "pin_order": settings.pin_order,
        "muted": value.pop("muted_now"),
        "muted_until_ms": settings.muted_until_ms,
        "hidden": settings.hidden and line.countable <= settings.hidden_countable,
        "cleared_seq": settings.cleared_seq,
        "marked_unread": settings.marked_unread,
        "labels": list(settings.labels),
    }
    value["preview"] = entry_value(line.preview) if line.preview else None
    return value
