"""The services of one process, as the HTTP edge is given them."""

from hongyan.app.node import Stages
from hongyan.app.people import PeopleServices
from hongyan.app.users import UserServices
from hongyan.protocol import frames
from hongyan.rest.services import Services, Status
from hongyan.services.admin.integrators import Integrators


def services_of(
    stages: Stages, accounts: UserServices, joined: PeopleServices, status: Status, integrators: Integrators
) -> Services:
    """Joins services to the stages of this process."""
    casts = stages.gateway.uplink.casts
    return Services(
        status=status,
        metrics=stages.metrics,
        users=accounts.users,
        people=accounts.people,
        relations=joined.relations,
        exports=joined.exports,
        limits=stages.gateway.options.limits,
        commands=stages.commands,
        allowance=stages.admission.allowance,
        wakes=stages.wakes,
        conversations=stages.conversations,
        presence=stages.presence,
        personal=stages.personal,
        listing=stages.listing,
        mark=casts[frames.MarkRequest],
        signal=casts[frames.SignalRequest],
        integrators=integrators,
    )
