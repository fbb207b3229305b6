"""The API against its own description: no 5xx, and no answer that the description does not have.

Schemathesis asks every operation, with what the description allows and with what it does not.

HONGYAN_FUZZ_EXAMPLES says how many examples an operation gets, if not 100; they are the same in every run.
"""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from tests.system.servers import Server

EXAMPLES = int(os.environ.get("HONGYAN_FUZZ_EXAMPLES", "100"))
TUNE = ("users.log_ins_per_minute=1000000", "users.user_log_ins_per_minute=1000000")
SINGLE = "s:alice:bob"
ENDS_THE_SESSION = {"log_out", "delete_account"}
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::hypothesis.errors.HypothesisWarning")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With two users."""
    folder = tmp_path_factory.mktemp("schema")
    running = Server(folder / "data", folder / "server.log", TUNE)
    try:
        running.start().register("alice", "bob")
        yield running
        assert running.stop() == 0
        assert "Traceback" not in running.said.read_text()
    finally:
        running.kill()


def populate(server: Server, name: str) -> str:
    """What there is to find: a new group of alice's, and messages; the group's id."""
    token, group_id = server.token("alice", "laptop"), f"of-{name}"[:32]
    club = {"group_id": group_id, "name": "club", "member_ids": ["bob"]}
    assert server.ask("POST", "/api/v1/groups", club, token).status == 201
    for conversation_id in (SINGLE, f"g:{group_id}"):
        for number in range(5):
            path = f"/api/v1/conversations/{conversation_id}/messages"
            assert server.ask("POST", path, {"text": {"text": str(number)}}, token).status == 201
    return group_id


@pytest.fixture(scope="module")
def schema(server: Server) -> Any:
    """The description, of a caller who is alice."""
    config = SchemathesisConfig.from_dict({"headers": {"Authorization": f"Bearer {server.token('alice', 'phone')}"}})
    return schemathesis.openapi.from_url(f"{server.http}/openapi.json", config=config)


def checks() -> list[Any]:
    load_all_checks()
    return [CHECKS.get_one(name) for name in CHECKED]


def known(group_id: str) -> dict[str, st.SearchStrategy[Any]]:
    """Values of paths by name, of which most name something."""
    return {
        "conversation_id": st.sampled_from([SINGLE, f"g:{group_id}", "g:none"]),
        "group_id": st.sampled_from([group_id, group_id, "none"]),
        "user_id": st.sampled_from(["bob", "alice", "nobody"]),
        "seq": st.integers(1, 12),
    }


@st.composite
def cases(draw: st.DrawFn, operation: Any, found: dict[str, st.SearchStrategy[Any]]) -> Any:
    """What the description allows, half of it about things that are there; or what it does not allow."""
    if draw(st.booleans()):
        return hurried(draw(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)))
    case = draw(operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    if draw(st.booleans()):
        for name in case.path_parameters or {}:
            if name in found:
                case.path_parameters[name] = draw(found[name])
    return hurried(case)


def hurried(case: Any) -> Any:
    """The same without waiting: a long poll that is right takes its time."""
    if case.query and isinstance(case.query.get("wait_s"), int | float):
        case.query["wait_s"] = 0
    return case


def test_every_operation_answers_as_it_is_described(schema: Any, server: Server) -> None:
    statuses: dict[str, Counter[int]] = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        name = operation.definition.raw["operationId"]
        if name not in ENDS_THE_SESSION:
            statuses[name] = asked(operation, populate(server, name))
    never = {name for name, found in statuses.items() if not any(status < 400 for status in found)}
    print({name: dict(found) for name, found in statuses.items()})
    assert len(never) < len(statuses) / 2, f"what is never answered well is hardly tested: {never}"
    assert server.ask("GET", "/api/v1/users/me", token=server.token("alice", "phone")).status == 200


def asked(operation: Any, group_id: str) -> Counter[int]:
    """Asks one operation; the statuses of its answers."""
    found: Counter[int] = Counter()
    all_checks = checks()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(operation, known(group_id)))
    def ask(case: Any) -> None:
        response = case.call()
        found[response.status_code] += 1
        case.validate_response(response, checks=all_checks)

    ask()
    return found
