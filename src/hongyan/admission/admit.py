"""From a submission to a record in the log."""

import hashlib
import math
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any, Protocol

import msgspec
import xxhash
from msgspec.structs import replace

from hongyan.admission.pace import ConversationPace
from hongyan.admission.snowflake import Snowflake
from hongyan.model.codes import InvalidField, NotAllowed, NotAMember, RateLimited, UserUnknown
from hongyan.model.commands import (
    AddMembers,
    AnswerJoin,
    AnyCommand,
    Befriend,
    CreateGroup,
    EditMessage,
    GroupCommand,
    JoinByLink,
    MakeJoinLink,
    Recall,
    RequestJoin,
    SendMessage,
    SendToFriend,
    SingleCommand,
    Unfriend,
)
from hongyan.model.errors import HongyanError
from hongyan.model.ids import (
    SYSTEM_USER,
    ConversationId,
    ConversationKind,
    UserId,
    fixed_members,
    group_conversation_id,
    kind_of,
)
from hongyan.model.privacy import Doors
from hongyan.model.records import Record
from hongyan.ports.clock import Clock
from hongyan.ports.commands import Allowance
from hongyan.ports.link import Later, Submission
from hongyan.ports.log import Log
from hongyan.ports.screen import Screen
from hongyan.ports.state import Hot

SCREENED: frozenset[type] = frozenset({SendMessage, EditMessage})
"""The commands that say something."""

_GROUP_ID_BITS = 128
_BUCKETS = 100_000  # as many are kept before it is worth a look which of them are idle


class AdmissionOptions(msgspec.Struct, frozen=True):
    """What is stamped into commands, and how fast one user may submit (a bucket of `burst`).

    `admin_recall_window_ms` is for an admin's or owner's own messages in a group; an edit window of 0 is endless.
    """

    group_members: int = 500
    recall_window_ms: int = 120_000
    submissions_per_s: float = 50.0
    burst: int = 200
    admin_recall_window_ms: int = -1
    edit_window_ms: int = 0
    conversation_per_s: float = 200.0
    conversation_burst: int = 2_000


class Directory(msgspec.Struct, frozen=True):
    """Who exists. `known` answers at once or not at all; `missing` gives those who do not exist."""

    known: Callable[[UserId], bool | None]
    missing: Callable[[Sequence[UserId]], Awaitable[Sequence[UserId]]]


class Guests(Protocol):
    """Those who do not let everybody bring them into groups: `choosy`, and which of some refuse a user."""

    @property
    def choosy(self) -> AbstractSet[UserId]:
        """Asked for every user who is brought in: it is in memory."""
        ...

    async def refusing(self, inviter_id: UserId, user_ids: Sequence[UserId]) -> Sequence[UserId]:
        """Those of them who do not let this user."""
        ...


class Bucket(msgspec.Struct):
    """Tokens of one user at a time."""

    tokens: float
    at_ms: int


