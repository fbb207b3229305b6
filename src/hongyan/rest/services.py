"""What the HTTP edge translates to: one field a service."""

from collections.abc import Callable

import msgspec

from hongyan.model.ids import UserId
from hongyan.ports.commands import Allowance, Commands
from hongyan.ports.link import Identity
from hongyan.ports.wakes import Wakes
from hongyan.protocol import frames
from hongyan.rest.address import AddressWait, everybody_passes
from hongyan.services.admin.integrators import Integrators
from hongyan.services.conversations.service import Conversations
from hongyan.services.departures.export import Exports
from hongyan.services.personal.listing import Listing
from hongyan.services.personal.service import Personal
from hongyan.services.presence.service import PresenceService
from hongyan.services.relations.service import Relations
from hongyan.services.users.people import People
from hongyan.services.users.service import Users
from hongyan.telemetry import Metrics

Mark = Callable[[Identity, frames.MarkRequest], None]
"""Takes a user's own positions in. Raises the coded error of a refusal."""

Signal = Callable[[Identity, frames.SignalRequest], None]
"""Passes a passing sign on, or drops it."""


Allow = Callable[[UserId], Allowance]
"""How fast a user may submit."""


class Status:
    """How the process is; whoever runs it writes here. `ready` is False while it replays its log, and while it drains."""

    def __init__(self) -> None:
        self.ready = False
        self.ws_url = ""
        self.tcp_url = ""


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that routers may call. A new service is a field here, and a line in `app.services`."""

    status: Status
    metrics: Metrics
    users: Users
    people: People
    relations: Relations
    exports: Exports
    limits: frames.Limits
    commands: Commands
    allowance: Allow
    wakes: Wakes
    conversations: Conversations
    presence: PresenceService
    personal: Personal
    listing: Listing
    mark: Mark
    signal: Signal
    integrators: Integrators
    address_wait: AddressWait = everybody_passes
