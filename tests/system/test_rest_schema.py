"""The API against its own description: no 5xx, and no answer that the description does not have.

Schemathesis asks every operation, with what the description allows and with what it does not.

HONGYAN_FUZZ_EXAMPLES says how many examples an operation gets, if not 100; they are the same in every run. A machine that is
too slow for all of them within BUDGET_S gives fewer; then they are not.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from tests.system.servers import Server

EXAMPLES = int(os.environ.get("HONGYAN_FUZZ_EXAMPLES", "100"))
BUDGET_S = 300.0
FEW = 10
# What a request that is wrong may hear; that its If-Match is not that of now is said before its body is looked at.
REJECTIONS = ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422", "428", "429", "5xx"]
SCENARIOS, STEPS = 12, 15
TUNE = ("users.log_ins_per_minute=1000000", "users.user_log_ins_per_minute=1000000")
SINGLE = "s:alice:bob"
ENDS_THE_SESSION = {"log_out", "delete_account", "change_password"}
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",  # last: what follows a link is not wrong on purpose
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
    return described(server, server.token("alice", "phone"))


def described(server: Server, credential: str) -> Any:
    """The description, of a caller with a token or a key."""
    headers = {"Authorization": f"Bearer {credential}"}
    rejection = {"negative_data_rejection": {"expected-statuses": REJECTIONS}}
    config = SchemathesisConfig.from_dict({"headers": headers, "checks": rejection})
    return schemathesis.openapi.from_url(f"{server.http}/openapi.json", config=config)


def server_key(server: Server) -> str:
    """A key that may everything."""
    words = ["key", "create", "schema", "--data", str(server.data)]
    program = "from hongyan.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


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


@pytest.mark.timeout(600)
def test_every_operation_answers_as_it_is_described(schema: Any, server: Server) -> None:
    statuses: dict[str, Counter[int]] = {}
    operations = operations_of(schema, described(server, server_key(server)))
    budget = Budget(len(operations))
    with requests.Session() as line:
        for name, operation in operations.items():
            strategy = cases(operation, known(populate(server, name)))
            statuses[name] = asked(strategy, line, budget.next())
            budget.examples += statuses[name].total()
    never = {name for name, found in statuses.items() if not any(status < 400 for status in found)}
    print({name: dict(found) for name, found in statuses.items()})
    assert len(statuses) - len(never) >= 40, f"what is never answered well is hardly tested: {never}"
    assert server.ask("GET", "/api/v1/users/me", token=server.token("alice", "laptop")).status == 200


def operations_of(for_users: Any, for_keys: Any) -> dict[str, Any]:
    """The operations by name, each of a caller who may call it; those that end the caller's session are left out."""
    found: dict[str, Any] = {}
    for schema, is_for_keys in ((for_users, False), (for_keys, True)):
        for result in schema.get_all_operations():
            raw = result.ok().definition.raw
            wants_key = any("ServerKey" in one for one in raw.get("security", ()))
            if wants_key is is_for_keys and raw["operationId"] not in ENDS_THE_SESSION:
                found[raw["operationId"]] = result.ok()
    return found


class Budget:
    """Shares the time out: EXAMPLES each where they fit, else what fits, and FEW at least."""

    def __init__(self, operations: int) -> None:
        self.left, self.examples = operations, 0
        self.began = time.monotonic()

    def next(self) -> int:
        """How many examples the next operation gets."""
        spent_s, count = time.monotonic() - self.began, EXAMPLES
        if self.examples and "HONGYAN_FUZZ_EXAMPLES" not in os.environ:
            fit = (BUDGET_S - spent_s) / self.left / (spent_s / self.examples)
            count = max(FEW, min(EXAMPLES, int(fit)))
        self.left -= 1
        return count


def asked(strategy: st.SearchStrategy[Any], line: requests.Session, count: int) -> Counter[int]:
    """Asks one operation so many times; the statuses of its answers."""
    found: Counter[int] = Counter()
    all_checks = checks()

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def ask(case: Any) -> None:
        response = case.call(session=line)
        found[response.status_code] += 1
        case.validate_response(response, checks=all_checks)

    ask()
    return found


def test_what_one_answer_names_the_next_request_finds(server: Server) -> None:
    """Scenarios along the description's links: what was sent is read, edited, marked, recalled."""
    found: dict[str, Counter[int]] = {}
    made = {SINGLE, f"g:{populate(server, 'links')}"}
    all_checks, failures = checks()[:-1], list[Exception]()
    # A session of its own: the other test logs alice out, among all that it does.
    schema = described(server, server.token("alice", "links"))
    parent = schema.include(tag=["messages", "conversations", "groups"]).as_state_machine()

    class Machine(parent):  # type: ignore[misc, valid-type]  # made at run time
        """Begins with what is there, and takes note of what it makes."""

        def before_call(self, case: Any) -> None:
            hurried(case)
            path = case.path_parameters or {}
            if "conversation_id" in path and path["conversation_id"] not in made:
                path["conversation_id"] = SINGLE
            if "group_id" in path and f"g:{path['group_id']}" not in made:
                path["group_id"] = "of-links"

        def after_call(self, response: Any, case: Any) -> None:
            super().after_call(response, case)
            name = case.operation.definition.raw["operationId"]
            found.setdefault(name, Counter())[response.status_code] += 1
            if response.status_code == 201 and "conversation_id" in response.text:
                made.add(response.json()["conversation_id"])

        def validate_response(self, response: Any, case: Any, **_options: Any) -> None:
            try:
                case.validate_response(response, checks=all_checks)
            except Exception as failure:  # noqa: BLE001 - raised below, all together
                failures.append(failure)

    for number in range(SCENARIOS):
        with suppress(FlakyStrategyDefinition):
            # A server keeps what earlier scenarios did, so none can be repeated exactly, and need not be.
            seed(number)(Machine)
            Machine.run(
                settings=settings(
                    max_examples=3,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )
            )
    if failures:
        raise ExceptionGroup("answers that the description does not have", failures)
    print({name: dict(counted) for name, counted in found.items()})
    well = {name for name, counted in found.items() if any(status < 300 for status in counted)}
    assert "get_entry" in well
    assert len(well) > len(found) / 3
