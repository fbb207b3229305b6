"""Profiles, privacy settings and how people find each other, over HTTP."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from hongyan.model.codes import UserUnknown
from hongyan.model.ids import UserId, parse_user_id
from hongyan.model.privacy import Circle, Strangers
from hongyan.ports.link import Identity
from hongyan.ports.people import PersonRow
from hongyan.rest.accounts import PROBLEMS, Asked, Milliseconds, address_of, authentication
from hongyan.rest.asking import NAME_PATTERN, UserPath
from hongyan.rest.services import Services
from hongyan.services.users.people import PEOPLE_OF_A_CALL, People, PrivacyChange, ProfileChange, SeenProfile

CircleName = Literal["nobody", "friends", "everyone"]
StrangersName = Literal["default", "open", "request", "friends"]
Handle = Annotated[
    str, Field(max_length=256, description="4 to 32 of A-Z a-z 0-9 _, a letter first.", examples=["alice_1"])
]
HandlePath = Annotated[
    str, Path(pattern="^[A-Za-z][A-Za-z0-9_]{3,31}$", description="4 to 32 of A-Z a-z 0-9 _, a letter first.")
]
UserName = Annotated[str, Field(pattern=NAME_PATTERN)]
Name = Annotated[str, Field(max_length=1_024, description="For people, at most 64 characters.", examples=["李雷"])]
Avatar = Annotated[
    str, Field(max_length=1_024, description="An http(s) address, or `blob:` and the id of stored bytes.")
]
Bio = Annotated[str, Field(max_length=4_096, description="At most 280 characters.")]


class AskedProfile(Asked):
    """What to change; what is left out stays, "" takes it away."""

    handle: Handle | None = None
    name: Name | None = None
    avatar: Avatar | None = None
    bio: Bio | None = None


class AskedPrivacy(Asked):
    """What to change; what is left out stays."""

    by_handle: Annotated[bool | None, Field(description="Whether strangers find you by your handle.")] = None
    strangers: Annotated[
        StrangersName | None,
        Field(
            description="What strangers may begin: write; ask to become friends first; nothing. Or as the server has it."
        ),
    ] = None
    details: Annotated[CircleName | None, Field(description="Who sees your handle and bio.")] = None
    last_seen: Annotated[CircleName | None, Field(description="Who sees whether and when you were online.")] = None
    invitations: Annotated[CircleName | None, Field(description="Who may bring you into groups.")] = None


class OwnProfileAnswer(BaseModel):
    """Your profile as you wrote it."""

    user_id: str
    handle: str
    name: str
    avatar: str
    bio: str
    updated_ms: Milliseconds


class PrivacyAnswer(BaseModel):
    """Your settings."""

    by_handle: bool
    strangers: StrangersName
    details: CircleName
    last_seen: CircleName
    invitations: CircleName
    updated_ms: Milliseconds


class ProfileAnswer(BaseModel):
    """A profile as you may see it. Handle and bio are empty where they are not for you."""

    user_id: str
    name: str
    avatar: str
    handle: str
    bio: str
    friend: bool


class ProfilesAnswer(BaseModel):
    """Those of the users asked for that exist, ascending by id."""

    profiles: list[ProfileAnswer]


def people_router(services: Services) -> APIRouter:
    """The routes below /api/v1 that are about people."""
    router = APIRouter(prefix="/api/v1", responses=PROBLEMS, tags=["people"])
    caller = Depends(authentication(services.users))
    _add_own_routes(router, services.people, caller)
    _add_others_routes(router, services.people, caller)
    return router


def _add_own_routes(router: APIRouter, people: People, caller: Any) -> None:
    @router.get("/users/me/profile", summary="What do I say about myself?")
    async def get_own_profile(identity: Identity = caller) -> OwnProfileAnswer:
        return _own_profile(await people.own(identity.user_id))

    @router.patch("/users/me/profile", summary="Change the profile")
    async def set_profile(asked: AskedProfile, identity: Identity = caller) -> OwnProfileAnswer:
        change = ProfileChange(asked.handle, asked.name, asked.avatar, asked.bio)
        return _own_profile(await people.set_profile(identity.user_id, change))

    @router.get("/users/me/privacy", summary="Who may what with me?")
    async def get_privacy(identity: Identity = caller) -> PrivacyAnswer:
        return _privacy(await people.own(identity.user_id))

    @router.patch("/users/me/privacy", summary="Change the privacy settings")
    async def set_privacy(asked: AskedPrivacy, identity: Identity = caller) -> PrivacyAnswer:
        """They hold at once."""
        change = PrivacyChange(
            asked.by_handle,
            Strangers[asked.strangers.upper()] if asked.strangers else None,
            _circle(asked.details),
            _circle(asked.last_seen),
            _circle(asked.invitations),
        )
        return _privacy(await people.set_privacy(identity.user_id, change))


def _add_others_routes(router: APIRouter, people: People, caller: Any) -> None:
    @router.get("/profiles", summary="Profiles of some users")
    async def list_profiles(
        user_id: Annotated[list[UserName], Query(min_length=1, max_length=PEOPLE_OF_A_CALL)],
        identity: Identity = caller,
    ) -> ProfilesAnswer:
        asked = [parse_user_id(text) for text in user_id]
        return ProfilesAnswer(profiles=[_profile(seen) for seen in await people.seen_by(identity.user_id, asked)])

    @router.get("/profiles/{user_id}", summary="A user's profile")
    async def get_profile(user_id: UserPath, identity: Identity = caller) -> ProfileAnswer:
        return _profile(await _one(people, identity.user_id, parse_user_id(user_id)))

    @router.get("/handles/{handle}", summary="Who has this handle?")
    async def find_handle(handle: HandlePath, request: Request, identity: Identity = caller) -> ProfileAnswer:
        """Found are those who let themselves be found; nobody learns whether there are others. Searches are rationed."""
        return _profile(await people.search(identity.user_id, handle, address_of(request)))


async def _one(people: People, viewer_id: UserId, user_id: UserId) -> SeenProfile:
    found = await people.seen_by(viewer_id, [user_id])
    if not found:
        raise UserUnknown(user_id=user_id)
    return found[0]


def _own_profile(person: PersonRow) -> OwnProfileAnswer:
    row = person.profile
    return OwnProfileAnswer(
        user_id=row.user_id,
        handle=row.handle,
        name=row.name,
        avatar=row.avatar,
        bio=row.bio,
        updated_ms=row.updated_ms,
    )


def _privacy(person: PersonRow) -> PrivacyAnswer:
    row = person.privacy
    return PrivacyAnswer(
        by_handle=row.by_handle,
        strangers=_STRANGERS[row.strangers],
        details=_CIRCLES[row.details],
        last_seen=_CIRCLES[row.last_seen],
        invitations=_CIRCLES[row.invitations],
        updated_ms=row.updated_ms,
    )


_CIRCLES: dict[int, CircleName] = {1: "nobody", 2: "friends", 3: "everyone"}
_STRANGERS: dict[int, StrangersName] = {0: "default", 1: "open", 2: "request", 3: "friends"}


def _circle(name: CircleName | None) -> Circle | None:
    return Circle[name.upper()] if name else None


def _profile(seen: SeenProfile) -> ProfileAnswer:
    return ProfileAnswer(
        user_id=seen.user_id,
        name=seen.name,
        avatar=seen.avatar,
        handle=seen.handle,
        bio=seen.bio,
        friend=seen.friend,
    )
