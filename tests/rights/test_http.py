from collections.abc import Iterable, Mapping
from itertools import groupby

import pytest

from hongyan.model.codes import ErrorCode
from tests.rights.table import Cell, cells
from tests.rights.town import Town
from tests.unit.rest.conftest import Edge, edge

__all__ = ["edge"]

IN_A_GROUP = cells("Over HTTP: in a group")
FOR_ONESELF = cells("Over HTTP: for oneself")
SERVERS = cells("Over HTTP: servers")
ELSEWHERE: Mapping[str, str | int] = {
    "user_id": "mina",
    "device_id": "no-device",
    "handle": "nohandle",
    "request_id": "no-request",
    "bot_id": "robot-2",
    "key_id": "nokey",
    "webhook_id": "nohook",
    "report_id": 1,
    "conversation_id": "g:nowhere",
    "seq": 1,
}
"""Names of nothing, or of another's."""


@pytest.fixture
async def town(edge: Edge) -> Town:
    town = Town(edge)
    await town.settle()
    return town


def rows(found: Iterable[Cell]) -> list[list[Cell]]:
    """A list a row."""
    return [list(row) for _, row in groupby(found, key=lambda cell: (cell.command, cell.about))]


def heard_otherwise(row: list[Cell], heard: dict[str, str]) -> list[str]:
    """Where what was heard is not what the row says."""
    return [
        f"{cell.command} {cell.about}: {cell.actor} hears {heard[cell.actor]}, not {cell.expected}"
        for cell in row
        if heard[cell.actor] != cell.expected
    ]


async def test_in_a_group(town: Town) -> None:
    wrong: list[str] = []
    for row in rows(IN_A_GROUP):
        heard = {
            cell.actor: await town.heard(cell.actor, cell.command, await town.group(cell.actor, cell.about))
            for cell in row
        }
        wrong += heard_otherwise(row, heard)
    assert wrong == []


async def test_for_oneself(town: Town) -> None:
    wrong: list[str] = []
    for row in rows(FOR_ONESELF):
        heard = {cell.actor: await town.heard(cell.actor, cell.command, ELSEWHERE) for cell in row}
        wrong += heard_otherwise(row, heard)
    assert wrong == []


async def test_servers(town: Town) -> None:
    wrong: list[str] = []
    for row in rows(SERVERS):
        await town.lack(row[0].about)
        heard = {cell.actor: await town.heard(cell.actor, cell.command, ELSEWHERE) for cell in row}
        wrong += heard_otherwise(row, heard)
    assert wrong == []


async def test_every_route_has_a_row(edge: Edge) -> None:
    paths = (await edge.client.ask("GET", "/openapi.json")).json["paths"]
    routes = {
        f"{method.upper()} {path.removeprefix('/api/v1')}" for path, methods in paths.items() for method in methods
    }
    rowed = {cell.command for cell in (*IN_A_GROUP, *FOR_ONESELF, *SERVERS)}
    assert routes == rowed


def test_every_expectation_is_a_code() -> None:
    names = {code.name.lower() for code in ErrorCode}
    assert {cell.expected for cell in (*IN_A_GROUP, *FOR_ONESELF, *SERVERS)} - names == {"ok"}
