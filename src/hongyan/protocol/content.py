"""What a message says, as records: what clients build and read. proto/hongyan/v1/content.proto is their contract."""

import msgspec

from hongyan.model.commands import MessageKind


class Blob(msgspec.Struct, frozen=True):
    """Stored bytes; the bytes themselves travel over HTTP."""

    blob_id: str
    media_type: str
    size_bytes: int


class Text(msgspec.Struct, frozen=True):
    """Words."""

    text: str


class Image(msgspec.Struct, frozen=True):
    """A still picture; the thumbnail has at most 4 KiB."""

    blob: Blob
    width_px: int = 0
    height_px: int = 0
    thumbnail: bytes = b""


class Voice(msgspec.Struct, frozen=True):
    """Something spoken."""

    blob: Blob
    duration_ms: int = 0


class Video(msgspec.Struct, frozen=True):
    """A moving picture; the thumbnail has at most 4 KiB."""

    blob: Blob
    width_px: int = 0
    height_px: int = 0
    duration_ms: int = 0
    thumbnail: bytes = b""


class File(msgspec.Struct, frozen=True):
    """Any bytes, with a name."""

    blob: Blob
    name: str


class Location(msgspec.Struct, frozen=True):
    """A place: latitude -90 to 90, longitude -180 to 180."""

    latitude_deg: float
    longitude_deg: float
    name: str = ""
    address: str = ""


class Card(msgspec.Struct, frozen=True):
    """A user or a group to be introduced to: one of the two ids is set."""

    user_id: str = ""
    group_id: str = ""
    name: str = ""


class Custom(msgspec.Struct, frozen=True):
    """An integrator's own kind; `fallback` is shown by clients that do not know the type."""

    type: str
    payload: bytes = b""
    fallback: str = ""


class Unknown(msgspec.Struct, frozen=True):
    """A kind that is newer than this software."""


AnyContent = Text | Image | Voice | Video | File | Location | Card | Custom | Unknown


class Reference(msgspec.Struct, frozen=True):
    """An entry elsewhere: the one a message answers, or came from. 0 and "" are unknown."""

    sender_id: str
    conversation_id: str = ""
    seq: int = 0
    message_id: int = 0
    preview: str = ""


class ContentView(msgspec.Struct, frozen=True):
    """A message's content: what it says, whom it calls, what it answers, where it came from."""

    body: AnyContent
    mention_ids: tuple[str, ...] = ()
    mention_all: bool = False
    quote: Reference | None = None
    forward: Reference | None = None

    @property
    def kind(self) -> int:
        """The number of the kind, a MessageKind; 0 for Unknown."""
        return _KINDS.get(type(self.body), 0)

    @property
    def text(self) -> str:
        """The words of a text, else ""."""
        return self.body.text if isinstance(self.body, Text) else ""

    @property
    def blob(self) -> Blob | None:
        """The stored bytes that the message is about, of kinds that have some."""
        return self.body.blob if isinstance(self.body, (Image, Voice, Video, File)) else None


_KINDS: dict[type, int] = {
    Text: MessageKind.TEXT,
    Image: MessageKind.IMAGE,
    Voice: MessageKind.VOICE,
    Video: MessageKind.VIDEO,
    File: MessageKind.FILE,
    Location: MessageKind.LOCATION,
    Card: MessageKind.CARD,
    Custom: MessageKind.CUSTOM,
}
