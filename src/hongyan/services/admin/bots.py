"""Bots: accounts that belong to a key and answer to commands."""

import re
from collections.abc import Sequence

from hongyan.model.codes import BotUnknown, InvalidField
from hongyan.model.ids import UserId
from hongyan.ports.admin import BotCommand, BotRow, BotStore
from hongyan.ports.clock import Clock

_COMMANDS = 100
_NAME = re.compile(r"\w{1,32}")
_DESCRIPTION_CHARACTERS = 256


class Bots:
    """The service. `load` first."""

    def __init__(self, store: BotStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._rows: dict[UserId, BotRow] = {}
        self._by_command: dict[str, list[UserId]] = {}

    async def load(self) -> None:
        """Learns which bots there are."""
        self._rows = {row.bot_id: row for row in await self._store.bots()}
        self._index()

    def list(self) -> Sequence[BotRow]:
        """All, ascending by id."""
        return [self._rows[bot_id] for bot_id in sorted(self._rows)]

    def get(self, bot_id: UserId) -> BotRow:
        """One of them. Raises BotUnknown."""
        row = self._rows.get(bot_id)
        if row is None:
            raise BotUnknown(bot_id=bot_id)
        return row

    def answering(self, command: str, bot_id: str = "") -> Sequence[UserId]:
        """The bots that know a command; with a `bot_id` that one alone."""
        return [found for found in self._by_command.get(command.casefold(), ()) if not bot_id or found == bot_id]

    async def put(self, bot_id: UserId, key_id: str, commands: Sequence[BotCommand]) -> BotRow:
        """Makes an account a bot, or gives a bot other commands. Raises InvalidField."""
        if len(commands) > _COMMANDS:
            raise InvalidField(field="commands", reason=f"at most {_COMMANDS} are allowed")
        for command in commands:
            if not _NAME.fullmatch(command.name):
                raise InvalidField(field="commands", reason="a name has 1 to 32 letters, digits or _")
            if len(command.description) > _DESCRIPTION_CHARACTERS:
                raise InvalidField(field="commands", reason=f"a description has {_DESCRIPTION_CHARACTERS} at most")
        before = self._rows.get(bot_id)
        created_ms = before.created_ms if before else self._clock()
        row = BotRow(bot_id, before.key_id if before else key_id, tuple(commands), created_ms)
        await self._store.put_bot(row)
        self._rows[bot_id] = row
        self._index()
        return row

    async def remove(self, bot_id: UserId) -> None:
        """The account is a bot no more; it stays an account. Raises BotUnknown."""
        self.get(bot_id)
        await self._store.remove_bot(bot_id)
        self._rows.pop(bot_id, None)
        self._index()

    def _index(self) -> None:
        self._by_command = {}
        for row in self._rows.values():
            for command in row.commands:
                self._by_command.setdefault(command.name.casefold(), []).append(row.bot_id)
