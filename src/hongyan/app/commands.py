"""Commands of services inside one process: a gateway in name only, whose receipts end as results of calls."""

import asyncio
from collections.abc import Sequence

from hongyan.model.codes import OutcomeUnknown, Overloaded
from hongyan.model.commands import AnyCommand
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.records import Record, Submitted
from hongyan.ports.link import Admit, Fanout, Submission

# Receipts are found by the request alone; 0 would say that nobody is to be told.
_CONNECTION = 1


class LocalCommands:
    """A `ports.commands.Commands` on direct calls. `number` is its own among gateways, and new in every run.

    At most `capacity` calls wait at a time, each for at most `deadline_s`.
    """

    def __init__(self, number: int, admit: Admit, *, capacity: int = 10_000, deadline_s: float = 10.0) -> None:
        self.number = number
        self._admit, self._capacity, self._deadline_s = admit, capacity, deadline_s
        self._waiting: dict[int, asyncio.Future[Submitted]] = {}
        self._last_request = 0

    def waiting(self) -> int:
        """How many calls wait for their answers."""
        return len(self._waiting)

    async def submit(
        self,
        sender_id: UserId,
        conversation_id: ConversationId,
        client_msg_id: ClientMsgId,
        command: AnyCommand,
        *,
        resend: bool = False,
    ) -> Submitted:
        """See the port."""
        if len(self._waiting) >= self._capacity:
            raise Overloaded(what="submissions of services", retry_after_ms=500)
        self._last_request += 1
        request = self._last_request
        submission = Submission(
            conversation_id, sender_id, client_msg_id, command, resend, self.number, _CONNECTION, request
        )
        answer: asyncio.Future[Submitted] = asyncio.get_running_loop().create_future()
        self._waiting[request] = answer
        deadline = asyncio.timeout(self._deadline_s)
        try:
            async with deadline:
                later = self._admit(submission)
                if later is not None:
                    await later()
                return await answer
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise OutcomeUnknown from error
        finally:
            self._waiting.pop(request, None)

    def deliver(self, fanouts: Sequence[Fanout]) -> None:
        """What became of submissions; those that nobody waits for any more, or of an earlier run, are passed over."""
        for fanout in fanouts:
            for answer in fanout.answers:
                self._settle(answer.request, answer.result)

    def append_failed(self, records: Sequence[Record], error: HongyanError) -> None:
        """The log could not take these records: whoever submitted them is told."""
        for record in records:
            if record.gateway == self.number:
                self._settle(record.request, error)

    def _settle(self, request: int, result: Submitted | HongyanError) -> None:
        answer = self._waiting.pop(request, None)
        if answer is None or answer.done():
            return
        if isinstance(result, HongyanError):
            answer.set_exception(result)
        else:
            answer.set_result(result)
