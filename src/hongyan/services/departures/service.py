"""A deleted account leaves its groups and conversations, its friends and its items."""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from hongyan.model.codes import NotAMember, Overloaded, RateLimited, UserUnknown
from hongyan.model.commands import AnyCommand, Block, LeaveGroup, TransferOwner
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ClientMsgId, ConversationId, ConversationKind, UserId, kind_of
from hongyan.ports.commands import Commands
from hongyan.ports.personal import PersonalItems
from hongyan.protocol import frames
from hongyan.services.conversations.service import Conversations
from hongyan.services.relations.service import Relations
from hongyan.services.users.people import People
from hongyan.services.users.service import Users
from hongyan.telemetry import get_logger

logger = get_logger(__name__)

_AGAIN_S = 60.0
_TRIES = 20


class Involved(msgspec.Struct, frozen=True):
    """The services that have something of a user."""

    users: Users
    people: People
    relations: Relations
    conversations: Conversations
    items: PersonalItems
    commands: Commands


class Departures:
    """Works through the accounts that were deleted, now and at every start."""

    def __init__(self, involved: Involved, ready: asyncio.Event) -> None:
        self._users, self._people, self._relations = involved.users, involved.people, involved.relations
        self._conversations, self._items = involved.conversations, involved.items
        self._commands, self._ready = involved.commands, ready
        self._wake = asyncio.Event()

    def deleted(self, user_id: UserId) -> None:
        """An account ended. Never waits."""
        self._people.forget(user_id)
        self._wake.set()

    async def run(self) -> None:
        """Works until cancelled; begins once commands are answered, and looks again every minute."""
        await self._ready.wait()
        while True:
            self._wake.clear()
            try:
                await self._turn()
            except HongyanError as error:
                # The disk is full, or too much is asked of it: the next turn finds the same.
                logger.warning("what accounts left half done waits", reason=str(error))
            try:
                async with asyncio.timeout(_AGAIN_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _turn(self) -> None:
        """Friendships that were accepted and not made, then accounts that ended and have not left."""
        await self._relations.load()
        for user_id in await self._users.departing():
            try:
                await self.leave(user_id)
            except HongyanError as error:
                # It is tried again; others do not wait for it.
                logger.warning("a deleted account has not left everything", user_id=user_id, reason=str(error))

    async def leave(self, user_id: UserId) -> None:
        """Everything of one account; may be repeated. Raises the coded refusal that ended it midway.

        From its place in a conversation's log on nobody writes to him there: messages before it were taken, those after are
        refused. New conversations with him cannot begin since his account ended.
        """
        async for head in self._heads(user_id):
            if not head.member:
                continue
            if kind_of(head.conversation_id) is ConversationKind.GROUP:
                await self._leave_group(user_id, head.conversation_id)
            elif kind_of(head.conversation_id) is ConversationKind.SINGLE:
                await self._submit(user_id, head.conversation_id, "block", Block())
        await self._relations.leave(user_id)
        await self._items.erase(user_id)
        await self._users.departed(user_id)

    async def _heads(self, user_id: UserId) -> AsyncIterator[frames.ConversationHead]:
        cursor, more = "", True
        while more:
            page = await self._conversations.sync(user_id, frames.Sync(cursor))
            for head in page.conversations:
                yield head
            cursor, more = page.cursor, page.more

    async def _leave_group(self, user_id: UserId, conversation_id: ConversationId) -> None:
        """Gives the group to somebody else where it is his; to an admin, if there is one."""
        heir = await self._heir(user_id, conversation_id)
        if heir is not None:
            await self._submit(user_id, conversation_id, f"transfer:{heir}", TransferOwner(heir))
        await self._submit(user_id, conversation_id, "leave", LeaveGroup())

    async def _heir(self, user_id: UserId, conversation_id: ConversationId) -> UserId | None:
        first: UserId | None = None
        admin: UserId | None = None
        owns, cursor, more = False, "", True
        while more:
            try:
                page = await self._conversations.members(user_id, frames.GetMembers(conversation_id, cursor, 500))
            except HongyanError:
                return None  # he has left meanwhile
            for member in page.members:
                if member.user_id == user_id:
                    owns = member.role == "owner"
                elif member.role == "admin":
                    admin = admin or member.user_id
                else:
                    first = first or member.user_id
            cursor, more = page.cursor, page.more
        return (admin or first) if owns else None

    async def _submit(self, user_id: UserId, conversation_id: ConversationId, what: str, command: AnyCommand) -> None:
        """Submits as the user. His id is nobody's any more, so the same name means the same thing for ever."""
        client_msg_id = ClientMsgId(f"departure:{what}")
        for _ in range(_TRIES):
            try:
                await self._commands.submit(user_id, conversation_id, client_msg_id, command)
            except (RateLimited, Overloaded) as error:
                await asyncio.sleep(error.retry_after_ms / 1_000)
            except (NotAMember, UserUnknown):
                return  # he has left, or the other one is gone as well
            else:
                return
        raise Overloaded(what="departures", retry_after_ms=1_000)
