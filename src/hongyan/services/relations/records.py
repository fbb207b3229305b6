"""What is asked of relations and answered about them."""

from typing import Literal

import msgspec

from hongyan.model.ids import UserId

StateName = Literal["pending", "accepted", "refused", "withdrawn", "expired"]


class Wish(msgspec.Struct, frozen=True):
    """That one user wants to be another's friend. `source` says where he found him, as he likes."""

    from_user_id: UserId
    to_user_id: UserId
    note: str = ""
    source: str = ""


class Request(msgspec.Struct, frozen=True):
    """A request as its two users see it. `answered_ms` is 0 while nobody answered."""

    request_id: str
    from_user_id: UserId
    to_user_id: UserId
    note: str
    source: str
    state: StateName
    created_ms: int
    expires_ms: int
    answered_ms: int


class Requests(msgspec.Struct, frozen=True):
    """A page of requests, newest first. `cursor` asks for what follows; "": that is all."""

    requests: tuple[Request, ...]
    cursor: str


class RequestsAsked(msgspec.Struct, frozen=True):
    """Which requests: those to a user or, not `incoming`, those of his."""

    user_id: UserId
    incoming: bool = True
    pending_only: bool = False
    cursor: str = ""
    limit: int = 100


class Related(msgspec.Struct, frozen=True):
    """Other users, ascending by id. `cursor` asks for what follows; "": that is all."""

    user_ids: tuple[UserId, ...]
    cursor: str


class RelationsOptions(msgspec.Struct, frozen=True):
    """Bounds, as in the configuration; to a user there may be ten times as many open requests as he may have himself."""

    friends: int = 5_000
    open_requests: int = 100
    requests_per_day: int = 100
    request_ttl_s: int = 2_592_000
