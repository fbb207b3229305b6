"""Text of others made fit for a terminal, and long text made short."""

import re

import msgspec

SHOWN_CHARS = 1_500
SHOWN_LINES = 16
PREVIEW_CHARS = 48

# C0 without tab and newline, DEL, C1; and the explicit marks that reorder what stands around them. Right-to-left text
# needs none of these: its letters carry their direction.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_NEWLINE = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Shortened(msgspec.Struct, frozen=True):
    """The beginning of a text; `left_chars` of it are not shown."""

    text: str
    left_chars: int


def clean(text: str) -> str:
    """Text without whatever acts upon a terminal; newlines and tabs stay.

    The whole of a CSI or OSC sequence is not looked for: without its first character it is plain letters.
    """
    return _LONE_SURROGATE.sub("\ufffd", _UNSAFE.sub("", _NEWLINE.sub("\n", text)))


def clean_line(text: str) -> str:
    """As `clean`, on one line."""
    return " ".join(clean(text).split())


def shorten(text: str) -> Shortened:
    """A text as far as it is shown unasked: so many characters, so many lines."""
    if len(text) <= SHOWN_CHARS and text.count("\n") < SHOWN_LINES:
        return Shortened(text, 0)
    lines = text[:SHOWN_CHARS].split("\n")[:SHOWN_LINES]
    shown = "\n".join(lines).rstrip()
    return Shortened(shown, len(text) - len(shown))


def preview(text: str, limit_chars: int = PREVIEW_CHARS) -> str:
    """A text as one short line."""
    line = clean_line(text[: 8 * limit_chars])
    return line if len(line) <= limit_chars else line[: limit_chars - 1].rstrip() + "…"


def readable_chars(count: int) -> str:
    """A number of characters with its word."""
    return f"{count:,} {'character' if count == 1 else 'characters'}"
