"""Services about people on the stages of this process."""

import msgspec

from hongyan.app.node import Stages, now_ms
from hongyan.app.users import UserServices, relations_options
from hongyan.config import Config
from hongyan.ports.people import PersonRow
from hongyan.services.departures.export import Exports
from hongyan.services.departures.service import Departures, Involved
from hongyan.services.relations.service import Around, Relations
from hongyan.services.relations.standing import Standings


class PeopleServices(msgspec.Struct, frozen=True):
    """What is made of accounts once there are conversations."""

    relations: Relations
    departures: Departures
    exports: Exports


def join_people(stages: Stages, accounts: UserServices, config: Config) -> PeopleServices:
    """Makes them, and tells the others of each other: profiles learn who is whose friend, admission who takes strangers."""
    engines, users, people = stages.engines, accounts.users, accounts.people
    standings = Standings(engines.hot, engines.store)
    around = Around(accounts.requests, standings, stages.commands, users.missing, people.policy_of, now_ms)
    relations = Relations(around, relations_options(config))
    involved = Involved(users, people, relations, stages.conversations, stages.personal, stages.commands)
    departures = Departures(involved, stages.delivery.caught_up)
    people.standings_of = standings.standings_of
    stages.sight.chosen = people.last_seen_circles

    async def person_changed(person: PersonRow) -> None:
        stages.presence.doubt(person.profile.user_id)
        await stages.echo.person_changed(person)

    people.on_changed = person_changed
    relations.on_changed = stages.echo.request_changed
    users.on_deleted = departures.deleted
    stages.admission.doors, stages.admission.guests = people.doors, people
    return PeopleServices(relations, departures, Exports(involved, now_ms))
