"""The asyncio client of hongyan: one connection, resumed when it breaks, over the shared protocol core.

Owns: the socket, reconnecting with backoff, submissions without a receipt, and a device's local copy of its conversations.
Does not know: anything of the server beyond `hongyan.model` and `hongyan.protocol`.
Keeps: once connected and synced, the local copy equals what a fresh device would fetch, whatever was interrupted before.

Begin with `Client`.
"""

from hongyan.model.codes import CloseCode, ErrorCode
from hongyan.model.ids import ConversationId, ConversationKind, UserId
from hongyan.model.records import (
    Entry,
    GroupCreated,
    MemberLeft,
    MembersAdded,
    MembersRemoved,
    Message,
    Recalled,
    RecallNotice,
)
from hongyan.protocol.content import (
    AnyContent,
    Blob,
    Card,
    ContentView,
    Custom,
    File,
    Image,
    Location,
    Reference,
    Text,
    Unknown,
    Video,
    Voice,
)
from hongyan.protocol.frames import MemberRow, Position
from hongyan_client.auth import Login, Session, TokenFile, Tokens, TokenSource, TokenStore, register
from hongyan_client.client import Client, Conversation
from hongyan_client.device import Sent
from hongyan_client.errors import (
    ClientError,
    ClosedError,
    ConnectionLostError,
    HttpError,
    OutcomeUnknownError,
    RefusedError,
    SessionEndedError,
    StoreError,
)
from hongyan_client.events import (
    ConnectionChanged,
    ConnectionState,
    ConversationChanged,
    EntryAdded,
    EntryRecalled,
    Event,
    PositionMoved,
    SignalReceived,
    SubmissionRefused,
)
from hongyan_client.options import ClientOptions
from hongyan_client.outbox import Pending
from hongyan_client.reading import content_of, quote_of, text_of
from hongyan_client.replica import Page
from hongyan_client.store import MemoryStore, Store
from hongyan_client.store_sqlite import SqliteStore

__all__ = [
    "AnyContent",
    "Blob",
    "Card",
    "Client",
    "ClientError",
    "ClientOptions",
    "CloseCode",
    "ClosedError",
    "ConnectionChanged",
    "ConnectionLostError",
    "ConnectionState",
    "ContentView",
    "Conversation",
    "ConversationChanged",
    "ConversationId",
    "ConversationKind",
    "Custom",
    "Entry",
    "EntryAdded",
    "EntryRecalled",
    "ErrorCode",
    "Event",
    "File",
    "GroupCreated",
    "HttpError",
    "Image",
    "Location",
    "Login",
    "MemberLeft",
    "MemberRow",
    "MembersAdded",
    "MembersRemoved",
    "MemoryStore",
    "Message",
    "OutcomeUnknownError",
    "Page",
    "Pending",
    "Position",
    "PositionMoved",
    "RecallNotice",
    "Recalled",
    "Reference",
    "RefusedError",
    "Sent",
    "Session",
    "SessionEndedError",
    "SignalReceived",
    "SqliteStore",
    "Store",
    "StoreError",
    "SubmissionRefused",
    "Text",
    "TokenFile",
    "TokenSource",
    "TokenStore",
    "Tokens",
    "Unknown",
    "UserId",
    "Video",
    "Voice",
    "content_of",
    "quote_of",
    "register",
    "text_of",
]

__version__ = "0.1.0"
