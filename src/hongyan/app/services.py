"""The services of one process, as the HTTP edge is given them."""

from hongyan.app.node import Stages
from hongyan.protocol import frames
from hongyan.rest.services import Services, Status
from hongyan.services.admin.integrators import Integrators
from hongyan.services.users.service import Users


def services_of(stages: Stages, users: Users, status: Status, integrators: Integrators) -> Services:
    """Joins services to the stages of this process."""
    casts = stages.gateway.uplink.casts
    return Services(
        status=status,
        metrics=stages.metrics,
        users=users,
        commands=stages.commands,
        conversations=stages.conversations,
        mark=casts[frames.MarkRequest],
        signal=casts[frames.SignalRequest],
        integrators=integrators,
    )
