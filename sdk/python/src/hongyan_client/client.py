"""What a program uses: one object for one device of one user."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import msgspec

from hongyan.model.commands import AnyCommand
from hongyan.model.ids import (
    ConversationId,
    ConversationKind,
    UserId,
    kind_of,
    parse_client_msg_id,
    parse_conversation_id,
    self_id,
    single_id,
)
from hongyan.model.personal import ConversationSettings, is_hidden
from hongyan.model.records import Entry
from hongyan.protocol.frames import (
    ClientCommand,
    EntryPage,
    GetEntries,
    GetGroup,
    GetMembers,
    GetPositions,
    Group,
    ItemsChanged,
    MemberPage,
    MemberRow,
    Position,
    Positions,
    Presence,
    PutItems,
    ServerEvent,
    SignalRequest,
    WatchPresence,
)
from hongyan_client.auth import Login, Session, TokenSource, find_endpoint
from hongyan_client.catch_up import page_of
from hongyan_client.commands import Commands
from hongyan_client.copy import Copy
from hongyan_client.device import Device, Sent
from hongyan_client.errors import ClientError, ClosedError, ConnectionLostError
from hongyan_client.events import Event
from hongyan_client.items import Items
from hongyan_client.line import Line
from hongyan_client.options import ClientOptions
from hongyan_client.outbox import Pending
from hongyan_client.people import People
from hongyan_client.personal import Personal
from hongyan_client.replica import Page
from hongyan_client.store import MemoryStore, Store

_TOP = 1 << 62


class Conversation(msgspec.Struct, frozen=True):
    """A conversation as the list shows it.

    `head` is its last seq, `unread` what others wrote since `read_seq`; `last` is its last entry. `member` is False once
    this user has left or was removed. `name` is a group's. `settings` is how the user wants to see it, and `hidden` whether
    that means not at all for now.
    """

    conversation_id: ConversationId
    kind: ConversationKind
    name: str
    head: int
    unread: int
    read_seq: int
    member: bool
    last: Entry | None
    settings: ConversationSettings = ConversationSettings()
    hidden: bool = False


class Client(Commands, Personal):
    """A device of a user: sends, receives, and keeps a copy of the conversations that survives interruptions.

    `url` is the server's HTTP address, or a WebSocket address together with a TokenSource. Everything is done on the event
    loop that entered it; use it there alone. Inside `async with` it connects by itself, as often as needed.

    Example:
        async with Client("http://127.0.0.1:8080", Login("alice", "correct horse battery")) as client:
            sent = await client.send(client.single("bob"), "你好, Bob")
            print("durable as entry", sent.seq)
            async for event in client.events():
                if isinstance(event, EntryAdded):
                    print(event.entry.sender_id, text_of(event.entry))
    """

    def __init__(
        self, url: str, who: Login | TokenSource, *, store: Store | None = None, options: ClientOptions | None = None
    ) -> None:
        self._url, self._who = url, who
        self._store = store if store is not None else MemoryStore()
        self._options = options or ClientOptions()
        self._stack = AsyncExitStack()
        self._started: Device | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._source: TokenSource | None = None

    async def __aenter__(self) -> Self:
        """Opens the store and begins to connect; does not wait for the connection. Raises StoreError."""
        if self._started is not None:
            raise RuntimeError("a client is entered once; make another one over the same store")
        device = Device(self._store, self._options)
        await device.open()
        self._started = device
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._tasks = [group.create_task(self._keep(device)), group.create_task(self._connect(device))]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Hangs up, and writes what is left to the store. What has no receipt yet is sent by the next client over it."""
        device, (keeping, connecting) = self._device, self._tasks
        try:
            connecting.cancel()
            await asyncio.wait([connecting])
            device.keeper.stop()
            await asyncio.wait([keeping])
        finally:
            device.end(ClosedError("the client was closed"))
            cancelled = kind if kind is not None and issubclass(kind, asyncio.CancelledError) else None
            try:
                # The group is told of cancellation only: anything else it would wrap into an ExceptionGroup of its own.
                await self._stack.__aexit__(cancelled, error if cancelled else None, traceback)
            finally:
                await device.keeper.close()

    # Who and where

    @property
    def user_id(self) -> UserId:
        """Whose device this is; with a TokenSource and a new store, "" until the first connection."""
        known = self._device.replica.me
        return UserId(self._who.user_id) if not known and isinstance(self._who, Login) else known

    @property
    def is_online(self) -> bool:
        """Whether there is a connection now."""
        return self._device.connection is not None

    async def connected(self) -> None:
        """Waits for a connection. Raises what ended the client."""
        await self._wait(self._device.online)

    async def synced(self) -> None:
        """Waits until the local copies are what the server has: nothing is known to be missing. Raises what ended it."""
        await self._wait(self._device.in_step)

    def events(self) -> AsyncIterator[Event]:
        """What happens, in order, from the moment the client was entered; for one reader.

        Ends when the client is closed. Raises SessionEndedError when the server will not have this client back. When the
        reader falls behind, events shrink to ConversationChanged; the copies miss nothing.
        """
        return self._device.events.read()

    # Conversations

    def single(self, user_id: str) -> ConversationId:
        """The conversation with another user. Raises InvalidField for oneself, RuntimeError before it is known who we are."""
        if not self.user_id:
            raise RuntimeError("who we are is known once connected: await client.connected()")
        return single_id(self.user_id, UserId(user_id))

    @property
    def saved(self) -> ConversationId:
        """Where this user keeps messages for himself. Raises RuntimeError before it is known who we are."""
        if not self.user_id:
            raise RuntimeError("who we are is known once connected: await client.connected()")
        return self_id(self.user_id)

    def conversations(self, *, hidden: bool = False) -> list[Conversation]:
        """All that is known locally: pinned ones first, then the one last spoken in; hidden ones only if asked for."""
        found = [self._shown(copy) for copy in self._device.replica if copy.head]
        return sorted((shown for shown in found if hidden or not shown.hidden), key=_when, reverse=True)

    def conversation(self, conversation_id: str) -> Conversation | None:
        """One of them."""
        copy = self._device.replica.get(ConversationId(conversation_id))
        return self._shown(copy) if copy is not None and copy.head else None

    def pending(self, conversation_id: str) -> Sequence[Pending]:
        """What was submitted here and has no receipt yet, in order."""
        return [item for item in self._device.outbox if item.submit.conversation_id == conversation_id]

    async def entries(self, conversation_id: str, *, before: int = 0, limit: int = 100) -> list[Entry]:
        """The last entries that are kept locally, ascending; with `before`, the last ones below that seq.

        What this user deleted for himself, or cleared, is among them, and not to be shown; `shown` leaves it out.
        """
        copy = self._device.replica.get(ConversationId(conversation_id))
        if copy is None:
            return []
        high = min(copy.high, before - 1) if before else copy.high
        return await self._device.keeper.read(copy.conversation_id, copy.low, high, limit, backward=True)

    async def history(
        self, conversation_id: str, *, before: int = 0, after: int | None = None, limit: int = 100
    ) -> Page:
        """Entries below a seq (0: from the end), or above one; from the local copy where it has them, else from the server.

        What lies right below the local copy becomes part of it. Raises RefusedError, ConnectionLostError,
        OutcomeUnknownError.
        """
        key = parse_conversation_id(conversation_id)
        copy = self._device.replica.get(key)
        page = await self._local(copy, before, after, limit) if copy is not None else None
        if page is not None:
            return page
        if after is not None:
            return await self._page(GetEntries(key, after, limit=limit))
        page = await self._page(GetEntries(key, before, backward=True, limit=limit))
        if copy is not None:
            self._device.replica.take_history(key, page)
            self._device.settle()
        return page

    async def shown(self, conversation_id: str, *, before: int = 0, limit: int = 100) -> Page:
        """As `history`, from a seq (0: the end) downwards, without what this user deleted for himself or cleared.

        A page that says there is more is never empty, so its first seq is where to go on. Raises what `history` does.
        """
        key, kept = parse_conversation_id(conversation_id), list[Entry]()
        cleared_seq = self.settings_of(key).cleared_seq
        while True:
            page = await self.history(key, before=before, limit=limit)
            kept[:0] = [entry for entry in page.entries if not self.is_deleted_for_me(key, entry.seq)]
            more = page.more and bool(page.entries) and page.entries[0].seq > cleared_seq + 1
            if not more or len(kept) >= limit:
                return Page(tuple(kept[-limit:]), more=more or len(kept) > limit)
            before = page.entries[0].seq

    # Saying and doing

    async def submit(self, conversation_id: str, command: AnyCommand, *, client_msg_id: str = "") -> Sent:
        """Submits any command as `send` does a message; the calls of `Commands` are its usual forms.

        `client_msg_id` is 1 to 64 of A-Z a-z 0-9 _ - : . of your choice, for what must not happen twice however often your
        program runs: the same command under the same id gives the first one's `Sent` again. Raises RefusedError, with the
        code SUBMISSION_CONFLICT for another command under that id; InvalidField; ValueError while it is on its way.
        """
        key = parse_conversation_id(conversation_id)
        own = parse_client_msg_id(client_msg_id) if client_msg_id else None
        return await self._device.submit(key, command, own)

    async def mark_read(self, conversation_id: str, seq: int | None = None) -> None:
        """Has read up to `seq`, or all. Counts here at once; the server is told as soon as may be."""
        device, key = self._device, ConversationId(conversation_id)
        copy = device.replica.get(key)
        if copy is None:
            return
        device.replica.mark_read(key, copy.head if seq is None else seq)
        device.settle()
        if 0 < copy.wanted_read_seq <= copy.high:
            await device.resolve_read(key, copy.wanted_read_seq)

    def typing(self, conversation_id: str, kind: str = "typing") -> None:
        """Shows the others a passing sign; nothing happens without a connection."""
        connection = self._device.connection
        if connection is not None and connection.is_open:
            connection.post(SignalRequest(parse_conversation_id(conversation_id), kind))

    # Asking

    async def members(self, conversation_id: str) -> list[MemberRow]:
        """Who is in, asked page by page. Raises RefusedError, ConnectionLostError, OutcomeUnknownError."""
        key, found, cursor = parse_conversation_id(conversation_id), list[MemberRow](), ""
        while True:
            page = await self._ask(GetMembers(key, cursor))
            assert isinstance(page, MemberPage), "the answer to get_members"
            found += page.members
            cursor = page.cursor
            if not page.more:
                return found

    async def group(self, conversation_id: str) -> Group:
        """How a conversation stands: name, announcement, rules, pinned entries, the own seat; links and requests for admins.

        Raises RefusedError, ConnectionLostError, OutcomeUnknownError.
        """
        found = await self._ask(GetGroup(parse_conversation_id(conversation_id)))
        assert isinstance(found, Group), "the answer to get_group"
        return found

    async def positions(self, conversation_id: str, users: Sequence[str] = ()) -> tuple[Position, ...]:
        """How far members have read and received. Raises RefusedError, ConnectionLostError, OutcomeUnknownError."""
        found = await self._ask(GetPositions(parse_conversation_id(conversation_id), tuple(map(UserId, users))))
        assert isinstance(found, Positions), "the answer to get_positions"
        return found.positions

    # People

    @property
    def people(self) -> People:
        """Friend requests, profiles, privacy and the account. Raises ValueError for a client of a WebSocket address."""
        if self._url.startswith("ws"):
            raise ValueError("people are asked for at the server's HTTP address")
        return People(self._url, self._tokens())

    # Who is there

    async def watch(self, user_ids: Sequence[str]) -> list[Presence]:
        """Wants to be told when these users come and go, and no others any more; gives those who may be seen.

        Holds over reconnects, until the next call. Raises RefusedError, ConnectionLostError, OutcomeUnknownError.
        """
        presences = self._device.presences
        presences.watch(map(UserId, user_ids))
        await self._ask(WatchPresence(presences.watched))
        return [found for user_id in presences.watched if (found := presences.get(user_id)) is not None]

    def presence(self, user_id: str) -> Presence | None:
        """What is known of a user who is watched; None when he may not be seen."""
        return self._device.presences.get(UserId(user_id))

    @property
    def _items(self) -> Items:
        return self._device.items

    def _countable(self, conversation_id: str) -> int:
        copy = self._device.replica.get(ConversationId(conversation_id))
        return copy.countable if copy is not None else 0

    def _head(self, conversation_id: str) -> int:
        copy = self._device.replica.get(ConversationId(conversation_id))
        return copy.head if copy is not None else 0

    async def _put(self, asked: PutItems) -> ItemsChanged:
        changed = await self._ask(asked)
        assert isinstance(changed, ItemsChanged), "the answer to put_items"
        return changed

    @property
    def _device(self) -> Device:
        if self._started is None:
            raise RuntimeError("use the client inside `async with`")
        return self._started

    async def _ask(self, command: ClientCommand) -> ServerEvent:
        self._device.check_running()
        connection = self._device.connection
        if connection is None:
            raise ConnectionLostError("there is no connection")
        return await connection.ask(command, self._options.request_timeout_s)

    async def _page(self, question: GetEntries) -> Page:
        page = await self._ask(question)
        assert isinstance(page, EntryPage), "the answer to get_entries"
        return page_of(page)

    async def _local(self, copy: Copy, before: int, after: int | None, limit: int) -> Page | None:
        """The page as far as the local copy has it; None where it has nothing of it."""
        read, key = self._device.keeper.read, copy.conversation_id
        if after is not None:
            if not copy.low <= after + 1 <= copy.high:
                return None
            entries = await read(key, after + 1, copy.high, limit, backward=False)
            return Page(tuple(entries), more=entries[-1].seq < copy.head)
        high = min(before - 1, copy.high) if before else copy.high
        if high < copy.low or (before and before - 1 > copy.high):
            return None
        entries = await read(key, copy.low, high, limit, backward=True)
        return Page(tuple(entries), more=entries[0].seq > max(1, copy.first_seq))

    def _shown(self, copy: Copy) -> Conversation:
        key = copy.conversation_id
        settings = self.settings_of(key)
        return Conversation(
            conversation_id=key,
            kind=kind_of(key),
            name=copy.name,
            head=copy.head,
            unread=copy.unread,
            read_seq=copy.read_seq,
            member=copy.member,
            last=copy.preview,
            settings=settings,
            hidden=is_hidden(settings, copy.countable),
        )

    async def _wait(self, event: asyncio.Event) -> None:
        await event.wait()
        self._device.check_running()

    async def _keep(self, device: Device) -> None:
        try:
            await device.keeper.run()
        except ClientError as error:
            device.end(error)
            self._tasks[1].cancel()

    async def _connect(self, device: Device) -> None:
        line = Line(self._find_url, self._tokens(), device, self._options)
        try:
            await line.run()
        except* ClientError as group:
            device.end(_first(group))

    async def _find_url(self) -> str:
        """Asked from the server's HTTP side each time, for it may move."""
        return self._url if self._url.startswith("ws") else await find_endpoint(self._url)

    def _tokens(self) -> TokenSource:
        """One source for the connection and for what is asked over HTTP: a refresh token is good for one use."""
        if self._source is None:
            if isinstance(self._who, Login) and self._url.startswith("ws"):
                raise ValueError("to log in takes the server's HTTP address")
            self._source = Session(self._url, self._who).token if isinstance(self._who, Login) else self._who
        return self._source


def _first(group: BaseExceptionGroup[ClientError]) -> ClientError:
    """The first error of a group of groups."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _when(shown: Conversation) -> tuple[int, int, ConversationId]:
    return (shown.settings.pin_order, shown.last.time_ms if shown.last else 0, shown.conversation_id)