class Admission:
    """The `Admit` of ports.link. `pressure` says why nothing more can be taken now, or None."""

    def __init__(self, log: Log, hot: Hot, directory: Directory, clock: Clock, options: AdmissionOptions) -> None:
        self._log, self._hot, self._directory, self._clock, self._options = log, hot, directory, clock, options
        self._snowflake = Snowflake(worker=0)
        self._buckets: dict[UserId, Bucket] = {}
        self._buckets_bound = _BUCKETS
        self._pace = ConversationPace(options.conversation_per_s, options.conversation_burst)
        self._screen: Screen | None = None
        self._is_plain: Callable[[ConversationId], bool] = hot.knows
        self.pressure: Callable[[], HongyanError | None] = lambda: None
        self.doors = Doors()
        self.guests: Guests | None = None

    @property
    def screen(self) -> Screen | None:
        """What looks at messages first. With one, every message takes the longer way."""
        return self._screen

    @screen.setter
    def screen(self, screen: Screen | None) -> None:
        self._screen = screen
        self._is_plain = self._hot.knows if screen is None else _never

    def start_above(self, message_id: int) -> None:
        """Ids from here on are above one that was given before the restart, though the clock may have been set back."""
        self._snowflake = Snowflake(worker=0, above=message_id)

    def admit(self, submission: Submission) -> Later | None:
        """Checks and appends. Returns what to wait for when the other side's existence is not known at once."""
        now_ms = self._clock()
        pressure = self.pressure()
        if pressure is not None:
            raise pressure
        self._spend(submission.sender_id, now_ms)
        command = submission.command
        conversation_id = submission.conversation_id
        self._pace.spend(conversation_id, now_ms)
        if type(command) is SendMessage and self._is_plain(conversation_id):
            if self.doors.others or self.doors.closed:
                command = self._to_friend(conversation_id, submission.sender_id, command)
            self._append(submission, conversation_id, command, now_ms)
            return None
        if not conversation_id:
            conversation_id = _made_group_id(submission)
        strangers = self._check_shape(conversation_id, submission)
        screened: AnyCommand | None = command
        if self._screen is not None and type(command) in SCREENED and submission.sender_id != SYSTEM_USER:
            screened = self._screen.screen(submission)
        is_known = all(self._directory.known(user_id) for user_id in strangers)
        if screened is not None and is_known and not self._are_choosy(command, strangers):
            self._append(
                submission, conversation_id, self._stamped(conversation_id, submission.sender_id, screened), now_ms
            )
            return None
        return partial(self._admit_late, submission, conversation_id, strangers, screened)

    async def _admit_late(
        self,
        submission: Submission,
        conversation_id: ConversationId,
        strangers: Sequence[UserId],
        command: AnyCommand | None,
    ) -> None:
        """What a look at the directory says, and a screen where the command is not said yet."""
        missing = await self._directory.missing(strangers) if strangers else ()
        if missing:
            raise UserUnknown(user_id=missing[0])
        await self._check_invited(submission, strangers)
        if command is None and self._screen is not None:
            command = await self._screen.screen_late(submission)
        stamped = self._stamped(conversation_id, submission.sender_id, command or submission.command)
        self._append(submission, conversation_id, stamped, self._clock())

    def _are_choosy(self, command: AnyCommand, user_ids: Sequence[UserId]) -> bool:
        guests = self.guests
        return (
            guests is not None
            and isinstance(command, CreateGroup | AddMembers)
            and any(user_id in guests.choosy for user_id in user_ids)
        )

    async def _check_invited(self, submission: Submission, user_ids: Sequence[UserId]) -> None:
        """Some let only friends bring them into groups, or nobody. Raises NotAllowed."""
        if self.guests is None or submission.sender_id == SYSTEM_USER:
            return
        if self._are_choosy(submission.command, user_ids):
            refusing = await self.guests.refusing(submission.sender_id, user_ids)
            if refusing:
                raise NotAllowed(action=f"bring {refusing[0]} into a group")

    def _check_shape(self, conversation_id: ConversationId, submission: Submission) -> Sequence[UserId]:
        """Refuses what is plainly wrong; returns the users that have to exist."""
        kind, sender_id, command = kind_of(conversation_id), submission.sender_id, submission.command
        _check_place(kind, command)
        if kind is ConversationKind.GROUP:
            return command.member_ids if isinstance(command, CreateGroup | AddMembers) else ()
        members = fixed_members(conversation_id)
        if isinstance(command, Befriend | Unfriend):
            if sender_id != SYSTEM_USER:
                raise NotAllowed(action="decide who are friends")
            # One whose account ended has friends to lose, and nobody to win.
            return members if isinstance(command, Befriend) else ()
        if kind is ConversationKind.SYSTEM:
            if sender_id != SYSTEM_USER:
                raise NotAllowed(action="send")
            return members
        if sender_id not in members:
            raise NotAMember(conversation_id=conversation_id)
        return [user_id for user_id in members if user_id != sender_id]

    def _stamped(self, conversation_id: ConversationId, sender_id: UserId, command: AnyCommand) -> AnyCommand:
        """The command with the limits and the policy that hold now, so that a replay decides as today."""
        if type(command) is SendMessage:
            return self._to_friend(conversation_id, sender_id, command)
        stamp = _STAMPS.get(type(command))
        return stamp(command, self._options) if stamp is not None else command

    def _to_friend(self, conversation_id: ConversationId, sender_id: UserId, command: SendMessage) -> AnyCommand:
        """A message to one who takes messages of friends only is one to a friend, or refused by its rule."""
        if kind_of(conversation_id) is not ConversationKind.SINGLE:
            return command
        for user_id in fixed_members(conversation_id):
            if user_id != sender_id and self.doors.is_closed(user_id):
                return SendToFriend(command.kind, command.content, command.mention_all)
        return command

    def _append(
        self, submission: Submission, conversation_id: ConversationId, command: AnyCommand, now_ms: int
    ) -> None:
        record = Record(
            conversation_id,
            submission.sender_id,
            submission.client_msg_id,
            self._snowflake.next(now_ms),
            now_ms,
            command,
            _digest(submission.command),
            submission.resend,
            submission.gateway,
            submission.connection,
            submission.request,
        )
        self._log.append(record)

    def _spend(self, user_id: UserId, now_ms: int) -> None:
        options = self._options
        bucket = self._buckets.get(user_id)
        if bucket is None:
            self._buckets[user_id] = Bucket(options.burst - 1.0, now_ms)
            if len(self._buckets) > self._buckets_bound:
                self._forget_idle(now_ms)
            return
        if now_ms != bucket.at_ms:
            elapsed_s = max(0, now_ms - bucket.at_ms) / 1000
            bucket.tokens = min(float(options.burst), bucket.tokens + elapsed_s * options.submissions_per_s)
            bucket.at_ms = now_ms
        if bucket.tokens < 1.0:
            if user_id == SYSTEM_USER:
                # Services bound themselves, and what they submit has no person behind it who could slow down.
                return
            wait_ms = int(1000 * (1.0 - bucket.tokens) / options.submissions_per_s) + 1
            raise RateLimited(what="submissions", retry_after_ms=wait_ms)
        bucket.tokens -= 1.0

    def allowance(self, user_id: UserId) -> Allowance:
        """What a user may still submit now; asking spends nothing."""
        rate, burst = self._options.submissions_per_s, self._options.burst
        bucket, tokens = self._buckets.get(user_id), float(burst)
        if bucket is not None:
            tokens = min(tokens, bucket.tokens + max(0, self._clock() - bucket.at_ms) / 1000 * rate)
        return Allowance(burst, max(1, math.ceil(burst / rate)), int(tokens), math.ceil((burst - tokens) / rate))

    def _forget_idle(self, now_ms: int) -> None:
        """A bucket that has had time to fill again says nothing."""
        full_after_ms = 1000 * self._options.burst / self._options.submissions_per_s
        idle = [user_id for user_id, bucket in self._buckets.items() if now_ms - bucket.at_ms > full_after_ms]
        for user_id in idle:
            del self._buckets[user_id]
        # Were all of them busy, each newcomer would be a look at all.
        self._buckets_bound = max(_BUCKETS, 2 * len(self._buckets))


