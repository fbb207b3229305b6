"""What looks at messages before they are taken in. Where there is none, sending costs nothing for it."""

from typing import Protocol

from hongyan.model.commands import AnyCommand
from hongyan.ports.link import Submission


class Screen(Protocol):
    """Lets a message pass as it is, changes it, or refuses it by raising ContentRefused or CheckUnavailable."""

    def screen(self, submission: Submission) -> AnyCommand | None:
        """The command that is taken in; None when that cannot be said at once: ask `screen_late`."""
        ...

    async def screen_late(self, submission: Submission) -> AnyCommand:
        """As `screen`, waiting for whoever has to be asked."""
        ...
