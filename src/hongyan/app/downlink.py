"""The links between stages in one process: direct calls, bound once all stages are made."""

from collections.abc import Sequence

from hongyan.app.commands import LocalCommands
from hongyan.app.wakes import LocalWakes
from hongyan.gateway.gateway import Gateway
from hongyan.model.codes import CloseCode
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ConversationId, DeviceId, UserId
from hongyan.model.records import Record
from hongyan.ports.link import Fanout


class LocalDownlink:
    """A `ports.link.Downlink` to the one gateway, to the commands of services and to long polls.

    Until they are set, as in a replay at start, nobody is there to hear.
    """

    gateway: Gateway | None = None
    commands: LocalCommands | None = None

    def __init__(self) -> None:
        self.wakes = LocalWakes()

    def deliver(self, gateway: int, fanouts: Sequence[Fanout]) -> None:
        """See the port."""
        commands = self.commands
        if commands is not None and gateway == commands.number:
            commands.deliver(fanouts)
        elif self.gateway is not None:
            self.gateway.deliver(gateway, fanouts)
            self.wakes.delivered(fanouts)

    def signal(self, recipients: Sequence[UserId], sign: tuple[ConversationId, UserId, str]) -> None:
        """See the port."""
        if self.gateway is not None:
            self.gateway.signal(recipients, sign)

    def notify(self, user_ids: Sequence[UserId], encoded: bytes, *, droppable: bool = False) -> None:
        """See the port."""
        if self.gateway is not None:
            self.gateway.notify(user_ids, encoded, droppable=droppable)

    def disconnect(self, user_id: UserId, device_id: DeviceId | None, code: CloseCode = CloseCode.LOGGED_OUT) -> None:
        """See the port."""
        if self.gateway is not None:
            self.gateway.disconnect(user_id, device_id, code)

    def append_failed(self, records: Sequence[Record], error: HongyanError) -> None:
        """A log's listener: the senders are told."""
        if self.gateway is not None:
            self.gateway.append_failed(records, error)
        if self.commands is not None:
            self.commands.append_failed(records, error)
