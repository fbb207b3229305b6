"""What integrators call with a server key, below /api/v1/server: keys, users, tokens, messages."""

import secrets
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header
from pydantic import BaseModel, Field

from hongyan.model.codes import ScopeMissing, UserExists, UserUnknown
from hongyan.model.ids import (
    SYSTEM_USER,
    ClientMsgId,
    DeviceId,
    UserId,
    parse_client_msg_id,
    parse_conversation_id,
    parse_device_id,
    parse_user_id,
)
from hongyan.ports.admin import KeyRow
from hongyan.protocol.codec_hooks import read_content
from hongyan.rest.accounts import PROBLEMS, Asked, GrantAnswer, Milliseconds, grant_answer
from hongyan.rest.server_key import ConversationText, NamePath, NameText, OptionalName, with_scope
from hongyan.rest.services import Services
from hongyan.services.users.records import Registration

_CONTENT_BYTES = 65_536
_LINE = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"

Scope = Literal["keys", "users", "tokens", "messages", "system", "webhooks", "bots", "filter", "reports"]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern="^[A-Za-z0-9_.:-]{1,64}$",
        description="The same for every retry of the same thing: it is done once. It becomes the `client_msg_id`.",
    ),
]


class AskedKey(Asked):
    """A new server key. It may no more than the key that asks."""

    name: Annotated[str, Field(max_length=64, pattern=_LINE, examples=["shop"])]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=32, examples=[["messages"]])]


class KeyAnswer(BaseModel):
    """A server key. `revoked_ms` is 0 while it is good."""

    key_id: str
    name: str
    scopes: list[str]
    created_ms: Milliseconds
    revoked_ms: Milliseconds


class NewKeyAnswer(KeyAnswer):
    """With the key itself; it is not shown again."""

    key: str


class KeysAnswer(BaseModel):
    """All keys, revoked ones too."""

    keys: list[KeyAnswer]


class AskedUser(Asked):
    """An account. Without a password only tokens that you mint let it in."""

    user_id: NameText
    password: Annotated[str, Field(pattern=r"^([\s\S]{8,256})?$", description="At least 8 characters, or none.")] = ""


class ProvidedAnswer(BaseModel):
    """An account; `created` is False when it was there."""

    user_id: str
    created: bool


class AskedToken(Asked):
    """Tokens for a user's device. Without `device_id` the server makes one."""

    device_id: OptionalName = ""
    device_name: Annotated[str, Field(max_length=64)] = ""


class SessionsEndedAnswer(BaseModel):
    """How many devices were logged out."""

    devices: int


class AskedMessage(Asked):
    """A message. Without `sender_id` the system speaks, in a conversation `n:user`."""

    conversation_id: ConversationText
    sender_id: OptionalName = ""
    content: Annotated[dict[str, Any], Field(examples=[{"text": {"text": "你好"}}])]


class ReceiptAnswer(BaseModel):
    """What became of a message."""

    conversation_id: str
    client_msg_id: str
    seq: int
    message_id: Annotated[str, Field(description="64 bits, as text.")]
    time_ms: Milliseconds
    countable: int


def integrators_router(services: Services) -> APIRouter:
    """The routes below /api/v1/server."""
    router = APIRouter(prefix="/api/v1/server", responses=PROBLEMS)
    _add_keys(router, services)
    _add_users(router, services)
    _add_messages(router, services)
    return router


def _add_keys(router: APIRouter, services: Services) -> None:
    keys = services.integrators.keys
    key_of = with_scope(keys, "keys")

    @router.post("/keys", status_code=201, tags=["server keys"], summary="Make a server key")
    async def create_key(asked: AskedKey, key: KeyRow = key_of) -> NewKeyAnswer:
        made = await keys.create(asked.name, asked.scopes, key)
        return NewKeyAnswer(**_key(made.row).model_dump(), key=made.text)

    @router.get("/keys", tags=["server keys"], summary="Which keys are there?")
    async def list_keys(_key_row: KeyRow = key_of) -> KeysAnswer:
        return KeysAnswer(keys=[_key(row) for row in await keys.list()])

    @router.delete("/keys/{key_id}", status_code=204, tags=["server keys"], summary="Revoke a key")
    async def revoke_key(key_id: NamePath, _key_row: KeyRow = key_of) -> None:
        await keys.revoke(key_id)


