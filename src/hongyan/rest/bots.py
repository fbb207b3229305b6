"""Bots over HTTP: made with a server key of the scope `bots`, looked at by everybody."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from hongyan.model.codes import UserExists
from hongyan.model.ids import parse_user_id
from hongyan.ports.admin import BotCommand, BotRow, KeyRow
from hongyan.ports.link import Identity
from hongyan.rest.accounts import PROBLEMS, Asked, GrantAnswer, Milliseconds
from hongyan.rest.asking import authentication
from hongyan.rest.integrators import AskedToken, minted
from hongyan.rest.server_key import NamePath, with_scope
from hongyan.rest.services import Services


class BotCommandForm(Asked):
    """What a bot answers to: `/name`."""

    name: Annotated[str, Field(pattern=r"^\w{1,32}$", examples=["weather"])]
    description: Annotated[str, Field(max_length=256)] = ""


class AskedBot(Asked):
    """A bot's commands."""

    commands: Annotated[list[BotCommandForm], Field(max_length=100, default_factory=list)]


class BotAnswer(BaseModel):
    """A bot: an account that belongs to a key."""

    bot_id: str
    key_id: str
    commands: list[BotCommandForm]
    created_ms: Milliseconds


class BotsAnswer(BaseModel):
    """All bots."""

    bots: list[BotAnswer]


class BotCommandsAnswer(BaseModel):
    """What may be asked of a bot."""

    bot_id: str
    commands: list[BotCommandForm]


def bots_router(services: Services) -> APIRouter:
    """The routes of bots."""
    router = APIRouter(prefix="/api/v1", responses=PROBLEMS, tags=["bots"])
    _add_server_routes(router, services)
    _add_user_routes(router, services)
    return router


def _add_server_routes(router: APIRouter, services: Services) -> None:
    bots, users = services.integrators.bots, services.users
    key_of = with_scope(services.integrators.keys, "bots")

    @router.get("/server/bots", summary="Which bots are there?")
    async def list_bots(_key_row: KeyRow = key_of) -> BotsAnswer:
        return BotsAnswer(bots=[_bot(row) for row in bots.list()])

    @router.put("/server/bots/{bot_id}", summary="Make a bot, or give it other commands")
    async def put_bot(bot_id: NamePath, asked: AskedBot, key: KeyRow = key_of) -> BotAnswer:
        user_id = parse_user_id(bot_id, "bot_id")
        commands = [BotCommand(form.name, form.description) for form in asked.commands]
        is_bot = any(row.bot_id == user_id for row in bots.list())
        if not is_bot and not await users.provide(user_id):
            # Whoever may make bots may not take people's accounts.
            raise UserExists(user_id=user_id)
        return _bot(await bots.put(user_id, key.key_id, commands))

    @router.delete("/server/bots/{bot_id}", status_code=204, summary="A bot is one no more; its account stays")
    async def remove_bot(bot_id: NamePath, _key_row: KeyRow = key_of) -> Response:
        await bots.remove(parse_user_id(bot_id, "bot_id"))
        return Response(status_code=204)

    @router.post("/server/bots/{bot_id}/tokens", status_code=201, summary="Mint tokens for a bot")
    async def mint_bot_tokens(bot_id: NamePath, asked: AskedToken, _key_row: KeyRow = key_of) -> GrantAnswer:
        return await minted(services, bots.get(parse_user_id(bot_id, "bot_id")).bot_id, asked)


def _add_user_routes(router: APIRouter, services: Services) -> None:
    bots = services.integrators.bots

    @router.get("/bots/{bot_id}", summary="What may be asked of a bot?")
    async def get_bot_commands(
        bot_id: NamePath, _identity: Identity = Depends(authentication(services.users))
    ) -> BotCommandsAnswer:
        row = bots.get(parse_user_id(bot_id, "bot_id"))
        return BotCommandsAnswer(bot_id=row.bot_id, commands=_bot(row).commands)


def _bot(row: BotRow) -> BotAnswer:
    return BotAnswer(
        bot_id=row.bot_id,
        key_id=row.key_id,
        commands=[BotCommandForm(name=command.name, description=command.description) for command in row.commands],
        created_ms=row.created_ms,
    )
