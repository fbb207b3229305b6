"""Clients that talk all the time, come back by themselves, and write all they see into the ledger."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

import msgspec

from hongyan.model.commands import MessageKind, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.protocol.client import Received
from hongyan.protocol.codec import decode_entry
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.content import ContentView, Text
from hongyan.protocol.frames import ErrorReply, Push, ReceiptReply, Submit
from hongyan_client import Client, EntryAdded, RefusedError, Sent, SubmissionRefused
from tests.system.ledger import Ledger, Place, Said
from tests.system.raw import RawConnection, RefusedByServerError

_FILLERS = ("", "你好，鸿雁 🪿", "مرحبا بالعالم", "naïve façade ", "👩‍👩‍👧‍👦", "長" * 300, "x" * 1500)
_OLD_ONES = 5  # acknowledged ones that every new connection asks for again


class Pace(msgspec.Struct):
    """How voices talk, all of them: every `turn_s` up to `burst` messages, with at most `window` unanswered each."""

    talking: bool = True
    turn_s: float = 0.05
    burst: int = 4
    window: int = 40


class Room(msgspec.Struct, frozen=True):
    """What voices share."""

    ledger: Ledger
    pace: Pace
    rng: random.Random

    def next_said(self, conversations: Sequence[ConversationId], user_id: UserId) -> Said:
        """Something new to say, somewhere."""
        return self.ledger.say(self.rng.choice(conversations), user_id, self.rng.choice(_FILLERS))


class RawVoice:
    """A device on raw TCP that pipelines, and after a break sends again what has no answer, in the old order."""

    def __init__(self, room: Room, user_id: UserId, conversations: Sequence[ConversationId]) -> None:
        self.room, self.user_id, self.conversations = room, user_id, conversations
        self.unanswered: dict[ClientMsgId, Said] = {}
        self.answered: dict[ClientMsgId, Said] = {}
        self.refusals: Counter[str] = Counter()
        self.lives = 0
        self._refused: list[ClientMsgId] = []
        self._sent = 0

    async def run(self, port: int, token: str) -> None:
        """Talks until cancelled, whatever happens to the server."""
        while True:
            try:
                connection = await RawConnection.open(port, token)
            except OSError:
                pass
            else:
                await self._live(connection)
            await asyncio.sleep(self.room.rng.uniform(0.01, 0.05))

    async def _live(self, connection: RawConnection) -> None:
        self.lives += 1
        self._refused.clear()
        try:
            self._repeat(connection)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(connection))
                group.create_task(self._talk(connection))
        except* OSError:
            pass
        finally:
            connection.close()

    def _repeat(self, connection: RawConnection) -> None:
        """What has no answer, and some of what had one long ago: each must get its own old place."""
        for client_msg_id, said in self.unanswered.items():
            connection.post(self._submit(client_msg_id, said, resend=True))
        old = self.room.rng.sample(sorted(self.answered), min(_OLD_ONES, len(self.answered)))
        for client_msg_id in old:
            connection.post(self._submit(ClientMsgId(client_msg_id), self.answered[client_msg_id], resend=True))

    async def _talk(self, connection: RawConnection) -> None:
        pace, rng = self.room.pace, self.room.rng
        while True:
            await asyncio.sleep(rng.uniform(0, 2 * pace.turn_s))
            refused, self._refused = self._refused, []
            for client_msg_id in refused:
                connection.post(self._submit(client_msg_id, self.unanswered[client_msg_id], resend=True))
            for _ in range(rng.randint(1, pace.burst)):
                if pace.talking and not refused and len(self.unanswered) < pace.window:
                    self._say(connection)

    def _say(self, connection: RawConnection) -> None:
        said = self.room.next_said(self.conversations, self.user_id)
        self._sent += 1
        client_msg_id = ClientMsgId(f"raw-{self._sent}")
        self.unanswered[client_msg_id] = said
        connection.post(self._submit(client_msg_id, said))

    async def _listen(self, connection: RawConnection) -> None:
        for item in connection.kept():
            self._take(item)
        while True:
            for item in await connection.receive():
                self._take(item)

    def _take(self, item: Received) -> None:
        event, ledger = item.frame.event, self.room.ledger
        if isinstance(event, Push):
            for encoded in event.entries:
                ledger.look(decode_entry(encoded), f"a push to {self.user_id}")
        elif isinstance(event, ReceiptReply):
            self._take_receipt(event)
        elif isinstance(event, ErrorReply) and isinstance(item.command, Submit):
            self._take_refusal(item.command.client_msg_id, event)

    def _take_receipt(self, receipt: ReceiptReply) -> None:
        facts = receipt.submitted
        ident = (receipt.conversation_id, self.user_id, facts.client_msg_id)
        place = Place(facts.seq, facts.message_id, facts.time_ms)
        self.room.ledger.acknowledge(ident, place, f"a receipt to {self.user_id}")
        said = self.unanswered.pop(facts.client_msg_id, None)
        if said is not None:
            self.answered[facts.client_msg_id] = said

    def _take_refusal(self, client_msg_id: ClientMsgId, error: ErrorReply) -> None:
        self.refusals[error.name] += 1
        ledger, said = self.room.ledger, self.unanswered.get(client_msg_id)
        if error.permanent:
            ledger.faults.add(f"{client_msg_id} of {self.user_id} was refused: {error.name}: {error.message}")
        if said is None or error.permanent:
            return
        # What follows it is on its way already and may stand before it.
        ledger.loose.add(said.text)
        self._refused.append(client_msg_id)

    async def ask_again(self, port: int, token: str) -> None:
        """Sends all that was ever answered once more: every receipt must be the old one, and another text a conflict."""
        connection = await RawConnection.open(port, token)
        try:
            items = list(self.answered.items())
            for start in range(0, len(items), 500):
                some = items[start : start + 500]
                waiting = {connection.post(self._submit(*item, resend=True)) for item in some}
                while waiting:
                    for received in await connection.receive():
                        self._take(received)
                        waiting.discard(received.frame.reply_to)
            if items:
                client_msg_id, said = items[0]
                other = msgspec.structs.replace(said, text="another text")
                try:
                    await connection.ask(self._submit(client_msg_id, other, resend=True))
                    self.room.ledger.faults.add(f"{client_msg_id} of {self.user_id} was taken with another text")
                except RefusedByServerError as error:
                    if error.reply.name != "submission_conflict":
                        self.room.ledger.faults.add(f"another text under {client_msg_id} is refused by {error}")
        finally:
            connection.close()

    def _submit(self, client_msg_id: ClientMsgId, said: Said, *, resend: bool = False) -> Submit:
        content = build_content(ContentView(Text(said.text)))
        return Submit(said.conversation_id, client_msg_id, SendMessage(MessageKind.TEXT, content), resend)


class SdkVoice:
    """A device with the SDK: sends several at a time, takes some back, reads, and follows the events."""

    def __init__(self, room: Room, name: str, client: Client, conversations: Sequence[ConversationId]) -> None:
        self.room, self.name, self.client, self.conversations = room, name, client, conversations
        self.user_id = UserId(name.split("/", maxsplit=1)[0])
        self.unanswered = 0
        self._ends: dict[ConversationId, int] = {}

    async def run(self) -> None:
        """Talks until cancelled. A voice without conversations listens."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            if self.conversations:
                group.create_task(self._talk(group))

    async def _talk(self, group: asyncio.TaskGroup) -> None:
        pace, rng = self.room.pace, self.room.rng
        while True:
            await asyncio.sleep(rng.uniform(0, 2 * pace.turn_s))
            for _ in range(rng.randint(1, pace.burst)):
                if pace.talking and self.unanswered < pace.window:
                    said = self.room.next_said(self.conversations, self.user_id)
                    self.unanswered += 1
                    group.create_task(self._send(said, take_back=rng.random() < 0.03))
            if rng.random() < 0.1:
                await self.client.mark_read(rng.choice(self.conversations))

    async def _send(self, said: Said, *, take_back: bool) -> None:
        try:
            sent = self.receipt(await self.client.send(said.conversation_id, said.text))
            if take_back:
                self.receipt(await self.client.recall(sent.conversation_id, sent.seq))
                self.room.ledger.recalled.add((sent.conversation_id, sent.seq))
        except RefusedError as error:
            self.room.ledger.faults.add(f"{said.text[:40]} of {self.name} was refused: {error}")
        finally:
            self.unanswered -= 1

    def receipt(self, sent: Sent) -> Sent:
        """Notes what a call was told."""
        ident = (sent.conversation_id, self.user_id, sent.client_msg_id)
        place = Place(sent.seq, sent.message_id, sent.time_ms)
        self.room.ledger.acknowledge(ident, place, f"a receipt to {self.name}")
        return sent

    async def _listen(self) -> None:
        ledger = self.room.ledger
        async for event in self.client.events():
            if isinstance(event, EntryAdded):
                entry = event.entry
                ledger.look(entry, f"an event of {self.name}")
                end = self._ends.get(entry.conversation_id, 0)
                follows = entry.seq == end + 1 or (not end) or (self.user_id == "eve" and entry.seq > end)
                if not follows:
                    ledger.faults.add(f"{self.name} was told {entry.conversation_id} {entry.seq} after {end}")
                self._ends[entry.conversation_id] = entry.seq
            elif isinstance(event, SubmissionRefused):
                ledger.faults.add(f"a submission of {self.name} was refused: {event.error}")
