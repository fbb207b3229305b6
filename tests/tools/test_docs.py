"""What the pages say about the repository is true: links lead somewhere, and named files and functions exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ELSEWHERE = ("node_modules", "build", "dist", "data")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?:src|proto|docs|tests)/[\w./-]*")
NAME = re.compile(r"`(?:\w+\.)*(\w+)(?:\(\))?`")
HEADING = re.compile(r"^#+ .+$", re.MULTILINE)


def pages() -> Iterator[Path]:
    """Every Markdown file that is ours."""
    for path in sorted(ROOT.rglob("*.md")):
        parts = path.relative_to(ROOT).parts
        if not any(part.startswith(".") or part in ELSEWHERE for part in parts):
            yield path


def prose(path: Path) -> str:
    """A page without its code blocks."""
    return FENCE.sub("", path.read_text())


def links(path: Path) -> list[tuple[str, str]]:
    """Text and target of each link to a place in the repository."""
    found = [(match["text"], match["target"]) for match in LINK.finditer(prose(path))]
    return [(text, target) for text, target in found if not re.match(r"[a-z]+:", target)]


def anchors(path: Path) -> set[str]:
    """What may stand behind `#` in a link to a page, made from its headings as GitHub makes them."""
    titles = [heading.lstrip("#").strip().lower() for heading in HEADING.findall(prose(path))]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


by_page = pytest.mark.parametrize("page", list(pages()), ids=lambda path: str(path.relative_to(ROOT)))


@by_page
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    targets = [target.partition("#")[0] for _, target in links(page)]
    assert [target for target in targets if target and not (page.parent / target).exists()] == []


@by_page
def test_every_anchor_of_a_link_is_a_heading_of_its_page(page: Path) -> None:
    missing = []
    for _, target in links(page):
        file, _, anchor = target.partition("#")
        there = page.parent / file if file else page
        if anchor and there.suffix == ".md" and there.exists() and anchor not in anchors(there):
            missing.append(target)
    assert missing == []


@by_page
def test_every_path_named_in_the_text_exists(page: Path) -> None:
    paths = [name for name in CODE.findall(prose(page)) if PATH.fullmatch(name)]
    assert [path for path in paths if not (ROOT / path).exists()] == []


@by_page
def test_every_name_that_links_to_a_python_file_stands_in_that_file(page: Path) -> None:
    missing = []
    for text, target in links(page):
        name = NAME.fullmatch(text)
        file = page.parent / target
        if name and file.suffix == ".py" and file.exists() and not re.search(rf"\b{name[1]}\b", file.read_text()):
            missing.append(f"{text} in {target}")
    assert missing == []


def test_both_readmes_have_as_many_headings_and_the_same_code() -> None:
    english, chinese = ((ROOT / name).read_text() for name in ("README.md", "README.zh-CN.md"))
    levels = [[line.split()[0] for line in HEADING.findall(FENCE.sub("", text))] for text in (english, chinese)]
    assert levels[0] == levels[1]
    assert FENCE.findall(english) == FENCE.findall(chinese)


def test_the_index_of_decisions_names_each_of_them_in_order() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [int(name[:4]) for name in records] == list(range(1, len(records) + 1))
    assert [target for _, target in links(folder / "README.md") if target[:4].isdigit()] == records


def test_every_word_of_the_vocabulary_stands_in_the_contract_or_the_code() -> None:
    sources = [*(ROOT / "proto").rglob("*.*"), *(ROOT / "src").rglob("*.py")]
    known = set(re.findall(r"\w+", " ".join(path.read_text() for path in sources)))
    named = {word for code in CODE.findall(prose(ROOT / "docs" / "vocabulary.md")) for word in re.findall(r"\w+", code)}
    assert named - known - {"src", "proto", "toml", "py"} == set()
