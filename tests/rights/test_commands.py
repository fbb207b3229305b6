import re
from typing import get_args

import pytest

from hongyan.model.codes import ErrorCode
from hongyan.model.commands import AnyCommand, JoinPolicy, MovePositions, RequestJoin, SetGroupRules
from hongyan.model.ids import UserId
from tests.rights.table import Cell, cells
from tests.rights.worlds import (
    COMMANDS,
    GROUP_ACTORS,
    MENTIONING,
    NEWCOMER,
    OWNER,
    SINGLE_ACTORS,
    a_group,
    a_single,
    whom,
    with_deleted,
)
from tests.unit.model.stories import Story, receipt_of

IN_A_GROUP = cells("In a group")
BETWEEN_TWO = cells("Between two")
NAMES = {code.name.lower() for code in ErrorCode}


def heard(story: Story, seqs: dict[str, int], cell: Cell, actor_id: UserId) -> str:
    """What the actor hears: `ok` or a code's name."""
    target = whom(cell.about, actor_id)
    seq = seqs.get("deleted" if cell.about == "deleted" else target, 1)
    command = MENTIONING if cell.about == "everybody" else COMMANDS[cell.command](target, seq)
    outcome = story.ask(actor_id, command)
    if outcome.refusal is None:
        receipt_of(outcome)
        return "ok"
    return outcome.refusal.name


@pytest.mark.parametrize("cell", IN_A_GROUP, ids=lambda cell: cell.name)
def test_in_a_group(cell: Cell) -> None:
    story, seqs = a_group()
    actor_id = GROUP_ACTORS[cell.actor]
    if cell.about == "deleted":
        with_deleted(story, seqs, actor_id if actor_id in story.state.members and cell.actor != "muted" else OWNER)
    if cell.command == "answer_join":
        receipt_of(story.ask(OWNER, SetGroupRules(join_policy=JoinPolicy.APPROVAL)))
        receipt_of(story.ask(NEWCOMER, RequestJoin()))
    assert heard(story, seqs, cell, actor_id) == cell.expected


@pytest.mark.parametrize("cell", BETWEEN_TWO, ids=lambda cell: cell.name)
def test_between_two(cell: Cell) -> None:
    story, seqs = a_single(cell.actor)
    assert heard(story, seqs, cell, SINGLE_ACTORS[cell.actor]) == cell.expected


def test_every_command_has_a_row() -> None:
    """Positions are no request: admission makes them of marks."""
    names = {re.sub(r"(?<!^)(?=[A-Z])", "_", command.__name__).lower() for command in get_args(AnyCommand)}
    asked = {cell.command for cell in (*IN_A_GROUP, *BETWEEN_TWO)}
    assert names - {"move_positions"} == asked
    assert MovePositions in get_args(AnyCommand)
    assert set(COMMANDS) == asked


def test_every_expectation_is_a_code() -> None:
    assert {cell.expected for cell in (*IN_A_GROUP, *BETWEEN_TWO)} - NAMES == {"ok"}
