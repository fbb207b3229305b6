"""People and the own account, asked over HTTP: friend requests, profiles, privacy, devices, the password."""

from collections.abc import Sequence
from typing import Literal, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from hongyan_client.auth import TokenSource
from hongyan_client.errors import HttpError
from hongyan_client.http import call

T = TypeVar("T")

StrangersName = Literal["default", "open", "request", "friends"]
CircleName = Literal["nobody", "friends", "everyone"]


class FriendshipRequest(msgspec.Struct, frozen=True):
    """A request to become friends. `state` is "pending", "accepted", "refused", "withdrawn" or "expired"."""

    request_id: str
    from_user_id: str
    to_user_id: str
    note: str
    source: str
    state: str
    created_ms: int
    expires_ms: int
    answered_ms: int = 0


class OwnProfile(msgspec.Struct, frozen=True):
    """How the user shows himself."""

    user_id: str
    handle: str = ""
    name: str = ""
    avatar: str = ""
    bio: str = ""


class SeenProfile(msgspec.Struct, frozen=True):
    """A profile as this user may see it; handle and bio are empty where they are not for him."""

    user_id: str
    name: str = ""
    avatar: str = ""
    handle: str = ""
    bio: str = ""
    friend: bool = False


class OwnPrivacy(msgspec.Struct, frozen=True):
    """Who may what with this user."""

    by_handle: bool
    strangers: StrangersName
    details: CircleName
    last_seen: CircleName
    invitations: CircleName


class OwnDevice(msgspec.Struct, frozen=True):
    """A device on which the user is logged in; `current` is the one that asks."""

    device_id: str
    name: str
    created_ms: int
    refreshed_ms: int
    platform: str = ""
    current: bool = False


class ProfileChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to change of the profile; None stays, "" takes it away."""

    name: str | None = None
    handle: str | None = None
    avatar: str | None = None
    bio: str | None = None


class PrivacyChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to change of the privacy settings; None stays."""

    by_handle: bool | None = None
    strangers: StrangersName | None = None
    details: CircleName | None = None
    last_seen: CircleName | None = None
    invitations: CircleName | None = None


class People:
    """Typed calls for one user; `token` gives his token, as a Client has it. All raise HttpError and SessionEndedError."""

    def __init__(self, http_url: str, token: TokenSource) -> None:
        self._url, self._token = http_url.rstrip("/"), token

    # Friends

    async def ask_friend(self, user_id: str, *, note: str = "", source: str = "") -> FriendshipRequest:
        """Asks to become friends; who has asked this user already is a friend at once."""
        return await self._call("POST", "/friend-requests", FriendshipRequest, AskedFriend(user_id, note, source))

    async def friend_requests(self, *, sent: bool = False, pending: bool = True) -> list[FriendshipRequest]:
        """Requests to this user, or those he sent, the newest first; with `pending` those without an answer."""
        found: list[FriendshipRequest] = []
        cursor = ""
        while True:
            query = urlencode({"sent": str(sent).lower(), "pending": str(pending).lower(), "cursor": cursor})
            page = await self._call("GET", f"/friend-requests?{query}", RequestsPage)
            found += page.requests
            cursor = page.cursor
            if not cursor:
                return found

    async def accept_friend(self, request_id: str) -> FriendshipRequest:
        """Becomes friends."""
        return await self._call("POST", f"/friend-requests/{quote(request_id, safe='')}/accept", FriendshipRequest)

    async def refuse_friend(self, request_id: str) -> FriendshipRequest:
        """Does not become friends."""
        return await self._call("POST", f"/friend-requests/{quote(request_id, safe='')}/refuse", FriendshipRequest)

    async def withdraw_request(self, request_id: str) -> FriendshipRequest:
        """Takes an own request back."""
        return await self._call("DELETE", f"/friend-requests/{quote(request_id, safe='')}", FriendshipRequest)

    async def unfriend(self, user_id: str) -> None:
        """Ends a friendship; nobody is told."""
        await self._call("DELETE", f"/friends/{quote(user_id, safe='')}", type(None))

    # Profiles

    async def own_profile(self) -> OwnProfile:
        """How this user shows himself."""
        return await self._call("GET", "/users/me/profile", OwnProfile)

    async def change_profile(self, change: ProfileChange) -> OwnProfile:
        """Changes some of it."""
        return await self._call("PATCH", "/users/me/profile", OwnProfile, change)

    async def profiles(self, user_ids: Sequence[str]) -> list[SeenProfile]:
        """The profiles of those of some users that exist."""
        query = urlencode([("user_id", user_id) for user_id in user_ids])
        return (await self._call("GET", f"/profiles?{query}", ProfilesPage)).profiles

    async def find(self, handle: str) -> SeenProfile:
        """Who has a handle and lets himself be found. Searches are rationed."""
        return await self._call("GET", f"/handles/{quote(handle, safe='')}", SeenProfile)

    async def own_privacy(self) -> OwnPrivacy:
        """Who may what with this user."""
        return await self._call("GET", "/users/me/privacy", OwnPrivacy)

    async def change_privacy(self, change: PrivacyChange) -> OwnPrivacy:
        """Changes some of it; it holds at once."""
        return await self._call("PATCH", "/users/me/privacy", OwnPrivacy, change)

    # The account

    async def devices(self) -> list[OwnDevice]:
        """Where this user is logged in."""
        return (await self._call("GET", "/devices", DevicesPage)).devices

    async def log_out_device(self, device_id: str) -> None:
        """Logs a device out."""
        await self._call("DELETE", f"/devices/{quote(device_id, safe='')}", type(None))

    async def log_out_others(self) -> int:
        """Logs all other devices out; how many that were."""
        return (await self._call("DELETE", "/devices", LoggedOut)).logged_out

    async def change_password(self, old: str, new: str) -> None:
        """Sets another password; all other devices are logged out."""
        await self._call("PUT", "/users/me/password", type(None), AskedPassword(old, new))

    async def delete_account(self, password: str) -> None:
        """Ends the account, for good."""
        await self._call("POST", "/users/me/deletion", type(None), AskedDeletion(password))

    async def _call(self, method: str, path: str, kind: type[T], body: msgspec.Struct | None = None) -> T:
        token = await self._token(None)
        url = f"{self._url}/api/v1{path}"
        try:
            return await call(method, url, kind, body, token=token)
        except HttpError as error:
            if error.status != 401:
                raise
        return await call(method, url, kind, body, token=await self._token(token))


class AskedFriend(msgspec.Struct, frozen=True):
    """The body of a friend request."""

    user_id: str
    note: str
    source: str


class AskedPassword(msgspec.Struct, frozen=True):
    """The body of a password change."""

    old_password: str
    new_password: str


class AskedDeletion(msgspec.Struct, frozen=True):
    """The body of a deletion."""

    password: str


class RequestsPage(msgspec.Struct, frozen=True):
    """A page of friend requests."""

    requests: list[FriendshipRequest]
    cursor: str


class ProfilesPage(msgspec.Struct, frozen=True):
    """Profiles."""

    profiles: list[SeenProfile]


class DevicesPage(msgspec.Struct, frozen=True):
    """Devices."""

    devices: list[OwnDevice]


class LoggedOut(msgspec.Struct, frozen=True):
    """How many devices were logged out."""

    logged_out: int
