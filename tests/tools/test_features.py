"""docs/features.md promises nothing without a test: each feature names tests, and they exist."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
ROW = re.compile(r"^\| (?!feature |---)(?P<feature>[^|]+) \| (?P<tests>[^|]*) \|$", re.MULTILINE)
TEST = re.compile(r"\[`(?P<name>test_\w+)`\]\((?P<file>[^)]+)\)")


def features() -> list[tuple[str, str]]:
    """Each feature, and the cell that names its tests."""
    return [(match["feature"], match["tests"]) for match in ROW.finditer((DOCS / "features.md").read_text())]


def exists(name: str, file: str) -> bool:
    """Whether a file has a test of this name."""
    path = DOCS / file
    return path.is_file() and re.search(rf"^\s*(?:async )?def {name}\(", path.read_text(), re.MULTILINE) is not None


@pytest.mark.parametrize(("feature", "tests"), features())
def test_a_feature_names_tests_that_exist(feature: str, tests: str) -> None:
    named = TEST.findall(tests)
    assert named, f"{feature} has no test"
    assert TEST.sub("", tests).strip(" ·") == "", "something beside tests is named"
    assert [name for name, file in named if not exists(name, file)] == []


def test_a_test_that_does_not_exist_would_be_seen() -> None:
    assert len(features()) > 50
    assert exists("test_a_feature_names_tests_that_exist", "../tests/tools/test_features.py")
    assert not exists("test_of_nothing", "../tests/tools/test_features.py")
    assert not exists("test_of_nothing", "../tests/tools/no_such_file.py")
