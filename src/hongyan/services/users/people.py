"""Profiles and privacy: what a user says about himself, who sees it, and how he is found."""

import asyncio
import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from hongyan.model.codes import HandleTaken, HandleUnknown, InvalidField, UserUnknown
from hongyan.model.ids import SYSTEM_USER, UserId
from hongyan.model.privacy import Circle, Doors, Strangers, is_open_to
from hongyan.ports.clock import Clock
from hongyan.ports.people import PeopleStore, PersonRow, PrivacyRow, ProfileRow
from hongyan.services.users.throttle import Rate, Throttle, network_of

Row = TypeVar("Row", bound=msgspec.Struct)

_HANDLE = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}", re.ASCII)
_AVATAR = re.compile(r"https?://[^\s\x00-\x20\"'<>\\]{1,500}|blob:[A-Za-z0-9_-]{1,128}")
_NAME_CHARACTERS, _BIO_CHARACTERS = 64, 280
_RESERVED = frozenset({SYSTEM_USER, "admin", "administrator", "hongyan", "support", "root"})
_NOBODY = UserId("-")
PEOPLE_OF_A_CALL = 100


class Standing(msgspec.Struct, frozen=True):
    """How somebody stands to a user: a friend; blocked by that user, who then is not found by him."""

    friend: bool = False
    blocked: bool = False


StandingsOf = Callable[[UserId, Sequence[UserId]], Awaitable[Mapping[UserId, Standing]]]
"""How one user stands to each of others; who is not in the answer is a stranger."""

PersonChanged = Callable[[PersonRow], Awaitable[None]]
"""Told of a profile or of settings that changed, after they are kept."""


class ProfileChange(msgspec.Struct, frozen=True):
    """What a user changes about himself; None leaves it, "" takes it away."""

    handle: str | None = None
    name: str | None = None
    avatar: str | None = None
    bio: str | None = None


class PrivacyChange(msgspec.Struct, frozen=True):
    """What a user changes in his settings; None leaves it."""

    by_handle: bool | None = None
    strangers: Strangers | None = None
    details: Circle | None = None
    last_seen: Circle | None = None
    invitations: Circle | None = None


class SeenProfile(msgspec.Struct, frozen=True):
    """A profile as another user sees it. Handle and bio are "" where they are not for him."""

    user_id: UserId
    name: str
    avatar: str
    handle: str
    bio: str
    friend: bool


class PeopleOptions(msgspec.Struct, frozen=True):
    """The installation's policy towards strangers, and how often one may look for people and change a handle.

    A search takes `search_s` at least, which is more than any takes: so its time says nothing of what was found.
    """

    strangers: Strangers = Strangers.OPEN
    searches_per_hour: int = 60
    address_searches_per_hour: int = 600
    handles_per_day: int = 5
    search_s: float = 0.02


