"""Groups over HTTP: making them, who is in, what they are called, who may speak."""

import hashlib
from typing import Any

from fastapi import APIRouter, Depends, Response

from hongyan.model.codes import (
    ConversationUnknown,
    GroupDismissed,
    GroupExists,
    GroupFull,
    InvalidField,
    LastOwner,
    PreconditionFailed,
    UserUnknown,
)
from hongyan.model.ids import ConversationId
from hongyan.protocol import frames
from hongyan.protocol.plain import Plain, event_value
from hongyan.rest.asking import (
    NAME_PATTERN,
    Asking,
    GroupPath,
    IfMatch,
    UserPath,
    conversation_of,
    group_of,
    reading,
    submitting,
)
from hongyan.rest.desk import Desk, beside, check_match, json_response
from hongyan.rest.openapi import json_body, object_of, of_contract, reads, submits
from hongyan.rest.services import Services

_USER = {"type": "string", "pattern": NAME_PATTERN}
_UNTIL = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1, "description": "Milliseconds since 1970."}
_ROLE = {"enum": ["admin", "member"]}


def groups_router(services: Services) -> APIRouter:
    """Everything about groups but the ways into them."""
    router = APIRouter(prefix="/api/v1/groups", tags=["groups"])
    desk, caller = Desk(services), Depends(submitting(services))
    _add_reading(router, services)
    _add_making(router, desk, caller)
    _add_members(router, desk, caller)
    _add_ranks(router, desk, caller)
    _add_settings(router, services, caller)
    return router


def _add_reading(router: APIRouter, services: Services) -> None:
    caller = Depends(reading(services))

    @router.get("/{group_id}", summary="How does a group stand?", response_class=Response, responses=reads("Group"))
    async def get_group(group_id: GroupPath, asking: Asking = caller) -> Response:
        """Its profile, rules and mutes; links and requests are shown to those who may answer them."""
        return json_response(await _group(services, asking, group_id))


async def _group(services: Services, asking: Asking, group_id: str) -> Plain:
    return event_value(await services.conversations.group(asking.user_id, frames.GetGroup(group_of(group_id))))


