"""Register, log in, refresh, log out; and who a token speaks for."""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence

import msgspec

from hongyan.model.codes import (
    CloseCode,
    DeviceUnknown,
    InvalidField,
    NotAllowed,
    PasswordWrong,
    RefreshReused,
    TokenInvalid,
    TokenRevoked,
    UserExists,
    UserUnknown,
    WrongCredentials,
)
from hongyan.model.ids import SYSTEM_USER, DeviceId, UserId
from hongyan.ports.clock import Clock
from hongyan.ports.link import Identity
from hongyan.ports.users import SessionLimits, SessionRow, SessionStore, UserRow, UserStore
from hongyan.services.users.memory import EndedSessions, KnownUsers
from hongyan.services.users.passwords import Passwords, check_password
from hongyan.services.users.records import (
    Device,
    Farewell,
    Grant,
    LogIn,
    NewPassword,
    Registration,
    User,
    UsersOptions,
)
from hongyan.services.users.throttle import Rate, Throttle, network_of
from hongyan.services.users.tokens import SESSION_ID_BYTES, AccessTokens, Claims, RefreshTokens

_DEVICE_NAME_CHARACTERS = 64
_KNOWN_USERS = 50_000
_MARGIN_MS = 60_000  # a token issued while its session was being ended outlives the end by less than this
_USERS_OF_A_PAGE = 1_000

LoggedOut = Callable[[UserId, DeviceId, CloseCode], None]
"""Told of every device whose session ended, and why: its connections have to be closed. Called on the loop, must not wait."""

Deleted = Callable[[UserId], None]
"""Told of every account that was deleted and has to leave what it is in. Called on the loop, must not wait."""


class Stores(msgspec.Struct, frozen=True):
    """Where accounts and sessions are."""

    users: UserStore
    sessions: SessionStore


class Crypto(msgspec.Struct, frozen=True):
    """What proves who somebody is."""

    passwords: Passwords
    access: AccessTokens
    refresh: RefreshTokens


