"""What is said, and what happens to it afterwards."""

from collections.abc import Sequence

from hongyan.model import commands as ask
from hongyan.model.amendments import with_reaction
from hongyan.model.codes import (
    AlreadyRecalled,
    DifferentKind,
    EditTooLate,
    EntryUnknown,
    NotAllowed,
    NotAMember,
    NotFriends,
    RecallTooLate,
    TooManyPins,
    TooManyReactions,
)
from hongyan.model.commands import Role
from hongyan.model.errors import HongyanError
from hongyan.model.ids import SYSTEM_USER, ConversationKind
from hongyan.model.records import (
    Amended,
    AnyBody,
    Deleted,
    DeleteNotice,
    EditNotice,
    Message,
    PinNotice,
    Reaction,
    ReactionNotice,
    Recalled,
    RecallNotice,
    Record,
    Submitted,
)
from hongyan.model.rules.answers import nothing_new, refuse
from hongyan.model.rules.membership import rank_of
from hongyan.model.rules.opened import after, message_at, replaced, without_words
from hongyan.model.rules.speech import mention_all_refusal, other_of, voice_refusal
from hongyan.model.state import (
    FRIEND,
    PLAIN_SEAT,
    PLAIN_SETTINGS,
    Conversation,
    Outcome,
    Rule,
    add_entry,
    change_settings,
)

MAX_PINS = 50
MAX_REACTION_KINDS = 20
MAX_REACTIONS = 1_000
"""Of one message, all kinds together: who reacted is kept by name, so that nobody counts twice."""


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


def send_to_friend(state: Conversation, record: Record, command: ask.SendToFriend) -> Outcome:
    """As `send_message`, to one who takes messages of friends only. Who is blocked hears that he is, friend or not."""
    sender = state.members.get(record.sender_id)
    if sender is not None and state.kind is ConversationKind.SINGLE and not sender.seat.flags & FRIEND:
        blocked = voice_refusal(state, record, sender)
        return refuse(blocked or NotFriends(user_id=other_of(state, record.sender_id)))
    return send_message(state, record, command)


def recall(state: Conversation, record: Record, command: ask.Recall) -> Outcome:
    """The sender within the window, the system its own notices too; in a group a higher rank at any time."""
    target = _target(state, record, command.seq)
    if isinstance(target, HongyanError):
        return refuse(target)
    refusal = _rank_refusal(state, record, target, "recall another's message")
    if refusal is None and target.sender_id == record.sender_id:
        refusal = _window_refusal(state, record, command, target)
    if refusal is not None:
        return refuse(refusal)
    return _take_away(state, record, target, RecallNotice(command.seq), Recalled(record.sender_id))


def delete_message(state: Conversation, record: Record, command: ask.DeleteMessage) -> Outcome:
    """The sender at any time, the system its own notices too; in a group a higher rank."""
    target = _target(state, record, command.seq)
    if isinstance(target, HongyanError):
        return refuse(target)
    refusal = _rank_refusal(state, record, target, "delete another's message")
    if refusal is not None:
        return refuse(refusal)
    return _take_away(state, record, target, DeleteNotice(command.seq), Deleted(record.sender_id))


def _take_away(state: Conversation, record: Record, target: Submitted, notice: AnyBody, instead: AnyBody) -> Outcome:
    """Nothing of a message stays: not its words, not those of its last edit, not its pin."""
    words = without_words(state, target.seq)
    target.recalled = True
    pins = state.settings.pins
    if target.seq in pins:
        change_settings(state, pins=tuple(seq for seq in pins if seq != target.seq))
    outcome = add_entry(state, record, notice, countable=False)
    outcome.replaced = (replaced(state, target, instead), *words)
    return outcome


def edit_message(state: Conversation, record: Record, command: ask.EditMessage) -> Outcome:
    """The sender of a message, within the window, while he has a voice. Earlier words are told nowhere any more."""
    target = _target(state, record, command.seq)
    if isinstance(target, HongyanError):
        return refuse(target)
    message = message_at(state, command.seq)
    refusal = _edit_refusal(state, record, command, target)
    if refusal is not None or message is None:
        return refuse(refusal or EntryUnknown(seq=command.seq))
    words = without_words(state, command.seq)
    notice = EditNotice(command.seq, command.kind, command.content)
    outcome = add_entry(state, record, notice, countable=False)
    outcome.replaced = (after(state, target, message, outcome), *words)
    return outcome


def _edit_refusal(
    state: Conversation, record: Record, command: ask.EditMessage, target: Submitted
) -> HongyanError | None:
    if target.sender_id != record.sender_id:
        return NotAllowed(action="edit another's message")
    if command.window_ms and record.time_ms - target.time_ms > command.window_ms:
        return EditTooLate(window_ms=command.window_ms)
    if target.kind != command.kind:
        return DifferentKind(seq=command.seq)
    sender = state.members.get(record.sender_id)
    if sender is None:
        return None
    refusal = voice_refusal(state, record, sender)
    return mention_all_refusal(state, sender) if refusal is None and command.mention_all else refusal


