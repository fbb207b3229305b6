"""A server with real accounts, its services about people, and its HTTP edge; on either engine, restarted at will."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from hongyan.app.integrators import join_integrators
from hongyan.app.people import PeopleServices, join_people
from hongyan.app.services import services_of
from hongyan.model.ids import DeviceId, UserId
from hongyan.model.personal import Item
from hongyan.protocol import frames
from hongyan.rest import Status, build_rest
from hongyan.services.users.records import LogIn, Platform, Registration
from tests.flow.device import Device
from tests.flow.node import CONFIG, MemoryEngines, Node, SqliteEngines
from tests.tasks import beside
from tests.unit.rest.asking import Answer, Asker
from tests.unit.services.admin.worlds import memory_stores, no_post
from tests.unit.services.users.worlds import PASSWORD, World


class Town:
    """One server after the other. `joined` are the services of the present one."""

    def __init__(self, world: World, node: Node) -> None:
        self.world, self.node = world, node
        self.joined: PeopleServices
        self.client: Asker
        self._tokens: dict[str, str] = {}
        self._jobs = AsyncExitStack()

    async def start(self) -> None:
        """A process starts, and has done what the one before left."""
        await self.node.start()
        stages, accounts = self.node.stages, self.world.services
        self.joined = join_people(stages, accounts, CONFIG)
        self.world.service.on_logged_out = stages.gateway.disconnect
        integrators = await join_integrators(CONFIG, stages, self.world.service, memory_stores(), no_post)
        services = services_of(stages, accounts, self.joined, Status(), integrators.services)
        self.client = Asker(build_rest(services))
        _ = await self._jobs.enter_async_context(beside(self.joined.departures.run()))

    async def stop(self) -> None:
        """The process ends."""
        await self._jobs.aclose()
        await self.node.stop()

    async def token(self, user: str, device: str = "phone", platform: Platform = "") -> str:
        """An access token of a device that logs in; users are registered on the way."""
        user_id = UserId(user)
        if await self.world.users.find(user_id) is None:
            await self.world.service.register(Registration(user_id, PASSWORD))
        asked = LogIn(user_id, PASSWORD, DeviceId(device), platform=platform)
        token = (await self.world.service.log_in(asked)).access_token
        self._tokens[user] = token
        return token

    async def connect(self, user: str, device: str = "phone", platform: Platform = "") -> Device:
        """A connected device of somebody who logs in."""
        return await self.node.connect(await self.token(user, device, platform))

    async def ask(self, user: str, method: str, path: str, body: Any = None) -> Answer:
        """A request of somebody over HTTP, with the token of his last log-in."""
        token = self._tokens.get(user) or await self.token(user)
        return await self.client.ask(method, f"/api/v1{path}", body, token=token)

    async def befriend(self, one: str, other: str) -> None:
        """Over HTTP, as people do."""
        asked = await self.ask(one, "POST", "/friend-requests", {"user_id": other})
        assert asked.status == 201, asked.json
        if asked.json["state"] == "accepted":
            return  # the other one had asked before
        accepted = await self.ask(other, "POST", f"/friend-requests/{asked.json['request_id']}/accept")
        assert accepted.status == 200, accepted.json

    async def gone(self, user: str) -> None:
        """Waits until a deleted account has left everything."""
        async with asyncio.timeout(5):
            while UserId(user) in await self.world.service.departing():
                await asyncio.sleep(0)


@asynccontextmanager
async def opened_town(world: World, folder: Path | None = None) -> AsyncIterator[Town]:
    """A town on accounts; what is said there is kept in files where a folder is given."""
    node = Node(SqliteEngines(folder) if folder else MemoryEngines(), "memory")
    node.accounts = world.service  # type: ignore[assignment]  # the real ones in the place of the stub
    town = Town(world, node)
    await town.start()
    try:
        yield town
    finally:
        await town.stop()


async def item(device: Device, topic: str, key: str) -> Item:
    """The next item of that name that a device is told of."""
    while True:
        event = await device.event(frames.ItemsChanged)
        assert isinstance(event, frames.ItemsChanged)
        for found in event.items:
            if (found.topic, found.key) == (topic, key):
                return found
