"""Ask, accept, refuse, unfriend, block."""

import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from hongyan.model.codes import (
    AlreadyFriends,
    Blocked,
    FriendsFull,
    InvalidField,
    RequestOver,
    RequestsClosed,
    RequestsFull,
    RequestUnknown,
    UserUnknown,
)
from hongyan.model.commands import Befriend, Block, Unfriend
from hongyan.model.errors import HongyanError
from hongyan.model.ids import SYSTEM_USER, ClientMsgId, UserId, parse_user_id, single_id
from hongyan.model.privacy import Strangers
from hongyan.model.state import BLOCKS, FRIEND
from hongyan.ports.clock import Clock
from hongyan.ports.commands import Commands
from hongyan.ports.relations import RequestPage, RequestRow, RequestState, RequestStore
from hongyan.services.relations.records import (
    Related,
    RelationsOptions,
    Request,
    Requests,
    RequestsAsked,
    StateName,
    Wish,
)
from hongyan.services.relations.standing import STRANGER, Flags, Standings
from hongyan.services.users.people import check_text
from hongyan.services.users.throttle import Rate, Throttle
from hongyan.telemetry import get_logger

logger = get_logger(__name__)

_NOTE_CHARACTERS, _SOURCE_CHARACTERS = 200, 64
_INCOMING_TIMES = 10
_DAY_MS = 86_400_000
_TO_ONE_PER_DAY = 5
_KEPT_MS = 180 * _DAY_MS
_MOST_OF_A_PAGE = 500
_CURSOR = re.compile(r"(\d{1,16})\.([A-Za-z0-9_-]{1,64})", re.ASCII)
_END = (1 << 53, "")

RequestChanged = Callable[[RequestRow], Awaitable[None]]
"""Told of a request that is new or was answered, after it is kept."""


class Around(msgspec.Struct, frozen=True):
    """What the service works with. `missing` gives those that do not exist, `policy_of` what strangers may begin."""

    requests: RequestStore
    standings: Standings
    commands: Commands
    missing: Callable[[Sequence[UserId]], Awaitable[Sequence[UserId]]]
    policy_of: Callable[[UserId], Strangers]
    clock: Clock


