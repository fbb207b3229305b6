"""Users with tokens, who ask over HTTP."""

from typing import Any

import msgspec

from hongyan.model.ids import DeviceId, UserId
from tests.unit.rest.asking import Answer
from tests.unit.rest.conftest import Edge


class Person(msgspec.Struct, frozen=True):
    """A user at the edge."""

    edge: Edge
    token: str
    user_id: str

    async def ask(
        self, method: str, path: str, body: Any = None, *, status: int = 0, key: str = "", **headers: str
    ) -> Answer:
        """A request below /api/v1. With `status` nothing else will do."""
        named = [(name.replace("_", "-"), value) for name, value in headers.items()]
        if key:
            named.append(("idempotency-key", key))
        answer = await self.edge.client.ask(method, f"/api/v1{path}", body, self.token, named)
        assert status in (0, answer.status), (method, path, answer.status, answer.body)
        return answer

    async def say(self, conversation_id: str, text: str, **options: Any) -> Any:
        """Sends a text; its receipt."""
        path = f"/conversations/{conversation_id}/messages"
        return (await self.ask("POST", path, {"text": {"text": text}}, status=201, **options)).json


async def person(edge: Edge, name: str, device: str = "phone") -> Person:
    """A user, registered and logged in."""
    grant = await edge.world.granted(UserId(name), DeviceId(device))
    return Person(edge, grant.access_token, name)
