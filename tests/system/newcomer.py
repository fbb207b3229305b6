"""A device written from proto/client.md and nothing else: sections 4 to 9 and 11 on the plain connection of section 2 and 3.

No import of ours: whoever writes a client in another language has what this had.
"""

import time
from collections.abc import Callable
from typing import Any

from tests.system.plain import Frame, PlainClient, get, post

GAP_S = 0.1
ANSWER_S = 10.0


class Copy:
    """What is kept of a conversation: entries 1, 2, 3 … up to `end`, those above a gap, and the marks for unread."""

    def __init__(self) -> None:
        self.entries: dict[int, Frame] = {}
        self.beyond: dict[int, Frame] = {}
        self.end = self.head = 0
        self.countable = self.read_seq = self.read_countable = 0
        self.name, self.member = "", True

    @property
    def unread(self) -> int:
        """Section 8."""
        return max(0, self.countable - self.read_countable)

    @property
    def has_gap(self) -> bool:
        """Section 6."""
        return self.end < self.head

    def see(self, entry: Frame, me: str) -> None:
        """An entry came, by whatever way."""
        seq, countable = int(entry["seq"]), int(entry.get("countable", 0))
        if seq > self.head:
            self.head, self.countable = seq, countable
        if entry["sender_id"] == me:
            self.read(seq, countable)
        if seq > self.end:
            self.beyond[seq] = entry

    def join(self) -> None:
        """What continues the end moves it; a recall empties its target."""
        while self.end + 1 in self.beyond:
            self.end += 1
            entry = self.entries[self.end] = self.beyond.pop(self.end)
            self.name = entry.get("group_created", {}).get("name", self.name)
            target = int(entry.get("recall", {}).get("seq", 0))
            if target in self.entries and "message" in self.entries[target]:
                kept = {name: value for name, value in self.entries[target].items() if name != "message"}
                self.entries[target] = kept | {"recalled": {"by_user_id": entry["sender_id"]}}

    def start_above(self, seq: int) -> None:
        """What lies up to there is not kept: it may not be seen, or is too far away."""
        if seq > self.end:
            self.end = seq
            self.beyond = {known: entry for known, entry in self.beyond.items() if known > seq}

    def read(self, seq: int, countable: int) -> None:
        """The own position, by maximum."""
        if seq > self.read_seq:
            self.read_seq, self.read_countable = seq, max(countable, self.read_countable)


