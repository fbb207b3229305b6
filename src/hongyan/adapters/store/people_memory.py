"""Profiles and privacy settings in memory, beside the accounts they belong to."""

from collections.abc import Sequence

from hongyan.adapters.store.users_memory import MemoryUserStore
from hongyan.model.ids import UserId
from hongyan.model.privacy import Circle
from hongyan.ports.people import PersonRow, PrivacyRow, ProfileRow


class MemoryPeopleStore:
    """Implements `ports.people.PeopleStore`."""

    def __init__(self, users: MemoryUserStore) -> None:
        self._users = users

    async def people(self, user_ids: Sequence[UserId]) -> Sequence[PersonRow]:
        """See the port."""
        return [self._person(user_id) for user_id in sorted(set(user_ids)) if user_id in self._users.users]

    async def by_handle(self, handle: str) -> PersonRow | None:
        """See the port."""
        return next((self._person(user_id) for user_id in self._holders(handle)), None)

    async def set_profile(self, profile: ProfileRow) -> bool:
        """See the port."""
        others = [user_id for user_id in self._holders(profile.handle) if user_id != profile.user_id]
        if others or profile.user_id not in self._users.users:
            return False
        self._users.profiles[profile.user_id] = profile
        return True

    async def set_privacy(self, privacy: PrivacyRow) -> bool:
        """See the port."""
        if privacy.user_id not in self._users.users:
            return False
        self._users.privacies[privacy.user_id] = privacy
        return True

    async def guarded(self) -> Sequence[PrivacyRow]:
        """See the port."""
        return [row for row in self._users.privacies.values() if row.strangers or row.invitations != Circle.EVERYONE]

    def _holders(self, handle: str) -> list[UserId]:
        key = handle.lower()
        return [row.user_id for row in self._users.profiles.values() if key and row.handle.lower() == key]

    def _person(self, user_id: UserId) -> PersonRow:
        users = self._users
        profile = users.profiles.get(user_id) or ProfileRow(user_id)
        privacy = users.privacies.get(user_id) or PrivacyRow(user_id)
        return PersonRow(profile, privacy, users.users[user_id].created_ms)
