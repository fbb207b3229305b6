"""Submissions as bytes prepared before the run: under load a send is one `%`.

A text begins with the microsecond it was meant to be sent at, so a receiver in another process can tell how long it took.
"""

from hongyan.model.commands import MessageKind, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId
from hongyan.protocol.codec import ProtoClientCodec
from hongyan.protocol.codec_content import text_content
from hongyan.protocol.frames import ClientFrame, Submit

STAMP_DIGITS = 20
NUMBER_DIGITS = 8
MAX_NUMBER = 10**NUMBER_DIGITS
_FILLER = "the wild goose carries the letter home "


class Forms:
    """The bytes of one sender's submissions to one conversation: `table[frame_id] % (number, microseconds)`.

    The number makes the id, and both make the text: the same two give the same bytes again.
    """

    def __init__(self, conversation_id: str, user_id: str, size_bytes: int) -> None:
        self.conversation_id, self.user_id, self.size_bytes = conversation_id, user_id, size_bytes
        self.table: list[bytes] = [b""]

    def reach(self, frame_id: int) -> None:
        """Makes the forms up to a frame id; ids begin at 1."""
        while len(self.table) <= frame_id:
            self.table.append(self._make(len(self.table), resend=False))

    def again(self, frame_id: int) -> bytes:
        """The form of a resend."""
        return self._make(frame_id, resend=True)

    def _make(self, frame_id: int, *, resend: bool) -> bytes:
        text = text_content("0" * STAMP_DIGITS + _filler(self.size_bytes - STAMP_DIGITS))
        submit = Submit(
            ConversationId(self.conversation_id),
            ClientMsgId(f"{self.user_id}.{'0' * NUMBER_DIGITS}"),
            SendMessage(int(MessageKind.TEXT), text),
            resend,
        )
        packet = ProtoClientCodec().encode([ClientFrame(frame_id, submit)]).replace(b"%", b"%%")
        numbered = packet.replace(b"." + b"0" * NUMBER_DIGITS, b".%%0%dd" % NUMBER_DIGITS, 1)
        # The last place: a text of 48 bytes has its length before it, which is the digit 0 too.
        begins = numbered.rindex(b"0" * STAMP_DIGITS)
        return numbered[:begins] + b"%%0%dd" % STAMP_DIGITS + numbered[begins + STAMP_DIGITS :]


def number_of(client_msg_id: str) -> int:
    """Which of its sender's submissions an id names."""
    return int(client_msg_id[-NUMBER_DIGITS:])


def id_of(user_id: str, number: int) -> str:
    """The id of a sender's n-th submission."""
    return f"{user_id}.{number:0{NUMBER_DIGITS}d}"


def stamp_ns(text: str) -> int:
    """When a text was meant to be sent, on the monotonic clock; 0 for a text that is not ours."""
    digits = text[:STAMP_DIGITS]
    return int(digits) * 1000 if len(digits) == STAMP_DIGITS and digits.isascii() and digits.isdigit() else 0


def _filler(size_bytes: int) -> str:
    return (_FILLER * (size_bytes // len(_FILLER) + 1))[:size_bytes]
