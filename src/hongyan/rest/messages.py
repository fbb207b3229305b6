"""Saying something, and what happens to what was said, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from hongyan.model.codes import (
    AlreadyRecalled,
    Blocked,
    ContentRefused,
    ContentTooLarge,
    DifferentKind,
    EditTooLate,
    EntryUnknown,
    GroupDismissed,
    InvalidField,
    Muted,
    NotFriends,
    PreconditionFailed,
    RecallTooLate,
    TooManyPins,
    TooManyReactions,
    UserUnknown,
)
from hongyan.model.ids import ConversationId
from hongyan.protocol.plain import Plain
from hongyan.rest.asking import MAX_SEQ, Asking, ConversationPath, IfMatch, SeqPath, conversation_of, submitting
from hongyan.rest.desk import Desk, check_match
from hongyan.rest.history import entry_of
from hongyan.rest.openapi import entry_links, json_body, of_contract, submits
from hongyan.rest.services import Services

_FORWARD = {
    "type": "object",
    "required": ["conversation_id", "seq"],
    "additionalProperties": False,
    "properties": {
        "conversation_id": {
            "type": "string",
            "description": "Where the message is.",
            "pattern": "^[gns]:[A-Za-z0-9_:-]+$",
        },
        "seq": {"type": "integer", "minimum": 1, "maximum": MAX_SEQ},
    },
}
_HELLO = {"text": {"text": "hello 你好"}}
_SAYING = (ContentTooLarge, UserUnknown, Blocked, NotFriends, Muted, GroupDismissed, ContentRefused)

Emoji = Annotated[
    str,
    Path(
        min_length=1,
        max_length=16,
        pattern=r"^[^\s/\x00-\x1f\x7f-\x9f]+$",
        description="Any short text without spaces, percent-encoded.",
        examples=["👍"],
    ),
]


def messages_router(services: Services) -> APIRouter:
    """Everything that is done with messages."""
    router = APIRouter(prefix="/api/v1/conversations/{conversation_id}", tags=["messages"])
    desk, caller = Desk(services), Depends(submitting(services))
    _add_sending(router, services, caller)
    _add_changes(router, services, caller)
    _add_marks(router, desk, caller)
    return router


def _add_sending(router: APIRouter, services: Services, caller: Any) -> None:
    desk = Desk(services)

    @router.post(
        "/messages",
        status_code=201,
        summary="Send a message",
        responses=submits(*_SAYING, links=entry_links()),
        openapi_extra=json_body(of_contract("ContentInput"), _HELLO),
    )
    async def send_message(conversation_id: ConversationPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, conversation_of(conversation_id), {"message": await asking.body()})

    @router.post(
        "/forwards",
        status_code=201,
        summary="Send a message of another conversation on to this one",
        responses=submits(EntryUnknown, *_SAYING),
        openapi_extra=json_body(_FORWARD, {"conversation_id": "g:club", "seq": 7}),
    )
    async def forward_message(conversation_id: ConversationPath, asking: Asking = caller) -> Response:
        """It says where it came from, calls nobody and answers nothing there."""
        target = conversation_of(conversation_id)
        source, seq = _source(await asking.body())
        entry = await entry_of(services.conversations, asking.user_id, source, seq)
        return await desk.submit(asking, target, {"message": _forwarded(entry)})


def _source(body: Plain) -> tuple[ConversationId, int]:
    source, seq = body.get("conversation_id"), body.get("seq")
    if set(body) != {"conversation_id", "seq"}:
        raise InvalidField(field="body", reason="expected conversation_id and seq, and nothing else")
    if type(source) is not str:
        raise InvalidField(field="conversation_id", reason="expected a string")
    if type(seq) is not int or not 1 <= seq <= MAX_SEQ:
        raise InvalidField(field="seq", reason=f"expected 1 to {MAX_SEQ}")
    return conversation_of(source), seq


def _forwarded(entry: Plain) -> Plain:
    """An entry's message as one to send on. Raises EntryUnknown."""
    message: Plain | None = entry.get("message")
    if message is None:
        raise EntryUnknown(seq=entry["seq"])
    origin = {name: entry[name] for name in ("conversation_id", "seq", "message_id", "sender_id")}
    said = {name: value for name, value in message.items() if name not in ("mention", "quote")}
    return {"forward": origin} | said


def _add_changes(router: APIRouter, services: Services, caller: Any) -> None:
    desk = Desk(services)

    @router.put(
        "/entries/{seq}",
        summary="Say something else instead",
        response_class=Response,
        responses=submits(EntryUnknown, EditTooLate, DifferentKind, PreconditionFailed, *_SAYING, status=200),
        openapi_extra=json_body(of_contract("ContentInput"), _HELLO),
    )
    async def edit_message(
        conversation_id: ConversationPath, seq: SeqPath, if_match: IfMatch = None, asking: Asking = caller
    ) -> Response:
        """Your own message, of the same kind as before. An edit by a socket in the same moment is not seen by `If-Match`."""
        wanted = conversation_of(conversation_id)
        body = await asking.body()
        if if_match is not None:
            check_match(if_match, await entry_of(services.conversations, asking.user_id, wanted, seq))
        return await desk.submit(asking, wanted, {"edit_message": {"seq": seq, "content": body}})

    @router.delete(
        "/entries/{seq}",
        summary="Delete a message for everybody",
        response_class=Response,
        responses=submits(EntryUnknown, status=200),
    )
    async def delete_message(conversation_id: ConversationPath, seq: SeqPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, conversation_of(conversation_id), {"delete_message": {"seq": seq}})

    @router.post(
        "/entries/{seq}/recall",
        status_code=201,
        summary="Take a message back",
        responses=submits(EntryUnknown, AlreadyRecalled, RecallTooLate),
    )
    async def recall_message(conversation_id: ConversationPath, seq: SeqPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, conversation_of(conversation_id), {"recall": {"seq": seq}})


def _add_marks(router: APIRouter, desk: Desk, caller: Any) -> None:
    """Reactions and pins: putting what is there, or taking what is not, changes nothing."""
    reacts = submits(EntryUnknown, TooManyReactions, Muted, status=200)
    pins = submits(EntryUnknown, TooManyPins, status=200)

    @router.put("/entries/{seq}/reactions/{emoji}", summary="React", response_class=Response, responses=reacts)
    async def react(conversation_id: ConversationPath, seq: SeqPath, emoji: Emoji, asking: Asking = caller) -> Response:
        command = {"seq": seq, "emoji": emoji, "on": True}
        return await desk.submit(asking, conversation_of(conversation_id), {"react": command})

    @router.delete(
        "/entries/{seq}/reactions/{emoji}", summary="Take a reaction back", response_class=Response, responses=reacts
    )
    async def unreact(
        conversation_id: ConversationPath, seq: SeqPath, emoji: Emoji, asking: Asking = caller
    ) -> Response:
        command = {"seq": seq, "emoji": emoji, "on": False}
        return await desk.submit(asking, conversation_of(conversation_id), {"react": command})

    @router.put("/entries/{seq}/pin", summary="Pin a message for everybody", response_class=Response, responses=pins)
    async def pin(conversation_id: ConversationPath, seq: SeqPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, conversation_of(conversation_id), {"pin": {"seq": seq, "on": True}})

    @router.delete("/entries/{seq}/pin", summary="Unpin a message", response_class=Response, responses=pins)
    async def unpin(conversation_id: ConversationPath, seq: SeqPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, conversation_of(conversation_id), {"pin": {"seq": seq, "on": False}})
