"""People and the own account, asked over HTTP: friends, profiles, privacy, devices, reports, who has read, the export."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from hongyan.protocol.frames import Position
from hongyan_client.auth import TokenSource
from hongyan_client.errors import HttpError
from hongyan_client.http import Question, call, download

T = TypeVar("T")

StrangersName = Literal["default", "open", "request", "friends"]
ReasonName = Literal["spam", "abuse", "fraud", "illegal", "sexual", "violence", "other"]
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


class Reader(msgspec.Struct, frozen=True):
    """A member, how far he has read, and whether that is as far as the entry asked for."""

    user_id: str
    read_seq: int
    has_read: bool


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

    # Reading, as others see it, and trouble

    async def readers(self, conversation_id: str, seq: int) -> list[Reader]:
        """The members who could read an entry, its sender left out, by user id, and whether they have."""
        found: list[Reader] = []
        cursor = ""
        while True:
            path = f"{_conversation(conversation_id)}/entries/{seq}/readers?{urlencode({'cursor': cursor})}"
            page = await self._call("GET", path, ReadersPage)
            found += page.readers
            cursor = page.cursor
            if not page.more:
                return found

    async def positions(self, conversation_id: str, users: Sequence[str] = ()) -> list[Position]:
        """How far members have read and received; as `Client.positions`, for those without a connection."""
        query = urlencode([("user_id", user_id) for user_id in users])
        return (await self._call("GET", f"{_conversation(conversation_id)}/positions?{query}", PositionsPage)).positions

    async def report_user(self, user_id: str, reason: ReasonName, note: str = "") -> int:
        """Tells the moderators of somebody; gives the report's number, the same when said again."""
        return (await self._call("POST", "/reports", Reported, AskedReport(reason, note, user_id))).report_id

    async def report_entry(self, conversation_id: str, seq: int, reason: ReasonName, note: str = "") -> int:
        """Tells the moderators of an entry, which they then see; gives the report's number, the same when said again."""
        asked = AskedReport(reason, note, conversation_id=conversation_id, seq=seq)
        return (await self._call("POST", "/reports", Reported, asked)).report_id

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

    async def export(self, path: str | os.PathLike[str]) -> None:
        """Writes everything the server has of this user to a new file, one JSON object a line; only its owner may read it.

        Raises FileExistsError for a file that is there, HttpError too when not all of it came; then there is no file.
        """
        target = Path(path)
        await self._with_token(lambda token: _exported(f"{self._url}/api/v1/users/me/export", target, token))

    async def delete_account(self, password: str) -> None:
        """Ends the account, for good."""
        await self._call("POST", "/users/me/deletion", type(None), AskedDeletion(password))

    async def _call(self, method: str, path: str, kind: type[T], body: msgspec.Struct | None = None) -> T:
        url = f"{self._url}/api/v1{path}"
        return await self._with_token(lambda token: call(method, url, kind, body, token=token))

    async def _with_token(self, work: Callable[[str], Awaitable[T]]) -> T:
        token = await self._token(None)
        try:
            return await work(token)
        except HttpError as error:
            if error.status != 401:
                raise
        return await work(await self._token(token))


async def _exported(url: str, target: Path, token: str) -> None:
    """The export in a file of this name, once it is there as a whole. Raises HttpError, OSError."""
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        last = await download(Question("GET", url, token=token), part)
        if not _is_end(last):
            raise HttpError("the export broke off; ask again")
        # A link, for a renaming would take the place of what is there.
        await asyncio.to_thread(os.link, part, target)
    finally:
        await asyncio.to_thread(part.unlink, missing_ok=True)


def _is_end(line: bytes) -> bool:
    try:
        return msgspec.json.decode(line, type=ExportLine).type == "end"
    except msgspec.MsgspecError:
        return False


def _conversation(conversation_id: str) -> str:
    return f"/conversations/{quote(conversation_id, safe='')}"


class ExportLine(msgspec.Struct, frozen=True):
    """A line of an export, of it what says whether it is whole."""

    type: str


class AskedReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a report."""

    reason: ReasonName
    note: str = ""
    user_id: str = ""
    conversation_id: str = ""
    seq: int = 0


class Reported(msgspec.Struct, frozen=True):
    """The answer to a report."""

    report_id: int


class ReadersPage(msgspec.Struct, frozen=True):
    """A page of readers."""

    readers: list[Reader]
    cursor: str
    more: bool


class PositionsPage(msgspec.Struct, frozen=True):
    """Positions."""

    positions: list[Position]


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
