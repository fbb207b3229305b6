"""What was said, over HTTP: history either way, and single entries."""

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from hongyan.model.codes import EntryUnknown, InvalidField
from hongyan.model.ids import ConversationId, UserId
from hongyan.protocol import frames
from hongyan.protocol.plain import Plain, entry_value, event_value
from hongyan.rest.asking import MAX_SEQ, Asking, ConversationPath, Cursor, Limit, SeqPath, conversation_of, reading
from hongyan.rest.desk import json_response
from hongyan.rest.openapi import reads
from hongyan.rest.services import Services
from hongyan.services.conversations.service import Conversations

_CURSOR = re.compile(r"([on])(0|[1-9][0-9]{0,15})", re.ASCII)

Direction = Annotated[
    Literal["older", "newer"], Query(description="Which way to go on from `seq`; a cursor says it by itself.")
]
Start = Annotated[
    int, Query(ge=0, le=MAX_SEQ, description="Entries before or after this one; 0: from the newest, or from the first.")
]


def history_router(services: Services) -> APIRouter:
    """What was said."""
    router = APIRouter(prefix="/api/v1/conversations/{conversation_id}")
    caller, conversations, listing = Depends(reading(services)), services.conversations, services.listing

    @router.get(
        "/entries",
        tags=["messages"],
        summary="Read history, either way",
        responses=reads("HistoryPage"),
        response_class=Response,
    )
    async def list_entries(
        conversation_id: ConversationPath,
        page: Annotated[frames.GetEntries, Depends(_page)],
        asking: Asking = caller,
    ) -> Response:
        """Entries ascend by seq whatever the direction. `cursor` goes on from the last page; at the newest it waits there.

        What the caller cleared or deleted for himself is left out.

        With `too_long_restart_seq` there is more between than is worth reading: the cursor starts again above it.
        """
        wanted = frames.GetEntries(conversation_of(conversation_id), page.seq, page.backward, page.limit)
        found = await listing.history(asking.user_id, wanted)
        value = event_value(found)
        value["cursor"] = _cursor(wanted, value)
        return json_response(value)

    @router.get(
        "/entries/{seq}",
        tags=["messages"],
        summary="Read one entry",
        responses=reads("Entry", EntryUnknown),
        response_class=Response,
    )
    async def get_entry(conversation_id: ConversationPath, seq: SeqPath, asking: Asking = caller) -> Response:
        entry = await entry_of(conversations, asking.user_id, conversation_of(conversation_id), seq)
        return json_response(entry)

    return router


async def _page(
    direction: Direction = "older", seq: Start = 0, cursor: Cursor = "", limit: Limit = 50
) -> frames.GetEntries:
    backward = direction == "older"
    if cursor:
        match = _CURSOR.fullmatch(cursor)
        if match is None or int(match[2]) > MAX_SEQ:
            raise InvalidField(field="cursor", reason="it is not one that this server gave")
        backward, seq = match[1] == "o", int(match[2])
    return frames.GetEntries(ConversationId(""), seq, backward, limit)


def _cursor(asked: frames.GetEntries, page: Plain) -> str:
    entries = page["entries"]
    if asked.backward:
        # Nothing is below the first of all, and 0 would mean the newest.
        return f"o{entries[0]['seq'] if entries else 1}"
    last = entries[-1]["seq"] if entries else page["too_long_restart_seq"] or asked.seq
    return f"n{last}"


async def entry_of(conversations: Conversations, user_id: UserId, conversation_id: ConversationId, seq: int) -> Plain:
    """One entry as a user may see it. Raises ConversationUnknown, EntryUnknown."""
    wanted = frames.GetEntries(conversation_id, seq + 1, backward=True, limit=1)
    page = await conversations.entries(user_id, wanted)
    entry = entry_value(page.entries[0]) if page.entries else {"seq": 0}
    if entry["seq"] != seq:
        raise EntryUnknown(seq=seq)
    return entry
