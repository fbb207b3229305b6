"""A member of a group under load: everybody is pushed the same bytes, so a process reads each packet once.

Every member still compares every byte it receives, by looking the packet up; what it then notes is the time and the seqs.
"""

import time

from picows import WSFrame, WSTransport

from hongyan.cli.bench.client import BINARY, Faults
from hongyan.cli.bench.forms import Forms, stamp_ns
from hongyan.cli.bench.messages import Account
from hongyan.cli.bench.observed import Arrivals, Naming, add_to_runs
from hongyan.cli.bench.talker import Pace, Talker
from hongyan.protocol.codec_scan import ServerFrame, scan


class Packet:
    """A packet that holds pushes: what is in it, and when it arrived at each member."""

    __slots__ = ("arrived_at", "next_seq", "rest", "runs", "seqs", "stamps")

    def __init__(self, events: list[ServerFrame]) -> None:
        entries = [entry for event in events if not event.reply_to for entry in event.push.entries]
        self.seqs = [entry.seq for entry in entries]
        self.stamps = [stamp_ns(entry.message.text.text) for entry in entries]
        self.arrived_at: list[int] = []
        self.runs: list[tuple[int, int]] = []
        add_to_runs(self.runs, self.seqs)
        self.next_seq = self.seqs[-1] + 1 if self.seqs else 0
        self.rest = [event for event in events if event.reply_to or not event.push.entries]


class Packets:
    """The packets of one process by their bytes. What holds a receipt is one connection's alone and is not kept."""

    def __init__(self, conversation_id: str) -> None:
        self.by_bytes: dict[bytes, Packet] = {}
        self.all: list[Packet] = []
        self.naming = Naming(conversation_id, [], [])

    def learn(self, data: bytes) -> Packet:
        """Reads a packet that was not seen before."""
        events = list(scan(data))
        packet = Packet(events)
        if packet.seqs:
            self.all.append(packet)
            for event in events:
                self.naming.seqs += [entry.seq for entry in event.push.entries]
                self.naming.ids += [entry.client_msg_id for entry in event.push.entries]
        if not packet.rest:
            self.by_bytes[data] = packet
        return packet


class Member(Talker):
    """Listens, and talks if it is told to."""

    def __init__(self, account: Account, faults: Faults, pace: Pace, forms: Forms, packets: Packets) -> None:
        super().__init__(account, faults, pace, forms)
        self.known = packets
        self.runs: list[tuple[int, int]] = []
        self.run_first = 0
        self.next_seq = 0

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Notes a packet. Nearly always it goes on where the last one ended."""
        if frame.msg_type != BINARY:
            self.on_control(transport, frame)
            return
        data = frame.get_payload_as_bytes()
        packet = self.known.by_bytes.get(data) or self.known.learn(data)
        now = time.monotonic_ns()
        self.packets += 1
        runs = packet.runs
        if runs:
            packet.arrived_at.append(now)
            if len(runs) == 1 and runs[0][0] == self.next_seq:
                self.next_seq = packet.next_seq
            else:
                self._break_run(packet)
        if packet.rest:
            self._note_rest(packet.rest, now)

    def _break_run(self, packet: Packet) -> None:
        """What arrived does not go on where the last run ended: as after one's own message."""
        self._end_run()
        self.runs += packet.runs[:-1]
        self.run_first, last = packet.runs[-1]
        self.next_seq = last + 1

    def _end_run(self) -> None:
        if self.next_seq > self.run_first:
            self.runs.append((self.run_first, self.next_seq - 1))
        self.run_first = self.next_seq = 0

    def _note_rest(self, events: list[ServerFrame], now: int) -> None:
        slots = []
        for event in events:
            if not event.reply_to:
                self.on_push(event)
            elif seq := event.receipt.seq:
                self.receipt_seqs.append(seq)
                self.receipt_ids.append(event.receipt.client_msg_id)
                self.receipt_ats.append(now)
                slots.append(event.reply_to)
            else:
                self.on_answer(event)
        if slots:
            self.on_free(slots, now)

    def arrived(self) -> int:
        """How many entries were pushed here."""
        ended = sum(last - first + 1 for first, last in self.runs)
        return ended + self.next_seq - self.run_first

    def arrivals(self, *, until_end: bool = True) -> Arrivals:
        """What arrived here."""
        self._end_run()
        user_id = self.account.user_id
        name = f"{user_id}/{id(self):x}"
        return Arrivals(self.conversation_id, user_id, name, self.since_seq, self.runs, self.receipt_seqs, until_end)
