"""The users service on its file, as a part of the process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from hongyan.adapters.store.database import Database
from hongyan.adapters.store.migrate import database_file
from hongyan.adapters.store.people_sqlite import SqlitePeopleStore
from hongyan.adapters.store.requests_sqlite import SqliteRequestStore
from hongyan.adapters.store.users_sqlite import SqliteSessionStore, SqliteUserStore
from hongyan.config import Config
from hongyan.model.privacy import Strangers
from hongyan.ports.clock import Clock
from hongyan.ports.relations import RequestStore
from hongyan.services.relations.records import RelationsOptions
from hongyan.services.users.passwords import Passwords
from hongyan.services.users.people import People, PeopleOptions
from hongyan.services.users.records import PlatformLimits, UsersOptions
from hongyan.services.users.secrets import open_secrets
from hongyan.services.users.service import Crypto, Stores, Users
from hongyan.services.users.tokens import AccessTokens, RefreshTokens


class UserServices(msgspec.Struct, frozen=True):
    """What lives on the files of accounts and relations."""

    users: Users
    people: People
    requests: RequestStore


@asynccontextmanager
async def open_users(config: Config, data_dir: Path, clock: Clock) -> AsyncIterator[Users]:
    """The accounts alone, as `open_user_services` opens them."""
    async with open_user_services(config, data_dir, clock) as services:
        yield services.users


@asynccontextmanager
async def open_user_services(config: Config, data_dir: Path, clock: Clock) -> AsyncIterator[UserServices]:
    """The services, loaded; their file and threads are closed at the end. Raises SetupError for bad secrets."""
    secrets = await asyncio.to_thread(open_secrets, data_dir)
    keys = config.users
    database = Database(database_file(data_dir, "user"), "accounts")
    passwords = Passwords(keys.argon2_memory_kib, keys.argon2_iterations, keys.password_queue)
    crypto = Crypto(passwords, AccessTokens(secrets, keys.access_ttl_s, clock), RefreshTokens(secrets))
    users = Users(Stores(SqliteUserStore(database), SqliteSessionStore(database)), crypto, clock, users_options(config))
    people = People(SqlitePeopleStore(database), clock, people_options(config))
    relations = Database(database_file(data_dir, "relation"), "relations")
    try:
        await users.load()
        await people.load()
        yield UserServices(users, people, SqliteRequestStore(relations))
    finally:
        await passwords.close()
        await relations.close()
        await database.close()


def users_options(config: Config) -> UsersOptions:
    """The part of the configuration that the service asks for."""
    keys = config.users
    return UsersOptions(
        registration_open=keys.registration == "open",
        access_ttl_s=keys.access_ttl_s,
        refresh_ttl_s=keys.refresh_ttl_s,
        devices_per_user=config.limits.devices_per_user,
        registrations_per_hour=keys.registrations_per_hour,
        log_ins_per_minute=keys.log_ins_per_minute,
        user_log_ins_per_minute=keys.user_log_ins_per_minute,
        platforms=PlatformLimits(keys.phone_devices, keys.tablet_devices, keys.desktop_devices, keys.web_devices),
    )


def relations_options(config: Config) -> RelationsOptions:
    """As above."""
    keys = config.people
    return RelationsOptions(keys.friends, keys.open_requests, keys.requests_per_day, keys.request_ttl_s)


def people_options(config: Config) -> PeopleOptions:
    """As above."""
    keys = config.people
    return PeopleOptions(
        strangers=Strangers[keys.strangers.upper()],
        searches_per_hour=keys.searches_per_hour,
        address_searches_per_hour=keys.address_searches_per_hour,
        handles_per_day=keys.handles_per_day,
    )
