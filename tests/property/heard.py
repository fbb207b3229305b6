"""What somebody knows of a group who saw every entry and nothing else: as plainly as a client could keep it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import asdict, replace

from hongyan.model import records as told
from hongyan.model.commands import Role
from hongyan.model.ids import UserId
from hongyan.model.records import Entry
from hongyan.model.state import PLAIN_SETTINGS, JoinLink, Settings


@dataclass
class Heard:
    """Roles, names, settings, who has no voice until when, who asked to come in, and which links there are."""

    roles: dict[UserId, int] = field(default_factory=dict)
    name: str = ""
    settings: Settings = PLAIN_SETTINGS
    nicknames: dict[UserId, str] = field(default_factory=dict)
    mutes: dict[UserId, int] = field(default_factory=dict)
    asked: set[UserId] = field(default_factory=set)
    links: dict[str, JoinLink] = field(default_factory=dict)

    def hear(self, entry: Entry) -> None:
        """Takes in the next entry."""
        _CASES[type(entry.body)](self, entry, entry.body)

    def create(self, entry: Entry, body: told.GroupCreated) -> None:
        self.roles = {**dict.fromkeys(body.member_ids, Role.MEMBER), entry.sender_id: Role.OWNER}
        self.name = body.name

    def come(self, *user_ids: UserId) -> None:
        self.roles |= dict.fromkeys(user_ids, Role.MEMBER)
        self.asked -= set(user_ids)

    def join(self, entry: Entry, body: told.MemberJoined) -> None:
        self.come(entry.sender_id)
        if body.link_id:
            link = self.links[body.link_id]
            self.links[body.link_id] = replace(link, used=link.used + 1)

    def answer(self, _entry: Entry, body: told.JoinAnswered) -> None:
        self.asked.discard(body.user_id)
        if body.accept:
            self.come(body.user_id)

    def go(self, *user_ids: UserId) -> None:
        for user_id in user_ids:
            del self.roles[user_id]
            self.nicknames.pop(user_id, None)
            self.drop_links(user_id)
        self.change(speakers=tuple(each for each in self.settings.speakers if each not in user_ids))
        if not self.roles:
            self.asked, self.mutes = set(), {}

    def set_role(self, _entry: Entry, body: told.RoleSet) -> None:
        self.roles[body.user_id] = body.role
        if body.role < Role.ADMIN:
            self.drop_links(body.user_id)

    def transfer(self, _entry: Entry, body: told.OwnerTransferred) -> None:
        self.roles = {user_id: min(role, Role.ADMIN) for user_id, role in self.roles.items()}
        self.roles[body.user_id] = Role.OWNER
        self.mutes.pop(body.user_id, None)

    def mute(self, _entry: Entry, body: told.MemberMuted) -> None:
        self.mutes[body.user_id] = body.until_ms

    def set_profile(self, _entry: Entry, body: told.GroupProfileSet) -> None:
        self.name = self.name if body.name is None else body.name
        self.change(avatar=body.avatar, announcement=body.announcement)

    def rename(self, entry: Entry, body: told.NicknameSet) -> None:
        self.nicknames[entry.sender_id] = body.nickname

    def add_link(self, entry: Entry, body: told.JoinLinkMade) -> None:
        self.links[body.link_id] = JoinLink(body.link_id, "", entry.sender_id, body.expires_ms, body.uses)

    def drop_links(self, user_id: UserId) -> None:
        self.links = {key: link for key, link in self.links.items() if link.by_user_id != user_id}

    def change(self, **changes: object) -> None:
        self.settings = replace(self.settings, **{key: each for key, each in changes.items() if each is not None})


_CASES: dict[type, Callable[[Heard, Entry, Any], object]] = {
    told.Message: lambda _heard, _entry, _body: None,
    told.GroupCreated: Heard.create,
    told.MembersAdded: lambda heard, _entry, body: heard.come(*body.member_ids),
    told.MemberJoined: Heard.join,
    told.JoinRequested: lambda heard, entry, _body: heard.asked.add(entry.sender_id),
    told.JoinAnswered: Heard.answer,
    told.MembersRemoved: lambda heard, _entry, body: heard.go(*body.member_ids),
    told.MemberLeft: lambda heard, entry, _body: heard.go(entry.sender_id),
    told.GroupDismissed: lambda heard, _entry, _body: heard.go(*list(heard.roles)),
    told.RoleSet: Heard.set_role,
    told.OwnerTransferred: Heard.transfer,
    told.MemberMuted: Heard.mute,
    told.AllMuted: lambda heard, _entry, body: heard.change(muted_all=body.on, speakers=body.allowed_ids),
    told.GroupProfileSet: Heard.set_profile,
    told.NicknameSet: Heard.rename,
    told.GroupRulesSet: lambda heard, _entry, body: heard.change(**asdict(body)),
    told.JoinLinkMade: Heard.add_link,
    told.JoinLinkRevoked: lambda heard, _entry, body: heard.links.pop(body.link_id),
}
