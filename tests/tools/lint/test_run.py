"""The walk over a repository."""

from pathlib import Path

from tools.lint.run import check_repository


def write(root: Path, path: str, text: str = "") -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_findings_come_in_the_order_of_paths_and_lines(tmp_path: Path) -> None:
    write(tmp_path, "src/hongyan/__init__.py", '"""Owns all."""\n')
    write(tmp_path, "src/hongyan/b.py", "import os\nos.fork()\nclass ForkManager: ...\n")
    write(tmp_path, "bench/a_helper.py", "class A: ...\n")
    write(tmp_path, "bench/utils.py")
    count, findings = check_repository(tmp_path)
    assert count == 4
    assert str(findings[0]).startswith("bench/utils.py:1: drawer: ")
    assert [(finding.path.name, finding.line) for finding in findings] == [("utils.py", 1), ("b.py", 2), ("b.py", 3)]


def test_generated_code_and_virtual_environments_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "src/hongyan/protocol/wire/a_pb2.py", "print('generated')\n")
    write(tmp_path, "sdk/python/.venv/lib/a.py", "this is not Python")
    for package in ("", "protocol/", "protocol/wire/"):
        write(tmp_path, f"src/hongyan/{package}__init__.py", '"""Owns something."""\n')
    assert check_repository(tmp_path)[1] == []
