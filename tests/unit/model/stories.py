"""Short ways to tell a conversation's story: who asks for what, and what the owner of the state does about it."""

from hongyan.model.commands import AddMembers, AnyCommand, CreateGroup, Mark, MovePositions, Role, SendMessage
from hongyan.model.conversation import apply
from hongyan.model.errors import HongyanError
from hongyan.model.ids import SYSTEM_USER, ClientMsgId, ConversationId, MessageId, UserId, single_id
from hongyan.model.records import Entry, Record, Submitted
from hongyan.model.state import Conversation, Outcome, new_conversation, unread

ALICE, BOB, CAROL, DAVE = (UserId(name) for name in ("alice", "bob", "carol", "dave"))
SINGLE = single_id(ALICE, BOB)
GROUP = ConversationId("g:books")
NOTICES = ConversationId("n:alice")
SAVED = ConversationId("u:alice")
LIMIT = 5
WINDOW_MS = 120_000


class Story:
    """A conversation and its log: each ask is a record one millisecond after the one before."""

    def __init__(self, conversation_id: ConversationId = SINGLE) -> None:
        self.state: Conversation = new_conversation(conversation_id)
        self.state.opened = {}
        self.records: list[Record] = []
        self.now_ms = 1_000

    def record(
        self, sender_id: UserId, command: AnyCommand, client_msg_id: str | None = None, digest: int = 1
    ) -> Record:
        """What admission would append next, under an id of its own unless one is given."""
        number = len(self.records)
        name = f"m{number}" if client_msg_id is None else client_msg_id
        self.now_ms += 1
        stamps = (ClientMsgId(name), MessageId(10_000 + number), self.now_ms)
        return Record(self.state.conversation_id, sender_id, *stamps, command, digest)

    def marks(self, *marks: Mark) -> Record:
        """Positions, as admission gathers them."""
        return self.record(SYSTEM_USER, MovePositions(marks), "")

    def apply(self, record: Record) -> Outcome:
        """Appends a record and applies it."""
        self.records.append(record)
        return apply(self.state, record, len(self.records) - 1)

    def ask(self, sender_id: UserId, command: AnyCommand, client_msg_id: str | None = None, digest: int = 1) -> Outcome:
        """Appends and applies a command."""
        return self.apply(self.record(sender_id, command, client_msg_id, digest))

    def say(self, sender_id: UserId, text: str = "hello", client_msg_id: str | None = None) -> Outcome:
        """A text."""
        return self.ask(sender_id, text_of(text), client_msg_id)

    def mark(self, *marks: Mark) -> Outcome:
        """Appends and applies positions."""
        return self.apply(self.marks(*marks))

    def unread(self, user_id: UserId) -> int:
        """What the user's list shows."""
        return unread(self.state.countable, self.state.members[user_id])


def text_of(text: str) -> SendMessage:
    """A text message; its content stands for a serialized one."""
    return SendMessage(1, text.encode())


def group(*others: UserId, limit: int = LIMIT) -> Story:
    """A group that alice made."""
    story = Story(GROUP)
    receipt_of(story.ask(ALICE, CreateGroup("Books", others, limit)))
    return story


def with_admin(story: Story, user_id: UserId) -> Story:
    """Promotes a member; the command for it comes later."""
    story.state.members[user_id].role = Role.ADMIN
    return story


def receipt_of(outcome: Outcome) -> Submitted:
    """The receipt of what was taken."""
    assert outcome.refusal is None, str(outcome.refusal)
    assert outcome.receipt is not None
    return outcome.receipt


def entry_of(outcome: Outcome) -> Entry:
    """The entry of what was taken."""
    receipt = receipt_of(outcome)
    assert outcome.entry is not None
    assert outcome.entry.seq == receipt.seq
    return outcome.entry


def refusal_of(outcome: Outcome) -> HongyanError:
    """The refusal; there is nothing beside it."""
    assert outcome.refusal is not None
    assert outcome == Outcome(refusal=outcome.refusal)
    return outcome.refusal


def add(*user_ids: UserId, limit: int = LIMIT) -> AddMembers:
    """Take users in."""
    return AddMembers(user_ids, limit)