class Relations:
    """The service. `load` once commands are answered, and again now and then."""

    def __init__(self, around: Around, options: RelationsOptions) -> None:
        self._requests, self._standings, self._commands = around.requests, around.standings, around.commands
        self._missing, self._policy_of, self._clock = around.missing, around.policy_of, around.clock
        self._options, self._throttle = options, Throttle(around.clock)
        self.on_changed: RequestChanged = _nobody_listens

    async def load(self) -> None:
        """Does again what a process that died left half done, or a log that did not answer in time; forgets what is old.

        So accepted requests become friendships.
        """
        await self._requests.forget(self._clock() - _KEPT_MS)
        for row in await self._requests.accepted():
            try:
                await self._befriend(row)
            except HongyanError as error:
                # One of them may be gone by now; the others' friendships do not wait for it.
                logger.warning("a friendship was not made", request_id=row.request_id, reason=str(error))

    # Requests

    async def ask(self, wish: Wish) -> Request:
        """Asks to become friends. Where the other has asked before, both want it: they are friends at once.

        Raises InvalidField, UserUnknown, AlreadyFriends, Blocked, RequestsClosed, RequestsFull, RateLimited, and what
        `accept` raises.
        """
        one, other = wish.from_user_id, wish.to_user_id
        single_id(one, other)  # refuses those who ask themselves
        check_text("note", wish.note, _NOTE_CHARACTERS, line_breaks=True)
        check_text("source", wish.source, _SOURCE_CHARACTERS)
        self._throttle.spend(Rate("friend requests", self._options.requests_per_day, _DAY_MS), one)
        self._throttle.spend(Rate("friend requests to this user", _TO_ONE_PER_DAY, _DAY_MS), f"{one} {other}")
        if await self._missing([other]):
            raise UserUnknown(user_id=other)
        crossing = await self._requests.pending_between(other, one, self._clock())
        await self._check_may_ask(one, other, is_asked=crossing is not None)
        if crossing is not None:
            return await self.accept(one, crossing.request_id)
        row = await self._requests.ask(self._new(wish))
        await self.on_changed(row)
        return _request(row)

    async def accept(self, user_id: UserId, request_id: str) -> Request:
        """Takes a request to this user; may be repeated. Raises RequestUnknown, RequestOver, FriendsFull, OutcomeUnknown."""
        row = await self._to(user_id, request_id)
        if row.state == RequestState.PENDING:
            await self._check_room(row.from_user_id, row.to_user_id)
            await self._requests.move(request_id, RequestState.PENDING, RequestState.ACCEPTED, self._clock())
            row = await self._to(user_id, request_id)
        if row.state == RequestState.ACCEPTED:
            row = await self._befriend(row)
        if row.state != RequestState.DONE:
            raise RequestOver(state=_STATES[row.state])
        return _request(row)

    async def refuse(self, user_id: UserId, request_id: str) -> Request:
        """Does not take a request to this user; may be repeated. Raises RequestUnknown, RequestOver."""
        row = await self._to(user_id, request_id)
        return await self._end(row, RequestState.REFUSED)

    async def withdraw(self, user_id: UserId, request_id: str) -> Request:
        """Takes back a request of this user; may be repeated. Raises RequestUnknown, RequestOver."""
        row = await self._requests.request(request_id)
        if row is None or row.from_user_id != user_id:
            raise RequestUnknown(request_id=request_id)
        return await self._end(row, RequestState.WITHDRAWN)

    async def request(self, user_id: UserId, request_id: str) -> Request:
        """A request of this user or to him. Raises RequestUnknown, for that of others too."""
        row = await self._requests.request(request_id)
        if row is None or user_id not in (row.from_user_id, row.to_user_id):
            raise RequestUnknown(request_id=request_id)
        return self._shown(row)

    async def requests(self, asked: RequestsAsked) -> Requests:
        """Requests, newest first. Raises InvalidField for a foreign cursor."""
        before_ms, before_id = _parsed(asked.cursor)
        limit = _limit(asked.limit)
        page = RequestPage(asked.user_id, asked.incoming, asked.pending_only, before_ms, before_id, limit + 1)
        rows = await self._requests.page(page, self._clock())
        shown = tuple(map(_request, rows[:limit]))
        last = shown[-1] if len(rows) > limit else None
        return Requests(shown, f"{last.created_ms}.{last.request_id}" if last else "")

    # Friends and blocks

    async def friends(self, user_id: UserId, cursor: str, limit: int) -> Related:
        """The user's friends. Raises InvalidField."""
        return _cut(await self._standings.others(user_id, FRIEND), cursor, limit)

    async def blocks(self, user_id: UserId, cursor: str, limit: int) -> Related:
        """Whom the user blocks. Raises InvalidField."""
        return _cut(await self._standings.others(user_id, BLOCKS), cursor, limit)

    async def flags(self, user_id: UserId, other: UserId) -> Flags:
        """What a user is to another."""
        return (await self._standings.between(user_id, [other])).get(other, STRANGER)

    async def unfriend(self, user_id: UserId, other: UserId) -> None:
        """Ends a friendship; where there is none, nothing happens. Raises InvalidField, OutcomeUnknown."""
        conversation_id = single_id(user_id, other)
        if (await self.flags(user_id, other)).friend:
            await self._commands.submit(SYSTEM_USER, conversation_id, _fresh("unfriend"), Unfriend(user_id))

    async def block(self, user_id: UserId, other: UserId, *, on: bool) -> None:
        """Takes nothing from another any more, or does again; in force when this returns. Friends stay friends.

        Raises InvalidField, UserUnknown, OutcomeUnknown.
        """
        await self._commands.submit(user_id, single_id(user_id, other), _fresh("block"), Block(on))

    async def leave(self, user_id: UserId) -> None:
        """What a deleted account leaves behind: no requests, no friends, and nobody writes to it. May be repeated."""
        for incoming, state in ((False, RequestState.WITHDRAWN), (True, RequestState.EXPIRED)):
            await self._end_all(user_id, state, incoming=incoming)
        await self._requests.forget(0, user_id)
        for other in await self._standings.others(user_id, FRIEND):
            await self.unfriend(user_id, other)

    # Steps

    async def _end_all(self, user_id: UserId, state: RequestState, *, incoming: bool) -> None:
        """Ends the requests that wait, so that the others learn it."""
        before_ms, before_id = _END
        page = RequestPage(
            user_id=user_id,
            incoming=incoming,
            pending_only=True,
            before_ms=before_ms,
            before_id=before_id,
            limit=_MOST_OF_A_PAGE,
        )
        while rows := await self._requests.page(page, self._clock()):
            for row in rows:
                if await self._requests.move(row.request_id, RequestState.PENDING, state, self._clock()):
                    await self.on_changed(msgspec.structs.replace(row, state=int(state)))

    async def _check_may_ask(self, one: UserId, other: UserId, *, is_asked: bool) -> None:
        flags = await self.flags(one, other)
        if flags.friend:
            raise AlreadyFriends(user_id=other)
        if flags.blocked:
            raise Blocked(user_id=other)
        if self._policy_of(other) is Strangers.FRIENDS and not is_asked:
            raise RequestsClosed(user_id=other)
        limit = self._options.open_requests
        already = await self._requests.pending_between(one, other, self._clock())
        of_the_one, to_the_other = await self._requests.open_counts(one, other, self._clock())
        if already is None and (of_the_one >= limit or to_the_other >= limit * _INCOMING_TIMES):
            raise RequestsFull(limit=limit)

    async def _check_room(self, *user_ids: UserId) -> None:
        for user_id in user_ids:
            if len(await self._standings.others(user_id, FRIEND)) >= self._options.friends:
                raise FriendsFull(limit=self._options.friends)

    def _new(self, wish: Wish) -> RequestRow:
        now_ms = self._clock()
        return RequestRow(
            urlsafe_b64encode(secrets.token_bytes(12)).decode(),
            wish.from_user_id,
            wish.to_user_id,
            wish.note,
            wish.source,
            int(RequestState.PENDING),
            now_ms,
            now_ms + self._options.request_ttl_s * 1_000,
        )

    async def _befriend(self, row: RequestRow) -> RequestRow:
        """Makes an accepted request a friendship. The same request asks for the same, so a repetition does nothing twice."""
        conversation_id = single_id(row.from_user_id, row.to_user_id)
        client_msg_id = ClientMsgId(f"befriend:{row.request_id}")
        command = Befriend(row.from_user_id, row.note)
        await self._commands.submit(SYSTEM_USER, conversation_id, client_msg_id, command)
        await self._requests.move(row.request_id, RequestState.ACCEPTED, RequestState.DONE, row.answered_ms)
        done = msgspec.structs.replace(row, state=int(RequestState.DONE))
        await self.on_changed(done)
        return done

    async def _end(self, row: RequestRow, state: RequestState) -> Request:
        if await self._requests.move(row.request_id, RequestState.PENDING, state, self._clock()):
            row = await self._requests.request(row.request_id) or row
            await self.on_changed(row)
            return _request(row)
        newest = await self._requests.request(row.request_id) or row
        if newest.state != state:
            raise RequestOver(state=_STATES[newest.state])
        return _request(newest)

    async def _to(self, user_id: UserId, request_id: str) -> RequestRow:
        row = await self._requests.request(request_id)
        if row is None or row.to_user_id != user_id:
            raise RequestUnknown(request_id=request_id)
        return row

    def _shown(self, row: RequestRow) -> Request:
        """As it is now: nobody may have looked since it expired."""
        if row.state == RequestState.PENDING and row.expires_ms <= self._clock():
            row = msgspec.structs.replace(row, state=int(RequestState.EXPIRED), answered_ms=row.expires_ms)
        return _request(row)


