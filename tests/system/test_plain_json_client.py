"""A plain WebSocket client, written from proto/client.md alone, takes part in JSON."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.plain import PlainClient, post

PASSWORD = "correct horse battery"
COMMAND = [sys.executable, "-c", "from hongyan.cli import main; main()", "serve", "--ready-json"]
ADDRESSES = ["--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--tcp", "127.0.0.1:0"]


class Server:
    """A server process on free ports, and its users."""

    def __init__(self, http: str, ws: str) -> None:
        self.http, self.ws = http, ws

    def log_in(self, user_id: str, device_id: str) -> dict[str, Any]:
        return post(f"{self.http}/api/v1/sessions", {"user_id": user_id, "password": PASSWORD, "device_id": device_id})

    def connect(self, user_id: str, device_id: str, cursor: str = "") -> tuple[PlainClient, dict[str, Any]]:
        client = PlainClient(self.ws)
        token = self.log_in(user_id, device_id)["access_token"]
        welcome: dict[str, Any] = client.ask(connect={"token": token, "cursor": cursor})["connected"]
        return client, welcome


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data: Path = tmp_path_factory.mktemp("plain") / "data"
    with subprocess.Popen([*COMMAND, "--data", str(data), *ADDRESSES], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        found = Server(ready["http"], ready["ws"])
        for user_id in ("alice", "bob", "carol"):
            post(f"{found.http}/api/v1/users", {"user_id": user_id, "password": PASSWORD})
        yield found
        process.terminate()
        assert process.wait(20) == 0


def message(text: str, client_msg_id: str, **more: Any) -> dict[str, Any]:
    return {
        "conversation_id": "s:alice:bob",
        "client_msg_id": client_msg_id,
        "message": {"text": {"text": text}},
        **more,
    }


def test_two_users_talk_and_a_device_that_was_away_finds_everything(server: Server) -> None:
    alice, welcome = server.connect("alice", "phone")
    bob, _ = server.connect("bob", "laptop")
    assert "Sec-WebSocket-Protocol: hongyan.v1+json" in alice.handshake
    assert (welcome["user_id"], welcome["device_id"]) == ("alice", "phone")

    said = "你好 👩‍👩‍👧 مرحبا " + "長" * 20_000
    receipt = alice.ask(submit=message(said, "a-1"))["receipt"]
    (entry,) = bob.next("push")["entries"]
    assert (entry["seq"], entry["sender_id"], entry["message"]["text"]["text"]) == ("1", "alice", said)
    assert {name: entry[name] for name in ("seq", "message_id", "time_ms", "countable")} == {
        name: receipt[name] for name in ("seq", "message_id", "time_ms", "countable")
    }

    # A retry is the same entry; another payload under its id is a conflict.
    assert alice.ask(submit=message(said, "a-1", resend=True))["receipt"] == receipt
    assert alice.ask(submit=message("other", "a-1", resend=True))["error"]["name"] == "submission_conflict"

    assert bob.ask(submit=message("hello", "b-1"))["receipt"]["seq"] == "2"
    tablet, welcome = server.connect("alice", "tablet")
    (head,) = welcome["sync_page"]["conversations"]
    assert (head["conversation_id"], head["seq"], head["unread"], head["member"]) == ("s:alice:bob", "2", "1", True)
    page = tablet.ask(get_entries={"conversation_id": "s:alice:bob", "limit": 10})["entry_page"]
    assert [(entry["seq"], entry["sender_id"]) for entry in page["entries"]] == [("1", "alice"), ("2", "bob")]

    # Reading on one device is acknowledged there, and known on the other.
    alice.send({"mark": {"conversation_id": "s:alice:bob", "read_seq": "2"}})
    for device in (alice, tablet):
        positions = device.next("positions")
        while {"user_id": "alice", "read_seq": "2", "delivered_seq": "2"} not in positions["positions"]:
            positions = device.next("positions")

    alice.send({"signal": {"conversation_id": "s:alice:bob", "kind": "typing"}})
    assert bob.next("signal") == {"conversation_id": "s:alice:bob", "sender_id": "alice", "kind": "typing"}

    # The entry of a recall is pulled by the one who recalled, and pushed to the others.
    assert (
        alice.ask(submit={"conversation_id": "s:alice:bob", "client_msg_id": "a-2", "recall": {"seq": "1"}})["receipt"][
            "seq"
        ]
        == "3"
    )
    assert bob.next("push")["entries"][0]["recall"] == {"seq": "1"}
    page = alice.ask(get_entries={"conversation_id": "s:alice:bob"})["entry_page"]
    assert page["entries"][0]["recalled"] == {"by_user_id": "alice"}
    assert page["entries"][2]["recall"] == {"seq": "1"}
    for client in (alice, bob, tablet):
        client.close()


def test_a_device_that_comes_back_with_its_cursor_is_told_what_changed_only(server: Server) -> None:
    carol, welcome = server.connect("carol", "phone")
    created = carol.ask(submit={"client_msg_id": "c-1", "create_group": {"name": "读书会", "member_ids": ["bob"]}})
    group = created["receipt"]["conversation_id"]
    assert group.startswith("g:")
    cursor = carol.ask(sync={"cursor": welcome["sync_page"].get("cursor", "")})["sync_page"]["cursor"]
    carol.close()

    again, welcome = server.connect("carol", "phone", cursor)
    assert welcome["sync_page"].get("conversations", []) == []
    bob, _ = server.connect("bob", "phone")
    bob.ask(submit={"conversation_id": group, "client_msg_id": "b-2", "message": {"text": {"text": "hi"}}})
    (entry,) = again.next("push")["entries"]
    assert (entry["conversation_id"], entry["seq"], entry["countable"]) == (group, "2", "1")
    members = again.ask(get_members={"conversation_id": group})["member_page"]["members"]
    assert [(member["user_id"], member["role"]) for member in members] == [("bob", "member"), ("carol", "owner")]
    again.close()
    bob.close()


def test_what_is_wrong_is_answered_with_its_code(server: Server) -> None:
    alice, _ = server.connect("alice", "watch")
    errors = [
        alice.ask(submit={"conversation_id": "s:bob:carol", "client_msg_id": "x", "message": {"text": {"text": "x"}}}),
        alice.ask(submit=message("", "x")),
        alice.ask(get_entries={"conversation_id": "g:nobody-here"}),
        alice.ask(dance={}),
        alice.ask(sync={"color": "red"}),
        alice.ask(connect={"token": "x"}),
    ]
    assert [error["error"]["name"] for error in errors] == [
        *("not_a_member", "invalid_field", "conversation_unknown", "unknown_command", "invalid_field", "wrong_state"),
    ]
    assert "pong" in alice.ask(ping={})
    alice.close()


def test_a_stranger_is_turned_away_with_a_terminal_code(server: Server) -> None:
    stranger = PlainClient(server.ws)
    assert stranger.ask(sync={})["error"]["name"] == "not_authenticated"
    assert stranger.ask(connect={"token": "forged"})["error"]["name"] == "token_invalid"
    assert stranger.close_code() == 4501
    stranger.close()


def test_a_packet_that_is_none_ends_the_connection_with_its_reason(server: Server) -> None:
    client, _ = server.connect("alice", "radio")
    client.send({"id": 1, "ping": {}}, "no frame")  # type: ignore[arg-type]  # wrong on purpose
    assert client.next("error")["name"] == "malformed_frame"
    assert client.close_code() == 4500
    client.close()
