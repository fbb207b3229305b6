from hongyan.model.ids import ConversationId
from hongyan.protocol import codec_event
from hongyan.protocol import codec_opaque as opaque
from hongyan.protocol.frames import ConversationHead, Pong, ServerFrame, SyncPage


def test_an_event_of_a_newer_server_is_none() -> None:
    newer = opaque.ServerFrame.FromString(b"\x08\x05\xfa\x01\x00")

    assert codec_event.read_frame(newer) is None


def test_an_event_whose_fields_are_all_empty_is_still_that_event() -> None:
    written = codec_event.write_frame(ServerFrame(0, Pong(0)))

    assert codec_event.read_frame(opaque.ServerFrame.FromString(written.SerializeToString())) == ServerFrame(0, Pong(0))


def test_an_empty_conversation_has_no_preview_rather_than_an_empty_entry() -> None:
    head = ConversationHead(ConversationId("g:x"), 0, 0, 0, 0, 0, 1)

    page = codec_event.write_frame(ServerFrame(1, SyncPage((head,)))).sync_page

    assert "preview" not in [field.name for field, _ in page.conversations[0].ListFields()]
