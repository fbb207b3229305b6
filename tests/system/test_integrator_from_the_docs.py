"""A shop whose programmer read README, guide.md, integrators.md and rest.md, and nothing else.

What is used of the server is what is written there: commands, addresses, names of fields. The standard library speaks HTTP,
the library `standardwebhooks` verifies, and nothing of ours is imported but what starts and kills the server.
"""

import http.client
import http.server
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.system.conftest import MakeServer
from tests.system.servers import Server, hongyan

ORDERS = 120
KILL_AT = 30
"""The order after which the server is killed: the next ones are on their way, and events of the ones before it too."""
PATIENCE_S = 30.0
CLUB, PAIR = "g:club", "s:alice:bob"


class Problem(Exception):
    """An answer of 4xx, by the name of its problem."""


class Shop:
    """Calls the REST API with a server key, or with a user's token."""

    def __init__(self, server: str, key: str) -> None:
        self._api = f"{server}/api/v1"
        self._key = key

    def ask(self, method: str, path: str, body: Any = None, token: str = "", once: str = "") -> Any:
        """The answer. After no answer, 5xx or 429 it asks again with the same `Idempotency-Key`, as rest.md has it."""
        headers = {"Authorization": f"Bearer {token or self._key}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": once} if once else {}
        raw = None if body is None else json.dumps(body).encode()
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                request = urllib.request.Request(self._api + path, raw, headers, method=method)
                with urllib.request.urlopen(request, timeout=5) as answer:
                    return json.loads(answer.read() or b"null")
            except urllib.error.HTTPError as error:
                with error:
                    problem = json.loads(error.read())
                if error.code < 500 and error.code != 429:
                    raise Problem(problem["name"]) from error
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        raise TimeoutError(path)

    def mint(self, user_id: str) -> str:
        """An access token of a user."""
        return str(self.ask("POST", f"/server/users/{user_id}/tokens", {"device_id": "web"})["access_token"])

    def say(self, conversation_id: str, text: str, once: str) -> Any:
        """Alice says something, by the key."""
        body = {"conversation_id": conversation_id, "sender_id": "alice", "content": {"text": {"text": text}}}
        return self.ask("POST", "/server/messages", body, once=once)

    def history(self, conversation_id: str, token: str) -> list[Any]:
        """All entries, from the first, page by page."""
        found: list[Any] = []
        cursor = ""
        while True:
            path = f"/conversations/{conversation_id}/entries?direction=newer&limit=50" + (
                cursor and f"&cursor={cursor}"
            )
            page = self.ask("GET", path, token=token)
            found += page["entries"]
            cursor = page["cursor"]
            if not page["entries"]:
                return found


class Ear:
    """What webhooks brought: a call whose signature does not hold is answered 401, an event that came before is dropped."""

    def __init__(self) -> None:
        self.secret = ""
        self.url = ""
        self.events: dict[str, Any] = {}
        self.forged = 0
        self.changed = threading.Condition()

    def hear(self, body: bytes, headers: dict[str, str]) -> int:
        """The status to answer with."""
        with self.changed:
            try:
                event = Webhook(self.secret).verify(body, headers)
            except WebhookVerificationError:
                self.forged += 1
                return 401
            self.events.setdefault(headers["webhook-id"], event)
            self.changed.notify_all()
            return 204

    def wait_for(self, seq: int, conversation_id: str) -> None:
        """Until the event of an entry has come."""
        with self.changed:
            assert self.changed.wait_for(lambda: seq in self.seqs(conversation_id), PATIENCE_S), self.seqs(
                conversation_id
            )

    def seqs(self, conversation_id: str) -> list[int]:
        """The entries of a conversation that were told, in the order in which they came."""
        return [int(entry["seq"]) for _, entry in self.of(conversation_id)]

    def of(self, conversation_id: str) -> list[tuple[str, Any]]:
        """Types and entries of a conversation's events."""
        told = [(event["type"], event["data"]["entry"]) for event in self.events.values()]
        return [(kind, entry) for kind, entry in told if entry["conversation_id"] == conversation_id]


@contextmanager
def listening() -> Iterator[Ear]:
    """An ear on a port of its own."""
    ear = Ear()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(ear.hear(body, {name.lower(): value for name, value in self.headers.items()}))
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        ear.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield ear
        finally:
            server.shutdown()
            thread.join()


