"""Entries that rules look into and replace. The owner of the state has opened them before."""

from hongyan.model.amendments import amended
from hongyan.model.records import Amended, AnyBody, EditNotice, Entry, Message, Submitted
from hongyan.model.state import Conversation, Outcome


def message_at(state: Conversation, seq: int) -> Message | None:
    """The message at `seq` as it is now, where it was opened."""
    body = (state.opened or {}).get(seq)
    return body if isinstance(body, Message) else None


def after(state: Conversation, target: Submitted, message: Message, outcome: Outcome) -> Entry:
    """The message once the entry of an outcome, which tells a change of it, is there."""
    earlier = _entry(state, target, message)
    return replaced(state, target, amended(earlier, outcome.entry).body if outcome.entry is not None else message)


def replaced(state: Conversation, target: Submitted, body: AnyBody) -> Entry:
    """What stands at an entry's place from now on: sent by whom and when is as before."""
    if state.opened is not None:
        state.opened[target.seq] = body
    return _entry(state, target, body)


def _entry(state: Conversation, target: Submitted, body: AnyBody) -> Entry:
    return Entry(
        state.conversation_id,
        target.seq,
        target.message_id,
        target.sender_id,
        target.client_msg_id,
        target.time_ms,
        target.countable,
        body,
    )


def without_words(state: Conversation, seq: int) -> tuple[Entry, ...]:
    """The entry that told the last edit of the message at `seq`, without what it told; nothing if there was no edit."""
    message = message_at(state, seq)
    if not isinstance(message, Amended) or not message.edit_seq:
        return ()
    return (replaced(state, state.recent[message.edit_seq], EditNotice(seq)),)
