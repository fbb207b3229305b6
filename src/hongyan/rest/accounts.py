"""Accounts, sessions and devices over HTTP."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from hongyan.model.codes import NotAuthenticated
from hongyan.model.ids import DeviceId, parse_device_id, parse_user_id
from hongyan.ports.link import Identity
from hongyan.rest.problems import Problem
from hongyan.rest.services import Services
from hongyan.services.users.records import Grant, LogIn, Registration
from hongyan.services.users.service import Users

UserIdText = Annotated[str, Field(max_length=256, description="1 to 32 of A-Z a-z 0-9 _ -", examples=["alice"])]
Password = Annotated[
    str, Field(max_length=4_096, description="At least 8 characters.", examples=["correct horse battery"])
]
Token = Annotated[str, Field(max_length=4_096)]
Milliseconds = Annotated[int, Field(description="Milliseconds since 1970.")]

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "model": Problem,
        "description": "A problem; `code` says which.",
        "content": {"application/problem+json": {}},
    }
    for status in ("4XX", "5XX")
}


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
    current: Annotated[bool, Field(description="Whether it is the one that asks.")]


class DevicesAnswer(BaseModel):
    """All of a user's devices that are logged in."""

    devices: list[DeviceAnswer]


Authenticated = Callable[[Request], Coroutine[None, None, Identity]]


def accounts_router(services: Services) -> APIRouter:
    """The routes below /api/v1 that belong to the users service."""
    router, users = APIRouter(prefix="/api/v1", responses=PROBLEMS), services.users
    caller = Depends(authentication(users))
    _add_open_routes(router, users)
    _add_own_routes(router, users, caller)
    return router


def authentication(users: Users) -> Callable[..., Coroutine[None, None, Identity]]:
    """The dependency of a route that gives its caller. Raises NotAuthenticated and what `Users.authenticate` raises."""
    bearer = HTTPBearer(auto_error=False, description="An access token of POST /api/v1/sessions.")

    async def authenticated(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> Identity:
        if credentials is None:
            raise NotAuthenticated
        return await users.authenticate(credentials.credentials)

    return authenticated


def _add_open_routes(router: APIRouter, users: Users) -> None:
    @router.post("/users", status_code=201, tags=["accounts"], summary="Register")
    async def register(asked: AskedRegistration, request: Request) -> UserAnswer:
        registration = Registration(parse_user_id(asked.user_id), asked.password, _address(request))
        user = await users.register(registration)
        return UserAnswer(user_id=user.user_id, created_ms=user.created_ms)

    @router.post("/sessions", status_code=201, tags=["sessions"], summary="Log in")
    async def log_in(asked: AskedSession, request: Request) -> GrantAnswer:
        device_id = parse_device_id(asked.device_id) if asked.device_id else DeviceId("")
        user_id = parse_user_id(asked.user_id)
        return grant_answer(
            await users.log_in(LogIn(user_id, asked.password, device_id, asked.device_name, _address(request)))
        )

    @router.post("/sessions/refresh", tags=["sessions"], summary="Get new tokens for a refresh token")
    async def refresh(asked: AskedRefresh) -> GrantAnswer:
        return grant_answer(await users.refresh(asked.refresh_token))


def _add_own_routes(router: APIRouter, users: Users, caller: Any) -> None:
    @router.delete("/sessions/current", status_code=204, tags=["sessions"], summary="Log out")
    async def log_out(identity: Identity = caller) -> None:
        await users.log_out(identity)

    @router.get("/users/me", tags=["accounts"], summary="Who am I?")
    async def me(identity: Identity = caller) -> MeAnswer:
        user = await users.user(identity.user_id)
        return MeAnswer(user_id=user.user_id, created_ms=user.created_ms, device_id=identity.device_id)

    @router.get("/devices", tags=["devices"], summary="Where am I logged in?")
    async def devices(identity: Identity = caller) -> DevicesAnswer:
        found = [
            DeviceAnswer(
                device_id=device.device_id,
                name=device.name,
                created_ms=device.created_ms,
                refreshed_ms=device.refreshed_ms,
                current=device.device_id == identity.device_id,
            )
            for device in await users.devices(identity.user_id)
        ]
        return DevicesAnswer(devices=found)

    @router.delete("/devices/{device_id}", status_code=204, tags=["devices"], summary="Log a device out")
    async def log_out_device(device_id: str, identity: Identity = caller) -> None:
        await users.log_out_device(identity.user_id, parse_device_id(device_id))


def grant_answer(grant: Grant) -> GrantAnswer:
    """Tokens as an answer."""
    return GrantAnswer(
        user_id=grant.user_id,
        device_id=grant.device_id,
        access_token=grant.access_token,
        expires_in_s=grant.expires_in_s,
        refresh_token=grant.refresh_token,
    )


def _address(request: Request) -> str:
    """Where a request is from; behind a proxy, uvicorn has put the client's own address here if the proxy is trusted."""
    return request.client.host if request.client else "local"
