"""Webhooks over HTTP: made with a server key of the scope `webhooks`."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from hongyan.ports.admin import KeyRow
from hongyan.ports.webhooks import DeliveryRow, DeliveryState, WebhookRow
from hongyan.rest.accounts import PROBLEMS, Asked, Milliseconds
from hongyan.rest.server_key import (
    MAX_PAGE,
    Cursor,
    Limit,
    NextCursor,
    OptionalName,
    WebhookPath,
    cursor_after,
    number_in,
    with_scope,
)
from hongyan.rest.services import Services
from hongyan.services.webhooks.service import Wanted, Webhooks

Url = Annotated[
    str,
    Field(
        max_length=2_048,
        pattern=r"^https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{0,4})?(/[!\"$-~]*)?$",
        examples=["https://example.org/hongyan"],
    ),
]
Events = Annotated[
    list[Annotated[str, Field(pattern=r"^[a-z]{1,32}\.[a-z_]{1,32}$")]],
    Field(max_length=64, description="Types of events; none: all.", examples=[["message.sent"]], default_factory=list),
]
State = Literal["waiting", "delivered", "dead"]


class AskedWebhook(Asked):
    """An address that wants to hear of events. With a `bot_id` it hears of that bot's commands, and of nothing else."""

    url: Url
    events: Events
    bot_id: OptionalName = ""


class AskedReplay(Asked):
    """Which deliveries to send again: some, or all that died."""

    delivery_ids: Annotated[
        list[Annotated[int, Field(ge=1, le=2**63 - 1)]], Field(max_length=1_000, default_factory=list)
    ]
    dead: Annotated[bool, Field(description="All dead letters, up to 1,000 at a time.")] = False


class WebhookAnswer(BaseModel):
    """A webhook. `disabled_ms` is 0 while it is called."""

    webhook_id: str
    url: str
    events: list[str]
    bot_id: str
    created_ms: Milliseconds
    disabled_ms: Milliseconds
    disabled_reason: str
    waiting: Annotated[int, Field(description="Events that wait for it.")]


class SecretAnswer(WebhookAnswer):
    """With the secret that signs (Standard Webhooks); it is not shown again."""

    secret: str


class WebhooksAnswer(BaseModel):
    """All webhooks."""

    webhooks: list[WebhookAnswer]


class DeliveryAnswer(BaseModel):
    """One event for one webhook."""

    delivery_id: int
    event_id: Annotated[str, Field(description="As in the header webhook-id; the same at every attempt.")]
    type: str
    conversation_id: str
    seq: int
    state: State
    attempts: int
    tried_ms: Milliseconds
    status: Annotated[int, Field(description="The HTTP status of the last answer; 0: there was none.")]
    problem: str


class DeliveriesAnswer(BaseModel):
    """A page of deliveries, ascending."""

    deliveries: list[DeliveryAnswer]
    cursor: NextCursor


class ReplayAnswer(BaseModel):
    """How many wait again."""

    replayed: int


def webhooks_router(services: Services) -> APIRouter:
    """The routes below /api/v1/server/webhooks."""
    router = APIRouter(prefix="/api/v1/server/webhooks", responses=PROBLEMS, tags=["webhooks"])
    _add_webhooks(router, services)
    _add_deliveries(router, services)
    return router


