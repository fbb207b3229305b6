"""The ways into a group over HTTP: links, and asking."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from hongyan.model.codes import (
    GroupDismissed,
    GroupFull,
    JoinClosed,
    JoinLinkInvalid,
    JoinRequestUnknown,
    TooManyJoinLinks,
    TooManyJoinRequests,
)
from hongyan.rest.asking import NAME_PATTERN, Asking, GroupPath, UserPath, group_of, submitting
from hongyan.rest.desk import Desk, beside
from hongyan.rest.openapi import json_body, object_of, of_contract, submits
from hongyan.rest.services import Services

LinkPath = Annotated[str, Path(pattern=NAME_PATTERN, description="A link's id, which is no secret.")]


def joining_router(services: Services) -> APIRouter:
    """Coming in."""
    router = APIRouter(prefix="/api/v1/groups/{group_id}", tags=["groups"])
    desk, caller = Desk(services), Depends(submitting(services))
    _add_links(router, desk, caller)
    _add_requests(router, desk, caller)
    return router


def _add_links(router: APIRouter, desk: Desk, caller: Any) -> None:
    link = {"link_id": "spring", "token": "a-long-random-secret", "expires_ms": 1_900_000_000_000, "uses": 20}

    @router.post(
        "/links",
        status_code=201,
        summary="Make a link by which others come in",
        responses=submits(GroupDismissed, TooManyJoinLinks),
        openapi_extra=json_body(of_contract("MakeJoinLinkInput"), link),
    )
    async def make_join_link(group_id: GroupPath, asking: Asking = caller) -> Response:
        """You make the token, a secret; the server keeps a hash of it. Put group and token into your URL or QR code."""
        return await desk.submit(asking, group_of(group_id), {"make_join_link": await asking.body()})

    @router.delete(
        "/links/{link_id}",
        summary="Revoke a link",
        response_class=Response,
        responses=submits(GroupDismissed, JoinLinkInvalid, status=200),
    )
    async def revoke_join_link(group_id: GroupPath, link_id: LinkPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, group_of(group_id), {"revoke_join_link": {"link_id": link_id}})

    @router.post(
        "/join",
        status_code=201,
        summary="Come in by a link",
        responses=submits(GroupDismissed, GroupFull, JoinClosed, JoinLinkInvalid),
        openapi_extra=json_body(of_contract("JoinByLinkInput"), {"token": link["token"]}),
    )
    async def join_by_link(group_id: GroupPath, asking: Asking = caller) -> Response:
        return await desk.submit(asking, group_of(group_id), {"join_by_link": await asking.body()})


def _add_requests(router: APIRouter, desk: Desk, caller: Any) -> None:
    @router.post(
        "/requests",
        status_code=201,
        summary="Ask to be let in",
        responses=submits(GroupDismissed, GroupFull, JoinClosed, TooManyJoinRequests),
        openapi_extra=json_body(of_contract("RequestJoinInput"), {"note": "我是隔壁班的小李"}),
    )
    async def request_join(group_id: GroupPath, asking: Asking = caller) -> Response:
        """An open group lets in at once."""
        return await desk.submit(asking, group_of(group_id), {"request_join": await asking.body()})

    @router.put(
        "/requests/{user_id}",
        summary="Let in who asked, or not",
        response_class=Response,
        responses=submits(GroupDismissed, GroupFull, JoinRequestUnknown, status=200),
        openapi_extra=json_body(object_of(["accept"], accept={"type": "boolean"}), {"accept": True}),
    )
    async def answer_join(group_id: GroupPath, user_id: UserPath, asking: Asking = caller) -> Response:
        command = beside(await asking.body("accept"), user_id=user_id)
        return await desk.submit(asking, group_of(group_id), {"answer_join": command})
