"""People with tokens and the groups they meet in, behind the real HTTP edge."""

import itertools
import json
from collections.abc import Mapping
from typing import Any

from hongyan.model import commands as ask
from hongyan.model.commands import AnyCommand, JoinPolicy, Role
from hongyan.model.ids import ClientMsgId, ConversationId, DeviceId, UserId
from hongyan.services.admin.keys import SCOPES
from tests.rights.worlds import (
    ADMIN,
    BOT,
    GROUP_ACTORS,
    MEMBER,
    MUTED,
    NEWCOMER,
    OTHER,
    OTHER_ADMIN,
    OWNER,
    REMOVED,
    whom,
)
from tests.unit.rest.asking import Answer, Asker
from tests.unit.rest.conftest import Edge

_LIMIT = 100
_TOKEN = "opens-the-door-of-the-club"
HELLO = {"text": {"text": "hello"}}
BODIES: Mapping[str, Any] = {
    "POST /conversations/{conversation_id}/messages": HELLO,
    "POST /conversations/{conversation_id}/forwards": {"conversation_id": "{conversation_id}", "seq": "{seq}"},
    "PUT /conversations/{conversation_id}/entries/{seq}": HELLO,
    "PUT /conversations/{conversation_id}/positions/me": {"read_seq": 1},
    "POST /conversations/{conversation_id}/signals": {"kind": "typing"},
    "PATCH /users/me/conversations/{conversation_id}": {"muted": True},
    "PUT /users/me/drafts/{conversation_id}": {"text": "dear"},
    "PUT /users/me/contacts/{user_id}": {"remark": "B"},
    "PUT /users/me/settings": {"quiet_from_min": 1_380, "quiet_to_min": 420},
    "PUT /users/me/items": {"items": [{"key": "me", "settings": {}}]},
    "POST /groups": {"group_id": "{group_id}", "name": "Books"},
    "PATCH /groups/{group_id}": {"name": "Tea"},
    "POST /groups/{group_id}/members": {"member_ids": ["{user_id}"]},
    "PUT /groups/{group_id}/nickname": {"nickname": "bookworm"},
    "PUT /groups/{group_id}/members/{user_id}/role": {"role": "admin"},
    "PUT /groups/{group_id}/owner": {"user_id": "{user_id}"},
    "PUT /groups/{group_id}/members/{user_id}/mute": {"until_ms": 1 << 42},
    "PUT /groups/{group_id}/mute": {"on": True},
    "PATCH /groups/{group_id}/rules": {"history_for_newcomers": True},
    "POST /groups/{group_id}/links": {"link_id": "other", "token": "opens-the-other-door-too"},
    "POST /groups/{group_id}/join": {"token": _TOKEN},
    "POST /groups/{group_id}/requests": {"note": "let me in"},
    "PUT /groups/{group_id}/requests/{user_id}": {"accept": True},
    "POST /reports": {"reason": "spam", "conversation_id": "{conversation_id}", "seq": "{seq}"},
    "POST /users": {"user_id": "fresh", "password": "correct horse battery"},
    "POST /sessions": {"user_id": "mark", "password": "wrong horse battery", "device_id": "phone"},
    "POST /sessions/refresh": {"refresh_token": "nothing"},
    "PUT /users/me/password": {"old_password": "wrong horse battery", "new_password": "another horse battery"},
    "POST /users/me/deletion": {"password": "wrong horse battery"},
    "PATCH /users/me/profile": {"name": "Mark"},
    "PATCH /users/me/privacy": {"by_handle": False},
    "POST /friend-requests": {"user_id": "{user_id}", "note": "hello", "source": "search"},
    "POST /server/keys": {"name": "shop", "scopes": ["keys"]},
    "POST /server/users": {"user_id": "{user_id}"},
    "POST /server/users/{user_id}/tokens": {"device_id": "phone"},
    "POST /server/messages": {"conversation_id": "n:mark", "content": HELLO},
    "PUT /server/bots/{bot_id}": {"commands": []},
    "POST /server/bots/{bot_id}/tokens": {"device_id": "phone"},
    "POST /server/webhooks": {"url": "https://hooks.example.com/in"},
    "PUT /server/webhooks/{webhook_id}": {"url": "https://hooks.example.com/in"},
    "POST /server/webhooks/{webhook_id}/replay": {"dead": True},
    "POST /server/reports/{report_id}/resolution": {"resolution": "dismissed"},
    "PUT /server/words": {"words": []},
}
"""What a route is sent; names in braces are filled in as in its path."""
QUERIES: Mapping[str, str] = {"GET /presences": "?user_id=mark"}


