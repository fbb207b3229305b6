"""Names that say nothing, and packages that do not say what they are."""

import ast
import re
from collections.abc import Iterator

from tools.lint.source import Finding, Source

EMPTY_ENDING = re.compile(r".(Manager|Helper|Base|Impl|Data|Info)$|^(Manager|Helper|Base|Impl|Data|Info)$")
DRAWERS = {"utils", "util", "common", "helpers", "helper", "misc"}
PACKAGES = ("src", "sdk/python/src", "tools")


def class_names(source: Source) -> Iterator[Finding]:
    """A class is named for what it is; Manager, Helper, Base, Impl, Data and Info fit anything."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ClassDef) or source.allows(node.lineno, "class-name"):
            continue
        if EMPTY_ENDING.search(node.name):
            yield source.finding(node.lineno, "class-name", f"{node.name}: name it for what it is")


def module_names(source: Source) -> Iterator[Finding]:
    """No drawer for what has no place: utils, common, helpers."""
    for part in (*source.path.parts[:-1], source.path.stem):
        if part in DRAWERS:
            yield source.finding(1, "drawer", f"`{part}` is a drawer: put the code where its subject lives")


def package_docstrings(source: Source) -> Iterator[Finding]:
    """Each package says what it owns, what it does not know, and what it keeps."""
    if source.path.name == "__init__.py" and source.within(*PACKAGES) and not ast.get_docstring(source.tree):
        yield source.finding(1, "package-docstring", "say what the package owns, does not know, and keeps")


def packages_without_init(sources: list[Source]) -> Iterator[Finding]:
    """Each folder of the product is a package, never a namespace by accident."""
    paths = {source.path for source in sources}
    product = (source.path for source in sources if source.within("src/hongyan", "sdk/python/src/hongyan_client"))
    for folder in sorted({path.parent for path in product}):
        if folder / "__init__.py" not in paths:
            yield Finding(folder, 1, "package-docstring", "has no __init__.py")