_STATES: dict[int, StateName] = {1: "pending", 2: "accepted", 3: "accepted", 4: "refused", 5: "withdrawn", 6: "expired"}


def state_name(row: RequestRow) -> StateName:
    """What people call a request's state."""
    return _STATES[row.state]


def _request(row: RequestRow) -> Request:
    return Request(
        row.request_id,
        row.from_user_id,
        row.to_user_id,
        row.note,
        row.source,
        _STATES[row.state],
        row.created_ms,
        row.expires_ms,
        row.answered_ms,
    )


def _fresh(what: str) -> ClientMsgId:
    return ClientMsgId(f"{what}:{secrets.token_hex(12)}")


def _limit(limit: int) -> int:
    if limit < 1:
        raise InvalidField(field="limit", reason="at least 1")
    return min(limit, _MOST_OF_A_PAGE)


def _parsed(cursor: str) -> tuple[int, str]:
    if not cursor:
        return _END
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidField(field="cursor", reason="it is not one that this server gave")
    return int(match[1]), match[2]


def _cut(user_ids: Sequence[UserId], cursor: str, limit: int) -> Related:
    after = parse_user_id(cursor, "cursor") if cursor else ""
    found = [user_id for user_id in user_ids if user_id > after]
    page = tuple(found[: _limit(limit)])
    return Related(page, page[-1] if len(page) < len(found) else "")


async def _nobody_listens(_row: RequestRow) -> None:
    """Until somebody does."""
