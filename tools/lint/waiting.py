"""Tests that sleep, and tasks that nobody owns."""

import ast
import re
from collections.abc import Iterator

from tools.lint.source import Finding, Source

SLEEPS = {"time.sleep", "asyncio.sleep", "anyio.sleep"}
OWNER = re.compile(r"(^|_)(tg|group|taskgroup)$")


def sleeping_tests(source: Source) -> Iterator[Finding]:
    """A test waits for something to happen, never for time to pass; `asyncio.sleep(0)` lets others run."""
    if not source.within("tests", "sdk/python/tests") or source.within("tests/system"):
        return
    names = _sleeping_names(source.tree)
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or ast.unparse(node.func) not in names:
            continue
        if _is_zero(node) or source.allows(node.lineno, "sleep"):
            continue
        yield source.finding(node.lineno, "sleep", "wait for an event, or give the code a clock you move")


def _sleeping_names(tree: ast.Module) -> set[str]:
    """The names under which this module can reach a sleep: `asyncio.sleep`, or `nap` after `import sleep as nap`."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return SLEEPS | {
        alias.asname or alias.name
        for node in imports
        for alias in node.names
        if f"{node.module}.{alias.name}" in SLEEPS
    }


def _is_zero(call: ast.Call) -> bool:
    return len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0


def tasks_without_owner(source: Source) -> Iterator[Finding]:
    """`create_task` is called on a TaskGroup. Ruff refuses `asyncio.create_task`; this sees `loop.create_task`."""
    if not source.within("src", "sdk/python/src"):
        return
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.Attribute) and node.attr == "create_task"):
            continue
        receiver = ast.unparse(node.value).rpartition(".")[2]
        if receiver == "asyncio" or OWNER.search(receiver) or source.allows(node.lineno, "task-owner"):
            continue
        sentence = f"`{receiver}` is not a TaskGroup (named tg, group, …_group): open one where the task's life begins"
        yield source.finding(node.lineno, "task-owner", sentence)
