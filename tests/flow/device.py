"""A client no larger than its tests: it numbers frames, waits for replies, and keeps what was pushed."""

import asyncio
from collections.abc import Callable
from itertools import count

from hongyan.model.commands import AddMembers, AnyCommand, CreateGroup, LeaveGroup, Recall, RemoveMembers, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.records import Entry, Message, Submitted
from hongyan.protocol import frames
from hongyan.protocol.codec import decode_entry
from hongyan.protocol.codec_content import parse_content, text_content
from tests.unit.gateway.sockets import Arrivals

_names = count(1)


class Refusal(Exception):
    """The server said no."""

    def __init__(self, error: frames.ErrorReply) -> None:
        super().__init__(error.name, error.message)
        self.error, self.name = error, error.name


class Device:
    """One connection. `entries` are those pushed, `receipts` what own submissions became; both by conversation and seq.

    `write` gives bytes to the stream below the packets, where there is one.
    """

    def __init__(self, arrivals: Arrivals, send: Callable[[bytes], None], close: Callable[[], None]) -> None:
        self.arrivals, self.send_packet, self.close = arrivals, send, close
        self.write: Callable[[bytes], None] = send
        self.stop_reading: Callable[[], None] = lambda: None
        self.welcome: frames.Connected
        self.entries: dict[ConversationId, dict[int, Entry]] = {}
        self.receipts: dict[ConversationId, dict[int, Submitted]] = {}
        self.events: list[frames.ServerEvent] = []
        self.errors: list[str] = []
        self._replies: dict[int, frames.ServerEvent] = {}
        self._last_id = 0

    # Out

    def send(self, *commands: frames.ClientCommand, wants_reply: bool = True) -> list[int]:
        """One packet of commands; the ids of their frames."""
        ids = []
        for _ in commands:
            self._last_id += 1
            ids.append(self._last_id if wants_reply else 0)
        sent = [frames.ClientFrame(number, command) for number, command in zip(ids, commands, strict=True)]
        self.send_packet(self.arrivals.codec.encode(sent))
        return ids

    async def log_in(self, token: str, *, cursor: str = "", gzip: bool = False) -> frames.Connected:
        """Says who this is."""
        capabilities = ("gzip",) if gzip else ()
        welcome = await self.ask(frames.Connect(token, "test", capabilities, cursor))
        assert isinstance(welcome, frames.Connected), welcome
        self.welcome = welcome
        return welcome

    async def ask(self, command: frames.ClientCommand) -> frames.ServerEvent:
        """The reply to one command. Raises Refusal for an error."""
        (number,) = self.send(command)
        return await self.reply(number)

    async def reply(self, number: int) -> frames.ServerEvent:
        """The reply to a frame that was sent. Raises Refusal for an error."""
        while number not in self._replies:
            await self.take()
        event = self._replies.pop(number)
        if isinstance(event, frames.ErrorReply):
            raise Refusal(event)
        return event

    async def submit(
        self, conversation_id: ConversationId, command: AnyCommand, name: str = "", *, resend: bool = False
    ) -> Submitted:
        """Submits a command; the receipt."""
        client_msg_id = ClientMsgId(name or f"m{next(_names)}")
        event = await self.ask(frames.Submit(conversation_id, client_msg_id, command, resend))
        return self._receipt(event)

    def _receipt(self, event: frames.ServerEvent) -> Submitted:
        assert isinstance(event, frames.ReceiptReply), event
        if event.submitted.seq:
            self.receipts.setdefault(event.conversation_id, {})[event.submitted.seq] = event.submitted
        return event.submitted

    async def say(
        self, conversation_id: ConversationId, text: str, name: str = "", *, resend: bool = False
    ) -> Submitted:
        """Sends a text; the receipt."""
        return await self.submit(conversation_id, SendMessage(1, text_content(text)), name, resend=resend)

    async def say_all(self, conversation_id: ConversationId, texts: list[str]) -> list[Submitted]:
        """Sends texts in one packet; their receipts."""
        names = [ClientMsgId(f"m{next(_names)}") for _ in texts]
        commands = [
            frames.Submit(conversation_id, name, SendMessage(1, text_content(text)))
            for name, text in zip(names, texts, strict=True)
        ]
        return [self._receipt(await self.reply(number)) for number in self.send(*commands)]

    async def create_group(self, name: str, *members: str, to: str = "") -> ConversationId:
        """Makes a group; its conversation."""
        command = CreateGroup(name, tuple(map(UserId, members)), 0)
        event = await self.ask(frames.Submit(ConversationId(to), ClientMsgId(f"m{next(_names)}"), command))
        self._receipt(event)
        assert isinstance(event, frames.ReceiptReply)
        return event.conversation_id

    async def add(self, conversation_id: ConversationId, *members: str) -> Submitted:
        """Takes users into a group."""
        return await self.submit(conversation_id, AddMembers(tuple(map(UserId, members)), 0))

    async def remove(self, conversation_id: ConversationId, *members: str) -> Submitted:
        """Puts members out of a group."""
        return await self.submit(conversation_id, RemoveMembers(tuple(map(UserId, members))))

    async def leave(self, conversation_id: ConversationId) -> Submitted:
        """Leaves a group."""
        return await self.submit(conversation_id, LeaveGroup())

    async def recall(self, conversation_id: ConversationId, seq: int) -> Submitted:
        """Takes a message back."""
        return await self.submit(conversation_id, Recall(seq, 0))

    def mark(self, conversation_id: ConversationId, read: int, delivered: int = 0) -> None:
        """Says how far this user has read."""
        self.send(frames.MarkRequest(conversation_id, read, delivered), wants_reply=False)

    def show_typing(self, conversation_id: ConversationId) -> None:
        """Says that this user types."""
        self.send(frames.SignalRequest(conversation_id, "typing"), wants_reply=False)

    # In

    async def take(self) -> None:
        """Takes in one frame."""
        to, event = await self.arrivals.next()
        if to:
            self._replies[to] = event
        elif isinstance(event, frames.Push):
            for encoded in event.entries:
                entry = decode_entry(encoded)
                mine = self.entries.setdefault(entry.conversation_id, {})
                assert entry.seq not in mine, f"{entry.seq} was pushed twice"
                mine[entry.seq] = entry
        elif isinstance(event, frames.ErrorReply):
            self.errors.append(event.name)
        else:
            self.events.append(event)

    async def until(self, has_happened: Callable[[], object]) -> None:
        """Takes frames in until something has happened."""
        while not has_happened():
            await self.take()

    async def has(self, conversation_id: ConversationId, *seqs: int) -> None:
        """Waits until these entries were pushed."""
        await self.until(lambda: set(seqs) <= self.entries.get(conversation_id, {}).keys())

    async def event(self, kind: type[frames.ServerEvent]) -> frames.ServerEvent:
        """The next event of a kind that answers nothing, such as a signal."""
        await self.until(lambda: any(isinstance(event, kind) for event in self.events))
        found = next(event for event in self.events if isinstance(event, kind))
        self.events.remove(found)
        return found

    async def any_answer(self) -> str:
        """Waits for an error or a reply, whatever it is, or the end; "" for a reply."""
        try:
            await self.until(lambda: self.errors or self._replies)
        except ConnectionError:
            return "closed"
        self._replies.clear()
        return self.errors.pop(0) if self.errors else ""

    async def error(self) -> str:
        """The next error that answers no frame."""
        await self.until(lambda: self.errors)
        return self.errors.pop(0)

    async def closed(self) -> int | None:
        """Waits for the end; its code."""
        return await asyncio.shield(self.arrivals.ended)

    def seqs(self, conversation_id: ConversationId) -> list[int]:
        """What this device knows of without asking: pushes and receipts."""
        known = {**self.entries.get(conversation_id, {}), **self.receipts.get(conversation_id, {})}
        return sorted(known)

    def texts(self, conversation_id: ConversationId) -> dict[int, str]:
        """What was pushed, by seq."""
        return {seq: text_of(entry) for seq, entry in sorted(self.entries.get(conversation_id, {}).items())}

    # Reading

    async def sync(self, cursor: str = "", limit: int = 0) -> tuple[list[frames.ConversationHead], str]:
        """All that changed since a cursor, and the next cursor."""
        heads: list[frames.ConversationHead] = []
        more = True
        while more:
            page = await self.ask(frames.Sync(cursor, limit))
            assert isinstance(page, frames.SyncPage), page
            heads += page.conversations
            cursor, more = page.cursor, page.more
        return heads, cursor

    async def page(
        self, conversation_id: ConversationId, seq: int = 0, *, backward: bool = False, limit: int = 0
    ) -> frames.EntryPage:
        """One page of history."""
        page = await self.ask(frames.GetEntries(conversation_id, seq, backward, limit))
        assert isinstance(page, frames.EntryPage), page
        return page

    async def history(
        self, conversation_id: ConversationId, seq: int = 0, *, backward: bool = False, limit: int = 0
    ) -> list[Entry]:
        """All entries from somewhere on, in as many pages as it takes; ascending."""
        found: list[Entry] = []
        more = True
        while more:
            page = await self.page(conversation_id, seq, backward=backward, limit=limit)
            assert not page.too_long_restart_seq
            entries = [decode_entry(encoded) for encoded in page.entries]
            found = entries + found if backward else found + entries
            more = page.more
            if entries:
                seq = entries[0].seq if backward else entries[-1].seq
        return found

    async def members(self, conversation_id: ConversationId, limit: int = 0) -> dict[str, str]:
        """Roles by user."""
        found: dict[str, str] = {}
        cursor, more = "", True
        while more:
            page = await self.ask(frames.GetMembers(conversation_id, cursor, limit))
            assert isinstance(page, frames.MemberPage), page
            found |= {row.user_id: row.role for row in page.members}
            cursor, more = page.cursor, page.more
        return found

    async def snapshot(self) -> object:
        """Everything this user may see, as a device with nothing finds it."""
        heads, _ = await self.sync()
        found = []
        for head in sorted(heads, key=lambda head: head.conversation_id):
            members = await self.members(head.conversation_id) if head.member else {}
            entries = await self.history(head.conversation_id, head.first_seq - 1)
            assert [entry.seq for entry in entries] == list(range(head.first_seq, head.seq + 1))
            found.append((head, members, entries))
        return found


def text_of(entry: Entry) -> str:
    """What an entry says: the text of a message, else the kind of the entry."""
    body = entry.body
    return parse_content(body.content).text if isinstance(body, Message) else type(body).__name__
