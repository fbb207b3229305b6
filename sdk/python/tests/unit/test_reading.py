"""What an entry says."""

from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import AnyBody, Entry, MemberLeft, Message
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.content import ContentView, Location, Text
from hongyan_client.reading import content_of, quote_of, text_of


def entry(body: AnyBody) -> Entry:
    return Entry(ConversationId("g:x"), 7, MessageId(9), UserId("bob"), ClientMsgId("c"), 1, 1, body)


def test_a_text_is_read_and_other_things_have_none() -> None:
    assert text_of(entry(Message(1, build_content(ContentView(Text("你好")))))) == "你好"
    place = ContentView(Location(1.0, 2.0, "here"))
    assert text_of(entry(Message(6, build_content(place)))) == ""
    assert content_of(entry(Message(6, build_content(place)))) == place
    assert (content_of(entry(MemberLeft())), text_of(entry(MemberLeft()))) == (None, "")


def test_a_quote_names_its_message_and_shows_the_beginning() -> None:
    quote = quote_of(entry(Message(1, build_content(ContentView(Text("long " * 100))))))
    assert (quote.sender_id, quote.conversation_id, quote.seq, quote.message_id) == ("bob", "g:x", 7, 9)
    assert len(quote.preview) == 120