def _never(_conversation_id: ConversationId) -> bool:
    return False


def _check_place(kind: ConversationKind, command: AnyCommand) -> None:
    """Some commands are asked of one kind of conversation only."""
    if isinstance(command, GroupCommand) and kind is not ConversationKind.GROUP:
        raise InvalidField(field="conversation_id", reason="a group's id begins with g:")
    if isinstance(command, SingleCommand) and kind is not ConversationKind.SINGLE:
        raise InvalidField(field="conversation_id", reason="the id of a conversation of two begins with s:")


def _limited(command: Any, options: AdmissionOptions) -> AnyCommand:
    return replace(command, limit=options.group_members)  # type: ignore[no-any-return]  # as it came


def _hashed(command: Any, options: AdmissionOptions) -> AnyCommand:
    """Tokens are random, so a plain hash keeps them secret; what opens a group is nowhere in the log."""
    hashed = replace(command, token=hashlib.sha256(command.token.encode()).hexdigest()[:32])
    return _limited(hashed, options) if isinstance(command, JoinByLink) else hashed


def _recall_windows(command: Recall, options: AdmissionOptions) -> AnyCommand:
    return Recall(command.seq, options.recall_window_ms, options.admin_recall_window_ms)


_STAMPS: dict[type, Callable[[Any, AdmissionOptions], AnyCommand]] = {
    Recall: _recall_windows,
    EditMessage: lambda command, options: replace(command, window_ms=options.edit_window_ms),
    CreateGroup: _limited,
    AddMembers: _limited,
    RequestJoin: _limited,
    AnswerJoin: _limited,
    MakeJoinLink: _hashed,
    JoinByLink: _hashed,
}


def _digest(command: AnyCommand) -> int:
    """A hash of what the client asked, as a signed 64-bit number; limits stamped later are no part of it."""
    if type(command) is SendMessage:
        payload = command.content
    elif type(command) is Recall:
        payload = msgspec.msgpack.encode((2, command.seq, 0))  # as it was before recalls had a second window
    else:
        payload = msgspec.msgpack.encode(command)
    return xxhash.xxh3_64_intdigest(payload) - (1 << 63)


def _made_group_id(submission: Submission) -> ConversationId:
    """A new group's conversation. A function of sender and client_msg_id, so that a retry means the same group."""
    if not isinstance(submission.command, CreateGroup):
        raise InvalidField(field="conversation_id", reason="only create_group may leave it out")
    name = f"{submission.sender_id}\n{submission.client_msg_id}"
    return group_conversation_id(xxhash.xxh3_128_hexdigest(name.encode())[: _GROUP_ID_BITS // 4])
