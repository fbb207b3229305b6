"""Starting and stopping one server process."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec

from hongyan import __version__
from hongyan.adapters.store.migrate import database_file, migrate_all
from hongyan.app.collector import Collector
from hongyan.app.integrators import Joined, open_integrators
from hongyan.app.limits import AddressQuota
from hongyan.app.lock import DirectoryLock
from hongyan.app.node import Stages, Trimmer, build, now_ms
from hongyan.app.people import join_people
from hongyan.app.rest import RestServer, reason_of
from hongyan.app.run import Runnable, run_all
from hongyan.app.services import services_of
from hongyan.app.users import UserServices, open_user_services
from hongyan.config import Config
from hongyan.config.load import parse_address
from hongyan.gateway.listener import Listening
from hongyan.gateway.tcp import listen_tcp
from hongyan.gateway.websocket import listen_websocket
from hongyan.model.errors import SetupError
from hongyan.protocol.codec import check_backend
from hongyan.rest import Status, build_rest
from hongyan.telemetry import get_logger, set_up_logging

logger = get_logger(__name__)

_DATABASES = ("log", "message", "user", "relation", "admin", "webhook", "conversation", "presence")


class Addresses(msgspec.Struct, frozen=True):
    """Where the server is reached, as URLs with real ports."""

    http: str
    ws: str
    tcp: str


Announce = Callable[[Addresses], None]
"""Called once, when everything is ready."""


def prepare_data_dir(path: Path) -> DirectoryLock:
    """Makes the directory for its owner alone, takes it, and brings its files to this version. Raises SetupError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"{path} cannot be made: {error.strerror}.") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise SetupError(f"{path} cannot be written to; choose another --data or mend its rights.")
    lock = DirectoryLock(path)
    try:
        migrate_all([(database_file(path, name), name) for name in _DATABASES])
    except BaseException:
        lock.close()
        raise
    return lock


def run_server(config: Config, announce: Announce) -> None:
    """Runs until SIGTERM or SIGINT, then drains. Raises SetupError for what keeps it from starting."""
    import uvloop  # noqa: PLC0415 - only the server runs on it

    check_backend()
    os.umask(0o077)
    set_up_logging(config.logging.level, json=config.logging.format == "json")
    # Its warnings are about what strangers send: a line each would let them fill the log.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    lock = prepare_data_dir(config.data_dir)
    try:
        uvloop.run(serve(config, announce))
    finally:
        lock.close()


async def serve(config: Config, announce: Announce) -> None:
    """Serves on a prepared data directory until told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with ExitStack() as handlers:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _asked_to_stop, stop)
            handlers.callback(loop.remove_signal_handler, number)
        async with open_user_services(config, config.data_dir, now_ms) as accounts:
            stages = build(config, config.data_dir, accounts.users)
            accounts.users.on_logged_out = stages.gateway.disconnect
            try:
                await stages.personal.load()
                await _serve(config, accounts, stages, Door(announce, stop))
            finally:
                await stages.engines.close()


async def _serve(config: Config, accounts: UserServices, stages: Stages, door: "Door") -> None:
    status = Status()
    people = join_people(stages, accounts, config)
    async with open_integrators(config, config.data_dir, stages, accounts.users) as joined:
        services = services_of(stages, accounts, people, status, joined.services)
        services = msgspec.structs.replace(services, address_wait=AddressQuota(config, now_ms).wait_ms)
        rest = RestServer(config, build_rest(services))
        front = Front(config, stages, rest, door, status)
        behind = [*background(config, stages, joined), people.departures]
        await run_all([*behind, stages.gateway, rest, front], front.stopped)


def background(config: Config, stages: Stages, joined: Joined) -> list[Runnable]:
    """What runs behind the sockets, in order of start."""
    trimmer = Trimmer(stages.engines, config)
    trimmer.needed = lambda: joined.reader.position
    behind: list[Runnable] = [stages.engines.log, stages.delivery, stages.gatherer, stages.echo, *joined.parts()]
    return [*behind, trimmer, stages.lag, stages.overload, stages.presence, Collector()]


class Door(msgspec.Struct, frozen=True):
    """What the front door was given: whom to tell when it opens, and the event that closes it."""

    announce: Announce
    stop: asyncio.Event


class Front:
    """The front door: opens once what was logged is replayed, announces, and on the way out drains."""

    def __init__(self, config: Config, stages: Stages, rest: RestServer, door: Door, status: Status) -> None:
        self._config, self._stages, self._rest = config, stages, rest
        self._door, self._status = door, status
        self.stopped = asyncio.Event()

    async def run(self) -> None:
        """Works until asked to stop, then drains; when it ends, the process does."""
        await first_of(self._stages.delivery.caught_up, self._door.stop)
        if self._door.stop.is_set():
            return
        listenings = await self._listen()
        self._status.ready = True
        self._door.announce(Addresses(self._rest.url, *(listening.url for listening in listenings)))
        await self._door.stop.wait()
        self._status.ready = False
        self._stages.wakes.drain()
        for listening in listenings:
            listening.close()
        await self._stages.gateway.drain()

    async def _listen(self) -> list[Listening]:
        gateway, listen = self._stages.gateway, self._config.listen
        found = []
        for open_socket, address, name in (
            (listen_websocket, listen.ws, "listen.ws"),
            (listen_tcp, listen.tcp, "listen.tcp"),
        ):
            host, port = parse_address(address, name)
            try:
                found.append(await open_socket(gateway, host, port))
            except OSError as error:
                raise SetupError(f"{name}: {address} cannot be listened on: {reason_of(error)}.") from error
        self._status.ws_url, self._status.tcp_url = found[0].url, found[1].url
        return found


async def first_of(*events: asyncio.Event) -> None:
    """Waits until one of them is set."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(event.wait()) for event in events]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()


def announce_json(addresses: Addresses) -> None:
    """One line for programs."""
    line = {"ready": True, "version": __version__, "http": addresses.http, "ws": addresses.ws, "tcp": addresses.tcp}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def announce_text(addresses: Addresses) -> None:
    """For people."""
    sys.stdout.write(
        f"hongyan {__version__} is ready.\n"
        f"  page and REST  {addresses.http}\n  WebSocket      {addresses.ws}\n  TCP            {addresses.tcp}\n"
        f"Chat with: hongyan chat --url {addresses.http}\n"
    )
    sys.stdout.flush()


def _asked_to_stop(stop: asyncio.Event) -> None:
    if stop.is_set():
        # The second signal means now: the log keeps its promise without a goodbye.
        os._exit(130)
    stop.set()
