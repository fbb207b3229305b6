"""Profiles and privacy settings in SQLite, in the file of the accounts."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from hongyan.adapters.store.database import Database, transaction
from hongyan.model.ids import UserId
from hongyan.ports.people import PersonRow, PrivacyRow, ProfileRow

_PERSON = """
    SELECT user.user_id, user.created_ms, handle, name, avatar, bio, profile.updated_ms, by_handle, strangers,
        details, last_seen, invitations, privacy.updated_ms
    FROM user LEFT JOIN profile USING (user_id) LEFT JOIN privacy USING (user_id)
    WHERE user.deleted_ms = 0 AND """
_PEOPLE = f"{_PERSON} user.user_id IN (SELECT value FROM json_each(?)) ORDER BY user.user_id"  # noqa: S608 - a constant
_BY_HANDLE = f"{_PERSON} user.user_id = (SELECT user_id FROM profile WHERE handle_key = ? AND handle_key <> '')"  # noqa: S608 - a constant
_EXISTS = "SELECT 1 FROM user WHERE user_id = ? AND deleted_ms = 0"
_TAKEN = "SELECT 1 FROM profile WHERE handle_key = ? AND handle_key <> '' AND user_id <> ?"
_SET_PROFILE = """
    INSERT INTO profile (user_id, handle, handle_key, name, avatar, bio, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (user_id) DO UPDATE SET handle = excluded.handle, handle_key = excluded.handle_key,
        name = excluded.name, avatar = excluded.avatar, bio = excluded.bio, updated_ms = excluded.updated_ms"""
_SET_PRIVACY = """
    INSERT INTO privacy (user_id, by_handle, strangers, details, last_seen, invitations, updated_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (user_id) DO UPDATE SET by_handle = excluded.by_handle,
        strangers = excluded.strangers, details = excluded.details, last_seen = excluded.last_seen,
        invitations = excluded.invitations, updated_ms = excluded.updated_ms"""
_GUARDED = """
    SELECT user_id, by_handle, strangers, details, last_seen, invitations, updated_ms FROM privacy
    WHERE strangers > 0 OR invitations <> 3"""


class SqlitePeopleStore:
    """Implements `ports.people.PeopleStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def people(self, user_ids: Sequence[UserId]) -> Sequence[PersonRow]:
        """See the port."""
        asked = json.dumps(list(user_ids))
        rows = await self._database.call(lambda it: it.execute(_PEOPLE, (asked,)).fetchall())
        return [_person(row) for row in rows]

    async def by_handle(self, handle: str) -> PersonRow | None:
        """See the port."""
        key = handle.lower()
        row = await self._database.call(lambda it: it.execute(_BY_HANDLE, (key,)).fetchone())
        return _person(row) if row else None

    async def set_profile(self, profile: ProfileRow) -> bool:
        """See the port."""
        return await self._database.call(lambda it: _set_profile(it, profile))

    async def set_privacy(self, privacy: PrivacyRow) -> bool:
        """See the port."""
        return await self._database.call(lambda it: _set_privacy(it, privacy))

    async def guarded(self) -> Sequence[PrivacyRow]:
        """See the port."""
        rows = await self._database.call(lambda it: it.execute(_GUARDED).fetchall())
        return [PrivacyRow(user_id, bool(by_handle), *rest) for user_id, by_handle, *rest in rows]


def _set_profile(connection: sqlite3.Connection, profile: ProfileRow) -> bool:
    user_id, key = profile.user_id, profile.handle.lower()
    with transaction(connection):
        if not connection.execute(_EXISTS, (user_id,)).fetchone():
            return False
        if connection.execute(_TAKEN, (key, user_id)).fetchone():
            return False
        shown = (profile.name, profile.avatar, profile.bio, profile.updated_ms)
        connection.execute(_SET_PROFILE, (user_id, profile.handle, key, *shown))
    return True


def _set_privacy(connection: sqlite3.Connection, privacy: PrivacyRow) -> bool:
    with transaction(connection):
        if not connection.execute(_EXISTS, (privacy.user_id,)).fetchone():
            return False
        numbers = (privacy.strangers, privacy.details, privacy.last_seen, privacy.invitations)
        row = (privacy.user_id, int(privacy.by_handle), *numbers, privacy.updated_ms)
        connection.execute(_SET_PRIVACY, row)
    return True


def _person(row: tuple[Any, ...]) -> PersonRow:
    user_id, created_ms, *columns = row
    shown, chosen = columns[:5], columns[5:]
    profile = ProfileRow(user_id) if shown[0] is None else ProfileRow(user_id, *shown)
    privacy = PrivacyRow(user_id) if chosen[0] is None else PrivacyRow(user_id, bool(chosen[0]), *chosen[1:])
    return PersonRow(profile, privacy, created_ms)
