"""The one place where an error becomes a frame."""

from hongyan.model.errors import HongyanError
from hongyan.protocol.frames import ErrorReply


def error_reply(error: HongyanError) -> ErrorReply:
    """An error as the peer is told of it."""
    return ErrorReply(int(error.code), error.name, str(error), error.retry_after_ms, error.permanent)
