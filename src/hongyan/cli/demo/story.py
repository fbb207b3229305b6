"""The story as records, read from `story.toml` beside this file."""

import re
import tomllib
import zlib
from importlib import resources
from typing import Literal

import msgspec

from hongyan.model.ids import ConversationId, UserId, group_conversation_id, single_id

Act = Literal["say", "answer", "take back", "edit", "react", "pin"]

_LINE = re.compile(r"(?P<who>\w+)(?: (?P<sign>[>!~+*])(?P<target>\d+))?(?P<rest>.*)", re.DOTALL)
_CALLED = re.compile(r"@([a-z_]+)")
_ACTS: dict[str | None, Act] = {None: "say", ">": "answer", "!": "take back", "~": "edit", "+": "react", "*": "pin"}


class Step(msgspec.Struct, frozen=True):
    """One line: who does what. `target` is the line of the scene that it is about, `key` names it in all its replays."""

    key: str
    who: UserId
    act: Act
    target: int
    words: str

    @property
    def called(self) -> tuple[str, ...]:
        """Whom the words mention."""
        return tuple(_CALLED.findall(self.words))


class Scene(msgspec.Struct, frozen=True):
    """Lines in one conversation at one hour of the story."""

    hour: str
    conversation_id: ConversationId
    steps: tuple[Step, ...]


class Group(msgspec.Struct, frozen=True):
    """A group to be made; `group_id` is its own for ever."""

    group_id: str
    name: str
    owner: UserId
    members: tuple[UserId, ...]
    admins: tuple[UserId, ...] = ()
    announcement: str = ""


class Story(msgspec.Struct, frozen=True):
    """People by id with the names they go by, groups, and what is said."""

    people: dict[UserId, str]
    groups: tuple[Group, ...]
    scenes: tuple[Scene, ...]

    @property
    def lines(self) -> int:
        """How many steps there are."""
        return sum(len(scene.steps) for scene in self.scenes)

    @property
    def pairs(self) -> list[tuple[UserId, UserId]]:
        """Who talks with whom alone, each pair once."""
        found = {scene.conversation_id for scene in self.scenes if scene.conversation_id.startswith("s:")}
        return [(UserId(low), UserId(high)) for low, high in (key.split(":")[1:] for key in sorted(found))]


class WrittenGroup(msgspec.Struct, forbid_unknown_fields=True):
    """A group as the file has it."""

    name: str
    owner: str
    members: tuple[str, ...]
    admins: tuple[str, ...] = ()
    announcement: str = ""


class WrittenScene(msgspec.Struct, forbid_unknown_fields=True):
    """A scene as the file has it."""

    hour: str
    lines: str
    in_: str = msgspec.field(default="", name="in")
    between: tuple[str, ...] = ()


class Written(msgspec.Struct, forbid_unknown_fields=True):
    """The file."""

    people: dict[str, str]
    groups: dict[str, WrittenGroup]
    scenes: list[WrittenScene]


def load_story() -> Story:
    """The story that comes with this program."""
    text = resources.files("hongyan.cli.demo").joinpath("story.toml").read_text(encoding="utf-8")
    return parse_story(text)


def parse_story(text: str) -> Story:
    """A story from its file's text. Raises ValueError for what is none."""
    written = msgspec.convert(tomllib.loads(text), Written)
    people = {UserId(user_id): name for user_id, name in written.people.items()}
    groups = tuple(
        Group(key, group.name, UserId(group.owner), _users(group.members), _users(group.admins), group.announcement)
        for key, group in written.groups.items()
    )
    return Story(people, groups, tuple(map(_scene, written.scenes)))


def _users(names: tuple[str, ...]) -> tuple[UserId, ...]:
    return tuple(map(UserId, names))


def _scene(written: WrittenScene) -> Scene:
    if written.in_:
        key = group_conversation_id(written.in_)
    else:
        one, other = written.between
        key = single_id(UserId(one), UserId(other))
    lines = written.lines.strip().splitlines()
    return Scene(written.hour, key, tuple(_step(written.hour, number, line) for number, line in enumerate(lines, 1)))


def _step(hour: str, number: int, line: str) -> Step:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"{hour}, line {number}: {line!r} is no line of a story")
    act = _ACTS[match["sign"]]
    # A line that is written anew is another line; all others keep their ids and are not said twice.
    key = f"demo:{hour}:{number}:{zlib.crc32(line.encode()):08x}"
    words = match["rest"].removeprefix(":").strip()
    return Step(key, UserId(match["who"]), act, int(match["target"] or 0), words)
