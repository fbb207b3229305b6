"""Where profiles and privacy settings are kept."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from hongyan.model.ids import UserId


class ProfileRow(msgspec.Struct, frozen=True):
    """What a user says about himself. `handle` is as he writes it; two handles that differ in case are the same."""

    user_id: UserId
    handle: str = ""
    name: str = ""
    avatar: str = ""
    bio: str = ""
    updated_ms: int = 0


class PrivacyRow(msgspec.Struct, frozen=True):
    """Who may what, as numbers of `hongyan.model.privacy`. `strangers` 0: as the installation has it."""

    user_id: UserId
    by_handle: bool = True
    strangers: int = 0
    details: int = 3
    last_seen: int = 3
    invitations: int = 3
    updated_ms: int = 0


class PersonRow(msgspec.Struct, frozen=True):
    """A user with both; what was never set is as in a new account."""

    profile: ProfileRow
    privacy: PrivacyRow
    created_ms: int


class PeopleStore(Protocol):
    """Profiles and settings of accounts that exist. What a call returned from is durable.

    Every method may raise Overloaded or StorageFull.
    """

    async def people(self, user_ids: Sequence[UserId]) -> Sequence[PersonRow]:
        """Those that exist, of any number of ids, ascending by id."""
        ...

    async def by_handle(self, handle: str) -> PersonRow | None:
        """Whose handle this is; asking for one that nobody has takes the same way."""
        ...

    async def set_profile(self, profile: ProfileRow) -> bool:
        """Replaces a profile; False, and nothing changes, when another has the handle or there is no such account."""
        ...

    async def set_privacy(self, privacy: PrivacyRow) -> bool:
        """Replaces settings; False when there is no such account."""
        ...

    async def guarded(self) -> Sequence[PrivacyRow]:
        """Settings that are asked for at once: where strangers or invitations are not left as they are at first."""
        ...
