"""A server that can be stopped and started in place, a browser, and a person at the page: what the tests of the page say."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, WebSocketRoute, expect, sync_playwright

PASSWORD = "correct horse 正确的马"
WAIT_MS = 20_000
_PROGRAM = [sys.executable, "-c", "from hongyan.cli import main; main()", "serve", "--ready-json"]
_CHEAP = ["--set", "users.argon2_memory_kib=64", "--set", "users.argon2_iterations=1"]
_MANY = ["--set", "users.registrations_per_hour=1000", "--set", "users.log_ins_per_minute=1000"]
# A token that is old as soon as it is made: whoever connects has to refresh first.
_SHORT = ["--set", "users.access_ttl_s=10"]


class Server:
    """One server process at a time on one data directory; it comes back at the same addresses."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._process: subprocess.Popen[str] | None = None
        self._at = dict.fromkeys(("http", "ws", "tcp"), "127.0.0.1:0")
        self.start()

    @property
    def url(self) -> str:
        return f"http://{self._at['http']}/"

    def start(self) -> None:
        addresses = [word for name, address in self._at.items() for word in (f"--{name}", address)]
        command = [*_PROGRAM, "--data", str(self._data), *addresses, *_CHEAP, *_MANY, *_SHORT]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        ready = json.loads(self._process.stdout.readline())
        self._at = {name: ready[name].split("//")[1] for name in self._at}

    def stop(self, *, kill: bool = False) -> None:
        """Ends it, as an operator does or as a power cut does."""
        if self._process is None:
            return
        with self._process as process:
            process.kill() if kill else process.terminate()
            process.wait(20)
        self._process = None


def chromium() -> str:
    """The browser's program. Without one the tests are skipped, but in CI they fail."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is not None:
        return found
    reason = "the page is tested in Debian's browser: apt-get install chromium"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser without a window."""
    # Chromium does not keep its sandbox for root.
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    program = chromium()
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


class Complaints(list[str]):
    """What must not happen on a page: dialogs, errors of its scripts, and reports of its policy."""

    def watch(self, page: Page) -> None:
        def on_dialog(dialog: Any) -> None:
            self.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        page.on("dialog", on_dialog)
        page.on("pageerror", lambda error: self.append(f"error: {error}"))
        page.on("console", lambda said: self._heard(said.type, said.text))

    def _heard(self, kind: str, text: str) -> None:
        # That the server is away, and refusals, are answers: the page shows them to its user.
        if kind == "error" and "Failed to load resource" not in text and "WebSocket connection" not in text:
            self.append(f"console: {text}")


class Person:
    """Somebody with a tab open."""

    def __init__(self, context: BrowserContext, url: str, name: str, complaints: Complaints) -> None:
        self.context, self.name, self.url = context, name, url
        context.set_default_timeout(WAIT_MS)
        self.page = context.new_page()
        complaints.watch(self.page)

    def arrive(self, *, new: bool = True) -> "Person":
        """Opens the page, registers when new, and logs in."""
        self.page.goto(self.url)
        if new:
            self.page.click("#entrance-switch")
        self.page.fill("#user-id", self.name)
        self.page.fill("#password", PASSWORD)
        self.page.click("#entrance-submit")
        self.wait_online()
        return self

    def wait_online(self) -> None:
        self.page.wait_for_selector("#app[data-state=online]")

    def chat_with(self, other: str) -> None:
        self.page.click("#new-chat")
        self.page.fill("#chat-with", other)
        self.page.press("#chat-with", "Enter")
        expect(self.page.locator("#thread-name")).to_have_text(other)

    def open(self, name: str) -> None:
        self._row(name).click()
        expect(self.page.locator("#thread-name")).to_have_text(name)

    def make_group(self, name: str, *members: str) -> None:
        self.page.click("#new-group")
        self.page.fill("#group-name", name)
        self.page.fill("#group-members", "，".join(members))
        self.page.click("#group-form [type=submit]")
        expect(self.page.locator("#thread-name")).to_have_text(name)

    def say(self, text: str) -> None:
        self.page.fill("#text", text)
        self.page.press("#text", "Enter")

    def sees(self, *texts: str) -> None:
        """The messages of the open conversation are these, in this order, and no others."""
        expect(self.page.locator("#log .words")).to_have_text(list(texts))

    def texts(self) -> list[str]:
        return self.page.locator("#log .words").all_text_contents()

    def unread_of(self, name: str) -> str:
        return " ".join(self._row(name).locator(".badge").all_text_contents())

    def _row(self, name: str) -> Locator:
        quoted = json.dumps(name, ensure_ascii=False)
        return self.page.locator(f"#conversations .conversation:has(strong:text-is({quoted}))")

    def in_page(self, script: str, argument: Any = None) -> Any:
        """Runs an async function's body with the modules of the page; `arg` is the argument."""
        return self.page.evaluate(f"async (arg) => {{ {script} }}", argument)


Visit = Callable[..., Person]
"""Makes somebody: a name, and options of the browser."""


class Line:
    """The connection of a page, with somebody at the switch: decides about each packet by its frames, and can cut."""

    def __init__(self, person: Person) -> None:
        self.sent: list[dict[str, Any]] = []
        self.connections = 0
        self.lets_down: Callable[[dict[str, Any]], bool] = lambda _frame: True
        self._route: WebSocketRoute | None = None
        person.page.route_web_socket(lambda _url: True, self._connect)

    def cut(self) -> None:
        assert self._route is not None
        self._route.close(code=3001)

    def _connect(self, route: WebSocketRoute) -> None:
        self.connections += 1
        self._route, server = route, route.connect_to_server()

        def up(packet: str | bytes) -> None:
            self.sent += json.loads(packet)["frames"]
            server.send(packet)

        def down(packet: str | bytes) -> None:
            frames = [frame for frame in json.loads(packet)["frames"] if self.lets_down(frame)]
            if frames:
                route.send(json.dumps({"frames": frames}))

        route.on_message(up)
        server.on_message(down)
