"""The service on memory adapters, with a clock that stands still and cheap passwords."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from hongyan.adapters.store.people_memory import MemoryPeopleStore
from hongyan.adapters.store.requests_memory import MemoryRequestStore
from hongyan.adapters.store.users_memory import MemorySessionStore, MemoryUserStore
from hongyan.app.users import UserServices
from hongyan.model.codes import CloseCode
from hongyan.model.ids import DeviceId, UserId
from hongyan.ports.users import SessionRow
from hongyan.services.users.passwords import Passwords
from hongyan.services.users.people import People, PeopleOptions
from hongyan.services.users.records import Grant, LogIn, Registration, UsersOptions
from hongyan.services.users.secrets import Secrets, make_secrets
from hongyan.services.users.service import Crypto, Stores, Users
from hongyan.services.users.tokens import AccessTokens, RefreshTokens

PASSWORD = "correct horse 正确的马"
ALICE, BOB = UserId("alice"), UserId("bob")
PHONE, LAPTOP = DeviceId("phone"), DeviceId("laptop")


class CountedSessions(MemorySessionStore):
    """Knows how often it was asked."""

    calls = 0

    async def session(self, session_id: str) -> SessionRow | None:
        """See the port."""
        self.calls += 1
        return await super().session(session_id)

    async def living(self, user_id: UserId, now_ms: int) -> Sequence[SessionRow]:
        """See the port."""
        self.calls += 1
        return await super().living(user_id, now_ms)


class World:
    """One server's accounts. `now_ms` is moved by the test."""

    def __init__(self, passwords: Passwords, options: UsersOptions, secrets: Secrets | None = None) -> None:
        self.now_ms = 1_700_000_000_000
        self.users, self.sessions = MemoryUserStore(), CountedSessions()
        self.secrets = secrets or make_secrets()
        self.passwords, self.options = passwords, options
        self.closed: list[tuple[UserId, DeviceId]] = []
        self.codes: list[CloseCode] = []
        self.service = self.started()
        self.requests = MemoryRequestStore()
        self.people = People(MemoryPeopleStore(self.users), self.clock, PeopleOptions(search_s=0))

    @property
    def services(self) -> UserServices:
        """Both services of the world."""
        return UserServices(self.service, self.people, self.requests)

    def clock(self) -> int:
        """The time of the test."""
        return self.now_ms

    def started(self) -> Users:
        """A server that starts on the same stores and secrets; it has not loaded yet."""
        access = AccessTokens(self.secrets, self.options.access_ttl_s, self.clock)
        crypto = Crypto(self.passwords, access, RefreshTokens(self.secrets))
        service = Users(Stores(self.users, self.sessions), crypto, self.clock, self.options)
        service.on_logged_out = self._log_out
        return service

    def _log_out(self, user_id: UserId, device_id: DeviceId, code: CloseCode) -> None:
        self.closed.append((user_id, device_id))
        self.codes.append(code)

    async def granted(self, user_id: UserId = ALICE, device_id: DeviceId = PHONE) -> Grant:
        """A device of a user, registered if need be, with tokens."""
        if await self.users.find(user_id) is None:
            await self.service.register(Registration(user_id, PASSWORD))
        return await self.service.log_in(LogIn(user_id, PASSWORD, device_id))


@asynccontextmanager
async def opened_world(**options: int | bool | dict[str, int]) -> AsyncIterator[World]:
    """A world with its threads."""
    passwords = Passwords(memory_kib=64, iterations=1, queue=100)
    try:
        yield World(passwords, msgspec.convert(options, UsersOptions))
    finally:
        await passwords.close()