class Users:
    """The service. `load` first; then every method may be called at any time."""

    def __init__(self, stores: Stores, crypto: Crypto, clock: Clock, options: UsersOptions) -> None:
        self._users, self._sessions = stores.users, stores.sessions
        self._passwords, self._access, self._refresh = crypto.passwords, crypto.access, crypto.refresh
        self._clock, self._options = clock, options
        self._throttle = Throttle(clock)
        self._ended = EndedSessions(clock, options.access_ttl_s * 1_000 + _MARGIN_MS)
        self._known = KnownUsers(_KNOWN_USERS)
        self.on_logged_out: LoggedOut = _nobody_listens
        self.on_deleted: Deleted = _nobody_hears

    async def load(self) -> None:
        """Learns which sessions ended lately, and forgets those that ended long ago."""
        now_ms = self._clock()
        await self._sessions.forget(now_ms - self._options.refresh_ttl_s * 1_000)
        since_ms = now_ms - self._options.access_ttl_s * 1_000 - _MARGIN_MS
        for session_id, ended_ms in await self._sessions.revoked_since(since_ms):
            self._ended.add([session_id], ended_ms)
        for user_id in await self._users.departing():
            # An account may have ended in a process that died before its sessions did.
            await self._end(await self._sessions.living(user_id, now_ms))

    # Accounts

    async def register(self, asked: Registration) -> User:
        """A new account. Raises NotAllowed, InvalidField, RateLimited, UserExists, Overloaded."""
        if asked.address:
            if not self._options.registration_open:
                raise NotAllowed(action="register")
            rate = Rate("registrations", self._options.registrations_per_hour, 3_600_000)
            self._throttle.spend(rate, network_of(asked.address))
        if asked.user_id.casefold() == SYSTEM_USER:
            raise InvalidField(field="user_id", reason="it is reserved")
        check_password(asked.password)
        # Before the hash: a taken id need not cost one. It is no secret, for registering tells it anyway.
        if await self._users.find(asked.user_id):
            raise UserExists(user_id=asked.user_id)
        row = UserRow(asked.user_id, await self._passwords.hash(asked.password), self._clock())
        added = await self._users.add(row)
        self._known.learn({asked.user_id: True})
        if not added:
            raise UserExists(user_id=asked.user_id)
        return User(row.user_id, row.created_ms)

    async def provide(self, user_id: UserId) -> bool:
        """An account without a password, for whom an integrator mints tokens; False when the id is taken.

        Raises InvalidField, Overloaded.
        """
        if user_id.casefold() == SYSTEM_USER:
            raise InvalidField(field="user_id", reason="it is reserved")
        added = await self._users.add(UserRow(user_id, "", self._clock()))
        self._known.learn({user_id: True})
        return added

    async def user(self, user_id: UserId) -> User:
        """An account. Raises UserUnknown."""
        row = await self._users.find(user_id)
        if row is None:
            raise UserUnknown(user_id=user_id)
        return User(row.user_id, row.created_ms)

    async def page(self, after: str = "", limit: int = _USERS_OF_A_PAGE) -> Sequence[User]:
        """Accounts above an id, ascending by it."""
        return [User(row.user_id, row.created_ms) for row in await self._users.page(after, limit)]

    async def set_password(self, user_id: UserId, password: str) -> None:
        """A new password; every device is logged out. Raises InvalidField, UserUnknown, Overloaded."""
        check_password(password)
        if not await self._users.set_password(user_id, await self._passwords.hash(password)):
            raise UserUnknown(user_id=user_id)
        await self._end(await self._sessions.living(user_id, self._clock()))

    async def change_password(self, asked: NewPassword) -> None:
        """A new password for who knows the old one; his other devices are logged out.

        Raises InvalidField, PasswordWrong, RateLimited, UserUnknown, Overloaded.
        """
        check_password(asked.new)
        user_id = asked.identity.user_id
        row = await self._proved(user_id, asked.old, asked.address)
        hashed = await self._passwords.hash(asked.new)
        # Of two changes at once one wins: the other knew a password that is the account's no more.
        if not await self._users.set_password(user_id, hashed, replacing=row.password_hash):
            raise PasswordWrong
        await self.log_out_others(asked.identity)

    async def delete(self, asked: Farewell) -> None:
        """Ends an account of who knows its password: nobody gets in or finds it from now on, and its id stays taken.

        What it is in, it leaves after this; `on_deleted` is told. Raises PasswordWrong, RateLimited, UserUnknown, Overloaded.
        """
        await self._proved(asked.user_id, asked.password, asked.address)
        await self.remove(asked.user_id)

    async def remove(self, user_id: UserId) -> None:
        """As `delete`, at the operator's word. Raises UserUnknown."""
        if not await self._users.delete(user_id, self._clock()):
            raise UserUnknown(user_id=user_id)
        await self._end(await self._sessions.living(user_id, self._clock()))
        # Last: until its sessions had ended, a connection of his could have said that he exists.
        self._known.learn({user_id: False})
        self.on_deleted(user_id)

    async def departing(self) -> Sequence[UserId]:
        """The deleted accounts that have not left everything yet."""
        return await self._users.departing()

    async def departed(self, user_id: UserId) -> None:
        """A deleted account has left everything."""
        await self._users.departed(user_id)

    def known(self, user_id: UserId) -> bool | None:
        """Whether a user exists; None: ask `missing`. Never waits."""
        return self._known.get(user_id)

    async def missing(self, user_ids: Sequence[UserId]) -> Sequence[UserId]:
        """Those that do not exist, in the order given. Raises Overloaded."""
        found = {user_id: self._known.get(user_id) for user_id in dict.fromkeys(user_ids)}
        asked = [user_id for user_id, exists in found.items() if exists is None]
        if asked:
            existing = await self._users.existing(asked)
            learned = {user_id: user_id in existing for user_id in asked}
            # Somebody may have registered while the store was read; then `register` knows better.
            # And if somebody's account ended meanwhile, `delete` does.
            learned = {
                user_id: exists if (newer := self._known.get(user_id)) is None else newer
                for user_id, exists in learned.items()
            }
            self._known.learn(learned)
            found.update(learned)
        return [user_id for user_id, exists in found.items() if not exists]

    # Sessions

    async def log_in(self, asked: LogIn) -> Grant:
        """Tokens for a device; an earlier session of the same device ends.

        An unknown user and a wrong password take the same way and get the same answer. Raises RateLimited,
        WrongCredentials, InvalidField, TooManyDevices, Overloaded.
        """
        if len(asked.device_name) > _DEVICE_NAME_CHARACTERS:
            raise InvalidField(field="device_name", reason=f"at most {_DEVICE_NAME_CHARACTERS} characters are allowed")
        tries = self._spend_tries(asked.user_id, asked.address)
        row = await self._users.find(asked.user_id)
        if not await self._passwords.matches(asked.password, row.password_hash if row else None) or row is None:
            raise WrongCredentials
        for rate, key in tries:
            self._throttle.give_back(rate, key)
        password_hash = row.password_hash
        if self._passwords.is_outdated(password_hash):
            newer = await self._passwords.hash(asked.password)
            if await self._users.set_password(row.user_id, newer, replacing=password_hash):
                password_hash = newer
        self._known.learn({row.user_id: True})
        grant = await self._open_session(asked)
        await self._check_still(asked, password_hash, grant.device_id)
        return grant

    async def mint(self, user_id: UserId, device_id: DeviceId, device_name: str = "") -> Grant:
        """Tokens for a user's device without his password: whoever calls has made sure of him.

        Raises UserUnknown, InvalidField, TooManyDevices, Overloaded.
        """
        if len(device_name) > _DEVICE_NAME_CHARACTERS:
            raise InvalidField(field="device_name", reason=f"at most {_DEVICE_NAME_CHARACTERS} characters are allowed")
        await self.user(user_id)
        return await self._open_session(LogIn(user_id, "", device_id, device_name))

    async def log_out_everywhere(self, user_id: UserId) -> int:
        """Ends every session of a user; returns how many there were. Raises UserUnknown."""
        await self.user(user_id)
        sessions = await self._sessions.living(user_id, self._clock())
        await self._end(sessions)
        return len(sessions)

    async def refresh(self, refresh_token: str) -> Grant:
        """New tokens for a device; this refresh token is used up by it.

        A token that was used before is in two hands: then the session ends for both. Raises TokenInvalid, TokenRevoked,
        RefreshReused, Overloaded.
        """
        claims = self._refresh.read(refresh_token)
        session = await self._sessions.session(claims.session_id)
        if session is None or not self._refresh.proves(claims, session):
            raise TokenInvalid(reason="it is no refresh token of this server")
        now_ms = self._clock()
        expires_ms = now_ms + self._options.refresh_ttl_s * 1_000
        if await self._sessions.rotate(session.session_id, claims.generation, now_ms, expires_ms):
            return self._grant(msgspec.structs.replace(session, generation=claims.generation + 1))
        newest = await self._sessions.session(claims.session_id)
        if newest is None or newest.generation == claims.generation:
            raise TokenRevoked  # ended or expired; "log in again" holds for both
        if not newest.revoked_ms:
            await self._end([newest])
        raise RefreshReused

    async def log_out(self, identity: Identity) -> None:
        """Ends the device's session."""
        await self._end(await self._living(identity))

    async def log_out_device(self, user_id: UserId, device_id: DeviceId) -> None:
        """Ends the session of one of the user's devices. Raises DeviceUnknown."""
        sessions = await self._living(Identity(user_id, device_id))
        if not sessions:
            raise DeviceUnknown(device_id=device_id)
        await self._end(sessions)

    async def log_out_others(self, identity: Identity) -> int:
        """Ends the sessions of the user's other devices; returns how many."""
        others = [
            row
            for row in await self._sessions.living(identity.user_id, self._clock())
            if row.device_id != identity.device_id
        ]
        await self._end(others)
        return len(others)

    async def devices(self, user_id: UserId) -> Sequence[Device]:
        """The user's devices that are logged in, ascending by id."""
        rows = await self._sessions.living(user_id, self._clock())
        return [Device(row.device_id, row.device_name, row.created_ms, row.refreshed_ms, row.platform) for row in rows]

    async def authenticate(self, token: str) -> Identity:
        """Whom an access token speaks for, from memory alone. Raises TokenInvalid, TokenExpired, TokenRevoked."""
        claims = self._access.read(token)
        if claims.session_id in self._ended:
            raise TokenRevoked
        # Whoever is connected is likely to be written to next; then it is known without a look-up that he exists.
        self._known.learn({claims.user_id: True})
        return Identity(claims.user_id, claims.device_id)

    # Steps

    async def _check_still(self, asked: LogIn, password_hash: str, device_id: DeviceId) -> None:
        """A password that changed, or an account that ended, while this device logged in, lets it in no more.

        Whoever changed it ended the sessions that there were; this one may have come after. Raises WrongCredentials.
        """
        row = await self._users.find(asked.user_id)
        if row is not None and row.password_hash == password_hash:
            return
        if row is None or not await self._passwords.matches(asked.password, row.password_hash):
            await self._end(await self._living(Identity(asked.user_id, device_id)))
            self._known.learn({asked.user_id: row is not None})
            raise WrongCredentials

    async def _proved(self, user_id: UserId, password: str, address: str) -> UserRow:
        """The account of somebody who is logged in and says its password once more. Wrong ones count as log-ins do."""
        tries = self._spend_tries(user_id, address)
        row = await self._users.find(user_id)
        if row is None:
            raise UserUnknown(user_id=user_id)
        if not await self._passwords.matches(password, row.password_hash):
            raise PasswordWrong
        for rate, key in tries:
            self._throttle.give_back(rate, key)
        return row

    def _spend_tries(self, user_id: UserId, address: str) -> Sequence[tuple[Rate, str]]:
        if not address:
            return ()
        network, options = network_of(address), self._options
        tries = (
            (Rate("log-ins from your address", options.log_ins_per_minute, 60_000), network),
            (Rate("log-ins of this user", options.user_log_ins_per_minute, 60_000), f"{network} {user_id}"),
        )
        for rate, key in tries:
            self._throttle.spend(rate, key)
        return tries

    async def _open_session(self, asked: LogIn) -> Grant:
        now_ms = self._clock()
        session = SessionRow(
            session_id=urlsafe_b64encode(secrets.token_bytes(SESSION_ID_BYTES)).decode().rstrip("="),
            user_id=asked.user_id,
            device_id=asked.device_id or DeviceId(f"d-{secrets.token_hex(8)}"),
            device_name=asked.device_name,
            created_ms=now_ms,
            refreshed_ms=now_ms,
            expires_ms=now_ms + self._options.refresh_ttl_s * 1_000,
            generation=0,
            nonce=secrets.token_bytes(16),
            platform=asked.platform,
        )
        limits = SessionLimits(self._options.devices_per_user, self._options.platforms.of(asked.platform))
        ended = await self._sessions.open(session, limits)
        self._ended.add([row.session_id for row in ended], now_ms)
        for row in ended:
            self.on_logged_out(row.user_id, row.device_id, CloseCode.REPLACED)
        return self._grant(session)

    def _grant(self, session: SessionRow) -> Grant:
        access_token = self._access.issue(Claims(session.user_id, session.device_id, session.session_id))
        refresh_token = self._refresh.issue(session)
        return Grant(session.user_id, session.device_id, access_token, self._options.access_ttl_s, refresh_token)

    async def _living(self, identity: Identity) -> Sequence[SessionRow]:
        rows = await self._sessions.living(identity.user_id, self._clock())
        return [row for row in rows if row.device_id == identity.device_id]

    async def _end(self, sessions: Sequence[SessionRow]) -> None:
        now_ms = self._clock()
        session_ids = [session.session_id for session in sessions]
        # In memory first: from here on nobody gets in by these sessions, even if the store refuses.
        self._ended.add(session_ids, now_ms)
        await self._sessions.revoke(session_ids, now_ms)
        for session in sessions:
            self.on_logged_out(session.user_id, session.device_id, CloseCode.LOGGED_OUT)


def _nobody_listens(_user_id: UserId, _device_id: DeviceId, _code: CloseCode) -> None:
    """Until somebody does."""


def _nobody_hears(_user_id: UserId) -> None:
    """As above."""