def _add_users(router: APIRouter, services: Services) -> None:
    users, keys = services.users, services.integrators.keys

    @router.post("/users", tags=["own users"], summary="Make an account; again is no error", status_code=200)
    async def provide_user(asked: AskedUser, _key_row: KeyRow = with_scope(keys, "users")) -> ProvidedAnswer:
        user_id = parse_user_id(asked.user_id)
        if not asked.password:
            return ProvidedAnswer(user_id=user_id, created=await users.provide(user_id))
        try:
            await users.register(Registration(user_id, asked.password))
        except UserExists:
            return ProvidedAnswer(user_id=user_id, created=False)
        return ProvidedAnswer(user_id=user_id, created=True)

    @router.delete("/users/{user_id}/sessions", tags=["own users"], summary="Log a user out everywhere")
    async def log_out_user(user_id: NamePath, _key_row: KeyRow = with_scope(keys, "users")) -> SessionsEndedAnswer:
        return SessionsEndedAnswer(devices=await users.log_out_everywhere(parse_user_id(user_id)))

    @router.post("/users/{user_id}/tokens", status_code=201, tags=["own users"], summary="Mint tokens for a user")
    async def mint_tokens(
        user_id: NamePath, asked: AskedToken, _key_row: KeyRow = with_scope(keys, "tokens")
    ) -> GrantAnswer:
        return await minted(services, parse_user_id(user_id), asked)


async def minted(services: Services, user_id: UserId, asked: AskedToken) -> GrantAnswer:
    """Tokens for a user whom the caller has made sure of. Raises InvalidField, UserUnknown, TooManyDevices."""
    device_id = parse_device_id(asked.device_id) if asked.device_id else DeviceId("")
    return grant_answer(await services.users.mint(user_id, device_id, asked.device_name))


def _add_messages(router: APIRouter, services: Services) -> None:
    @router.post("/messages", status_code=201, tags=["own messages"], summary="Send as a user, or as the system")
    async def send_as(
        asked: AskedMessage,
        idempotency_key: IdempotencyKey = None,
        key: KeyRow = with_scope(services.integrators.keys, "messages"),
    ) -> ReceiptAnswer:
        conversation_id = parse_conversation_id(asked.conversation_id)
        sender_id = parse_user_id(asked.sender_id, "sender_id") if asked.sender_id else SYSTEM_USER
        if sender_id == SYSTEM_USER:
            if "system" not in key.scopes:
                raise ScopeMissing(scope="system")
        elif await services.users.missing([sender_id]):
            raise UserUnknown(user_id=sender_id)
        client_msg_id = ClientMsgId(idempotency_key or f"key-{secrets.token_hex(12)}")
        command = read_content(asked.content, conversation_id, _CONTENT_BYTES)
        submitted = await services.commands.submit(
            sender_id, conversation_id, parse_client_msg_id(client_msg_id), command, resend=bool(idempotency_key)
        )
        return ReceiptAnswer(
            conversation_id=conversation_id,
            client_msg_id=client_msg_id,
            seq=submitted.seq,
            message_id=str(submitted.message_id),
            time_ms=submitted.time_ms,
            countable=submitted.countable,
        )


def _key(row: KeyRow) -> KeyAnswer:
    return KeyAnswer(
        key_id=row.key_id,
        name=row.name,
        scopes=list(row.scopes),
        created_ms=row.created_ms,
        revoked_ms=row.revoked_ms,
    )
