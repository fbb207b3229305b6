"""A conversation is a deterministic state machine over its log: `apply(state, record)`.

A rule decides first and changes after, so a rule that refuses or fails leaves the state as it was. Order of a decision:
seen before, may they, number it. A retry is answered even to a sender who has left since.
"""

import itertools

from hongyan.model.codes import SubmissionConflict
from hongyan.model.commands import MovePositions, Recall
from hongyan.model.records import Record, Submitted
from hongyan.model.rules import RULES
from hongyan.model.state import Conversation, Outcome

NEEDING_FACTS: frozenset[type] = frozenset({Recall, MovePositions})
"""The commands whose rules ask for facts of older entries."""


def apply(state: Conversation, record: Record, offset: int) -> Outcome:
    """Decides one record and moves the state past it.

    `offset` is the record's place in the log; records at or below `state.offset` were applied before and must not come.
    """
    key = (record.sender_id, record.client_msg_id)
    before = state.submitted.get(key)
    if before is not None and record.client_msg_id:
        outcome = _answer_again(before, record)
    else:
        command = record.command
        outcome = RULES[type(command)](state, record, command)
        if outcome.receipt is not None:
            state.submitted[key] = outcome.receipt
    state.offset = offset
    return outcome


def needed_facts(state: Conversation, record: Record) -> list[int]:
    """The seqs of older entries whose facts a record's rule asks for and that are not warm.

    The owner looks them up and puts them into `recent` before `apply`; entries that do not exist it leaves out.
    """
    command = record.command
    if isinstance(command, Recall):
        wanted = [command.seq]
    elif isinstance(command, MovePositions):
        # Who is no member now has nothing to move: if he comes back in this batch, he begins at the head of that moment.
        moving = ((mark.read_seq, state.members.get(mark.user_id)) for mark in command.marks)
        wanted = [seq for seq, member in moving if member is not None and seq > member.read_seq]
    else:
        return []
    # The head too: records before this one in its batch may add entries, and then it is the head no more.
    return [seq for seq in wanted if 0 < seq <= state.seq and seq not in state.recent]


def trim(state: Conversation, keep: int, settled_seq: int) -> None:
    """Lets the warm windows shrink towards the newest `keep`, but not past what the store has kept, `settled_seq`."""
    for window in (state.submitted, state.recent):
        excess = len(window) - keep
        if excess > 0:
            oldest = itertools.islice(window.items(), excess)
            for key in [key for key, submitted in oldest if submitted.seq <= settled_seq]:
                del window[key]  # type: ignore[arg-type]  # each window is given its own keys


def _answer_again(before: Submitted, record: Record) -> Outcome:
    if before.digest != record.digest:
        return Outcome(refusal=SubmissionConflict(client_msg_id=record.client_msg_id))
    return Outcome(receipt=before, duplicate=True)
