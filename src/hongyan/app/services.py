"""The services of one process, as the HTTP edge is given them."""

from hongyan.app.node import Stages
from hongyan.app.users import UserServices
from hongyan.protocol import frames
from hongyan.rest.services import Services, Status


def services_of(stages: Stages, accounts: UserServices, status: Status) -> Services:
    """Joins services to the stages of this process."""
    casts = stages.gateway.uplink.casts
    return Services(
        status=status,
        metrics=stages.metrics,
        users=accounts.users,
        people=accounts.people,
        limits=stages.gateway.options.limits,
        commands=stages.commands,
        allowance=stages.admission.allowance,
        wakes=stages.wakes,
        conversations=stages.conversations,
        mark=casts[frames.MarkRequest],
        signal=casts[frames.SignalRequest],
    )
