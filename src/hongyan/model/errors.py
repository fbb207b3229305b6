"""The root of every error that crosses a boundary; the leaves are generated into `codes`.

HongyanError
├── CallerFault   the caller asked for what cannot be; told to the caller, never logged as an error
├── PeerFault     the other end broke the protocol or died
├── UsFault       a bug or a limit of ours; logged
└── WorldFault    a disk, an engine or a network refused; counted
"""

from typing import ClassVar


class HongyanError(Exception):
    """An error with a code, fields and a sentence built from the fields.

    Instances are values too: a conversation's `apply` returns them without raising.
    """

    code: ClassVar[int]
    permanent: ClassVar[bool]
    http_status: ClassVar[int]
    sentence: ClassVar[str]

    def __init__(self, retry_after_ms: int = 0, **fields: str | int) -> None:
        super().__init__()
        self.retry_after_ms = retry_after_ms
        self.fields = fields

    def __str__(self) -> str:
        return self.sentence.format(**self.fields)

    @property
    def name(self) -> str:
        """The code's name as on the wire, such as `not_a_member`."""
        return self.code.name.lower()  # type: ignore[attr-defined,no-any-return]  # an IntEnum in every leaf


class CallerFault(HongyanError):
    """The caller asked for what cannot be."""


class PeerFault(HongyanError):
    """The other end broke the protocol or died."""


class UsFault(HongyanError):
    """A bug or a limit of ours."""


class WorldFault(HongyanError):
    """A disk, an engine or a network refused."""


class SetupError(Exception):
    """The program cannot start, or a command not run; the sentence tells the operator what to do. Never on the wire."""
