"""What notices do to the message they are about: the server's entries and a client's copies change alike.

Pure functions over bodies. Whoever holds the message as it was and hears the notice holds what a fresh fetch gives.
"""

from hongyan.model.ids import UserId
from hongyan.model.records import Amended, EditNotice, Message, Reaction

MAX_REACTION_KINDS = 20
MAX_REACTIONS = 1_000
"""Of one message, all kinds together: who reacted is kept by name, so that nobody counts twice."""


def reactions_of(message: Message) -> tuple[Reaction, ...]:
    """Who reacted to a message, and with what."""
    return message.reactions if isinstance(message, Amended) else ()


def has_reacted(message: Message, user_id: UserId, emoji: str) -> bool:
    """Whether the user's reaction is on the message."""
    return any(each.emoji == emoji and user_id in each.user_ids for each in reactions_of(message))


def edited(message: Message, notice: EditNotice, seq: int, time_ms: int) -> Message:
    """The message after an edit that was told at `seq`, at `time_ms`.

    An edit without content changes nothing: what came of it is told later.
    """
    if not notice.kind and not notice.content:
        return message
    return Amended(notice.kind, notice.content, seq, time_ms, reactions_of(message))


def reacted(message: Message, user_id: UserId, emoji: str, *, on: bool) -> Message:
    """The message after a reaction came or went. Kinds stand in the order of their first, people in that of theirs."""
    if has_reacted(message, user_id, emoji) is on:
        return message
    reactions = reactions_of(message)
    if not on:
        left = (_without(each, user_id) if each.emoji == emoji else each for each in reactions)
        changed = tuple(each for each in left if each.user_ids)
    elif any(each.emoji == emoji for each in reactions):
        changed = tuple(
            Reaction(emoji, (*each.user_ids, user_id)) if each.emoji == emoji else each for each in reactions
        )
    else:
        changed = (*reactions, Reaction(emoji, (user_id,)))
    return _with_reactions(message, changed)


def _without(reaction: Reaction, user_id: UserId) -> Reaction:
    return Reaction(reaction.emoji, tuple(other for other in reaction.user_ids if other != user_id))


def _with_reactions(message: Message, reactions: tuple[Reaction, ...]) -> Message:
    edit_seq, edited_ms = (message.edit_seq, message.edited_ms) if isinstance(message, Amended) else (0, 0)
    if not reactions and not edit_seq:
        return Message(message.kind, message.content)
    return Amended(message.kind, message.content, edit_seq, edited_ms, reactions)
