"""What a program of an integrator's asks with a server key: own users, tokens, messages, webhooks, bots, words, reports."""

import time
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from hongyan.model.ids import ClientMsgId, ConversationId, MessageId
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.codec_hooks import content_json
from hongyan.protocol.content import ContentView, Text
from hongyan_client import server_records as said
from hongyan_client.auth import Grant, Tokens
from hongyan_client.device import Sent
from hongyan_client.http import Question, ask
from hongyan_client.server_records import (
    Bot,
    BotCommand,
    Delivery,
    DeliveryStateName,
    NewServerKey,
    NewWebhook,
    Report,
    ScopeName,
    ServerKey,
    Webhook,
    Word,
)

__all__ = [
    "Bot",
    "BotCommand",
    "Delivery",
    "NewServerKey",
    "NewWebhook",
    "Report",
    "Server",
    "ServerKey",
    "Webhook",
    "Word",
]

T = TypeVar("T")


class Server:
    """Typed calls under a server key, which `hongyan key create` makes; each needs a scope of the key.

    All raise HttpError, whose `status` is 0 when no answer came: what was asked may have happened then, and may be asked
    again; a message, under the same `client_msg_id`.

    Example:
        server = Server("http://127.0.0.1:8080", os.environ["HONGYAN_KEY"])
        await server.provide_user("alice")
        await server.send("s:alice:bob", "your order is on its way", sender_id="alice", client_msg_id="order-17")
    """

    def __init__(self, http_url: str, key: str) -> None:
        self._url, self._key = f"{http_url.rstrip('/')}/api/v1/server", key

    def __repr__(self) -> str:
        return f"Server({self._url!r})"

    # Keys

    async def create_key(self, name: str, scopes: Sequence[ScopeName]) -> NewServerKey:
        """Makes another key, which may no more than this one."""
        return await self._ask("POST", "/keys", NewServerKey, said.AskedKey(name, list(scopes)))

    async def keys(self) -> list[ServerKey]:
        """All keys, revoked ones too."""
        return (await self._ask("GET", "/keys", said.KeysPage)).keys

    async def revoke_key(self, key_id: str) -> None:
        """A key is good no more, at once."""
        await self._ask("DELETE", f"/keys/{_part(key_id)}", type(None))

    # Users

    async def provide_user(self, user_id: str, password: str = "") -> bool:
        """Makes an account, if it is not there; whether it was made. Without a password only minted tokens let it in."""
        return (await self._ask("POST", "/users", said.Provided, said.AskedUser(user_id, password))).created

    async def mint_tokens(self, user_id: str, device_id: str = "", *, device_name: str = "") -> Tokens:
        """Tokens for a device of a user; without an id the server makes one up."""
        return await self._minted(f"/users/{_part(user_id)}/tokens", device_id, device_name)

    async def log_out_user(self, user_id: str) -> int:
        """Logs a user out everywhere; how many devices that were."""
        return (await self._ask("DELETE", f"/users/{_part(user_id)}/sessions", said.LoggedOut)).devices

    # Messages

    async def send(
        self, conversation_id: str, content: str | ContentView, *, sender_id: str = "", client_msg_id: str = ""
    ) -> Sent:
        """Sends as a user, or, without a `sender_id`, as the system into `n:user`; returns when it is durable.

        With a `client_msg_id` of yours the same said again is the same message. Rights are decided as for the user himself.
        """
        view = ContentView(Text(content)) if isinstance(content, str) else content
        asked = said.AskedMessage(conversation_id, sender_id, content_json(build_content(view)))
        question = Question("POST", f"{self._url}/messages", asked, self._key, client_msg_id)
        found = await ask(question, said.Receipt)
        key, own = ConversationId(found.conversation_id), ClientMsgId(found.client_msg_id)
        return Sent(key, own, found.seq, MessageId(int(found.message_id)), found.time_ms)

    # Webhooks

    async def create_webhook(self, url: str, events: Sequence[str] = (), *, bot_id: str = "") -> NewWebhook:
        """An address that wants to hear of events, without any named of all; or of a bot's commands, and nothing else."""
        return await self._ask("POST", "/webhooks", NewWebhook, said.AskedWebhook(url, list(events), bot_id))

    async def webhooks(self) -> list[Webhook]:
        """All of them."""
        return (await self._ask("GET", "/webhooks", said.WebhooksPage)).webhooks

    async def webhook(self, webhook_id: str) -> Webhook:
        """One of them."""
        return await self._ask("GET", _webhook(webhook_id), Webhook)

    async def change_webhook(
        self, webhook_id: str, url: str, events: Sequence[str] = (), *, bot_id: str = ""
    ) -> Webhook:
        """Puts this in place of what it was, and has it called again if it was disabled."""
        return await self._ask("PUT", _webhook(webhook_id), Webhook, said.AskedWebhook(url, list(events), bot_id))

    async def rotate_secret(self, webhook_id: str) -> NewWebhook:
        """Another secret; for a day both sign."""
        return await self._ask("POST", f"{_webhook(webhook_id)}/secret", NewWebhook)

    async def remove_webhook(self, webhook_id: str) -> None:
        """Removes a webhook and what waits for it."""
        await self._ask("DELETE", _webhook(webhook_id), type(None))

    async def deliveries(self, webhook_id: str, state: DeliveryStateName = "waiting") -> list[Delivery]:
        """What waits, was delivered, or was given up; the oldest first."""
        found: list[Delivery] = []
        cursor = ""
        while True:
            query = urlencode({"state": state, "cursor": cursor})
            page = await self._ask("GET", f"{_webhook(webhook_id)}/deliveries?{query}", said.DeliveriesPage)
            found += page.deliveries
            cursor = page.cursor
            if not cursor:
                return found

    async def replay(self, webhook_id: str, delivery_ids: Sequence[int] = (), *, dead: bool = False) -> int:
        """Has some events told again, or with `dead` up to 1,000 of those given up; how many wait again."""
        asked = said.AskedReplay(list(delivery_ids), dead)
        return (await self._ask("POST", f"{_webhook(webhook_id)}/replay", said.Replayed, asked)).replayed

    # Bots

    async def put_bot(self, bot_id: str, commands: Sequence[BotCommand] = ()) -> Bot:
        """Makes a bot, or gives it other commands."""
        return await self._ask("PUT", f"/bots/{_part(bot_id)}", Bot, said.AskedBot(list(commands)))

    async def bots(self) -> list[Bot]:
        """All of them."""
        return (await self._ask("GET", "/bots", said.BotsPage)).bots

    async def remove_bot(self, bot_id: str) -> None:
        """A bot is one no more; its account stays."""
        await self._ask("DELETE", f"/bots/{_part(bot_id)}", type(None))

    async def mint_bot_tokens(self, bot_id: str, device_id: str = "", *, device_name: str = "") -> Tokens:
        """Tokens with which a bot connects."""
        return await self._minted(f"/bots/{_part(bot_id)}/tokens", device_id, device_name)

    # Moderation

    async def words(self) -> list[Word]:
        """What messages may not hold, but for the operator's own file."""
        return (await self._ask("GET", "/words", said.WordsPage)).words

    async def set_words(self, words: Sequence[Word]) -> list[Word]:
        """Puts these in place of those before, in force at once."""
        return (await self._ask("PUT", "/words", said.WordsPage, said.WordsPage(list(words)))).words

    async def reports(self, *, resolved: bool = False) -> list[Report]:
        """What users reported and nobody decided yet, the oldest first; or what was decided."""
        found: list[Report] = []
        cursor = ""
        while True:
            query = urlencode({"state": "resolved" if resolved else "open", "cursor": cursor})
            page = await self._ask("GET", f"/reports?{query}", said.ReportsPage)
            found += page.reports
            cursor = page.cursor
            if not cursor:
                return found

    async def resolve_report(self, report_id: int, resolution: str) -> Report:
        """Writes down what was decided."""
        asked = said.AskedResolution(resolution)
        return await self._ask("POST", f"/reports/{report_id}/resolution", Report, asked)

    async def _minted(self, path: str, device_id: str, device_name: str) -> Tokens:
        grant = await self._ask("POST", path, Grant, said.AskedToken(device_id, device_name))
        expires_ms = time.time_ns() // 1_000_000 + 1000 * grant.expires_in_s
        return Tokens(grant.user_id, grant.device_id, grant.access_token, grant.refresh_token, expires_ms)

    async def _ask(self, method: str, path: str, kind: type[T], body: msgspec.Struct | None = None) -> T:
        return await ask(Question(method, f"{self._url}{path}", body, self._key), kind)


def _part(text: str) -> str:
    return quote(text, safe="")


def _webhook(webhook_id: str) -> str:
    return f"/webhooks/{_part(webhook_id)}"
