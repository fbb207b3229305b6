"""What a run saw, by conversation: what was sent, what arrived where, what is stored. The checker's only input."""

import msgspec


class Sent(msgspec.Struct, array_like=True):
    """What one user submitted to a conversation, in order of sending, and the receipts in order of arrival."""

    conversation_id: str
    user_id: str
    ids: list[str]
    receipt_ids: list[str]
    receipt_seqs: list[int]


class Arrivals(msgspec.Struct, array_like=True):
    """What one connection was pushed of a conversation, in order of arrival, as runs (first seq, last seq).

    `own_seqs` came as receipts, which stand for the pushes. `since_seq` is the head that the connection's sync told:
    entries above it were to be pushed. `until_end` says that the connection was there to the end of the run.
    """

    conversation_id: str
    user_id: str
    connection: str
    since_seq: int
    runs: list[tuple[int, int]]
    own_seqs: list[int]
    until_end: bool = True


class Naming(msgspec.Struct, array_like=True):
    """Which id entries of a conversation carried when they were pushed; one row a different pair."""

    conversation_id: str
    seqs: list[int]
    ids: list[str]


class StoredEntry(msgspec.Struct, frozen=True, array_like=True):
    """An entry as a fresh reader got it."""

    seq: int
    client_msg_id: str
    sender_id: str
    countable: bool


class Stored(msgspec.Struct, array_like=True):
    """All entries of a conversation, in the order in which a fresh reader got them."""

    conversation_id: str
    entries: list[StoredEntry]


class Head(msgspec.Struct, array_like=True):
    """A conversation in the list of one user, read after the load. `marked_seq` is how far the run marked it read."""

    conversation_id: str
    user_id: str
    seq: int
    unread: int
    marked_seq: int = 0


class Observed(msgspec.Struct):
    """Everything of a run."""

    sent: list[Sent] = []
    arrivals: list[Arrivals] = []
    namings: list[Naming] = []
    stored: list[Stored] = []
    heads: list[Head] = []


def add_to_runs(runs: list[tuple[int, int]], seqs: list[int]) -> None:
    """Appends arrivals, joining a seq to the last run when it follows it."""
    if not seqs:
        return
    first, last = runs.pop() if runs else (seqs[0], seqs[0] - 1)
    for seq in seqs:
        if seq == last + 1:
            last = seq
        else:
            runs.append((first, last))
            first = last = seq
    runs.append((first, last))