def react(state: Conversation, record: Record, command: ask.React) -> Outcome:
    """Whoever has a voice and sees the message; once with each emoji."""
    target = _shared_target(state, record, command.seq, "react")
    if isinstance(target, HongyanError):
        return refuse(target)
    message = message_at(state, command.seq)
    if message is None:
        return refuse(EntryUnknown(seq=command.seq))
    notice = ReactionNotice(command.seq, command.emoji, command.on)
    before = message.reactions if isinstance(message, Amended) else ()
    if with_reaction(before, notice, record.sender_id) == before:
        return nothing_new(state, record)
    full = _full_refusal(command, before) if command.on else None
    if full is not None:
        return refuse(full)
    outcome = add_entry(state, record, notice, countable=False)
    outcome.replaced = (after(state, target, message, outcome),)
    return outcome


def _full_refusal(command: ask.React, reactions: Sequence[Reaction]) -> HongyanError | None:
    if len(reactions) >= MAX_REACTION_KINDS and all(each.emoji != command.emoji for each in reactions):
        return TooManyReactions(seq=command.seq, limit=MAX_REACTION_KINDS, what="kinds of reactions")
    if sum(len(each.user_ids) for each in reactions) >= MAX_REACTIONS:
        return TooManyReactions(seq=command.seq, limit=MAX_REACTIONS, what="reactions")
    return None


def pin(state: Conversation, record: Record, command: ask.Pin) -> Outcome:
    """Both of a single; in a group owner and admins. A conversation has at most MAX_PINS, in the order of pinning."""
    target = _shared_target(state, record, command.seq, "pin")
    if isinstance(target, HongyanError):
        return refuse(target)
    if state.kind is ConversationKind.GROUP and rank_of(state, record.sender_id) < Role.ADMIN:
        return refuse(NotAllowed(action="pin"))
    pins = state.settings.pins
    if (command.seq in pins) is command.on:
        return nothing_new(state, record)
    if command.on and len(pins) >= MAX_PINS:
        return refuse(TooManyPins(limit=MAX_PINS))
    others = tuple(seq for seq in pins if seq != command.seq)
    change_settings(state, pins=(*others, command.seq) if command.on else others)
    return add_entry(state, record, PinNotice(command.seq, command.on), countable=False)


def _shared_target(state: Conversation, record: Record, seq: int, action: str) -> Submitted | HongyanError:
    """The message to which a member with a voice does something that all see, or why he may not."""
    target = _target(state, record, seq)
    if isinstance(target, HongyanError):
        return target
    if state.kind is ConversationKind.SYSTEM:
        return NotAllowed(action=action)
    actor = state.members.get(record.sender_id)
    return (voice_refusal(state, record, actor) if actor is not None else None) or target


def _target(state: Conversation, record: Record, seq: int) -> Submitted | HongyanError:
    """The facts of the message at `seq`, or why there is none for the sender."""
    actor = state.members.get(record.sender_id)
    if actor is None and not _system_speaks(state, record) and not rank_of(state, record.sender_id):
        return NotAMember(conversation_id=state.conversation_id)
    target = state.recent.get(seq)
    if target is None or target.kind == 0 or (actor is not None and seq < actor.first_seq):
        return EntryUnknown(seq=seq)
    return AlreadyRecalled(seq=seq) if target.recalled else target


def _system_speaks(state: Conversation, record: Record) -> bool:
    return state.kind is ConversationKind.SYSTEM and record.sender_id == SYSTEM_USER


def _rank_refusal(state: Conversation, record: Record, target: Submitted, action: str) -> HongyanError | None:
    if target.sender_id == record.sender_id:
        return None
    rank = max(rank_of(state, target.sender_id), Role.MEMBER)
    allowed = state.kind is ConversationKind.GROUP and rank_of(state, record.sender_id) > rank
    return None if allowed else NotAllowed(action=action)


def _window_refusal(state: Conversation, record: Record, command: ask.Recall, target: Submitted) -> HongyanError | None:
    window_ms = command.window_ms
    actor = state.members.get(record.sender_id)
    if actor is not None and actor.role >= Role.ADMIN and command.admin_window_ms >= 0:
        window_ms = command.admin_window_ms
    return RecallTooLate(window_ms=window_ms) if record.time_ms - target.time_ms > window_ms else None


RULES: dict[type, Rule] = {
    ask.SendMessage: send_message,
    ask.SendToFriend: send_to_friend,
    ask.Recall: recall,
    ask.EditMessage: edit_message,
    ask.DeleteMessage: delete_message,
    ask.React: react,
    ask.Pin: pin,
}
