"""How services submit commands: as a client does, through admission and the log, but without a socket."""

from typing import Protocol

import msgspec

from hongyan.model.commands import AnyCommand
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.records import Submitted


class Allowance(msgspec.Struct, frozen=True):
    """How fast a user may submit: a bucket of `burst` that fills in `window_s`, with `remaining` in it now.

    `reset_s` is when it is full again.
    """

    burst: int
    window_s: int
    remaining: int
    reset_s: int


class Commands(Protocol):
    """Submits for any user; whoever calls has made sure that it may speak for him.

    Rights are decided at the command's place in the log, as for everybody.
    """

    async def submit(
        self,
        sender_id: UserId,
        conversation_id: ConversationId,
        client_msg_id: ClientMsgId,
        command: AnyCommand,
        *,
        resend: bool = False,
    ) -> Submitted:
        """Waits until the command is durable and decided, and returns what became of it; its `seq` is 0 without an entry.

        The same `client_msg_id` of the same sender there means the same submission: derive it from what asked for the
        command, and a repetition after a crash does nothing twice. `resend` says that it may have come before, however long
        ago; without it a message is compared with the newest 512 entries only (other commands always with all).

        Raises the coded refusal of admission or of a rule; Overloaded when too many wait; OutcomeUnknown when there is no
        answer in time: then it may have happened or may happen yet, and the same id asks again.
        """
        ...
