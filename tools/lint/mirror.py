"""tests/unit mirrors the source: a stranger finds the test of a file without searching."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.lint.source import Finding, Source

UNIT = PurePosixPath("tests/unit")
SERVER = PurePosixPath("src/hongyan")
CLIENT = PurePosixPath("sdk/python/src/hongyan_client")
# The pure folders: no excuse for a file without its test.
TESTED_FOLDERS = ("src/hongyan/model", "src/hongyan/protocol")
# Files of those folders without a test of their own, each with its reason. A file that has one may not stand here.
UNTESTED: dict[str, str] = {}


def tests_without_source(sources: list[Source]) -> Iterator[Finding]:
    """tests/unit/x/test_y.py tests src/hongyan/x/y.py, and tests/unit/hongyan_client/… the SDK."""
    paths = {source.path for source in sources}
    for source in sources:
        if not (source.within("tests/unit") and source.path.name.startswith("test_")):
            continue
        module = source_of(source.path)
        if module not in paths and module.with_suffix("") / "__init__.py" not in paths:
            yield source.finding(1, "mirror", f"tests {module}, which does not exist")


def source_without_tests(sources: list[Source]) -> Iterator[Finding]:
    """Each file of the pure folders that does something has its test, or a reason in UNTESTED."""
    paths = {source.path for source in sources}
    for source in sources:
        if source.path.name == "__init__.py" or source.generated or not source.within(*TESTED_FOLDERS):
            continue
        test = test_of(source.path)
        excused = str(source.path) in UNTESTED
        if test in paths and excused:
            yield source.finding(1, "mirror", "has its test now: take it off UNTESTED in tools/lint/mirror.py")
        if test not in paths and not excused and _does_something(source):
            yield source.finding(1, "mirror", f"has no test: write {test}")


def _does_something(source: Source) -> bool:
    """A file that only declares records has nothing to test."""
    return any(isinstance(node, ast.FunctionDef) for node in ast.walk(source.tree))


def source_of(test: PurePosixPath) -> PurePosixPath:
    """The file a unit test is about; `test_init.py` is about the package itself."""
    relative = test.relative_to(UNIT)
    name = relative.stem.removeprefix("test_")
    root = SERVER
    if relative.is_relative_to("hongyan_client"):
        root, relative = CLIENT, relative.relative_to("hongyan_client")
    return root / relative.parent / ("__init__.py" if name == "init" else f"{name}.py")


def test_of(module: PurePosixPath) -> PurePosixPath:
    """The unit test of a file of the server."""
    relative = module.relative_to(SERVER)
    return UNIT / relative.parent / f"test_{relative.name}"
