"""Accounts, sessions and devices over HTTP."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from hongyan.model.ids import DeviceId, parse_device_id, parse_user_id
from hongyan.ports.link import Identity
from hongyan.rest.asking import authentication as authentication
from hongyan.rest.problems import PROBLEMS as PROBLEMS
from hongyan.rest.services import Services
from hongyan.services.departures.export import Exports
from hongyan.services.users.records import Farewell, Grant, LogIn, NewPassword, Platform, Registration
from hongyan.services.users.service import Users

UserIdText = Annotated[str, Field(max_length=256, description="1 to 32 of A-Z a-z 0-9 _ -", examples=["alice"])]
Password = Annotated[
    str, Field(max_length=4_096, description="At least 8 characters.", examples=["correct horse battery"])
]
Token = Annotated[str, Field(max_length=4_096)]
Milliseconds = Annotated[int, Field(description="Milliseconds since 1970.")]


class Asked(BaseModel):
    """What clients send: exactly these fields, of exactly these types."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class AskedRegistration(Asked):
    """A new account."""

    user_id: UserIdText
    password: Password


class AskedSession(Asked):
    """A device that wants to log in. Without `device_id` the server makes one; keep it for the next time."""

    user_id: UserIdText
    password: Password
    device_id: Annotated[str, Field(max_length=256, description="As a user id; empty: make one.")] = ""
    device_name: Annotated[str, Field(max_length=256, description="For people, at most 64 characters.")] = ""
    platform: Annotated[
        Platform,
        Field(description="What kind of device it is. A platform may have a limit; then the oldest gives way."),
    ] = ""


class AskedPassword(Asked):
    """Another password."""

    old_password: Password
    new_password: Password


class AskedDeletion(Asked):
    """The end of your account, which cannot be undone."""

    password: Password


class AskedRefresh(Asked):
    """A refresh token, for one use."""

    refresh_token: Token


class UserAnswer(BaseModel):
    """An account."""

    user_id: str
    created_ms: Milliseconds


class MeAnswer(UserAnswer):
    """Your account, and the device you ask from."""

    device_id: str


class GrantAnswer(BaseModel):
    """Tokens. Use the refresh token once, before or after the access token ends; the answer brings the next one."""

    user_id: str
    device_id: str
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind, not a token
    expires_in_s: int
    refresh_token: str


class DeviceAnswer(BaseModel):
    """A device that is logged in."""

    device_id: str
    name: str
    created_ms: Milliseconds
    refreshed_ms: Annotated[int, Field(description="When it last got tokens, in milliseconds since 1970.")]
    platform: Annotated[str, Field(description="`phone`, `tablet`, `desktop`, `web`, or empty.")]
    current: Annotated[bool, Field(description="Whether it is the one that asks.")]


class LoggedOutAnswer(BaseModel):
    """How many devices were logged out."""

    logged_out: int


class DevicesAnswer(BaseModel):
    """All of a user's devices that are logged in."""

    devices: list[DeviceAnswer]


def accounts_router(services: Services) -> APIRouter:
    """The routes below /api/v1 that belong to the users service."""
    router, users = APIRouter(prefix="/api/v1", responses=PROBLEMS), services.users
    caller = Depends(authentication(users))
    _add_open_routes(router, users)
    _add_own_routes(router, users, caller)
    _add_final_routes(router, users, caller)
    _add_export_route(router, services.exports, caller)
    return router


def _add_open_routes(router: APIRouter, users: Users) -> None:
    @router.post("/users", status_code=201, tags=["accounts"], summary="Register")
    async def register(asked: AskedRegistration, request: Request) -> UserAnswer:
        registration = Registration(parse_user_id(asked.user_id), asked.password, address_of(request))
        user = await users.register(registration)
        return UserAnswer(user_id=user.user_id, created_ms=user.created_ms)

    @router.post("/sessions", status_code=201, tags=["sessions"], summary="Log in")
    async def log_in(asked: AskedSession, request: Request) -> GrantAnswer:
        device_id = parse_device_id(asked.device_id) if asked.device_id else DeviceId("")
        user_id = parse_user_id(asked.user_id)
        return grant_answer(
            await users.log_in(
                LogIn(user_id, asked.password, device_id, asked.device_name, address_of(request), asked.platform)
            )
        )

    @router.post("/sessions/refresh", tags=["sessions"], summary="Get new tokens for a refresh token")
    async def refresh(asked: AskedRefresh) -> GrantAnswer:
        return grant_answer(await users.refresh(asked.refresh_token))


