"""The page with keys, with a reader, on a phone, in two languages, in light and dark."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.system.web_page.browsing import Visit

PHONE = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True}


def test_everything_can_be_done_with_keys(visit: Visit) -> None:
    bob, alice = visit("bob").arrive(), visit("alice")
    alice.page.goto(alice.url)
    keys = alice.page.keyboard
    expect(alice.page.locator("#user-id")).to_be_focused()
    for key in ("Tab", "Tab", "Tab", "Enter"):  # to "Create account"; the focus is on the name again
        keys.press(key)
    keys.type(alice.name)
    keys.press("Tab")
    keys.type("correct horse battery")
    keys.press("Enter")
    alice.wait_online()
    for key in ("Tab", "Enter"):
        keys.press(key)
    keys.type(bob.name)
    keys.press("Enter")
    expect(alice.page.locator("#text")).to_be_focused()
    keys.type("first line")
    keys.press("Shift+Enter")
    keys.type("second line")
    keys.press("Enter")
    alice.sees("first line\nsecond line")
    bob.open(alice.name)
    bob.sees("first line\nsecond line")

    # An input method ends a word with Enter; that sends nothing.
    alice.page.fill("#text", "ni hao")
    alice.page.locator("#text").dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(alice.page.locator("#text")).to_have_value("ni hao")

    keys.press("Escape")
    expect(alice.page.locator("#thread")).to_be_hidden()
    expect(alice.page.locator(".conversation")).to_be_focused()
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(alice.page.locator("#text")).to_have_value("ni hao")


UNNAMED = """
    const shown = (element) => element.checkVisibility() && !element.closest("[aria-hidden=true]");
    const nameOf = (element) => element.getAttribute("aria-label") || element.textContent.trim() ||
        [...(element.labels ?? [])].map((label) => label.textContent).join("");
    return [...document.querySelectorAll("button, input, textarea, a, [role=region], nav, dialog[open]")]
        .filter((element) => shown(element) && !nameOf(element)).map((element) => element.outerHTML);
"""


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_whatever_can_be_used_has_a_name(visit: Visit, locale: str) -> None:
    alice = visit("alice", locale=locale)
    alice.page.goto(alice.url)
    expect(alice.page.locator("#entrance")).to_be_visible()
    assert alice.in_page(UNNAMED) == []
    alice.arrive()
    alice.make_group("g")
    alice.say("hello")
    expect(alice.page.locator(".recall")).to_have_count(1)
    assert alice.in_page(UNNAMED) == []
    alice.page.click("#show-members")
    expect(alice.page.locator("#members li")).to_have_count(1)
    assert alice.in_page(UNNAMED) == []


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_text_can_be_told_from_what_is_behind_it(visit: Visit, color_scheme: str) -> None:
    """WCAG 2.2, 1.4.3: a contrast of 4.5 for text."""
    alice = visit("alice", color_scheme=color_scheme).arrive()
    contrasts = alice.in_page(
        """
        const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
        const light = (name) => {
            canvas.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name);
            canvas.fillRect(0, 0, 1, 1);
            const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => value / 255)
                .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        return arg.map(([front, back]) => {
            const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
            return [front, back, (a + 0.05) / (b + 0.05)];
        });
    """,
        [
            ["--text", "--side"],
            ["--text", "--room"],
            ["--text", "--panel"],
            ["--text", "--own"],
            ["--text", "--other"],
            ["--text", "--side-current"],
            ["--muted", "--side"],
            ["--muted", "--room"],
            ["--muted", "--panel"],
            ["--muted", "--side-current"],
            ["--accent", "--panel"],
            ["--accent", "--room"],
            ["--accent", "--own"],
            ["--on-accent", "--accent"],
            ["--danger", "--room"],
            ["--danger", "--panel"],
            ["--warn-text", "--warn"],
        ],
    )
    assert [row for row in contrasts if row[2] < 4.5] == []


def test_a_phone_shows_one_column_and_nothing_sticks_out(visit: Visit, tmp_path: Path) -> None:
    alice, bob = visit("alice", locale="zh-CN", **PHONE).arrive(), visit("bob").arrive()
    bob.make_group("a name that is far too long for the top of a small phone", alice.name)
    bob.say("https://example.org/" + "very-long-word" * 20)
    row = alice.page.locator(".conversation")
    row.tap()
    expect(alice.page.locator("#conversations")).to_be_hidden()
    expect(alice.page.locator("#log .words")).to_have_count(1)
    alice.say("好")
    expect(alice.page.locator(".mark.sent")).to_have_count(1)
    assert alice.in_page("return document.documentElement.scrollWidth") == 390
    for control in ("#back", "#show-members", "#send"):
        box = alice.page.locator(control).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert min(box["width"], box["height"]) >= 24  # WCAG 2.2, 2.5.8
    assert len(alice.page.screenshot(path=tmp_path / "phone.png")) > 5_000
    alice.page.locator("#back").tap()
    expect(alice.page.locator("#conversations")).to_be_visible()
    expect(alice.page.locator("#thread")).to_be_hidden()


def test_every_string_stands_in_the_table_in_both_languages(visit: Visit) -> None:
    static = Path(__file__).parents[3] / "src/hongyan/rest/static"
    alice = visit("alice").arrive()
    table = alice.in_page("return (await import('/js/strings.js')).TABLE")
    for key, (english, chinese) in table.items():
        assert english, key
        assert re.search(r"[一-鿿]", chinese), key
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", chinese)), key
    sources = {path: path.read_text() for path in static.rglob("*.*") if path.suffix in (".js", ".html")}
    used = {key for text in sources.values() for key in re.findall(r"""\bt\(\s*"(\w+)"|data-t[a-z-]*="(\w+)\"""", text)}
    keys = {one or other for one, other in used}
    assert len(keys) > 60
    assert keys <= table.keys()
    for path, text in sources.items():
        if path.name not in ("strings.js", "index.html"):
            assert not re.search(r"[一-鿿]", text), path
    codes = (static.parents[3] / "proto/codes.toml").read_text()
    named = {key.removeprefix("error_") for key in table if key.startswith("error_")} - {"connection_lost", "no_answer"}
    assert named <= set(re.findall(r"^\[errors\.(\w+)\]", codes, re.MULTILINE))
