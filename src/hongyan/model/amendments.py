"""What a later entry makes of an earlier one: the same here for a server that keeps entries and a client that keeps copies.

Pure. Invariant: an earlier entry to which all later ones were applied in their order, from whatever state it was fetched
in, is what a fresh fetch gives: what it contains already (`Amended.amended_seq`) is passed over.
"""

import msgspec

from hongyan.model.ids import UserId
from hongyan.model.records import (
    Amended,
    Deleted,
    DeleteNotice,
    EditNotice,
    Entry,
    Message,
    Reaction,
    ReactionNotice,
    Recalled,
    RecallNotice,
)

Telling = RecallNotice | DeleteNotice | EditNotice | ReactionNotice
"""Bodies that tell of a change of the message at their `seq`."""


def target_of(entry: Entry) -> int:
    """The seq of the message that an entry tells a change of; 0 when it tells none."""
    return entry.body.seq if isinstance(entry.body, Telling) else 0


def amended(earlier: Entry, later: Entry) -> Entry:
    """What stands at the earlier entry's place once the later one is there; `earlier` itself when nothing changes.

    `earlier` is the message that `later` tells a change of, or an edit of the same message told before it.
    """
    if isinstance(earlier.body, EditNotice):
        return _outdated(earlier, later)
    message, told = earlier.body, later.body
    if not isinstance(message, Message) or target_of(later) != earlier.seq or later.seq <= _amended_seq(message):
        return earlier
    body: Message
    match told:
        case RecallNotice():
            return msgspec.structs.replace(earlier, body=Recalled(later.sender_id))
        case DeleteNotice():
            return msgspec.structs.replace(earlier, body=Deleted(later.sender_id))
        case EditNotice():
            body = _edited(message, told, later)
        case ReactionNotice():
            body = _reacted(message, told, later)
        case _:
            return earlier
    return msgspec.structs.replace(earlier, body=body)


def _amended_seq(message: Message) -> int:
    return message.amended_seq if isinstance(message, Amended) else 0


def _outdated(edit: Entry, later: Entry) -> Entry:
    """What an edit said is kept as long as it is the last word."""
    told = edit.body
    assert isinstance(told, EditNotice), "asked for edits only"
    is_newer = isinstance(later.body, EditNotice | RecallNotice | DeleteNotice) and later.seq > edit.seq
    if not is_newer or target_of(later) != told.seq or not (told.kind or told.content):
        return edit
    return msgspec.structs.replace(edit, body=EditNotice(told.seq))


def _edited(message: Message, told: EditNotice, later: Entry) -> Amended:
    reactions = message.reactions if isinstance(message, Amended) else ()
    if not (told.kind or told.content):
        # Fetched when something newer was told already; that one says the words.
        return Amended(message.kind, message.content, later.seq, later.time_ms, reactions, later.seq)
    return Amended(told.kind, told.content, later.seq, later.time_ms, reactions, later.seq)


def _reacted(message: Message, told: ReactionNotice, later: Entry) -> Message:
    before = message if isinstance(message, Amended) else Amended(message.kind, message.content)
    reactions = with_reaction(before.reactions, told, later.sender_id)
    if not reactions and not before.edit_seq:
        # As it was said: nothing is left that tells of a change.
        return Message(message.kind, message.content)
    return msgspec.structs.replace(before, reactions=reactions, amended_seq=later.seq)


def with_reaction(reactions: tuple[Reaction, ...], told: ReactionNotice, user_id: UserId) -> tuple[Reaction, ...]:
    """The reactions once a user's was put or taken back; a kind without anybody is gone."""
    found = next((each for each in reactions if each.emoji == told.emoji), Reaction(told.emoji, ()))
    others = tuple(each for each in found.user_ids if each != user_id)
    if told.on and user_id in found.user_ids:
        return reactions
    changed = Reaction(told.emoji, (*others, user_id) if told.on else others)
    if not any(each.emoji == told.emoji for each in reactions):
        return (*reactions, changed) if changed.user_ids else reactions
    kept = (changed if each.emoji == told.emoji else each for each in reactions)
    return tuple(each for each in kept if each.user_ids)