def _add_own_routes(router: APIRouter, users: Users, caller: Any) -> None:
    @router.delete("/sessions/current", status_code=204, tags=["sessions"], summary="Log out")
    async def log_out(identity: Identity = caller) -> None:
        await users.log_out(identity)

    @router.get("/users/me", tags=["accounts"], summary="Who am I?")
    async def get_me(identity: Identity = caller) -> MeAnswer:
        user = await users.user(identity.user_id)
        return MeAnswer(user_id=user.user_id, created_ms=user.created_ms, device_id=identity.device_id)

    @router.get("/devices", tags=["devices"], summary="Where am I logged in?")
    async def list_devices(identity: Identity = caller) -> DevicesAnswer:
        found = [
            DeviceAnswer(
                device_id=device.device_id,
                name=device.name,
                created_ms=device.created_ms,
                refreshed_ms=device.refreshed_ms,
                platform=device.platform,
                current=device.device_id == identity.device_id,
            )
            for device in await users.devices(identity.user_id)
        ]
        return DevicesAnswer(devices=found)

    @router.delete("/devices/{device_id}", status_code=204, tags=["devices"], summary="Log a device out")
    async def log_out_device(device_id: str, identity: Identity = caller) -> None:
        await users.log_out_device(identity.user_id, parse_device_id(device_id))


def _add_final_routes(router: APIRouter, users: Users, caller: Any) -> None:
    """Those that ask for the password once more, and that end sessions of others."""

    @router.put("/users/me/password", status_code=204, tags=["accounts"], summary="Change the password")
    async def change_password(asked: AskedPassword, request: Request, identity: Identity = caller) -> None:
        """Your other devices are logged out; this one stays."""
        wish = NewPassword(identity, asked.old_password, asked.new_password, address_of(request))
        await users.change_password(wish)

    @router.post("/users/me/deletion", status_code=204, tags=["accounts"], summary="Delete the account")
    async def delete_account(asked: AskedDeletion, request: Request, identity: Identity = caller) -> None:
        """Every device is logged out, groups are left, nobody finds you or writes to you any more; what you said stays.

        Your id stays taken for ever. Ask for an export first.
        """
        await users.delete(Farewell(identity.user_id, asked.password, address_of(request)))

    @router.delete("/devices", tags=["devices"], summary="Log all other devices out")
    async def log_out_others(identity: Identity = caller) -> LoggedOutAnswer:
        return LoggedOutAnswer(logged_out=await users.log_out_others(identity))


def _add_export_route(router: APIRouter, exports: Exports, caller: Any) -> None:
    @router.get(
        "/users/me/export",
        tags=["accounts"],
        summary="Everything the server has of you",
        response_class=StreamingResponse,
        responses={
            200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}, "description": "The lines."}
        },
    )
    async def export_account(identity: Identity = caller) -> StreamingResponse:
        """One JSON object a line, each with its `type`; the last has the type `end`, or the export is not whole."""
        lines = await exports.begin(identity.user_id)
        headers = {"Content-Disposition": 'attachment; filename="hongyan.jsonl"'}
        return StreamingResponse(lines, 200, headers, "application/x-ndjson")


def grant_answer(grant: Grant) -> GrantAnswer:
    """Tokens as an answer."""
    return GrantAnswer(
        user_id=grant.user_id,
        device_id=grant.device_id,
        access_token=grant.access_token,
        expires_in_s=grant.expires_in_s,
        refresh_token=grant.refresh_token,
    )


def address_of(request: Request) -> str:
    """Where a request is from; behind a proxy, uvicorn has put the client's own address here if the proxy is trusted."""
    return request.client.host if request.client else "local"
