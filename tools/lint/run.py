"""The table of rules, and the one loop over them."""

from pathlib import Path

from tools.lint import effects, mirror, names, shape, waiting
from tools.lint.source import FileRule, Finding, TreeRule, read_sources

FILE_RULES: tuple[FileRule, ...] = (
    shape.function_length,
    shape.file_length,
    shape.port_size,
    names.class_names,
    names.module_names,
    names.package_docstrings,
    effects.effects_at_import,
    waiting.sleeping_tests,
    waiting.tasks_without_owner,
)
TREE_RULES: tuple[TreeRule, ...] = (
    names.packages_without_init,
    mirror.tests_without_source,
    mirror.source_without_tests,
)


def check_repository(root: Path) -> tuple[int, list[Finding]]:
    """Return how many files were read and what was found, in the order of paths and lines."""
    sources = read_sources(root)
    ours = [source for source in sources if not source.generated]
    findings = [finding for source in ours for rule in FILE_RULES for finding in rule(source)]
    findings += [finding for tree_rule in TREE_RULES for finding in tree_rule(sources)]
    return len(sources), sorted(findings)
