"""The services of one process, as the HTTP edge is given them."""

from hongyan.app.node import Stages, now_ms
from hongyan.app.users import UserServices, relations_options
from hongyan.config import Config
from hongyan.protocol import frames
from hongyan.rest.services import Services, Status
from hongyan.services.relations.records import RelationsOptions
from hongyan.services.relations.service import Around, Relations
from hongyan.services.relations.standing import Standings


def services_of(stages: Stages, accounts: UserServices, status: Status, config: Config) -> Services:
    """Joins services to the stages of this process."""
    casts = stages.gateway.uplink.casts
    return Services(
        status=status,
        metrics=stages.metrics,
        users=accounts.users,
        people=accounts.people,
        relations=join_relations(stages, accounts, relations_options(config)),
        limits=stages.gateway.options.limits,
        commands=stages.commands,
        allowance=stages.admission.allowance,
        wakes=stages.wakes,
        conversations=stages.conversations,
        mark=casts[frames.MarkRequest],
        signal=casts[frames.SignalRequest],
    )


def join_relations(stages: Stages, accounts: UserServices, options: RelationsOptions) -> Relations:
    """Friends and requests on the stages of this process; from here on profiles know who is whose friend."""
    engines, people = stages.engines, accounts.people
    standings = Standings(engines.hot, engines.store)
    people.standings_of = standings.standings_of
    around = Around(accounts.requests, standings, stages.commands, accounts.users.missing, people.policy_of, now_ms)
    return Relations(around, options)
