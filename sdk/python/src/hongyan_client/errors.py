"""What can go wrong for a user of the client; every class says what to do about it."""

from hongyan.model.codes import CLOSE_SENTENCES
from hongyan.protocol.frames import ErrorReply


class ClientError(Exception):
    """The root of this package's errors."""


class RefusedError(ClientError):
    """The server answered with a coded error.

    `code` is a number of `hongyan.model.codes.ErrorCode`; when `permanent`, the same request will never succeed;
    otherwise it may be tried again after `retry_after_ms`.
    """

    def __init__(self, reply: ErrorReply) -> None:
        super().__init__(f"{reply.message} ({reply.code} {reply.name})")
        self.code = reply.code
        self.name = reply.name
        self.sentence = reply.message
        self.retry_after_ms = reply.retry_after_ms
        self.permanent = reply.permanent


class ConnectionLostError(ClientError):
    """The connection broke, or none is there, while a question was open. What was asked may be asked again."""


class OutcomeUnknownError(ClientError):
    """No answer came in time. What was asked may have happened; asking again under the same id is safe."""


class SessionEndedError(ClientError):
    """The server will not have this client back as it is: log in again, or upgrade.

    `close_code` is one of `hongyan.model.codes.CloseCode`, or 0 when a request, not a close, said so.
    """

    def __init__(self, sentence: str, close_code: int = 0) -> None:
        super().__init__(sentence)
        self.close_code = close_code


class ClosedError(ClientError):
    """The client was closed while something still waited."""


class StoreError(ClientError):
    """The local store cannot be used: it belongs to another user, another process, or a newer release."""


class HttpError(ClientError):
    """An HTTP request failed. `status` is 0 when no answer came; `code` is the coded error's number, or 0."""

    def __init__(self, sentence: str, *, status: int = 0, code: int = 0) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code


def session_ended(close_code: int) -> SessionEndedError:
    """A terminal close code as an error with its sentence."""
    sentence = CLOSE_SENTENCES.get(close_code, "The server closed the connection for good.")
    return SessionEndedError(f"{sentence} (close code {close_code})", close_code)