class People:
    """The service. `load` first. `standings_of` and `on_changed` are set by whoever joins the services."""

    def __init__(self, store: PeopleStore, clock: Clock, options: PeopleOptions) -> None:
        self._store, self._clock, self._options = store, clock, options
        self._throttle = Throttle(clock)
        # A change reads, changes and writes: of two at once neither may undo the other.
        self._changing = asyncio.Lock()
        # Those who chose otherwise than most: asked for at once by others' messages and invitations, so kept here.
        self._policies: dict[UserId, Strangers] = {}
        self.doors = Doors(closed=options.strangers is not Strangers.OPEN)
        self.choosy: set[UserId] = set()
        self.standings_of: StandingsOf = _all_strangers
        self.on_changed: PersonChanged = _nobody_listens

    async def load(self) -> None:
        """Learns whose policy towards strangers is his own."""
        for privacy in await self._store.guarded():
            self._learn(privacy)

    # One's own

    async def own(self, user_id: UserId) -> PersonRow:
        """All about a user, for himself. Raises UserUnknown."""
        found = await self._store.people([user_id])
        if not found:
            raise UserUnknown(user_id=user_id)
        return found[0]

    async def last_seen_circles(self, user_ids: Sequence[UserId]) -> Mapping[UserId, Circle]:
        """To whom they show when they are there; those who chose nothing are left out."""
        found = [(person.profile.user_id, person.privacy.last_seen) for person in await self._store.people(user_ids)]
        return {user_id: Circle(chosen) for user_id, chosen in found if chosen}

    async def set_profile(self, user_id: UserId, change: ProfileChange) -> PersonRow:
        """Changes a profile. Raises InvalidField, HandleTaken, RateLimited, UserUnknown."""
        async with self._changing:
            before = await self.own(user_id)
            profile = _changed(before.profile, change, self._clock())
            check_profile(profile)
            if profile.handle.lower() != before.profile.handle.lower():
                self._throttle.spend(Rate("new handles", self._options.handles_per_day, 86_400_000), user_id)
            if not await self._store.set_profile(profile):
                raise HandleTaken(handle=profile.handle)
            return await self._told(msgspec.structs.replace(before, profile=profile))

    async def set_privacy(self, user_id: UserId, change: PrivacyChange) -> PersonRow:
        """Changes settings; they hold at once. Raises UserUnknown."""
        async with self._changing:
            before = await self.own(user_id)
            privacy = _changed(before.privacy, change, self._clock())
            if not await self._store.set_privacy(privacy):
                raise UserUnknown(user_id=user_id)
            self._learn(privacy)
            return await self._told(msgspec.structs.replace(before, privacy=privacy))

    async def _told(self, person: PersonRow) -> PersonRow:
        await self.on_changed(person)
        return person

    def forget(self, user_id: UserId) -> None:
        """The account ended."""
        self._learn(PrivacyRow(user_id))

    def _learn(self, privacy: PrivacyRow) -> None:
        """What is asked for without waiting."""
        user_id, policy = privacy.user_id, Strangers(privacy.strangers)
        if privacy.invitations == Circle.EVERYONE:
            self.choosy.discard(user_id)
        else:
            self.choosy.add(user_id)
        self.doors.set(user_id, policy)
        if policy is Strangers.DEFAULT:
            self._policies.pop(user_id, None)
        else:
            self._policies[user_id] = policy

    # Those of others

    def policy_of(self, user_id: UserId) -> Strangers:
        """What strangers may begin with a user; never DEFAULT. Never waits."""
        return self._policies.get(user_id, self._options.strangers)

    async def refusing(self, inviter_id: UserId, user_ids: Sequence[UserId]) -> Sequence[UserId]:
        """Those of them who do not let this user bring them into groups."""
        asked = [user_id for user_id in user_ids if user_id in self.choosy and user_id != inviter_id]
        if not asked:
            return ()
        chosen, standings = await self.privacy_of(asked), await self.standings_of(inviter_id, asked)
        return [
            user_id
            for user_id, row in chosen.items()
            if not is_open_to(row.invitations, friend=standings.get(user_id, Standing()).friend)
        ]

    async def privacy_of(self, user_ids: Sequence[UserId]) -> Mapping[UserId, PrivacyRow]:
        """The settings of those that exist."""
        return {person.privacy.user_id: person.privacy for person in await self._store.people(user_ids)}

    async def seen_by(self, viewer_id: UserId, user_ids: Sequence[UserId]) -> Sequence[SeenProfile]:
        """Profiles as a user sees them, ascending by id; who does not exist is left out. Raises InvalidField."""
        if len(user_ids) > PEOPLE_OF_A_CALL:
            raise InvalidField(field="user_ids", reason=f"at most {PEOPLE_OF_A_CALL} are allowed")
        people = await self._store.people(user_ids)
        standings = await self.standings_of(viewer_id, user_ids)
        return [_seen(person, standings.get(person.profile.user_id, Standing()), viewer_id) for person in people]

    async def search(self, viewer_id: UserId, handle: str, address: str = "") -> SeenProfile:
        """Who has a handle, if he lets himself be found by it.

        One who is not to be found and one who is not there take the same way and get the same answer, and both cost the
        asker the same of his quota. Raises HandleUnknown, RateLimited, InvalidField for what can be nobody's handle.
        """
        options = self._options
        self._throttle.spend(Rate("searches for people", options.searches_per_hour, 3_600_000), viewer_id)
        if address:
            rate = Rate("searches from your address", options.address_searches_per_hour, 3_600_000)
            self._throttle.spend(rate, network_of(address))
        if not _HANDLE.fullmatch(handle):
            raise InvalidField(field="handle", reason=_HANDLE_REASON)
        loop = asyncio.get_running_loop()
        answered_at = loop.time() + options.search_s
        found = await self._found(viewer_id, handle)
        await asyncio.sleep(max(0.0, answered_at - loop.time()))
        if found is None:
            raise HandleUnknown(handle=handle)
        return found

    async def _found(self, viewer_id: UserId, handle: str) -> SeenProfile | None:
        person = await self._store.by_handle(handle)
        user_id = person.profile.user_id if person else _NOBODY
        # Asked for nobody too: the way to an answer does not tell who exists.
        standings = await self.standings_of(viewer_id, [user_id])
        standing = standings.get(user_id, Standing())
        if person is None or not _is_found(person, standing, viewer_id):
            return None
        return _seen(person, standing, viewer_id)


