"""What an entry says, for those who show it."""

from hongyan.model.records import Entry, Message
from hongyan.protocol.codec_content import parse_content
from hongyan.protocol.content import ContentView, Reference

PREVIEW_CHARS = 120


def content_of(entry: Entry) -> ContentView | None:
    """A message's content; None for entries that are no messages. Raises MalformedFrame for bytes that are none."""
    return parse_content(entry.body.content) if isinstance(entry.body, Message) else None


def text_of(entry: Entry) -> str:
    """The words of a text message; "" for everything else."""
    view = content_of(entry)
    return view.text if view is not None else ""


def quote_of(entry: Entry) -> Reference:
    """A reference to a message, to be put into `ContentView.quote` of the message that answers it.

    Example:
        answer = ContentView(Text("yes!"), quote=quote_of(entry))
        await client.send(entry.conversation_id, answer)
    """
    preview = text_of(entry)[:PREVIEW_CHARS]
    return Reference(entry.sender_id, entry.conversation_id, entry.seq, entry.message_id, preview)
