"""Groups over HTTP."""

import hashlib
from typing import Any

from fastapi import APIRouter, Depends, Response

from hongyan.model.codes import ConversationUnknown, GroupExists, GroupFull, InvalidField, LastOwner, UserUnknown
from hongyan.model.ids import ConversationId
from hongyan.protocol.plain import Plain
from hongyan.rest.asking import NAME_PATTERN, Asking, GroupPath, UserPath, conversation_of, group_of, submitting
from hongyan.rest.desk import Desk
from hongyan.rest.openapi import json_body, submits
from hongyan.rest.services import Services

_USER = {"type": "string", "pattern": NAME_PATTERN}
_NAME = {
    "type": "string",
    "maxLength": 256,
    "pattern": r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$",
}


def groups_router(services: Services) -> APIRouter:
    """Making groups, and who is in."""
    router = APIRouter(prefix="/api/v1/groups")
    desk, caller = Desk(services), Depends(submitting(services))
    _add_making(router, desk, caller)
    _add_members(router, desk, caller)
    return router


def _add_making(router: APIRouter, desk: Desk, caller: Any) -> None:
    @router.post(
        "",
        status_code=201,
        tags=["groups"],
        summary="Make a group",
        responses=submits(GroupExists, GroupFull, UserUnknown),
        openapi_extra=json_body(
            _object(["name"], group_id=_USER, name=_NAME, member_ids=_users(0)),
            {"group_id": "club", "name": "读书会", "member_ids": ["bob"]},
        ),
    )
    async def create_group(asking: Asking = caller) -> Response:
        """Its conversation is `g:` and the id. Without `group_id` the server makes one, the same for the same key."""
        body = await asking.body()
        group_id = body.pop("group_id", None)
        if group_id is None:
            conversation_id = _made_group(asking)
        elif type(group_id) is str:
            conversation_id = _asked_group(group_id)
        else:
            raise InvalidField(field="group_id", reason="expected a string")
        return await desk.submit(asking, conversation_id, {"create_group": body})


def _add_members(router: APIRouter, desk: Desk, caller: Any) -> None:
    @router.post(
        "/{group_id}/members",
        status_code=201,
        tags=["groups"],
        summary="Take users in",
        responses=submits(GroupFull, UserUnknown),
        openapi_extra=json_body(_object(["member_ids"], member_ids=_users(1)), {"member_ids": ["carol"]}),
    )
    async def add_members(group_id: GroupPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, group_of(group_id), {"add_members": await asking.body()})

    @router.delete(
        "/{group_id}/members/{user_id}",
        tags=["groups"],
        summary="Put a member out",
        response_class=Response,
        responses=submits(status=200),
    )
    async def remove_member(group_id: GroupPath, user_id: UserPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, group_of(group_id), {"remove_members": {"member_ids": [user_id]}})

    @router.post(
        "/{group_id}/leave",
        status_code=201,
        tags=["groups"],
        summary="Leave",
        responses=submits(LastOwner),
    )
    async def leave_group(group_id: GroupPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, group_of(group_id), {"leave_group": {}})


def _object(required: list[str], **properties: Any) -> Plain:
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


def _users(least: int) -> Plain:
    return {"type": "array", "items": _USER, "minItems": least, "maxItems": 1_000}


def _asked_group(group_id: str) -> ConversationId:
    try:
        return group_of(group_id)
    except ConversationUnknown as error:
        raise InvalidField(field="group_id", reason="1 to 32 of A-Z a-z 0-9 _ - are allowed") from error


def _made_group(asking: Asking) -> ConversationId:
    # A function of who asked for what, so that a retry means the same group.
    name = hashlib.blake2b(f"{asking.user_id}\n{asking.client_msg_id}".encode(), digest_size=16).hexdigest()
    return conversation_of(f"g:{name}")
