"""What an entry says, for those who show it."""

from hongyan.model.commands import SendMessage
from hongyan.model.records import Entry, Message
from hongyan.protocol.codec_content import parse_content
from hongyan.protocol.content import ContentView, Reference
from hongyan_client.outbox import Pending

PREVIEW_CHARS = 120


def content_of(said: Entry | Pending) -> ContentView | None:
    """A message's content, also of one without a receipt; None for what is no message. Raises MalformedFrame."""
    body = said.submit.command if isinstance(said, Pending) else said.body
    return parse_content(body.content) if isinstance(body, Message | SendMessage) else None


def text_of(entry: Entry | Pending) -> str:
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
