"""A session at a screen: what is typed becomes calls of the SDK, and what the SDK tells becomes lines."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from hongyan.cli.chat import typed as ask
from hongyan.cli.chat.deeds import Deed, done_words
from hongyan.cli.chat.errands import Errand
from hongyan.cli.chat.keeping import Keeping, draft_words
from hongyan.cli.chat.screen import Screen, Status
from hongyan.cli.chat.typed import COMMANDS, Mistake
from hongyan.cli.chat.window import TYPING_S, Window
from hongyan.cli.chat.words import (
    connection_words,
    find_chat,
    is_news,
    line_of,
    outage_words,
    row_of,
    sentence_of,
    title_of,
)
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ConversationId, ConversationKind
from hongyan.model.personal import is_muted
from hongyan.protocol.frames import Limits
from hongyan_client import (
    Client,
    ClientError,
    ConnectionChanged,
    ConnectionState,
    ConversationChanged,
    Draft,
    Event,
    ItemChanged,
    PositionMoved,
    PresenceChanged,
    SessionEndedError,
    SignalReceived,
    SubmissionRefused,
)
from hongyan_client.events import EntryAdded

T = TypeVar("T")

BEGIN_S = 5.0
"""How long the first sync is waited for before the screen shows what is known."""
ANSWER_S = 10.0
"""How long a command waits for its receipt."""
FINISH_S = 10.0
"""How long the end waits for receipts of what was said."""
TYPING_EVERY_S = 3.0
SENDING_LIMIT = 64
"""So many messages may wait for their receipts; after that the next line is not read yet."""
CONTENT_BYTES = Limits().content_bytes

OURS = (Mistake, LookupError, HongyanError, ClientError, OSError)
"""What a person is told in a sentence."""


class Chat:
    """One person, one screen, one client that is entered already."""

    def __init__(self, client: Client, screen: Screen) -> None:
        self._client, self._screen = client, screen
        self._window: Window | None = None
        self._changing = asyncio.Lock()
        self._connection, self._outage = "connecting…", False
        self._sending: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(SENDING_LIMIT)
        self._typed_at_s = float("-inf")
        self._loop = asyncio.get_running_loop()
        self._group: asyncio.TaskGroup | None = None
        self._acts: dict[type, Callable[[Any], Awaitable[None]]] = {
            ask.Said: lambda said: self._say(said.text),
            ask.Open: self._open_named,
            ask.More: self._more,
            ask.Show: self._show,
            ask.Paste: self._paste,
            ask.Group: self._group_made,
            ask.Add: self._add,
            ask.Remove: self._remove,
            ask.Leave: self._leave,
            ask.TakeBack: self._recall,
            ask.Who: self._who,
            ask.ListChats: self._list,
            ask.Explain: self._explain,
            Deed: self._do,
            Errand: self._run_errand,
            Keeping: self._keep,
        }

    async def run(self, first: str = "") -> None:
        """Works until the person quits or the input ends; opens the chat of the name `first` to begin with.

        Raises what ends the client, in a group of exceptions.
        """
        self._screen.attach(self._on_typing, self._names)
        async with asyncio.TaskGroup() as group:
            self._group = group
            hearing = group.create_task(self._hear())
            await self._begin(first)
            async for line in self._screen.lines():
                if not await self._enter(line):
                    break
            await self._finish()
            hearing.cancel()

    # What comes in

    async def _hear(self) -> None:
        async for event in self._client.events():
            async with self._changing:
                await self._take(event)
            self._update()

    async def _take(self, event: Event) -> None:
        window = self._window
        match event:
            case ConnectionChanged():
                self._connection = connection_words(event)
                await self._tell_connection(event)
            case SubmissionRefused():
                self._screen.problem(sentence_of(event.error))
            case EntryAdded() if window is not None and event.entry.conversation_id == window.conversation_id:
                await window.take(event.entry)
            case EntryAdded():
                self._notice(event)
            case ItemChanged() | PresenceChanged():
                # The list is drawn anew after each event; a line for each of these would be too many.
                pass
            case _ if window is not None and event.conversation_id == window.conversation_id:
                await self._take_here(event, window)

    async def _tell_connection(self, event: ConnectionChanged) -> None:
        """An outage is told once, however often it is tried to connect."""
        if event.state is ConnectionState.WAITING and not self._outage:
            self._outage = True
            self._screen.notice(outage_words(event))
        elif event.state is ConnectionState.ONLINE:
            self._outage = False
            if self._window is not None:
                await self._window.refresh_positions()

    async def _take_here(self, event: Event, window: Window) -> None:
        """Something else about the open chat."""
        match event:
            case PositionMoved():
                window.move(event)
            case SignalReceived(kind="typing"):
                window.typing(event.sender_id, self._loop.time())
                self._loop.call_later(TYPING_S + 0.1, self._update)
            case ConversationChanged():
                await window.catch_up()

    def _notice(self, event: EntryAdded) -> None:
        """Something was said in another chat."""
        chat = self._client.conversation(event.entry.conversation_id)
        if chat is None or not is_news(event, chat, self._client.user_id):
            return
        if is_muted(chat.settings, time.time_ns() // 1_000_000):
            return
        row = row_of(chat, self._client.user_id)
        unread = f" ({row.unread} unread)" if row.unread > 1 else ""
        self._screen.notice(f"{row.title}{unread}: {row.preview}")

    def _update(self) -> None:
        window = self._window
        here = window.conversation_id if window is not None else ""
        chats = self._client.conversations()
        status = Status(
            self._connection,
            window.title if window is not None else "",
            window.own_seq if window is not None else 0,
            window.mark if window is not None else "",
            window.typists(self._loop.time()) if window is not None else (),
            sum(chat.unread for chat in chats if chat.conversation_id != here),
            len(self._sending),
        )
        self._screen.status(status)

    # What is typed

    async def _begin(self, first: str) -> None:
        try:
            async with asyncio.timeout(BEGIN_S):
                await self._client.synced()
        except TimeoutError:
            self._screen.notice("There is no connection yet: this is what was kept here.")
        if self._client.conversations():
            await self._list(None)
        if first:
            try:
                await self._open_named(ask.Open(first))
            except OURS as error:
                self._screen.problem(sentence_of(error))
        elif not self._client.conversations():
            self._screen.notice("Nobody has written yet: /open NAME begins a chat, /help says what else there is.")
        self._update()

    async def _enter(self, line: str) -> bool:
        """Does what a line says; False when that is to quit. Raises SessionEndedError."""
        try:
            typed = ask.parse_line(line)
            if isinstance(typed, ask.Quit):
                return False
            if typed is not None:
                await self._acts[type(typed)](typed)
        except SessionEndedError:
            raise
        except OURS as error:
            self._screen.problem(sentence_of(error))
        self._update()
        return True

    async def _say(self, text: str) -> None:
        window, group = self._open_window(), self._group
        assert group is not None, "lines are read inside run"
        size_bytes = len(text.encode("utf-8", "replace"))
        if size_bytes > CONTENT_BYTES:
            raise Mistake(f"That is {size_bytes // 1024} KiB; a message holds {CONTENT_BYTES // 1024} KiB.")
        if not self._client.is_online:
            self._screen.notice("Kept; it is sent as soon as there is a connection.")
        self._typed_at_s = float("-inf")
        await self._room.acquire()
        task = group.create_task(self._send(window.conversation_id, text))
        self._sending.add(task)
        task.add_done_callback(self._sent)

    async def _send(self, conversation_id: ConversationId, text: str) -> None:
        try:
            await self._client.send(conversation_id, text)
        except SessionEndedError:
            raise
        except ClientError as error:
            self._screen.problem(f"Not sent: {sentence_of(error)}")

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._room.release()
        self._update()

    async def _open_named(self, typed: ask.Open) -> None:
        await self._open(find_chat(typed.name, self._client.conversations(hidden=True), self._client.single))

    async def _open(self, conversation_id: ConversationId) -> None:
        async with self._changing:
            window = self._window = Window(self._client, self._screen, conversation_id)
            try:
                await window.fill()
                if self._client.settings_of(conversation_id).marked_unread:
                    await self._client.mark_unread(conversation_id, on=False)
            except ClientError as error:
                self._screen.notice(window.title)
                self._screen.problem(sentence_of(error))
            if words := draft_words(self._client.item(Draft, conversation_id)):
                self._screen.notice(words)

    async def _more(self, _typed: ask.More) -> None:
        async with self._changing:
            await self._open_window().more()

    async def _show(self, typed: ask.Show) -> None:
        entry = await self._open_window().find(typed.seq)
        if entry is None:
            raise Mistake(f"There is no message {typed.seq} here.")
        self._screen.entry(line_of(entry, self._client.user_id), whole=True)

    async def _paste(self, typed: ask.Paste) -> None:
        self._open_window()
        try:
            text = await asyncio.to_thread(_read_text, typed.path)
        except UnicodeDecodeError:
            raise Mistake(f"{typed.path} is no text in UTF-8.") from None
        if not text.strip():
            raise Mistake(f"{typed.path} is empty.")
        await self._say(text)

    async def _group_made(self, typed: ask.Group) -> None:
        users = [user_id for user_id in typed.users if user_id != self._client.user_id]
        await self._open(await _answered(self._client.create_group(typed.name, users)))

    async def _add(self, typed: ask.Add) -> None:
        sent = await _answered(self._client.add_members(self._open_group().conversation_id, typed.users))
        if not sent.seq:
            self._screen.notice("They are in already.")

    async def _remove(self, typed: ask.Remove) -> None:
        sent = await _answered(self._client.remove_members(self._open_group().conversation_id, typed.users))
        if not sent.seq:
            self._screen.notice("They are not in.")

    async def _leave(self, _typed: ask.Leave) -> None:
        await _answered(self._client.leave(self._open_group().conversation_id))

    async def _recall(self, typed: ask.TakeBack) -> None:
        await _answered(self._client.recall(self._open_window().conversation_id, typed.seq))

    async def _do(self, deed: Deed) -> None:
        if deed.in_group:
            here: str = self._open_group().conversation_id
        else:
            here = "" if deed.anywhere else self._open_window().conversation_id
        words = done_words(await _answered(deed.call(self._client, here)))
        if words:
            self._screen.notice(words)

    async def _run_errand(self, errand: Errand) -> None:
        self._screen.notice(await errand.run(self._client))

    async def _keep(self, keeping: Keeping) -> None:
        here = "" if keeping.anywhere else self._open_window().conversation_id
        self._screen.notice(await keeping.run(self._client, here))

    async def _who(self, _typed: ask.Who) -> None:
        window = self._open_window()
        await window.refresh_positions()
        for member in await self._client.members(window.conversation_id):
            me = member.user_id == self._client.user_id
            rank = f", {member.role}" if member.role not in ("", "member") else ""
            read_seq = window.read_seq(member.user_id)
            read = f", has read up to {read_seq}" if read_seq else ""
            self._screen.notice(f"{member.user_id}{' (you)' if me else ''}{rank}{read}")

    async def _list(self, _typed: ask.ListChats | None) -> None:
        open_id = self._window.conversation_id if self._window is not None else ""
        rows = [row_of(chat, self._client.user_id, open_id) for chat in self._client.conversations()]
        if rows:
            self._screen.chats(rows)
        else:
            self._screen.notice("There is no chat yet: /open NAME begins one.")

    async def _explain(self, _typed: ask.Explain) -> None:
        usages = [(f"/{word} {usage.arguments}".rstrip(), usage.meaning) for word, usage in COMMANDS.items()]
        width = max(len(form) for form, _ in usages)
        self._screen.notice("\n".join(f"{form:<{width}}  {meaning}" for form, meaning in usages))
        self._screen.notice("Anything else is a message; begin one that starts with / with //.")

    def _open_window(self) -> Window:
        if self._window is None:
            raise Mistake("No chat is open: /open NAME opens one, /list shows them.")
        return self._window

    def _open_group(self) -> Window:
        window = self._open_window()
        if window.kind is not ConversationKind.GROUP:
            raise Mistake("This is no group: /group NAME USER… makes one.")
        return window

    def _names(self) -> list[str]:
        """What `/open` can be given."""
        me = self._client.user_id
        return [title_of(chat.conversation_id, me, chat.name) for chat in self._client.conversations()]

    def _on_typing(self) -> None:
        now_s = self._loop.time()
        if self._window is not None and now_s - self._typed_at_s >= TYPING_EVERY_S:
            self._typed_at_s = now_s
            self._client.typing(self._window.conversation_id)

    async def _finish(self) -> None:
        """Waits for the receipts of what was said; what has none is sent by the next run."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=FINISH_S if self._client.is_online else 0)
        if self._sending:
            self._screen.notice(f"{len(self._sending)} not sent yet; the next time you are here they are.")
        for task in self._sending:
            task.cancel()


async def _answered(work: Awaitable[T]) -> T:
    """A submission's outcome, waited for as long as a person would. Raises Mistake when it is not there by then."""
    try:
        async with asyncio.timeout(ANSWER_S):
            return await work
    except TimeoutError:
        raise Mistake("No answer yet: it happens as soon as there is a connection.") from None


def _read_text(name: str) -> str:
    """A file's text, of a size that can be sent. Raises OSError, UnicodeDecodeError, Mistake."""
    path = Path(name).expanduser()
    with path.open("rb") as file:
        content = file.read(CONTENT_BYTES + 1)
    if len(content) > CONTENT_BYTES:
        raise Mistake(f"{path} holds more than a message does: {CONTENT_BYTES // 1024} KiB.")
    return content.decode("utf-8-sig")
