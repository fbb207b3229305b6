"""One partition on memory adapters, and everything that delivery said to the gateway."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from hongyan.adapters.log.memory import MemoryLog
from hongyan.adapters.state.memory import LocalRoutes, MemoryHot
from hongyan.adapters.store.memory import MemoryStore
from hongyan.delivery.deliver import Delivery, DeliveryOptions, Surroundings
from hongyan.model.codes import CloseCode
from hongyan.model.commands import AnyCommand, CreateGroup, SendMessage
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ClientMsgId, ConversationId, DeviceId, MessageId, UserId, single_id
from hongyan.model.records import Record, Submitted
from hongyan.ports.link import Answer, Fanout
from hongyan.ports.store import StoreBatch
from hongyan.telemetry import Metrics
from tests.tasks import beside

ALICE, BOB, CAROL, DAVE = (UserId(name) for name in ("alice", "bob", "carol", "dave"))
SINGLE = single_id(ALICE, BOB)
GROUP = ConversationId("g:books")
GATEWAY = 7


def record(
    number: int,
    command: AnyCommand | str | None = None,
    *,
    sender: UserId = ALICE,
    to: ConversationId = SINGLE,
    name: str | None = None,
    connection: int = 1,
    request: int | None = None,
    resend: bool = False,
) -> Record:
    """What admission would append: by default a text of alice's, whose receipt goes to frame `number` of connection 1."""
    asked = text_of(command or f"text {number}") if command is None or isinstance(command, str) else command
    client_msg_id = ClientMsgId(f"m{number}" if name is None else name)
    digest = hash(repr(asked)) & 0xFFFF
    stamps = (client_msg_id, MessageId(10_000 + number), 1_000_000 + number, asked, digest, resend)
    return Record(to, sender, *stamps, GATEWAY, connection, number + 1 if request is None else request)


def text_of(text: str) -> SendMessage:
    """A text message; its content stands for a serialized one."""
    return SendMessage(1, text.encode())


def founded(number: int, *others: UserId) -> Record:
    """Alice makes the group."""
    return record(number, CreateGroup("Books", others, 500), to=GROUP)


class Heard:
    """A `Downlink` that keeps what it was told."""

    def __init__(self) -> None:
        self.fanouts: list[Fanout] = []
        self.signals: list[tuple[Sequence[UserId], tuple[ConversationId, UserId, str]]] = []

    def deliver(self, gateway: int, fanouts: Sequence[Fanout]) -> None:
        """See the port."""
        assert gateway == GATEWAY
        self.fanouts += fanouts

    def signal(self, recipients: Sequence[UserId], sign: tuple[ConversationId, UserId, str]) -> None:
        """See the port."""
        self.signals.append((recipients, sign))

    def notify(self, user_ids: Sequence[UserId], encoded: bytes, *, droppable: bool = False) -> None:
        """See the port."""

    def disconnect(self, user_id: UserId, device_id: DeviceId | None, code: CloseCode = CloseCode.LOGGED_OUT) -> None:
        """See the port."""

    def answers(self) -> dict[int, Submitted | HongyanError]:
        """By request, what the senders were answered."""
        found: list[Answer] = [answer for fanout in self.fanouts for answer in fanout.answers]
        return {answer.request: answer.result for answer in found}

    def seqs(self) -> dict[int, int]:
        """By request, the seqs of the receipts."""
        return {key: result.seq for key, result in self.answers().items() if isinstance(result, Submitted)}

    def seen_by(self, user_id: UserId, conversation_id: ConversationId = SINGLE) -> list[int]:
        """The seqs that would be pushed to a user, receipts apart."""
        mine = (one for one in self.fanouts if one.conversation_id == conversation_id and user_id in one.recipients)
        return [entry.seq for fanout in mine for entry in fanout.entries]


class GatedStore(MemoryStore):
    """A store that keeps nothing while its gate is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = asyncio.Event()

    async def persist(self, batch: StoreBatch) -> None:
        """See the port."""
        self.waiting.set()
        await self.gate.wait()
        self.waiting.clear()
        await super().persist(batch)


class World:
    """Log, store and hot head; `delivery` is their owner until the next `restart`."""

    def __init__(self, store: MemoryStore | None = None, options: DeliveryOptions | None = None) -> None:
        self.log = MemoryLog(self._failed)
        self.store = store or GatedStore()
        self.options = options or DeliveryOptions()
        self.restart()

    def restart(self) -> None:
        """The process died: what was in memory is gone, the log and the store are not."""
        self.hot, self.heard, self.metrics = MemoryHot(1 << 20), Heard(), Metrics()
        around = Surroundings(self.log, self.store, self.hot, LocalRoutes(GATEWAY), self.heard, self.now, self.metrics)
        self.delivery = Delivery(0, around, self.options)

    @staticmethod
    def now() -> int:
        """A clock that stands still."""
        return 1_000_000

    @staticmethod
    def _failed(records: Sequence[Record], error: HongyanError) -> None:
        raise AssertionError(records, error)

    def append(self, *records: Record) -> None:
        """Makes records durable, in one batch; the log's own loop is not needed for that."""
        for each in records:
            self.log.append(each)
        self.log._commit()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Delivery at work, until cancelled as a process is that stops."""
        async with beside(self.delivery.run()):
            yield

    async def decided(self) -> None:
        """Waits until everything in the log is decided and pushed."""
        end = await self.log.end(0)
        while self.delivery.position < end:
            await asyncio.sleep(0)

    async def stored(self) -> None:
        """Waits until everything in the log is stored."""
        await self.decided()
        await self.delivery.persister.drained()

    async def take(self, *records: Record) -> Heard:
        """Appends records and has them decided."""
        self.append(*records)
        await self.decided()
        return self.heard
