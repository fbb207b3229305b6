"""What a server key is told and says, as the HTTP interface has it."""

from typing import Any, Literal

import msgspec

ScopeName = Literal["keys", "users", "tokens", "messages", "system", "webhooks", "bots", "filter", "reports"]
ActionName = Literal["mask", "refuse"]
DeliveryStateName = Literal["waiting", "delivered", "dead"]


class ServerKey(msgspec.Struct, frozen=True):
    """A server key. `revoked_ms` is 0 while it is good."""

    key_id: str
    name: str
    scopes: list[str]
    created_ms: int
    revoked_ms: int


class NewServerKey(ServerKey, frozen=True):
    """With the key itself, which is not shown again."""

    key: str

    def __repr__(self) -> str:
        return f"NewServerKey(key_id={self.key_id!r}, name={self.name!r})"


class Webhook(msgspec.Struct, frozen=True):
    """An address that hears of events; of all where `events` is empty. `disabled_ms` is 0 while it is called."""

    webhook_id: str
    url: str
    events: list[str]
    bot_id: str
    created_ms: int
    disabled_ms: int
    disabled_reason: str
    waiting: int


class NewWebhook(Webhook, frozen=True):
    """With the secret that signs as Standard Webhooks has it, which is not shown again."""

    secret: str

    def __repr__(self) -> str:
        return f"NewWebhook(webhook_id={self.webhook_id!r}, url={self.url!r})"


class Delivery(msgspec.Struct, frozen=True):
    """One event for one webhook. `status` is the HTTP status of the last answer, 0 when there was none."""

    delivery_id: int
    event_id: str
    type: str
    conversation_id: str
    seq: int
    state: DeliveryStateName
    attempts: int
    tried_ms: int
    status: int
    problem: str


class BotCommand(msgspec.Struct, frozen=True):
    """What a bot answers to: `/name`."""

    name: str
    description: str = ""


class Bot(msgspec.Struct, frozen=True):
    """An account that belongs to a key."""

    bot_id: str
    key_id: str
    commands: list[BotCommand]
    created_ms: int


class Word(msgspec.Struct, frozen=True):
    """A word that messages may not hold: "mask" makes stars of it, "refuse" refuses the message."""

    word: str
    action: ActionName = "mask"


class Report(msgspec.Struct, frozen=True):
    """What a user reported. `entry` is what he saw, as JSON, or None; `resolved_ms` is 0 while it is open."""

    report_id: int
    reporter_id: str
    user_id: str
    conversation_id: str
    seq: int
    reason: str
    note: str
    entry: dict[str, Any] | None
    created_ms: int
    resolved_ms: int
    resolution: str


class AskedKey(msgspec.Struct, frozen=True):
    """The body that makes a key."""

    name: str
    scopes: list[ScopeName]


class AskedUser(msgspec.Struct, frozen=True):
    """The body that makes an account."""

    user_id: str
    password: str


class AskedToken(msgspec.Struct, frozen=True):
    """The body that mints tokens."""

    device_id: str
    device_name: str


class AskedMessage(msgspec.Struct, frozen=True):
    """The body of a message."""

    conversation_id: str
    sender_id: str
    content: dict[str, Any]


class AskedWebhook(msgspec.Struct, frozen=True):
    """The body of a webhook."""

    url: str
    events: list[str]
    bot_id: str


class AskedReplay(msgspec.Struct, frozen=True):
    """The body of a replay."""

    delivery_ids: list[int]
    dead: bool


class AskedBot(msgspec.Struct, frozen=True):
    """The body of a bot."""

    commands: list[BotCommand]


class AskedResolution(msgspec.Struct, frozen=True):
    """The body of a decision."""

    resolution: str


class KeysPage(msgspec.Struct, frozen=True):
    """Keys."""

    keys: list[ServerKey]


class Provided(msgspec.Struct, frozen=True):
    """The answer to an account."""

    created: bool


class LoggedOut(msgspec.Struct, frozen=True):
    """How many devices were logged out."""

    devices: int


class Receipt(msgspec.Struct, frozen=True):
    """The answer to a message."""

    conversation_id: str
    client_msg_id: str
    seq: int
    message_id: str
    time_ms: int


class WebhooksPage(msgspec.Struct, frozen=True):
    """Webhooks."""

    webhooks: list[Webhook]


class DeliveriesPage(msgspec.Struct, frozen=True):
    """A page of deliveries."""

    deliveries: list[Delivery]
    cursor: str


class Replayed(msgspec.Struct, frozen=True):
    """How many wait again."""

    replayed: int


class BotsPage(msgspec.Struct, frozen=True):
    """Bots."""

    bots: list[Bot]


class WordsPage(msgspec.Struct, frozen=True):
    """Words."""

    words: list[Word]


class ReportsPage(msgspec.Struct, frozen=True):
    """A page of reports."""

    reports: list[Report]
    cursor: str
