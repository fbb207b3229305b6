"""What is asked of accounts and answered about them. Secrets stay out of every `repr`, and so out of logs."""

import msgspec

from hongyan.model.ids import DeviceId, UserId


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


class UsersOptions(msgspec.Struct, frozen=True):
    """Bounds, as in the configuration. Rates are per address; `user_log_ins_per_minute` per user and address."""

    access_ttl_s: int = 900
    refresh_ttl_s: int = 2_592_000
    devices_per_user: int = 10
    registration_open: bool = True
    registrations_per_hour: int = 300
    log_ins_per_minute: int = 60
    user_log_ins_per_minute: int = 10
