import pytest

from hongyan.model.commands import MessageKind
from hongyan.protocol.content import (
    AnyContent,
    Blob,
    Card,
    ContentView,
    Custom,
    File,
    Image,
    Location,
    Text,
    Unknown,
    Video,
    Voice,
)

BLOB = Blob("b", "image/png", 5)


@pytest.mark.parametrize(
    ("body", "kind", "blob"),
    [
        (Text("hello"), MessageKind.TEXT, None),
        (Image(BLOB), MessageKind.IMAGE, BLOB),
        (Voice(BLOB), MessageKind.VOICE, BLOB),
        (Video(BLOB), MessageKind.VIDEO, BLOB),
        (File(BLOB, "a.txt"), MessageKind.FILE, BLOB),
        (Location(1.0, 2.0), MessageKind.LOCATION, None),
        (Card(user_id="a"), MessageKind.CARD, None),
        (Custom("x"), MessageKind.CUSTOM, None),
        (Unknown(), 0, None),
    ],
)
def test_a_view_tells_its_kind_and_its_stored_bytes(body: AnyContent, kind: int, blob: Blob | None) -> None:
    view = ContentView(body)

    assert (view.kind, view.blob) == (kind, blob)


def test_only_a_text_has_words() -> None:
    assert ContentView(Text("hello")).text == "hello"
    assert ContentView(Custom("x", fallback="hello")).text == ""
