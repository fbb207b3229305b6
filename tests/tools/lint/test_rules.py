"""Each of our own rules: lines it lets pass and lines it stops."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from textwrap import dedent

import pytest

from tools.lint import effects, mirror, names, shape, waiting
from tools.lint.source import FileRule, Finding, Source


def source(path: str, text: str = "") -> Source:
    return Source(PurePosixPath(path), dedent(text))


def rules_of(findings: Iterable[Finding]) -> list[str]:
    return [finding.rule for finding in findings]


def check(rule: FileRule, path: str, text: str) -> list[str]:
    return rules_of(rule(source(path, text)))


def function_of(lines: int, head: str = "def f():", docstring: str = "") -> str:
    body = [f"    {docstring}"] if docstring else []
    return "\n".join([head, *body, *["    x = 1"] * (lines - 1)])


@pytest.mark.parametrize(
    "good",
    [
        function_of(60),
        function_of(60, "async def f():"),
        function_of(60, docstring='"""Not counted."""'),
        function_of(61, "def f():  # long: one table, read from top to bottom"),
    ],
)
def test_a_function_may_have_sixty_lines_or_a_reason(good: str) -> None:
    assert check(shape.function_length, "src/hongyan/a.py", good) == []


@pytest.mark.parametrize(
    "bad", [function_of(61), function_of(61, "async def f():"), function_of(61, "def f():  # long:")]
)
def test_a_longer_function_without_a_reason_is_found(bad: str) -> None:
    assert check(shape.function_length, "src/hongyan/a.py", bad) == ["function-length"]


def test_a_method_is_measured_as_a_function_is() -> None:
    method = "class A:\n" + "\n".join(f"    {line}" for line in function_of(61).splitlines())
    assert check(shape.function_length, "src/hongyan/a.py", method) == ["function-length"]


@pytest.mark.parametrize(("lines", "expected"), [(600, []), (601, ["file-length"])])
def test_a_file_has_at_most_six_hundred_lines(lines: int, expected: list[str]) -> None:
    assert check(shape.file_length, "src/hongyan/a.py", "x = 1\n" * lines) == expected


def protocol_of(methods: int, base: str = "Protocol") -> str:
    return "\n".join([f"class Log({base}):", *[f"    async def do_{n}(self): ..." for n in range(methods)]])


@pytest.mark.parametrize("base", ["Protocol", "typing.Protocol", "Protocol[T]"])
def test_a_port_has_at_most_eight_methods(base: str) -> None:
    assert check(shape.port_size, "src/hongyan/ports/log.py", protocol_of(8, base)) == []
    assert check(shape.port_size, "src/hongyan/ports/log.py", protocol_of(9, base)) == ["port-size"]


def test_other_classes_are_as_wide_as_they_need() -> None:
    assert check(shape.port_size, "src/hongyan/ports/log.py", protocol_of(9, "Exception")) == []
    assert check(shape.port_size, "src/hongyan/gateway/a.py", protocol_of(9)) == []


@pytest.mark.parametrize("good", ["Registry", "Database", "Metadata", "Information", "Codebase", "ImplicitGrant"])
def test_a_class_may_be_named_for_what_it_is(good: str) -> None:
    assert check(names.class_names, "src/hongyan/a.py", f"class {good}: ...") == []


@pytest.mark.parametrize("bad", ["LogManager", "TestHelper", "UserBase", "StoreImpl", "UserData", "FrameInfo", "Base"])
def test_a_class_may_not_be_named_for_anything(bad: str) -> None:
    assert check(names.class_names, "src/hongyan/a.py", f"class {bad}: ...") == ["class-name"]


def test_a_name_from_outside_may_be_allowed_with_its_reason() -> None:
    allowed = "class VapidInfo: ...  # allow class-name: RFC 8292 calls it so"
    assert check(names.class_names, "src/hongyan/a.py", allowed) == []


@pytest.mark.parametrize("path", ["src/hongyan/utils/a.py", "src/hongyan/common.py", "tests/helpers.py"])
def test_a_drawer_is_found(path: str) -> None:
    assert check(names.module_names, path, "") == ["drawer"]


def test_a_place_with_a_subject_is_no_drawer() -> None:
    assert check(names.module_names, "src/hongyan/commons/uncommon.py", "") == []


def test_a_package_says_what_it_is() -> None:
    assert check(names.package_docstrings, "src/hongyan/a/__init__.py", '"""Owns a."""') == []
    assert check(names.package_docstrings, "src/hongyan/a/__init__.py", "") == ["package-docstring"]
    assert check(names.package_docstrings, "tests/unit/__init__.py", "") == []


def test_a_folder_of_the_product_is_a_package() -> None:
    package = source("src/hongyan/a/__init__.py", '"""Owns a."""')
    module = source("src/hongyan/a/b.py")
    assert rules_of(names.packages_without_init([package, module])) == []
    assert rules_of(names.packages_without_init([module])) == ["package-docstring"]


@pytest.mark.parametrize(
    "good",
    [
        "import re\nNAME = re.compile('a')",
        "from re import compile as pattern\nNAME = pattern('a')",
        "import struct\nHEAD = struct.Struct('>I')",
        "T = TypeVar('T')\nfrom typing import TypeVar",
        "import msgspec\nDECODER = msgspec.json.Decoder(type=int)",
        "KINDS = frozenset({'a'})\nBY_NAME = {str(n): n for n in range(3)}",
        "import dataclasses as d\n@d.dataclass(frozen=True)\nclass A:\n    b: list = d.field(default_factory=list)",
        "class Limit: ...\nLIMIT = Limit()",
        "from hongyan.model.limits import Limits\nDEFAULT = Limits(frame_bytes=1)",
        "NAMES = ' '.join(('a', 'b')).split()",
        "def f():\n    connect()\nasync def g():\n    open('a')",
        "f = lambda: open('a')",
        "if __name__ == '__main__':\n    main()",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import socket",
        "import socket\nSERVER = socket.socket()  # allow import-effect: shows that a reason lifts the rule",
    ],
)
def test_the_top_level_may_define_and_build_constants(good: str) -> None:
    assert check(effects.effects_at_import, "src/hongyan/gateway/a.py", good) == []


@pytest.mark.parametrize(
    "bad",
    [
        "print('hello')",
        "import os\nHOME = os.environ.get('HOME') or os.getenv('HOME')",
        "CONFIG = open('config.toml')",
        "import socket\nSERVER = socket.socket()",
        "from threading import Thread\nWORKER = Thread()",
        "import asyncio\nLOOP = asyncio.new_event_loop()",
        "from datetime import datetime\nSTARTED = datetime.now()",
        "def make(): ...\nTHING = make()",
        "registry = {}\nregistry.register(1)",
        "class A:\n    started = connect()",
        "for n in range(3):\n    TABLE[n] = n",
        "with open('a') as file:\n    pass",
        "from hongyan.gateway.registry import handler\n@handler('connect')\ndef f(): ...",
        "from prometheus_client import Counter\nSENT = Counter('sent', 'frames sent')",
        "if True:\n    connect()",
        "try:\n    connect()\nexcept OSError:\n    pass",
    ],
)
def test_the_top_level_may_not_act(bad: str) -> None:
    assert set(check(effects.effects_at_import, "src/hongyan/gateway/a.py", bad)) == {"import-effect"}


def test_the_pure_folders_may_build_tables_with_their_own_functions() -> None:
    table = "def row(n): return n\nTABLE = tuple(row(n) for n in range(3))\nfor n in TABLE:\n    assert n < 3"
    assert check(effects.effects_at_import, "src/hongyan/model/a.py", table) == []
    assert check(effects.effects_at_import, "src/hongyan/model/a.py", "open('a')") == ["import-effect"]


def test_a_command_and_a_route_are_declared_in_their_own_files() -> None:
    commands = "import typer\nfrom hongyan.cli.serve import serve\napp = typer.Typer()\napp.command('serve')(serve)"
    routes = "from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('/healthz')\nasync def healthz(): ..."
    assert check(effects.effects_at_import, "src/hongyan/cli/a.py", commands) == []
    assert check(effects.effects_at_import, "src/hongyan/rest/a.py", routes) == []
    assert "import-effect" in check(effects.effects_at_import, "src/hongyan/gateway/a.py", routes)


def test_tables_of_sql_are_declared_where_the_store_lives() -> None:
    tables = (
        "import sqlalchemy as sa\nMETADATA = sa.MetaData()\nT = sa.Table('t', METADATA, sa.Column('id', sa.Text()))"
    )
    assert check(effects.effects_at_import, "src/hongyan/adapters/store/tables.py", tables) == []
    engine = "import sqlalchemy\nENGINE = sqlalchemy.create_engine('sqlite://')"
    assert check(effects.effects_at_import, "src/hongyan/adapters/store/tables.py", engine) == ["import-effect"]


def test_tests_and_tools_may_act_at_import() -> None:
    assert check(effects.effects_at_import, "bench/a.py", "print('hello')") == []


@pytest.mark.parametrize(
    "good",
    [
        "await asyncio.sleep(0)",
        "await sleeper.sleep(1)",
        "time.sleep(1)  # allow sleep: the kernel's clock is the subject",
    ],
)
def test_a_test_may_let_others_run(good: str) -> None:
    assert check(waiting.sleeping_tests, "tests/unit/test_a.py", f"async def test(): {good}") == []


@pytest.mark.parametrize("bad", ["time.sleep(1)", "await asyncio.sleep(0.1)", "await asyncio.sleep(delay)", "nap(1)"])
def test_a_test_may_not_sleep(bad: str) -> None:
    text = f"from time import sleep as nap\nasync def test(): {bad}"
    assert check(waiting.sleeping_tests, "tests/unit/test_a.py", text) == ["sleep"]
    assert check(waiting.sleeping_tests, "tests/system/test_a.py", text) == []


@pytest.mark.parametrize("receiver", ["group", "tg", "self._group", "task_group", "asyncio"])
def test_a_task_group_may_make_tasks(receiver: str) -> None:
    assert check(waiting.tasks_without_owner, "src/hongyan/a.py", f"{receiver}.create_task(run())") == []


@pytest.mark.parametrize("receiver", ["loop", "self._loop", "asyncio.get_running_loop()"])
def test_a_loop_may_not_make_tasks(receiver: str) -> None:
    assert check(waiting.tasks_without_owner, "src/hongyan/a.py", f"{receiver}.create_task(run())") == ["task-owner"]
    assert check(waiting.tasks_without_owner, "tests/a.py", f"{receiver}.create_task(run())") == []


@pytest.mark.parametrize(
    ("test", "module"),
    [
        ("tests/unit/model/test_ids.py", "src/hongyan/model/ids.py"),
        ("tests/unit/test_config.py", "src/hongyan/config.py"),
        ("tests/unit/model/test_init.py", "src/hongyan/model/__init__.py"),
        ("tests/unit/adapters/test_store.py", "src/hongyan/adapters/store/__init__.py"),
        ("tests/unit/hongyan_client/test_session.py", "sdk/python/src/hongyan_client/session.py"),
    ],
)
def test_a_unit_test_stands_where_its_source_does(test: str, module: str) -> None:
    assert rules_of(mirror.tests_without_source([source(test), source(module)])) == []
    assert rules_of(mirror.tests_without_source([source(test)])) == ["mirror"]


def test_other_tests_stand_where_they_like() -> None:
    assert (
        rules_of(mirror.tests_without_source([source("tests/flow/test_a.py"), source("tests/unit/conftest.py")])) == []
    )


def test_each_file_of_the_pure_folders_has_its_test() -> None:
    limits = source("src/hongyan/model/limits.py", "def check_size(size_bytes): ...")
    assert rules_of(mirror.source_without_tests([limits, source("tests/unit/model/test_limits.py")])) == []
    assert rules_of(mirror.source_without_tests([limits])) == ["mirror"]


def test_an_excuse_ends_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = source("src/hongyan/model/limits.py", "def check_size(size_bytes): ...")
    monkeypatch.setitem(mirror.UNTESTED, str(limits.path), "owed")
    assert rules_of(mirror.source_without_tests([limits])) == []
    assert rules_of(mirror.source_without_tests([limits, source("tests/unit/model/test_limits.py")])) == ["mirror"]


@pytest.mark.parametrize(
    "path",
    [
        "src/hongyan/model/__init__.py",
        "src/hongyan/model/codes.py",
        "src/hongyan/protocol/wire/frames_pb2.py",
        "src/hongyan/gateway/listener.py",
    ],
)
def test_what_is_generated_or_not_pure_needs_no_unit_test(path: str) -> None:
    assert rules_of(mirror.source_without_tests([source(path, "def f(): ...")])) == []


def test_a_file_that_only_declares_records_needs_no_unit_test() -> None:
    records = source("src/hongyan/model/records.py", "class Member(Struct):\n    user_id: str")
    assert rules_of(mirror.source_without_tests([records])) == []
