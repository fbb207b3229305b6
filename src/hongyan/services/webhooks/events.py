"""What there is to hear of: the types of events, and what each says."""

import re
from datetime import UTC, datetime

import msgspec

from hongyan.protocol.codec_hooks import JsonObject

COMMAND = "command.invoked"

_TYPES = {
    "message": "message.sent",
    "recall": "message.recalled",
    "edit": "message.edited",
    "delete": "message.deleted",
    "reaction": "message.reacted",
    "pin": "message.pinned",
    "befriended": "friend.added",
    "group_created": "group.created",
    "group_dismissed": "group.dismissed",
    "group_profile_set": "group.profile_set",
    "group_rules_set": "group.rules_set",
}
_COMMAND = re.compile(r"/(\w{1,32})(?:@([A-Za-z0-9_-]{1,32}))?(?:\s+(.*))?", re.DOTALL)
_TYPE = re.compile(r"[a-z]+\.[a-z_]+", re.ASCII)


def type_of(body: str) -> str:
    """The event that an entry is, by the name of its body in entry.proto."""
    return _TYPES.get(body) or f"group.{body}"


def is_type(text: str) -> bool:
    """Whether text has the form of an event's type; newer servers know more of them than this one."""
    return bool(_TYPE.fullmatch(text))


class Invocation(msgspec.Struct, frozen=True):
    """What somebody asks of a bot: `/name arguments`, or `/name@bot arguments` to mean one of several."""

    name: str
    bot_id: str
    arguments: str


def invocation_in(text: str) -> Invocation | None:
    """The command that a text is, if it is one."""
    match = _COMMAND.fullmatch(text) if text.startswith("/") else None
    return Invocation(match[1], match[2] or "", (match[3] or "").strip()) if match else None


def event_body(type_: str, time_ms: int, data: JsonObject) -> bytes:
    """The body of a call."""
    moment = datetime.fromtimestamp(time_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.json.encode({"type": type_, "timestamp": moment, "data": data})