def _add_webhooks(router: APIRouter, services: Services) -> None:
    webhooks = services.integrators.webhooks
    key_of = with_scope(services.integrators.keys, "webhooks")

    @router.post("", status_code=201, summary="Make a webhook")
    async def create_webhook(asked: AskedWebhook, key: KeyRow = key_of) -> SecretAnswer:
        row = await webhooks.create(key.key_id, Wanted(asked.url, tuple(asked.events), asked.bot_id))
        return _with_secret(webhooks, row)

    @router.get("", summary="Which webhooks are there?")
    async def list_webhooks(_key: KeyRow = key_of) -> WebhooksAnswer:
        return WebhooksAnswer(webhooks=[_webhook(webhooks, row) for row in webhooks.list()])

    @router.get("/{webhook_id}", summary="How is a webhook?")
    async def get_webhook(webhook_id: WebhookPath, _key: KeyRow = key_of) -> WebhookAnswer:
        return _webhook(webhooks, webhooks.get(webhook_id))

    @router.put("/{webhook_id}", summary="Change a webhook, and call it again if it was disabled")
    async def change_webhook(webhook_id: WebhookPath, asked: AskedWebhook, _key: KeyRow = key_of) -> WebhookAnswer:
        wanted = Wanted(asked.url, tuple(asked.events), asked.bot_id)
        return _webhook(webhooks, await webhooks.change(webhook_id, wanted))

    @router.post("/{webhook_id}/secret", summary="Replace the secret; for a day both sign")
    async def rotate_secret(webhook_id: WebhookPath, _key: KeyRow = key_of) -> SecretAnswer:
        return _with_secret(webhooks, await webhooks.rotate(webhook_id))

    @router.delete("/{webhook_id}", status_code=204, summary="Remove a webhook and what waits for it")
    async def remove_webhook(webhook_id: WebhookPath, _key: KeyRow = key_of) -> None:
        await webhooks.remove(webhook_id)


def _add_deliveries(router: APIRouter, services: Services) -> None:
    webhooks = services.integrators.webhooks
    key_of = with_scope(services.integrators.keys, "webhooks")

    @router.get("/{webhook_id}/deliveries", summary="What waits, was delivered, or was given up?")
    async def list_deliveries(
        webhook_id: WebhookPath,
        state: Annotated[State, Query(description="Which of them.")] = "waiting",
        cursor: Cursor = "",
        limit: Limit = 100,
        _key: KeyRow = key_of,
    ) -> DeliveriesAnswer:
        rows = await webhooks.deliveries(webhook_id, DeliveryState[state.upper()], number_in(cursor), limit)
        return DeliveriesAnswer(
            deliveries=[_delivery(row) for row in rows],
            cursor=cursor_after([row.delivery_id for row in rows], limit),
        )

    @router.post("/{webhook_id}/replay", summary="Send some again")
    async def replay_deliveries(webhook_id: WebhookPath, asked: AskedReplay, _key: KeyRow = key_of) -> ReplayAnswer:
        ids = list(asked.delivery_ids)
        if asked.dead:
            after = 0
            while len(ids) < 5 * MAX_PAGE:
                rows = await webhooks.deliveries(webhook_id, DeliveryState.DEAD, after, MAX_PAGE)
                ids += [row.delivery_id for row in rows]
                if len(rows) < MAX_PAGE:
                    break
                after = ids[-1]
        return ReplayAnswer(replayed=await webhooks.replay(webhook_id, ids))


def _webhook(webhooks: Webhooks, row: WebhookRow) -> WebhookAnswer:
    return WebhookAnswer(
        webhook_id=row.webhook_id,
        url=row.url,
        events=list(row.events),
        bot_id=row.bot_id,
        created_ms=row.created_ms,
        disabled_ms=row.disabled_ms,
        disabled_reason=row.disabled_reason,
        waiting=webhooks.waiting(row.webhook_id),
    )


def _with_secret(webhooks: Webhooks, row: WebhookRow) -> SecretAnswer:
    return SecretAnswer(**_webhook(webhooks, row).model_dump(), secret=row.secret)


def _delivery(row: DeliveryRow) -> DeliveryAnswer:
    return DeliveryAnswer(
        delivery_id=row.delivery_id,
        event_id=row.event_id,
        type=row.type,
        conversation_id=row.conversation_id,
        seq=row.seq,
        state=_state(row),
        attempts=row.attempts,
        tried_ms=row.tried_ms,
        status=row.status,
        problem=row.problem,
    )


def _state(row: DeliveryRow) -> State:
    if row.state == DeliveryState.WAITING:
        return "waiting"
    return "delivered" if row.state == DeliveryState.DELIVERED else "dead"