def _add_making(router: APIRouter, desk: Desk, caller: Any) -> None:
    making = object_of(
        ["name"],
        group_id=_USER,
        name={"$ref": "#/components/schemas/CreateGroupInput/properties/name"},
        member_ids={"$ref": "#/components/schemas/CreateGroupInput/properties/member_ids"},
    )

    @router.post(
        "",
        status_code=201,
        summary="Make a group",
        responses=submits(GroupExists, GroupFull, GroupDismissed, UserUnknown),
        openapi_extra=json_body(making, {"group_id": "club", "name": "读书会", "member_ids": ["bob"]}),
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

    @router.delete(
        "/{group_id}", summary="Dismiss a group", response_class=Response, responses=submits(GroupDismissed, status=200)
    )
    async def dismiss_group(group_id: GroupPath, asking: Asking = caller) -> Response:
        """For its owner. Nobody speaks there any more; what was said stays to be read."""
        return await desk.submit(asking, group_of(group_id), {"dismiss_group": {}})


def _asked_group(group_id: str) -> ConversationId:
    try:
        return group_of(group_id)
    except ConversationUnknown as error:
        raise InvalidField(field="group_id", reason="1 to 32 of A-Z a-z 0-9 _ - are allowed") from error


def _made_group(asking: Asking) -> ConversationId:
    # A function of who asked for what, so that a retry means the same group.
    name = hashlib.blake2b(f"{asking.user_id}\n{asking.client_msg_id}".encode(), digest_size=16).hexdigest()
    return conversation_of(f"g:{name}")


def _add_members(router: APIRouter, desk: Desk, caller: Any) -> None:
    @router.post(
        "/{group_id}/members",
        status_code=201,
        summary="Take users in",
        responses=submits(GroupFull, GroupDismissed, UserUnknown),
        openapi_extra=json_body(of_contract("AddMembersInput"), {"member_ids": ["carol"]}),
    )
    async def add_members(group_id: GroupPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, group_of(group_id), {"add_members": await asking.body()})

    @router.delete(
        "/{group_id}/members/{user_id}",
        summary="Put a member out",
        response_class=Response,
        responses=submits(GroupDismissed, status=200),
    )
    async def remove_member(group_id: GroupPath, user_id: UserPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, group_of(group_id), {"remove_members": {"member_ids": [user_id]}})

    @router.post("/{group_id}/leave", status_code=201, summary="Leave", responses=submits(LastOwner))
    async def leave_group(group_id: GroupPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, group_of(group_id), {"leave_group": {}})

    @router.put(
        "/{group_id}/nickname",
        summary="Set my own name in the group",
        response_class=Response,
        responses=submits(GroupDismissed, status=200),
        openapi_extra=json_body(of_contract("SetNicknameInput"), {"nickname": "老王"}),
    )
    async def set_nickname(group_id: GroupPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, group_of(group_id), {"set_nickname": await asking.body("nickname")})


def _add_ranks(router: APIRouter, desk: Desk, caller: Any) -> None:
    @router.put(
        "/{group_id}/members/{user_id}/role",
        summary="Make an admin, or a member again",
        response_class=Response,
        responses=submits(GroupDismissed, UserUnknown, LastOwner, status=200),
        openapi_extra=json_body(object_of(["role"], role=_ROLE), {"role": "admin"}),
    )
    async def set_role(group_id: GroupPath, user_id: UserPath, asking: Asking = caller) -> Response:
        command = beside(await asking.body("role"), user_id=user_id)
        return await desk.submit(asking, group_of(group_id), {"set_role": command})

    @router.put(
        "/{group_id}/owner",
        summary="Give the group to another member",
        response_class=Response,
        responses=submits(GroupDismissed, UserUnknown, status=200),
        openapi_extra=json_body(of_contract("TransferOwnerInput"), {"user_id": "bob"}),
    )
    async def transfer_owner(group_id: GroupPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, group_of(group_id), {"transfer_owner": await asking.body("user_id")})

    mutes = submits(GroupDismissed, UserUnknown, status=200)

    @router.put(
        "/{group_id}/members/{user_id}/mute",
        summary="Keep a member silent until then",
        response_class=Response,
        responses=mutes,
        openapi_extra=json_body(object_of(["until_ms"], until_ms=_UNTIL), {"until_ms": 1_900_000_000_000}),
    )
    async def mute_member(group_id: GroupPath, user_id: UserPath, asking: Asking = caller) -> Response:
        command = beside(await asking.body("until_ms"), user_id=user_id)
        return await desk.submit(asking, group_of(group_id), {"mute_member": command})

    @router.delete(
        "/{group_id}/members/{user_id}/mute", summary="Let a member speak", response_class=Response, responses=mutes
    )
    async def unmute_member(group_id: GroupPath, user_id: UserPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, group_of(group_id), {"mute_member": {"user_id": user_id, "until_ms": 0}})


def _add_settings(router: APIRouter, services: Services, caller: Any) -> None:
    desk, changes = Desk(services), submits(GroupDismissed, PreconditionFailed, status=200)

    @router.put(
        "/{group_id}/mute",
        summary="Keep all members silent but some, or let them speak",
        response_class=Response,
        responses=submits(GroupDismissed, UserUnknown, status=200),
        openapi_extra=json_body(of_contract("MuteAllInput"), {"on": True, "allowed_ids": ["bob"]}),
    )
    async def mute_all(group_id: GroupPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, group_of(group_id), {"mute_all": await asking.body("on")})

    @router.patch(
        "/{group_id}",
        summary="Change name, avatar or announcement",
        response_class=Response,
        responses=changes,
        openapi_extra=json_body(of_contract("SetGroupProfileInput"), {"announcement": "周五见"}),
    )
    async def set_group_profile(group_id: GroupPath, if_match: IfMatch = None, asking: Asking = caller) -> Response:
        """What is left out stays as it is."""
        if if_match is not None:
            check_match(if_match, await _group(services, asking, group_id))
        return await desk.submit(asking, group_of(group_id), {"set_group_profile": await asking.body()})

    @router.patch(
        "/{group_id}/rules",
        summary="Change who may come in, add others, and call everybody",
        response_class=Response,
        responses=changes,
        openapi_extra=json_body(of_contract("SetGroupRulesInput"), {"join_policy": "approval"}),
    )
    async def set_group_rules(group_id: GroupPath, if_match: IfMatch = None, asking: Asking = caller) -> Response:
        """What is left out stays as it is."""
        if if_match is not None:
            check_match(if_match, await _group(services, asking, group_id))
        return await desk.submit(asking, group_of(group_id), {"set_group_rules": await asking.body()})
