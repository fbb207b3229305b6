"""Why a run could not be made; each is a sentence for whoever typed the command."""


class CannotRunError(Exception):
    """The run says nothing about the server."""


def reason_of(error: BaseException) -> str:
    """The first error in what was raised, as a sentence."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


class ServerFailedError(CannotRunError):
    """The server did not start, or ended by itself."""


class GeneratorFailedError(CannotRunError):
    """A generator process could not do its part."""


class RegistrationError(CannotRunError):
    """The server would not register or log in a user."""


class BareFailedError(CannotRunError):
    """The bare path's script did not give a rate."""
