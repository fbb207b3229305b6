"""Plays a story on a server: people log in, groups are made, lines are said in their order."""

import asyncio
import zlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Protocol

import msgspec

from hongyan.cli.demo.story import Act, Group, Scene, Step, Story
from hongyan.model.codes import ErrorCode
from hongyan.model.commands import (
    AnyCommand,
    CreateGroup,
    EditMessage,
    Pin,
    React,
    Recall,
    Role,
    SendMessage,
    SetGroupProfile,
    SetRole,
)
from hongyan.model.errors import SetupError
from hongyan.model.ids import UserId, group_conversation_id
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.content import ContentView, Reference, Text
from hongyan_client import (
    Client,
    ClientOptions,
    HttpError,
    Login,
    ProfileChange,
    RefusedError,
    Sent,
    SessionEndedError,
    register,
)

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
        for user_id, client in cast.items():
            await _come_in(client, url)
            await client.people.change_profile(ProfileChange(name=story.people[user_id]))
            progress.step()
        progress.phase("friends", len(story.pairs))
        for one, other in story.pairs:
            await _befriend(cast[one], cast[other])
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
            is_new = await _register(url, user_id, password)
        made += is_new
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


async def _befriend(one: Client, other: Client) -> None:
    if other.user_id not in one.friends():
        asked = await one.people.ask_friend(other.user_id, note="你好 👋", source="demo")
        if asked.state == "pending":
            await other.people.accept_friend(asked.request_id)


async def _make_group(cast: dict[UserId, Client], group: Group) -> None:
    made = CreateGroup(group.name, group.members, limit=0)
    key = group_conversation_id(group.group_id)
    try:
        await cast[group.owner].submit(key, made, client_msg_id="demo:create")
    except RefusedError as error:
        # Made by an earlier release's story, with other members perhaps: the talk goes on in it.
        if error.code not in (ErrorCode.GROUP_EXISTS, ErrorCode.SUBMISSION_CONFLICT):
            raise
        return
    owner = cast[group.owner]
    for admin in group.admins:
        await owner.submit(key, SetRole(admin, Role.ADMIN), client_msg_id=f"demo:admin:{admin}")
    if group.announcement:
        command = SetGroupProfile(announcement=group.announcement)
        await owner.submit(key, command, client_msg_id=f"demo:announce:{zlib.crc32(group.announcement.encode()):08x}")


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
            sent = await self._submit(scene, step, command)
            if sent is not None:
                said[number] = (step, sent)
            self._progress.step()

    async def _submit(self, scene: Scene, step: Step, command: AnyCommand) -> Sent | None:
        try:
            return await self._cast[step.who].submit(scene.conversation_id, command, client_msg_id=step.key)
        except RefusedError as error:
            self.refused.append(f"{scene.hour}, {step.who}: {error.sentence}")
            return None


Target = tuple[Step, Sent] | None
Build = Callable[[Step, Scene, Target], AnyCommand]


def _edit(step: Step, _scene: Scene, target: Target) -> AnyCommand:
    view = ContentView(Text(step.words), tuple(map(UserId, step.called)))
    return EditMessage(_seq(target), view.kind, build_content(view))


def _say(step: Step, scene: Scene, target: Target) -> AnyCommand:
    quote = None
    if target is not None:
        words, sent = target
        quote = Reference(words.who, scene.conversation_id, sent.seq, sent.message_id, words.words)
    view = ContentView(Text(step.words), tuple(map(UserId, step.called)), quote=quote)
    return SendMessage(view.kind, build_content(view))


_COMMANDS: dict[Act, Build] = {
    "say": _say,
    "answer": _say,
    "take back": lambda _step, _scene, target: Recall(_seq(target), window_ms=0),
    "edit": _edit,
    "react": lambda step, _scene, target: React(_seq(target), step.words),
    "pin": lambda _step, _scene, target: Pin(_seq(target)),
}


def _seq(target: Target) -> int:
    """Where the line stands that a step is about; 0, which the server refuses, when that line was refused."""
    return target[1].seq if target is not None else 0


async def _read(cast: dict[UserId, Client], story: Story) -> None:
    """Everybody has read where he spoke last; the others find something new."""
    last = {scene.conversation_id: {step.who for step in scene.steps} for scene in story.scenes}
    for key, speakers in last.items():
        for user_id in speakers:
            await cast[user_id].synced()
            await cast[user_id].mark_read(key)
