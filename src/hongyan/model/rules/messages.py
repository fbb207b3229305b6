"""What is said, and what happens to it afterwards."""

from hongyan.model import commands as ask
from hongyan.model.codes import AlreadyRecalled, EntryUnknown, NotAllowed, NotAMember, RecallTooLate
from hongyan.model.commands import Role
from hongyan.model.errors import HongyanError
from hongyan.model.ids import SYSTEM_USER, ConversationKind, UserId
from hongyan.model.records import Entry, Message, Recalled, RecallNotice, Record, Submitted
from hongyan.model.rules.answers import not_written_yet, refuse
from hongyan.model.rules.membership import rank_of
from hongyan.model.rules.speech import mention_all_refusal, voice_refusal
from hongyan.model.state import PLAIN_SEAT, PLAIN_SETTINGS, Conversation, Outcome, Rule, add_entry


def send_message(state: Conversation, record: Record, command: ask.SendMessage) -> Outcome:
    """Members speak, and the system in groups; in a system conversation only the system does."""
    sender = state.members.get(record.sender_id)
    if state.kind is ConversationKind.SYSTEM:
        if not _system_speaks(state, record):
            return refuse(NotAllowed(action="send"))
    elif sender is None:
        if not rank_of(state, record.sender_id):
            return refuse(NotAMember(conversation_id=state.conversation_id))
    elif sender.seat is not PLAIN_SEAT or state.settings is not PLAIN_SETTINGS or command.mention_all:
        refusal = voice_refusal(state, record, sender)
        if refusal is None and command.mention_all:
            refusal = mention_all_refusal(state, sender)
        if refusal is not None:
            return refuse(refusal)
    outcome = add_entry(state, record, Message(command.kind, command.content), countable=True)
    if state.seq == 1:
        # The first message makes a single or system conversation; a group exists before anybody can speak in it.
        outcome.joined = state.audience
        state.touched.update(state.members)
    return outcome


def recall(state: Conversation, record: Record, command: ask.Recall) -> Outcome:
    """The sender within the window, the system its own notices too; in a group a higher rank at any time."""
    actor = state.members.get(record.sender_id)
    if actor is None and not _system_speaks(state, record):
        return refuse(NotAMember(conversation_id=state.conversation_id))
    target = state.recent.get(command.seq)
    if target is None or target.kind == 0 or (actor is not None and command.seq < actor.first_seq):
        return refuse(EntryUnknown(seq=command.seq))
    if target.recalled:
        return refuse(AlreadyRecalled(seq=command.seq))
    refusal = _recall_refusal(state, record, command, target)
    if refusal is not None:
        return refuse(refusal)
    target.recalled = True
    outcome = add_entry(state, record, RecallNotice(command.seq), countable=False)
    outcome.replaced = recalled_entry(state, target, record.sender_id)
    return outcome


def _system_speaks(state: Conversation, record: Record) -> bool:
    return state.kind is ConversationKind.SYSTEM and record.sender_id == SYSTEM_USER


def recalled_entry(state: Conversation, target: Submitted, by_user_id: UserId) -> Entry:
    """What stands at a recalled message's place from now on: who and when, but not what."""
    return Entry(
        state.conversation_id,
        target.seq,
        target.message_id,
        target.sender_id,
        target.client_msg_id,
        target.time_ms,
        target.countable,
        Recalled(by_user_id),
    )


def _recall_refusal(state: Conversation, record: Record, command: ask.Recall, target: Submitted) -> HongyanError | None:
    if target.sender_id != record.sender_id:
        owner = state.members.get(target.sender_id)
        rank = owner.role if owner is not None else Role.MEMBER
        allowed = state.kind is ConversationKind.GROUP and state.members[record.sender_id].role > rank
        return None if allowed else NotAllowed(action="recall another's message")
    if record.time_ms - target.time_ms > command.window_ms:
        return RecallTooLate(window_ms=command.window_ms)
    return None


RULES: dict[type, Rule] = {
    ask.SendMessage: send_message,
    ask.SendToFriend: not_written_yet("send"),
    ask.Recall: recall,
    ask.EditMessage: not_written_yet("edit"),
    ask.DeleteMessage: not_written_yet("delete"),
    ask.React: not_written_yet("react"),
    ask.Pin: not_written_yet("pin"),
}
