"""tests/unit mirrors the source: a stranger finds the test of a file without searching."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.lint.source import Finding, Source

UNIT = PurePosixPath("tests/unit")
SERVER = PurePosixPath("src/hongyan")
CLIENT = PurePosixPath("sdk/python/src/hongyan_client")
# The pure folders: no excuse for a file without its test.
TESTED_FOLDERS = ("src/hongyan/model", "src/hongyan/protocol")
# Files of those folders that need no test of their own, each with its reason.
UNTESTED = {
    "src/hongyan/protocol/codes.py": "generated from proto/codes.toml; the generator has the test",
}


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
    """Each file of the pure folders has its test, or a reason in UNTESTED."""
    paths = {source.path for source in sources}
    for source in sources:
        if source.path.name == "__init__.py" or source.generated or str(source.path) in UNTESTED:
            continue
        if source.within(*TESTED_FOLDERS) and (test := test_of(source.path)) not in paths:
            yield source.finding(1, "mirror", f"has no test: write {test}")


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
