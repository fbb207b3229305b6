"""Plays a story on a server: people log in, groups are made, lines are said in their order."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Protocol

import msgspec

from hongyan.cli.demo.story import Group, Scene, Step, Story
from hongyan.model.codes import ErrorCode
from hongyan.model.commands import CreateGroup, Recall, SendMessage
from hongyan.model.errors import SetupError
from hongyan.model.ids import UserId, group_conversation_id
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.content import ContentView, Reference, Text
from hongyan_client import Client, ClientOptions, HttpError, Login, RefusedError, Sent, SessionEndedError, register

DEVICE = "demo"
"""One device a user, however often the story is played."""
AT_ONCE = 4
"""Passwords cost the server time; more at once would only wait there."""


class Progress(Protocol):
    """Is told how far it is."""

    def phase(self, name: str, total: int) -> None:
        """Something else begins, of so many steps."""
        ...

    def step(self) -> None:
        """One of them is done."""
        ...


class Played(msgspec.Struct, frozen=True):
    """What came of it: accounts made now, lines played, and those that the server refused."""

    registered: int
    lines: int
    refused: tuple[str, ...]


async def play(url: str, password: str, story: Story, progress: Progress) -> Played:
    """Makes everything that is not there yet. Raises SetupError where the story's people cannot come in."""
    progress.phase("people", len(story.people))
    registered = await _register_all(url, password, story, progress)
    async with AsyncExitStack() as stack:
        progress.phase("log in", len(story.people))
        cast = {user: await stack.enter_async_context(_client(url, user, password)) for user in story.people}
        for client in cast.values():
            await _come_in(client, url)
            progress.step()
        progress.phase("groups", len(story.groups))
        for group in story.groups:
            await _make_group(cast, group)
            progress.step()
        progress.phase("talk", story.lines)
        actors = Actors(cast, progress)
        for scene in story.scenes:
            await actors.play(scene)
        await _read(cast, story)
    return Played(registered, story.lines, tuple(actors.refused))


async def _register_all(url: str, password: str, story: Story, progress: Progress) -> int:
    free, made = asyncio.Semaphore(AT_ONCE), 0

    async def register_one(user_id: UserId) -> None:
        nonlocal made
        async with free:
            made += await _register(url, user_id, password)
        progress.step()

    try:
        async with asyncio.TaskGroup() as group:
            for user_id in story.people:
                group.create_task(register_one(user_id))
    except* SetupError as errors:
        raise errors.exceptions[0] from None
    return made


async def _register(url: str, user_id: UserId, password: str) -> bool:
    try:
        await register(url, user_id, password)
    except HttpError as error:
        if error.code == ErrorCode.USER_EXISTS:
            return False
        if not error.status:
            cure = "start a server with `hongyan serve`, or say where one is with --url"
            raise SetupError(f"{error}; {cure}.") from error
        raise SetupError(f"{user_id} cannot be registered: {error}") from error
    return True


def _client(url: str, user_id: UserId, password: str) -> Client:
    login = Login(user_id, password, device_id=DEVICE, device_name="hongyan demo")
    return Client(url, login, options=ClientOptions(client_name="hongyan demo"))


async def _come_in(client: Client, url: str) -> None:
    try:
        await client.synced()
    except SessionEndedError as error:
        sentence = f"{client.user_id} cannot log in on {url}: {error}"
        raise SetupError(f"{sentence} Was the story played there with another password?") from error


async def _make_group(cast: dict[UserId, Client], group: Group) -> None:
    command = CreateGroup(group.name, group.members, limit=0)
    key = group_conversation_id(group.group_id)
    try:
        await cast[group.owner].submit(key, command, client_msg_id="demo:create")
    except RefusedError as error:
        # Made by an earlier release's story, with other members perhaps: the talk goes on in it.
        if error.code not in (ErrorCode.GROUP_EXISTS, ErrorCode.SUBMISSION_CONFLICT):
            raise


class Actors:
    """Says the lines. `refused` holds a sentence for each that a server, or a later hour, did not allow."""

    def __init__(self, cast: dict[UserId, Client], progress: Progress) -> None:
        self._cast, self._progress = cast, progress
        self.refused: list[str] = []

    async def play(self, scene: Scene) -> None:
        """One scene, line by line: who answers has seen what he answers."""
        said: dict[int, tuple[Step, Sent]] = {}
        for number, step in enumerate(scene.steps, 1):
            command = _COMMANDS[step.act](step, scene, said.get(step.target))
            try:
                sent = await self._cast[step.who].submit(scene.conversation_id, command, client_msg_id=step.key)
                said[number] = (step, sent)
            except RefusedError as error:
                self.refused.append(f"{scene.hour}, {step.who}: {error.sentence}")
            self._progress.step()


Target = tuple[Step, Sent] | None
Build = Callable[[Step, Scene, Target], AnyCommand]
