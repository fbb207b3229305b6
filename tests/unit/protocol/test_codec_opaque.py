import pytest
from google.protobuf.descriptor import Descriptor

from hongyan.protocol import codec_opaque
from hongyan.protocol.wire import frame_pb2, personal_pb2

MESSAGES = sorted(frame_pb2.DESCRIPTOR.message_types_by_name.values(), key=lambda message: message.name)


@pytest.mark.parametrize("official", MESSAGES, ids=lambda message: message.name)
def test_each_message_has_the_fields_of_the_official_one_with_entries_and_contents_as_bytes(
    official: Descriptor,
) -> None:
    opaque = codec_opaque.message_class(official.name).DESCRIPTOR

    assert [(field.name, field.number) for field in opaque.fields] == [
        (field.name, field.number) for field in official.fields
    ]
    for field, original in zip(opaque.fields, official.fields, strict=True):
        embedded = original.message_type and original.message_type.name
        if embedded in ("Entry", "Content", *personal_pb2.DESCRIPTOR.message_types_by_name):
            assert field.type == field.TYPE_BYTES
            assert field.is_repeated == original.is_repeated
        else:
            assert (field.type, field.message_type and field.message_type.name) == (original.type, embedded)


def test_a_page_is_taken_apart_without_looking_into_its_entries() -> None:
    page = codec_opaque.EntryPage(entries=[b"not", b"entries"])

    assert list(codec_opaque.EntryPage.FromString(page.SerializeToString()).entries) == [b"not", b"entries"]