class Device:
    """An installed client of one user. What it has to keep between two runs is in `cursor`, `copies` and `outbox`."""

    def __init__(self, http: str, user_id: str, password: str, device_id: str) -> None:
        self._http, self.user_id, self._password, self._device_id = http, user_id, password, device_id
        self.cursor = ""
        self.copies: dict[str, Copy] = {}
        self.outbox: dict[str, Frame] = {}
        self.receipts: dict[str, Frame] = {}
        self.refused: dict[str, str] = {}
        self.typing: list[tuple[str, str]] = []
        self.line: PlainClient | None = None
        self._made = 0

    # Section 2, 7 and 11

    def connect(self) -> None:
        """Connects and resumes: the list, the gaps, then what has no receipt."""
        asked = {"user_id": self.user_id, "password": self._password, "device_id": self._device_id}
        token = post(f"{self._http}/api/v1/sessions", asked)["access_token"]
        self.line = PlainClient(get(f"{self._http}/api/v1/endpoints")["ws"])
        page = self.line.ask(connect={"token": token, "cursor": self.cursor})["connected"].get("sync_page", {})
        self._take_list(page)
        while page.get("more"):
            page = self.line.ask(sync={"cursor": self.cursor})["sync_page"]
            self._take_list(page)
        self._take_events()
        self._close_gaps()
        for submit in self.outbox.values():
            self._send(submit | {"resend": True})

    def hang_up(self) -> None:
        """Without a word, as a telephone in a tunnel."""
        if self.line is not None:
            self.line.close()
        self.line = None

    def _take_list(self, page: Frame) -> None:
        for head in page.get("conversations", []):
            copy = self._copy(head["conversation_id"])
            seq, countable, first = (int(head.get(name, 0)) for name in ("seq", "countable", "first_seq"))
            if seq >= copy.head:
                copy.head, copy.countable = seq, countable
            copy.name, copy.member = head.get("name", copy.name), head.get("member", False)
            copy.read(int(head.get("read_seq", 0)), countable - int(head.get("unread", 0)))
            copy.start_above(first - 1)
        self.cursor = page.get("cursor", self.cursor)

    # Section 5

    def say(self, conversation_id: str, text: str) -> str:
        """Puts a message into the outbox and sends it; its client_msg_id."""
        return self.submit({"conversation_id": conversation_id, "message": {"text": {"text": text}}})

    def submit(self, command: Frame) -> str:
        """The same of any command."""
        self._made += 1
        client_msg_id = f"{self._device_id}-{self._made}"
        self.outbox[client_msg_id] = command | {"client_msg_id": client_msg_id}
        if self.line is not None:
            self._send(self.outbox[client_msg_id])
        return client_msg_id

    def _send(self, submit: Frame) -> None:
        assert self.line is not None
        self.line.send({"id": int(submit["client_msg_id"].rpartition("-")[2]) + 1_000_000, "submit": submit})

    # Section 6, 8 and 9

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        """Takes in what comes until something holds."""
        assert self.line is not None
        deadline = time.monotonic() + ANSWER_S
        gap_since = 0.0
        while not holds():
            assert time.monotonic() < deadline, f"{self.user_id} waits for {what}"
            self.line.listen(0.02)
            self._take_events()
            if not any(copy.has_gap for copy in self.copies.values()):
                gap_since = 0.0
            elif not gap_since:
                gap_since = time.monotonic()
            elif time.monotonic() - gap_since > GAP_S:
                self._close_gaps()

    def mark_read(self, conversation_id: str) -> None:
        """Up to the end."""
        copy = self._copy(conversation_id)
        copy.read(copy.head, copy.countable)
        self._tell(
            {"mark": {"conversation_id": conversation_id, "read_seq": str(copy.head), "delivered_seq": str(copy.end)}}
        )

    def type(self, conversation_id: str) -> None:
        """Shows that something is being written."""
        self._tell({"signal": {"conversation_id": conversation_id, "kind": "typing"}})

    def texts(self, conversation_id: str) -> list[str]:
        """What is shown, entry by entry."""
        shown = self._copy(conversation_id).entries
        return [shown[seq].get("message", {}).get("text", {}).get("text", "") for seq in sorted(shown)]

    def _tell(self, frame: Frame) -> None:
        assert self.line is not None
        self.line.send(frame)

    def _take_events(self) -> None:
        assert self.line is not None
        for frame in self.line.taken():
            self._take(frame)
        for copy in self.copies.values():
            copy.join()

    def _take(self, frame: Frame) -> None:
        for entry in frame.get("push", {}).get("entries", []):
            self._see(entry)
        if "receipt" in frame:
            self._take_receipt(frame["receipt"])
        elif "signal" in frame:
            self.typing.append((frame["signal"]["conversation_id"], frame["signal"]["sender_id"]))
        elif "positions" in frame:
            self._take_positions(frame["positions"])
        elif "resync" in frame:
            assert self.line is not None
            self._take_list(self.line.ask(sync={"cursor": self.cursor})["sync_page"])
        elif "error" in frame and "reply_to" in frame:
            self._take_refusal(int(frame["reply_to"]), frame["error"])

    def _see(self, entry: Frame) -> None:
        self._copy(entry["conversation_id"]).see(entry, self.user_id)
        if entry["sender_id"] == self.user_id:
            self.outbox.pop(entry.get("client_msg_id", ""), None)

    def _take_receipt(self, receipt: Frame) -> None:
        client_msg_id = receipt["client_msg_id"]
        self.receipts[client_msg_id] = receipt
        submit = self.outbox.pop(client_msg_id, None)
        copy = self._copy(receipt["conversation_id"])
        if submit is not None and "message" in submit:
            # The own message is placed by its receipt: the content is mine, the numbers are the receipt's.
            copy.see(receipt | {"sender_id": self.user_id, "message": submit["message"]}, self.user_id)
        elif int(receipt.get("seq", 0)) > copy.head:
            copy.head, copy.countable = int(receipt["seq"]), int(receipt.get("countable", 0))

    def _take_positions(self, positions: Frame) -> None:
        copy = self._copy(positions["conversation_id"])
        for position in positions["positions"]:
            seq = int(position.get("read_seq", 0))
            known = copy.entries.get(seq)
            if position["user_id"] == self.user_id and known is not None:
                copy.read(seq, int(known.get("countable", 0)))

    def _take_refusal(self, request: int, error: Frame) -> None:
        client_msg_id = f"{self._device_id}-{request - 1_000_000}"
        if error.get("permanent") and self.outbox.pop(client_msg_id, None):
            self.refused[client_msg_id] = error["name"]

    def _close_gaps(self) -> None:
        assert self.line is not None
        for conversation_id, copy in self.copies.items():
            while copy.has_gap:
                asked: dict[str, Any] = {"conversation_id": conversation_id, "seq": str(copy.end), "limit": 200}
                page = self.line.ask(get_entries=asked)["entry_page"]
                if "too_long_restart_seq" in page:
                    copy.start_above(int(page["too_long_restart_seq"]))
                for entry in page.get("entries", []):
                    self._see(entry)
                before = copy.end
                copy.join()
                if copy.end == before:
                    break

    def _copy(self, conversation_id: str) -> Copy:
        return self.copies.setdefault(conversation_id, Copy())
