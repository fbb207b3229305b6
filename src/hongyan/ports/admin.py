"""Where server keys, bots, filtered words and reports are kept."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from hongyan.model.ids import ConversationId, UserId


class KeyRow(msgspec.Struct, frozen=True):
    """A server key. `digest` is a hash of its secret; `revoked_ms` is 0 while it is good."""

    key_id: str
    name: str
    digest: bytes
    scopes: tuple[str, ...]
    created_ms: int
    revoked_ms: int = 0

    def __repr__(self) -> str:
        return f"KeyRow(key_id={self.key_id!r}, name={self.name!r})"


class BotCommand(msgspec.Struct, frozen=True):
    """What a bot answers to: `/name`."""

    name: str
    description: str = ""


class BotRow(msgspec.Struct, frozen=True):
    """An account that belongs to a key."""

    bot_id: UserId
    key_id: str
    commands: tuple[BotCommand, ...]
    created_ms: int


class WordRow(msgspec.Struct, frozen=True):
    """A word that messages may not hold. `action` is `refuse` or `mask`."""

    word: str
    action: str


class ReportRow(msgspec.Struct, frozen=True):
    """What one user says about another or about an entry. `evidence` is the entry's bytes as the reporter saw them.

    `report_id` is given by the store; `resolved_ms` is 0 while nobody decided.
    """

    report_id: int
    reporter_id: UserId
    user_id: UserId
    conversation_id: ConversationId
    seq: int
    reason: str
    note: str
    evidence: bytes
    created_ms: int
    resolved_ms: int = 0
    resolution: str = ""


class KeyStore(Protocol):
    """Server keys. What a call returned from is durable."""

    async def add_key(self, key: KeyRow) -> None:
        """Keeps a new key."""
        ...

    async def key(self, key_id: str) -> KeyRow | None:
        """The key of that id, revoked or not."""
        ...

    async def keys(self) -> Sequence[KeyRow]:
        """All of them, ascending by when they were made."""
        ...

    async def revoke_key(self, key_id: str, now_ms: int) -> bool:
        """Ends a key; False when there is none. One that ended before keeps its time."""
        ...


class BotStore(Protocol):
    """Bots and filtered words. What a call returned from is durable."""

    async def put_bot(self, bot: BotRow) -> None:
        """Keeps a bot in place of what it was."""
        ...

    async def remove_bot(self, bot_id: UserId) -> bool:
        """Forgets that an account is a bot; False when it was none."""
        ...

    async def bots(self) -> Sequence[BotRow]:
        """All of them, ascending by id."""
        ...

    async def words(self) -> Sequence[WordRow]:
        """All filtered words, ascending."""
        ...

    async def set_words(self, words: Sequence[WordRow]) -> None:
        """Keeps these in place of all there were."""
        ...


class ReportStore(Protocol):
    """Reports. What a call returned from is durable."""

    async def add_report(self, report: ReportRow) -> ReportRow:
        """Keeps a report under a new id; what the reporter said earlier of the same is returned instead."""
        ...

    async def report(self, report_id: int) -> ReportRow | None:
        """The report of that id."""
        ...

    async def reports(self, after: int, limit: int, *, is_open: bool) -> Sequence[ReportRow]:
        """Reports above an id, ascending by it: those nobody decided, or those somebody did."""
        ...

    async def resolve_report(self, report_id: int, resolution: str, now_ms: int) -> bool:
        """Notes a decision; False when there is no such report or it was decided."""
        ...