class Town:
    """What the shop has built: three users, a friendship, a group in which a message was taken back."""

    def __init__(self, shop: Shop, ear: Ear) -> None:
        for user_id in ("alice", "bob", "carol"):
            assert shop.ask("POST", "/server/users", {"user_id": user_id}) == {"user_id": user_id, "created": True}
        self.alice, self.bob, self.carol = (shop.mint(user_id) for user_id in ("alice", "bob", "carol"))
        request = shop.ask("POST", "/friend-requests", {"user_id": "bob", "note": "from the shop"}, self.alice)
        shop.ask("POST", f"/friend-requests/{request['request_id']}/accept", token=self.bob)
        club = {"group_id": "club", "name": "读书会", "member_ids": ["bob"]}
        assert shop.ask("POST", "/groups", club, self.alice, "make-club")["conversation_id"] == CLUB
        shop.ask("POST", "/groups/club/members", {"member_ids": ["carol"]}, self.alice, "add-carol")
        self.slip = shop.ask("POST", f"/conversations/{CLUB}/messages", {"text": {"text": "oops"}}, self.bob, "slip")
        ear.wait_for(self.slip["seq"], CLUB)
        self.recall = shop.ask(
            "POST", f"/conversations/{CLUB}/entries/{self.slip['seq']}/recall", None, self.bob, "back"
        )

    def check(self, shop: Shop) -> None:
        """All of it is there, and the tokens of before hold."""
        assert shop.ask("GET", "/friends", token=self.alice)["user_ids"] == ["bob"]
        members = shop.ask("GET", f"/conversations/{CLUB}/members", token=self.carol)["members"]
        assert {member["user_id"] for member in members} == {"alice", "bob", "carol"}
        assert shop.ask("POST", "/server/users", {"user_id": "alice"})["created"] is False
        slip = shop.ask("GET", f"/conversations/{CLUB}/entries/{self.slip['seq']}", token=self.alice)
        assert "oops" not in json.dumps(slip), "what was taken back stays so"


class Orders:
    """Orders sent one after the other by a thread, half of them into the group, and their receipts."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.receipts: dict[str, Any] = {}
        self._under_way = threading.Event()

    def send(self) -> None:
        """Sends all."""
        for number in range(ORDERS):
            once = f"order-{number}"
            self.receipts[once] = self._shop.say((CLUB, PAIR)[number % 2], once, once)
            if number == KILL_AT:
                self._under_way.set()

    def through_a_kill(self, server: Server) -> dict[str, Any]:
        """The receipts; the server is killed, and started again, in the middle."""
        sending = threading.Thread(target=self.send)
        sending.start()
        assert self._under_way.wait(PATIENCE_S)
        server.kill()
        assert len(self.receipts) < ORDERS, "killed in the middle"
        server.start()
        sending.join()
        assert len(self.receipts) == ORDERS
        return self.receipts


def check_orders(shop: Shop, token: str, receipts: dict[str, Any]) -> None:
    """Every order is in its history once, where its receipt says; asked for again, it is the same."""
    entries = [entry for conversation_id in (CLUB, PAIR) for entry in shop.history(conversation_id, token)]
    orders = [entry for entry in entries if entry["client_msg_id"].startswith("order-")]
    assert len(orders) == ORDERS
    for entry in orders:
        receipt = receipts[entry["client_msg_id"]]
        assert (entry["conversation_id"], entry["seq"]) == (receipt["conversation_id"], receipt["seq"])
        assert entry["message"]["text"]["text"] == entry["client_msg_id"]
        assert entry["countable"] == receipt["countable"]
    assert shop.say(CLUB, "order-0", "order-0") == receipts["order-0"]
    with pytest.raises(Problem, match="submission_conflict"):
        shop.say(CLUB, "another text", "order-0")


def test_a_shop_that_was_written_from_the_docs_works_and_survives_a_kill_of_the_server(make_server: MakeServer) -> None:
    server = make_server("hooks.allowed_networks=127.0.0.0/8").start()
    shop = Shop(server.http, hongyan("key", "create", "shop", "--data", str(server.data)))
    with listening() as ear:
        with ear.changed:  # nothing is heard before the secret is known
            ear.secret = shop.ask("POST", "/server/webhooks", {"url": ear.url})["secret"]
        town = Town(shop, ear)
        receipts = Orders(shop).through_a_kill(server)
        town.check(shop)
        check_orders(shop, town.bob, receipts)
        last = [shop.say(conversation_id, "thanks", f"thanks-{conversation_id}") for conversation_id in (CLUB, PAIR)]
        for receipt in last:
            ear.wait_for(receipt["seq"], receipt["conversation_id"])
            assert ear.seqs(receipt["conversation_id"]) == list(range(1, receipt["seq"] + 1)), "each once, in order"
        kinds = [kind for kind, _ in ear.of(CLUB)][:4]
        assert kinds == ["group.created", "group.members_added", "message.sent", "message.recalled"]
        assert ear.of(CLUB)[3][1]["recall"] == {"seq": str(town.slip["seq"])}
        assert ear.of(PAIR)[0][0] == "friend.added"
        assert ear.forged == 0
        ear.secret = "whsec_" + "QUJD" * 8
        assert forged(ear) == 401
    assert server.stop() == 0


def forged(ear: Ear) -> int:
    """The answer to a call that somebody else signed."""
    headers = {"webhook-id": "1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"}
    request = urllib.request.Request(ear.url, b"{}", headers, method="POST")
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request, timeout=5)
    with raised.value:
        return raised.value.code


def test_the_very_first_event_is_told_though_the_server_is_killed_right_after_the_receipt(
    make_server: MakeServer,
) -> None:
    server = make_server("hooks.allowed_networks=127.0.0.0/8").start()
    shop = Shop(server.http, hongyan("key", "create", "shop", "--data", str(server.data)))
    for user_id in ("alice", "bob"):
        shop.ask("POST", "/server/users", {"user_id": user_id})
    with listening() as ear:
        with ear.changed:
            ear.secret = shop.ask("POST", "/server/webhooks", {"url": ear.url})["secret"]
        receipt = shop.say(PAIR, "the first", "first")
        server.kill()
        server.start()
        ear.wait_for(receipt["seq"], PAIR)
        assert ear.seqs(PAIR) == [1]
