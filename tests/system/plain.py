"""A client written from proto/client.md and nothing of ours: the standard library, a socket, JSON."""

import base64
import json
import os
import select
import socket
import struct
import urllib.request
from typing import Any
from urllib.parse import urlsplit

Frame = dict[str, Any]


def post(url: str, body: Frame, token: str = "") -> Frame:
    """A request of section 1."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        read: Frame = json.loads(answer.read())
        return read


def get(url: str) -> Frame:
    """A question of section 1 that needs no body."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        read: Frame = json.loads(answer.read())
        return read


class PlainClient:
    """One WebSocket connection that speaks JSON (RFC 6455, as far as a client needs it)."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=10)
        self._waiting: list[Frame] = []
        self._last_id = 0
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET / HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: hongyan.v1+json\r\n\r\n".encode()
        )
        answer = b""
        try:
            while not answer.endswith(b"\r\n\r\n"):
                answer += self._take(1)
        except OSError:
            self.close()
            raise
        self.handshake = answer.decode()

    def send(self, *frames: Frame) -> None:
        """One packet."""
        payload, mask = json.dumps({"frames": frames}).encode(), os.urandom(4)
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x81, 0x80 | size)
        elif size < 65_536:
            head = struct.pack("!BBH", 0x81, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x81, 0x80 | 127, size)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self._socket.sendall(head + mask + masked)

    def ask(self, **command: Any) -> Frame:
        """Sends a command and gives the event that answers it; what else comes waits for `next`."""
        self._last_id += 1
        self.send({"id": self._last_id, **command})
        while True:
            found = [frame for frame in self._waiting if frame.get("reply_to") == self._last_id]
            if found:
                self._waiting.remove(found[0])
                return {name: event for name, event in found[0].items() if name != "reply_to"}
            self._waiting += self._packet()

    def next(self, kind: str) -> Any:
        """The next event of a kind that answers nothing."""
        while True:
            for frame in self._waiting:
                if kind in frame and "reply_to" not in frame:
                    self._waiting.remove(frame)
                    return frame[kind]
            self._waiting += self._packet()

    def taken(self) -> list[Frame]:
        """Everything that came and was not asked for by `ask`."""
        found, self._waiting = self._waiting, []
        return found

    def listen(self, seconds: float) -> None:
        """Takes one packet in if one comes in time."""
        if select.select([self._socket], [], [], seconds)[0]:
            self._waiting += self._packet()

    def close_code(self) -> int:
        """Reads to the end, and gives the code that the server closed with."""
        while True:
            opcode, payload = self._message()
            if opcode == 8:
                return int.from_bytes(payload[:2], "big")

    def close(self) -> None:
        """Just goes."""
        self._socket.close()

    def _packet(self) -> list[Frame]:
        opcode, payload = self._message()
        if opcode != 1:
            raise ConnectionError(f"the server sent {opcode}: {payload!r}")
        frames: list[Frame] = json.loads(payload)["frames"]
        return frames

    def _message(self) -> tuple[int, bytes]:
        first, second = self._take(2)
        length = second & 0x7F
        if length >= 126:
            length = int.from_bytes(self._take(2 if length == 126 else 8), "big")
        return first & 0x0F, self._take(length)

    def _take(self, size: int) -> bytes:
        taken = b""
        while len(taken) < size:
            piece = self._socket.recv(size - len(taken))
            if not piece:
                raise ConnectionError("the server is gone")
            taken += piece
        return taken
