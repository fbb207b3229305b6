"""What rules answer without an entry."""

from hongyan.model.codes import NotAllowed
from hongyan.model.commands import AnyCommand
from hongyan.model.errors import HongyanError
from hongyan.model.records import Record, Submitted
from hongyan.model.state import Conversation, Outcome, Rule


def refuse(error: HongyanError) -> Outcome:
    """No entry, no receipt, no trace."""
    return Outcome(refusal=error)


def nothing_new(state: Conversation, record: Record) -> Outcome:
    """A receipt without an entry: its seq is 0."""
    time_ms = max(state.time_ms, record.time_ms)
    sender_id, client_msg_id, count = record.sender_id, record.client_msg_id, state.countable
    return Outcome(Submitted(sender_id, client_msg_id, 0, record.message_id, time_ms, count, record.digest))


def not_written_yet(action: str) -> Rule:
    """The rule of a command that is known and not possible yet."""

    def refuse_it(_state: Conversation, _record: Record, _command: AnyCommand) -> Outcome:
        return refuse(NotAllowed(action=action))

    return refuse_it