class Town:
    """Who asks, and what about."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.tokens: dict[str, str] = {"nobody": ""}
        self._numbers = itertools.count()

    async def settle(self) -> None:
        """Everybody gets a token; a key with all scopes, and one with none that a row asks for."""
        for user_id in (OWNER, ADMIN, OTHER_ADMIN, MEMBER, OTHER, MUTED, REMOVED, NEWCOMER, UserId("stranger")):
            grant = await self.edge.world.granted(user_id, DeviceId("phone"))
            self.tokens[user_id] = grant.access_token
        self.tokens["a key"] = (await self.edge.services.integrators.keys.create("all", SCOPES)).text
        await self.key_asks("PUT", f"/server/bots/{BOT}", {"commands": []})
        self.tokens[BOT] = (await self.key_asks("POST", f"/server/bots/{BOT}/tokens", {})).json["access_token"]
        for column, user_id in GROUP_ACTORS.items():
            self.tokens[column] = self.tokens[user_id]

    async def _newcomer(self) -> str:
        """A token of a user who does nothing else: a route may log out whoever asks."""
        grant = await self.edge.world.granted(UserId(f"user-{next(self._numbers)}"), DeviceId("phone"))
        return grant.access_token

    def _client(self) -> Asker:
        """Each request comes from an address of its own: what an address may ask is not what is asked here."""
        number = next(self._numbers)
        return Asker(self.edge.client.app, f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")

    async def lack(self, scope: str) -> None:
        """From now on `a key without the scope` has every scope but this."""
        others = [each for each in SCOPES if each != scope]
        self.tokens["a key without the scope"] = (await self.edge.services.integrators.keys.create("most", others)).text

    async def key_asks(self, method: str, path: str, body: Any = None) -> Answer:
        """What the key with all scopes is answered."""
        return await self._client().ask(method, f"/api/v1{path}", body, self.tokens["a key"])

    async def heard(self, actor: str, route: str, blanks: Mapping[str, str | int]) -> str:
        """`ok`, or the name of the code that an actor hears for a route."""
        method, path = route.split(" ")
        body = json.dumps(BODIES[route]) if route in BODIES else None
        for name, value in blanks.items():
            path = path.replace(f"{{{name}}}", str(value))
            if body is not None:
                body = body.replace(f'"{{{name}}}"', json.dumps(value))
        root = "" if path in ROOTS else "/api/v1"
        content = json.loads(body) if body is not None else None
        path += QUERIES.get(route, "")
        token = await self._newcomer() if actor == "a user" else self.tokens[actor]
        answer = await self._client().ask(method, root + path, content, token)
        return "ok" if answer.status < 400 else str(answer.json["name"])

    async def group(self, actor: str, about: str) -> Mapping[str, str | int]:
        """A fresh group as the tables say, and what fills the blanks of a route that is about it."""
        number = next(self._numbers)
        group_id, actor_id = f"club-{number}", GROUP_ACTORS.get(actor, NEWCOMER)
        here = ConversationId(f"g:{group_id}")
        names = (ADMIN, OTHER_ADMIN, MEMBER, OTHER, BOT, MUTED, REMOVED)
        await self.submit(OWNER, here, ask.CreateGroup("Books", names, _LIMIT))
        for admin in (ADMIN, OTHER_ADMIN):
            await self.submit(OWNER, here, ask.SetRole(admin, Role.ADMIN))
        target = whom(about, actor_id)
        speaker = target if target in (OWNER, *names) else OTHER
        seq = await self._say(speaker, here)
        await self.submit(OWNER, here, ask.MakeJoinLink("link", _TOKEN))
        await self.submit(OWNER, here, ask.SetGroupRules(join_policy=JoinPolicy.APPROVAL))
        if about == "who asked":
            await self.submit(NEWCOMER, here, ask.RequestJoin())
        await self.submit(OWNER, here, ask.MuteMember(MUTED, 1 << 42))
        await self.submit(OWNER, here, ask.RemoveMembers((REMOVED,)))
        return {
            "group_id": group_id,
            "conversation_id": here,
            "seq": seq,
            "emoji": "%F0%9F%91%8D",
            "user_id": target,
            "link_id": "link",
        }

    async def _say(self, user_id: UserId, conversation_id: ConversationId) -> int:
        path = f"/api/v1/conversations/{conversation_id}/messages"
        answer = await self._client().ask("POST", path, HELLO, self.tokens[user_id])
        assert answer.status == 201, answer.body
        return int(answer.json["seq"])

    async def submit(self, sender_id: UserId, conversation_id: ConversationId, command: AnyCommand) -> Any:
        """As somebody in a group's story."""
        name = ClientMsgId(f"story-{next(self._numbers)}")
        return await self.edge.services.commands.submit(sender_id, conversation_id, name, command)


ROOTS = {"/healthz", "/readyz", "/metrics", "/version"}
