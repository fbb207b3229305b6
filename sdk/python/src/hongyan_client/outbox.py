"""Submissions without a receipt: which may be sent now, which are on their way, and which must be sent again.

Pure: time comes in as an argument. Invariant: a submission leaves only by its receipt or a permanent refusal; whatever is
sent a second time says so, under the same id; those of a conversation go out in the order they were made.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator

import msgspec

from hongyan.model.ids import ClientMsgId, ConversationId
from hongyan.protocol.frames import Submit


class Pending(msgspec.Struct):
    """A submission that waits. `number` orders them; `sent`: it may have reached the server already."""

    number: int
    submit: Submit
    made_ms: int
    sent: bool = False

    def __lt__(self, other: "Pending") -> bool:
        return self.number < other.number

    def frame(self) -> Submit:
        """What goes onto the wire this time."""
        return msgspec.structs.replace(self.submit, resend=True) if self.sent else self.submit


class Queue(msgspec.Struct):
    """A conversation's submissions: those that wait, how many are on their way, and how long it rests after a refusal."""

    waiting: list[Pending]
    flying: int = 0
    rests_until_s: float = 0.0


class Outbox:
    """What waits for a receipt.

    `window` is how many may be on their way at once, and `pipeline` how many of one conversation. With a pipeline of 1
    nothing can overtake a submission that was refused for a moment or lost; above that, what followed it can.
    """

    def __init__(self, items: Iterable[Pending] = (), *, window: int = 1_000, pipeline: int = 1) -> None:
        self.window, self._pipeline = window, pipeline
        self._items: dict[ClientMsgId, Pending] = {}
        self._queues: dict[ConversationId, Queue] = {}
        self._ready: deque[ConversationId] = deque()
        self._flying: dict[ClientMsgId, float] = {}
        self._next = 1
        for item in sorted(items):
            # An earlier run may have sent it.
            item.sent = True
            self._next = item.number + 1
            self._items[item.submit.client_msg_id] = item
            self._wait(item)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Pending]:
        """All of them in the order they were made."""
        return iter(self._items.values())

    def get(self, client_msg_id: ClientMsgId) -> Pending | None:
        """The submission under an id, while it waits."""
        return self._items.get(client_msg_id)

    def put(self, submit: Submit, made_ms: int, *, sent: bool = False) -> Pending:
        """Takes in a submission; it goes out once it is released. `sent`: it may have been sent before, by another run."""
        item = Pending(self._next, submit, made_ms, sent)
        self._next += 1
        self._items[submit.client_msg_id] = item
        return item

    def release(self, item: Pending) -> None:
        """The submission is kept safe: it may go out in its turn."""
        if item.submit.client_msg_id in self._items:
            self._wait(item)

    def take(self, now_s: float) -> list[Pending]:
        """Those to be sent now, in order; they count as on their way from here on."""
        taken: list[Pending] = []
        resting: list[ConversationId] = []
        while self._ready and len(self._flying) < self.window:
            key = self._ready.popleft()
            queue = self._queues[key]
            if queue.rests_until_s > now_s:
                resting.append(key)
                continue
            item = heapq.heappop(queue.waiting)
            queue.flying += 1
            self._flying[item.submit.client_msg_id] = now_s
            taken.append(item)
            # One each in turn, so that a long queue does not hold up the other conversations.
            if queue.waiting and queue.flying < self._pipeline:
                self._ready.append(key)
        self._ready.extend(resting)
        return taken

    def finish(self, client_msg_id: ClientMsgId) -> Pending | None:
        """The receipt, or a refusal for good, has come; gives what it was about, or None when that was told before."""
        item = self._items.pop(client_msg_id, None)
        if item is None:
            return None
        key = item.submit.conversation_id
        queue = self._queues.get(key)
        if queue is None:
            return item
        if not self._land(item) and item in queue.waiting:
            # Its entry came by another way while it waited to be sent again.
            queue.waiting.remove(item)
            heapq.heapify(queue.waiting)
            if not queue.waiting and key in self._ready:
                self._ready.remove(key)
        if not queue.waiting and not queue.flying:
            del self._queues[key]
        return item

    def rest(self, client_msg_id: ClientMsgId, until_s: float) -> None:
        """Refused for now: it and those of its conversation behind it wait until then."""
        item = self._items.get(client_msg_id)
        if item is not None and self._land(item):
            queue = self._queues[item.submit.conversation_id]
            queue.rests_until_s = max(queue.rests_until_s, until_s)
            self._wait_again(item)

    def ground(self) -> None:
        """The connection is gone: all that was on its way waits to be sent again."""
        self.ground_before(float("inf"))

    def ground_before(self, sent_before_s: float) -> int:
        """Those on their way since before a moment wait to be sent again; gives their number."""
        overdue = []
        for client_msg_id, since_s in self._flying.items():
            if since_s >= sent_before_s:
                break
            overdue.append(self._items[client_msg_id])
        for item in overdue:
            self._land(item)
            self._wait_again(item)
        return len(overdue)

    def _wait_again(self, item: Pending) -> None:
        item.sent = True
        self._wait(item)

    def _wait(self, item: Pending) -> None:
        key = item.submit.conversation_id
        queue = self._queues.setdefault(key, Queue([]))
        heapq.heappush(queue.waiting, item)
        if len(queue.waiting) == 1 and queue.flying < self._pipeline:
            self._ready.append(key)

    def _land(self, item: Pending) -> bool:
        """Takes it off its way; False when it was not on it."""
        if self._flying.pop(item.submit.client_msg_id, None) is None:
            return False
        key = item.submit.conversation_id
        queue = self._queues[key]
        queue.flying -= 1
        if queue.waiting and queue.flying == self._pipeline - 1:
            self._ready.append(key)
        return True
