"""What a rule is given and what it gives back."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

GENERATED = ("src/hongyan/protocol/wire/", "src/hongyan/model/codes.py")
ROOTS = ("src", "sdk/python", "tests", "tools", "bench")
NOT_OURS = {".venv", "node_modules", "__pycache__", "build", "dist"}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One broken rule at one place."""

    path: PurePosixPath
    line: int
    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.sentence}"


@dataclass(frozen=True)
class Source:
    """A Python file: `path` is relative to the root of the repository."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def generated(self) -> bool:
        return str(self.path).startswith(GENERATED)

    def within(self, *folders: str) -> bool:
        """Whether the file stands in one of these folders, given from the root of the repository."""
        return any(self.path.is_relative_to(folder) for folder in folders)

    def finding(self, line: int, rule: str, sentence: str) -> Finding:
        return Finding(self.path, line, rule, sentence)

    def allows(self, line: int, rule: str) -> bool:
        """Whether the line carries `# allow <rule>: reason`, with a reason."""
        return re.search(rf"# allow {re.escape(rule)}: \S", self.lines[line - 1]) is not None


FileRule = Callable[[Source], Iterator[Finding]]
TreeRule = Callable[[list[Source]], Iterator[Finding]]


def read_sources(root: Path) -> list[Source]:
    """Every Python file of ours under `root`, in the order of their paths."""
    paths = (path for folder in ROOTS for path in (root / folder).rglob("*.py"))
    ours = (path for path in paths if NOT_OURS.isdisjoint(path.relative_to(root).parts))
    return [Source(PurePosixPath(path.relative_to(root).as_posix()), path.read_text("utf-8")) for path in sorted(ours)]
