from collections.abc import Callable

import pytest
from hypothesis import given

from hongyan.model.codes import InvalidField, MalformedFrame
from hongyan.protocol.codec_content import (
    MAX_MENTIONS,
    MAX_THUMBNAIL_BYTES,
    build_content,
    check_content,
    is_plain_text,
    parse_content,
    text_content,
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
from hongyan.protocol.wire.content_pb2 import Content
from tests.property.frames import views

BLOB = Blob("b1", "image/png", 5)
HERE = "s:a:b"


def check(view: ContentView) -> int:
    return check_content(Content.FromString(build_content(view)), HERE)


@given(views(HERE))
def test_what_is_allowed_is_told_its_kind(view: ContentView) -> None:
    assert check(view) == view.kind


REFUSED_BODIES: dict[str, AnyContent] = {
    "message.text.text": Text(""),
    "message.image.blob.blob_id": Image(Blob("../etc", "image/png", 5)),
    "message.image.blob.media_type": Image(Blob("b1", "png", 5)),
    "message.image.blob.size_bytes": Image(Blob("b1", "image/png", 0)),
    "message.image.thumbnail": Image(BLOB, thumbnail=bytes(MAX_THUMBNAIL_BYTES + 1)),
    "message.video.thumbnail": Video(BLOB, thumbnail=bytes(MAX_THUMBNAIL_BYTES + 1)),
    "message.voice.blob.size_bytes": Voice(Blob("b1", "audio/ogg", 2**63)),
    "message.file.name": File(BLOB, "a\nb"),
    "message.location.latitude_deg": Location(90.1, 0),
    "message.location.longitude_deg": Location(0, float("nan")),
    "message.location.name": Location(0, 0, "x" * 257),
    "message.location.address": Location(0, 0, address="\x00"),
    "message.card": Card(),
    "message.card.user_id": Card(user_id="a b"),
    "message.card.group_id": Card(group_id="x" * 33),
    "message.card.name": Card(user_id="a", name="\x9f"),
    "message.custom.type": Custom(""),
    "message.custom.fallback": Custom("x", fallback="y" * 1025),
}


@pytest.mark.parametrize(("field", "body"), REFUSED_BODIES.items(), ids=REFUSED_BODIES)
def test_a_body_that_is_not_allowed_is_refused_by_the_name_of_its_field(field: str, body: AnyContent) -> None:
    with pytest.raises(InvalidField) as caught:
        check(ContentView(body))
    assert caught.value.fields["field"] == field


REFUSED_AROUND: dict[str, Callable[[], ContentView]] = {
    "message.mention.user_ids": lambda: ContentView(Text("x"), tuple(f"u{n}" for n in range(MAX_MENTIONS + 1))),
    "message.quote.conversation_id": lambda: ContentView(Text("x"), quote=Reference("a", "s:a:c", 1)),
    "message.quote.seq": lambda: ContentView(Text("x"), quote=Reference("a", HERE, 0)),
    "message.quote.message_id": lambda: ContentView(Text("x"), quote=Reference("a", HERE, 1, 2**63)),
    "message.quote.preview": lambda: ContentView(Text("x"), quote=Reference("a", HERE, 1, preview="p" * 513)),
    "message.forward.sender_id": lambda: ContentView(Text("x"), forward=Reference("")),
    "message.forward.seq": lambda: ContentView(Text("x"), forward=Reference("a", seq=2**63)),
    "conversation_id": lambda: ContentView(Text("x"), forward=Reference("a", "elsewhere")),
}


@pytest.mark.parametrize(("field", "view"), REFUSED_AROUND.items(), ids=REFUSED_AROUND)
def test_what_stands_around_a_body_is_checked_too(field: str, view: Callable[[], ContentView]) -> None:
    with pytest.raises(InvalidField) as caught:
        check(view())
    assert caught.value.fields["field"] == field


@pytest.mark.parametrize("count", [1, MAX_MENTIONS])
def test_up_to_a_hundred_users_can_be_mentioned(count: int) -> None:
    assert check(ContentView(Text("x"), tuple(f"u{n}" for n in range(count)))) == 1


def test_a_mention_of_nobody_is_refused() -> None:
    content = Content(text={"text": "x"}, mention={})

    with pytest.raises(InvalidField, match="calls nobody"):
        check_content(content, HERE)


def test_content_without_a_kind_is_refused() -> None:
    with pytest.raises(InvalidField, match="no kind"):
        check_content(Content(), HERE)


@given(views(HERE))
def test_the_short_cut_for_plain_text_takes_nothing_but_plain_text(view: ContentView) -> None:
    plain = ContentView(Text(view.text)) if view.text else None

    assert is_plain_text(build_content(view)) == (view == plain)


@pytest.mark.parametrize("size", [1, 125, 126, 127, 128, 129, 16_000])
def test_plain_text_of_common_lengths_takes_the_short_cut(size: int) -> None:
    assert is_plain_text(text_content("x" * size))


def test_a_text_is_built_with_whom_it_calls_and_what_it_answers() -> None:
    quote = Reference("b", HERE, 4)

    built = parse_content(text_content("好", ["b", "c"], mention_all=True, quote=quote))

    assert built == ContentView(Text("好"), ("b", "c"), mention_all=True, quote=quote)


def test_a_kind_of_newer_software_reads_as_unknown_and_cannot_be_built() -> None:
    assert parse_content(b"\x7a\x01x").body == Unknown()
    with pytest.raises(KeyError):
        build_content(ContentView(Unknown()))


def test_bytes_that_are_no_content_are_refused() -> None:
    with pytest.raises(MalformedFrame, match="not a content"):
        parse_content(b"\xff\xff")