_HANDLE_REASON = "4 to 32 of A-Z a-z 0-9 _ are allowed, a letter first"


def check_profile(profile: ProfileRow) -> None:
    """Raises InvalidField for what no profile may say."""
    if profile.handle:
        if not _HANDLE.fullmatch(profile.handle):
            raise InvalidField(field="handle", reason=_HANDLE_REASON)
        if profile.handle.lower() in _RESERVED:
            raise InvalidField(field="handle", reason="it is reserved")
    check_text("name", profile.name, _NAME_CHARACTERS)
    check_text("bio", profile.bio, _BIO_CHARACTERS, line_breaks=True)
    if profile.avatar and not _AVATAR.fullmatch(profile.avatar):
        raise InvalidField(field="avatar", reason="an http(s) address or blob: and the id of stored bytes is expected")


def check_text(field: str, text: str, characters: int, *, line_breaks: bool = False) -> None:
    """Raises InvalidField for text that is too long or would disturb the text around it."""
    if len(text) > characters:
        raise InvalidField(field=field, reason=f"at most {characters} characters are allowed")
    allowed = "\n" if line_breaks else ""
    # Control characters, lone surrogates, and those that turn the direction of other people's text.
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in allowed for char in text) or _turns(text):
        raise InvalidField(field=field, reason="control characters are not allowed")


def _turns(text: str) -> bool:
    return any("\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069" for char in text)


def _changed(row: Row, change: msgspec.Struct, now_ms: int) -> Row:
    asked = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not None}
    return msgspec.structs.replace(row, **asked, updated_ms=now_ms)


def _is_found(person: PersonRow, standing: Standing, viewer_id: UserId) -> bool:
    if person.profile.user_id == viewer_id:
        return True
    return not standing.blocked and (person.privacy.by_handle or standing.friend)


def _seen(person: PersonRow, standing: Standing, viewer_id: UserId) -> SeenProfile:
    profile = person.profile
    own = profile.user_id == viewer_id
    open_to_him = own or (not standing.blocked and is_open_to(person.privacy.details, friend=standing.friend))
    return SeenProfile(
        profile.user_id,
        profile.name,
        profile.avatar,
        profile.handle if open_to_him else "",
        profile.bio if open_to_him else "",
        standing.friend,
    )


async def _all_strangers(_user_id: UserId, _others: Sequence[UserId]) -> Mapping[UserId, Standing]:
    """Until somebody knows better."""
    return {}


async def _nobody_listens(_person: PersonRow) -> None:
    """Until somebody does."""
