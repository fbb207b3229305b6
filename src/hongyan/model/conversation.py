"""A conversation is a deterministic state machine over its log: `apply(state, record)`.

A rule decides first and changes after, so a rule that refuses or fails leaves the state as it was. Order of a decision:
seen before, may they, number it. A retry is answered even to a sender who has left since.
"""

from itertools import islice

from hongyan.model.codes import SubmissionConflict
from hongyan.model.commands import DeleteMessage, EditMessage, MovePositions, Pin, React, Recall, SendMessage
from hongyan.model.records import Amended, Record, Submitted
from hongyan.model.rules import RULES
from hongyan.model.state import Conversation, Outcome

NEEDING_FACTS: frozenset[type] = frozenset({Recall, DeleteMessage, EditMessage, React, Pin, MovePositions})
"""The commands whose rules ask for facts of older entries."""

_ABOUT_ONE = (Recall, DeleteMessage, EditMessage, React, Pin)

RETRY_WINDOW = 512
"""A message that does not say it is a retry is taken for one of the newest so many entries, and no further back.

An owner that has been warm for long and one that has just loaded the state must decide alike, or a replay after a crash
would number anew what was acknowledged. This far back both know every submission; further back only a look-up tells, and
messages that say nothing come by the thousand.
"""


def apply(state: Conversation, record: Record, offset: int) -> Outcome:
    """Decides one record and moves the state past it.

    `offset` is the record's place in the log; records at or below `state.offset` were applied before and must not come.
    """
    key = (record.sender_id, record.client_msg_id)
    before = state.submitted.get(key) if record.client_msg_id else None
    if before is not None and (before.seq > max(0, state.seq - RETRY_WINDOW) or is_looked_up(record)):
        outcome = _answer_again(before, record)
    else:
        command = record.command
        outcome = RULES[type(command)](state, record, command)
        if outcome.receipt is not None and record.client_msg_id:
            state.submitted[key] = outcome.receipt
    state.offset = offset
    return outcome


def is_looked_up(record: Record) -> bool:
    """Whether an earlier submission counts however old it is, so that the owner asks the store when it is not warm."""
    return record.resend or not isinstance(record.command, SendMessage)


def needed_facts(state: Conversation, record: Record) -> list[int]:
    """The seqs of older entries whose facts a record's rule asks for and that are not warm.

    The owner looks them up and puts them into `recent` before `apply`; entries that do not exist it leaves out.
    """
    command = record.command
    if isinstance(command, _ABOUT_ONE):
        wanted = [command.seq]
        message = (state.opened or {}).get(command.seq)
        if isinstance(message, Amended) and message.edit_seq:
            wanted.append(message.edit_seq)
    elif isinstance(command, MovePositions):
        # Who is no member now has nothing to move: if he comes back in this batch, he begins at the head of that moment.
        moving = ((mark.read_seq, state.members.get(mark.user_id)) for mark in command.marks)
        wanted = [seq for seq, member in moving if member is not None and seq > member.read_seq]
    else:
        return []
    # The head too: records before this one in its batch may add entries, and then it is the head no more.
    return [seq for seq in wanted if 0 < seq <= state.seq and seq not in state.recent]


def needed_entries(state: Conversation, record: Record) -> list[int]:
    """The seqs of older entries that a record's rule looks into, as they are now.

    The owner puts them into `opened`, which is not None from then on until the batch is decided, before it asks for the
    facts that are needed.
    """
    command = record.command
    if not isinstance(command, _ABOUT_ONE) or isinstance(command, Pin) or not 0 < command.seq <= state.seq:
        return []
    return [command.seq]


def trim(state: Conversation, keep: int, settled_seq: int, settled_offset: int) -> None:
    """Lets the warm windows shrink to the newest `keep`, or RETRY_WINDOW if that is more, of what is stored.

    The store has kept the conversation's entries up to `settled_seq`, and all that records up to `settled_offset` did.
    What a look-up would not give as it is now stays: a recall or a submission without an entry may not be stored yet.
    """
    oldest_seq = min(settled_seq, state.seq - max(keep, RETRY_WINDOW))
    whole = state.offset <= settled_offset
    for window in (state.submitted, state.recent):
        for key in list(islice(window, max(0, len(window) - keep))):
            submitted = window[key]  # type: ignore[index]  # each window is given its own keys
            if submitted.seq <= oldest_seq and (whole or (submitted.seq and not submitted.recalled)):
                del window[key]  # type: ignore[arg-type]  # as above


def _answer_again(before: Submitted, record: Record) -> Outcome:
    if before.digest != record.digest:
        return Outcome(refusal=SubmissionConflict(client_msg_id=record.client_msg_id))
    return Outcome(receipt=before, duplicate=True)
