"""What is asked of accounts and answered about them. Secrets stay out of every `repr`, and so out of logs."""

from typing import Literal

import msgspec

from hongyan.model.ids import DeviceId, UserId
from hongyan.ports.link import Identity

Platform = Literal["", "phone", "tablet", "desktop", "web"]
"""What kind of device logs in; "": not said."""


class Registration(msgspec.Struct, frozen=True):
    """A new account. `address` is where it is asked from; "" is a command on this machine, which is not throttled."""

    user_id: UserId
    password: str
    address: str = ""

    def __repr__(self) -> str:
        return f"Registration(user_id={self.user_id!r})"


class LogIn(msgspec.Struct, frozen=True):
    """A device that wants tokens. Without a `device_id` it gets one."""

    user_id: UserId
    password: str
    device_id: DeviceId = DeviceId("")
    device_name: str = ""
    address: str = ""
    platform: Platform = ""

    def __repr__(self) -> str:
        return f"LogIn(user_id={self.user_id!r}, device_id={self.device_id!r})"


class Grant(msgspec.Struct, frozen=True):
    """What a device gets: an access token for `expires_in_s`, and a refresh token for one use."""

    user_id: UserId
    device_id: DeviceId
    access_token: str
    expires_in_s: int
    refresh_token: str

    def __repr__(self) -> str:
        return f"Grant(user_id={self.user_id!r}, device_id={self.device_id!r})"


class User(msgspec.Struct, frozen=True):
    """An account as others may see it."""

    user_id: UserId
    created_ms: int


class Device(msgspec.Struct, frozen=True):
    """A device that is logged in. `refreshed_ms` is when it last got tokens."""

    device_id: DeviceId
    name: str
    created_ms: int
    refreshed_ms: int
    platform: str = ""


class NewPassword(msgspec.Struct, frozen=True):
    """A user's wish for another password, from one of his devices."""

    identity: Identity
    old: str
    new: str
    address: str = ""

    def __repr__(self) -> str:
        return f"NewPassword(identity={self.identity!r})"


class Farewell(msgspec.Struct, frozen=True):
    """A user's wish that his account ends."""

    user_id: UserId
    password: str
    address: str = ""

    def __repr__(self) -> str:
        return f"Farewell(user_id={self.user_id!r})"


class PlatformLimits(msgspec.Struct, frozen=True):
    """How many devices of a platform a user may have; a newer one takes the place of the oldest. 0: no limit of its own."""

    phone: int = 0
    tablet: int = 0
    desktop: int = 0
    web: int = 0

    def of(self, platform: Platform) -> int:
        """The limit of a platform."""
        return int(getattr(self, platform)) if platform else 0


class UsersOptions(msgspec.Struct, frozen=True):
    """Bounds, as in the configuration. Rates are per address; `user_log_ins_per_minute` per user and address."""

    access_ttl_s: int = 900
    refresh_ttl_s: int = 2_592_000
    devices_per_user: int = 10
    registration_open: bool = True
    registrations_per_hour: int = 300
    log_ins_per_minute: int = 60
    user_log_ins_per_minute: int = 10
    platforms: PlatformLimits = PlatformLimits()
