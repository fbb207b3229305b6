"""A client that talks: it sends prepared bytes and notes what it sees. What that means is worked out after the run."""

import asyncio
import time
from collections.abc import Iterable

from picows import WSFrame, WSTransport

from hongyan.cli.bench.client import BINARY, PING, Client, Faults
from hongyan.cli.bench.forms import MAX_NUMBER, Forms, id_of
from hongyan.cli.bench.messages import Account
from hongyan.cli.bench.observed import Arrivals, Naming, Sent, add_to_runs
from hongyan.protocol.codec_scan import ConversationHead, ServerFrame, scan

MAX_OPEN = 900
"""Open submissions of one connection; the server allows a thousand."""

RETRY_S = 0.1
LONGEST_RETRY_S = 5.0


class Pace:
    """Whether clients may send, shared by those of one process. In a closed loop a receipt is answered by the next send.

    `overrun` counts sends that were left out over the bound, `abandoned` those refused for the moment when the load was over.
    """

    def __init__(self, *, closed_loop: bool) -> None:
        self.closed_loop = closed_loop
        self.sending = False
        self.resending = True
        self.overrun = 0
        self.abandoned = 0


class Talker(Client):
    """Sends to one conversation and notes receipts and pushes: numbers, ids and moments in lists of equal length."""

    def __init__(self, account: Account, faults: Faults, pace: Pace, forms: Forms, first_number: int = 0) -> None:
        super().__init__(account, faults)
        self.pace, self.forms = pace, forms
        self.conversation_id = forms.conversation_id
        self.first_number = first_number
        self.since_seq = 0
        self.sent_at: list[int] = []
        self.refused = 0
        self.resent: set[int] = set()
        self.receipt_seqs: list[int] = []
        self.receipt_ids: list[str] = []
        self.receipt_ats: list[int] = []
        self.push_seqs: list[int] = []
        self.push_ids: list[str] = []
        self.push_ats: list[int] = []
        self.free: list[int] = []
        self.numbers = [0]  # by frame id, what was sent last under it
        self.attempts: dict[int, int] = {}
        self.quota = MAX_NUMBER
        self.packets = 0
        self._slots = 0

    def on_heads(self, heads: Iterable[ConversationHead]) -> None:
        """What the sync tells of the conversation need not be pushed any more."""
        for head in heads:
            if head.conversation_id == self.conversation_id:
                self.since_seq = head.seq

    @property
    def open_count(self) -> int:
        """Submissions that have no answer yet."""
        return len(self.sent_at) - len(self.receipt_seqs) - self.refused

    def send_window(self, count: int, now_ns: int) -> None:
        """Opens a closed loop of so many submissions."""
        first = self._slots + 1
        self._grow(count)
        self.send(range(first, first + count), now_ns)

    def send_one(self, intended_ns: int) -> None:
        """One send of an open loop. Over the bound of open submissions it is left out and counted."""
        if not self.free:
            if self._slots >= MAX_OPEN or not self.is_open:
                self.pace.overrun += 1
                return
            self._grow(1)
            self.free.append(self._slots)
        self.send((self.free.pop(),), intended_ns)

    def _grow(self, count: int) -> None:
        self._slots += count
        self.forms.reach(self._slots)
        self.numbers += [0] * count

    def send(self, slots: Iterable[int], now_ns: int) -> None:
        """One packet with a submission for each of these free frame ids."""
        table, numbers, sent_at, stamp = self.forms.table, self.numbers, self.sent_at, now_ns // 1000
        number = self.first_number + len(sent_at)
        packets = []
        for slot in slots:
            packets.append(table[slot] % (number, stamp))
            sent_at.append(now_ns)
            numbers[slot] = number
            number += 1
        transport = self.transport
        if transport is not None and not transport.is_disconnected:
            transport.send(BINARY, packets[0] if len(packets) == 1 else b"".join(packets))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Notes a packet; the sends it allows go out as one."""
        if frame.msg_type != BINARY:
            self.on_control(transport, frame)
            return
        now = time.monotonic_ns()
        self.packets += 1
        slots: list[int] = []
        for event in scan(frame.get_payload_as_bytes()):
            slot = event.reply_to
            if slot:
                receipt = event.receipt
                seq = receipt.seq
                if not seq:
                    self.on_answer(event)
                    continue
                self.receipt_seqs.append(seq)
                self.receipt_ids.append(receipt.client_msg_id)
                self.receipt_ats.append(now)
                slots.append(slot)
                continue
            entries = event.push.entries
            if not entries:
                self.on_push(event)
            for entry in entries:
                self.push_seqs.append(entry.seq)
                self.push_ids.append(entry.client_msg_id)
                self.push_ats.append(now)
        if slots:
            self.on_free(slots, now)

    def on_free(self, slots: list[int], now_ns: int) -> None:
        """Receipts came: in a closed loop the next submissions go out."""
        if not self.pace.closed_loop:
            self.free += slots
        elif self.pace.sending:
            left = self.quota - len(self.sent_at)
            if left > 0:
                self.send(slots[:left], now_ns)

    def on_answer(self, event: ServerFrame) -> None:
        """The answer to a question, or a refusal of a submission: one that may pass is tried again under the same id."""
        slot = event.reply_to
        if slot >= PING:
            self.on_event(event)
            return
        loop = asyncio.get_running_loop()
        if event.error.permanent:
            self.refused += 1
            self.faults.refused[event.error.name] += 1
            loop.call_later(RETRY_S, lambda: self.on_free([slot], time.monotonic_ns()))
            return
        number = self.numbers[slot]
        attempt = self.attempts[number] = self.attempts.get(number, 0) + 1
        wait_s = max(RETRY_S, event.error.retry_after_ms / 1000) * 2 ** (attempt - 1)
        self.faults.resent[event.error.name] += 1
        loop.call_later(min(LONGEST_RETRY_S, wait_s), self.resend, slot)

    def resend(self, slot: int) -> None:
        """Sends again what was sent last under a frame id: the same bytes, marked as a retry."""
        number = self.numbers[slot]
        self.resent.add(number)
        if not self.pace.resending:
            self.pace.abandoned += 1
            self.refused += 1
        elif self.is_open:
            stamp = self.sent_at[number - self.first_number] // 1000
            self.write(self.forms.again(slot) % (number, stamp))

    # After the run

    def sent(self) -> Sent:
        """What was submitted here. What had to be sent again stands behind what was sent meanwhile: its order is free."""
        user_id = self.account.user_id
        numbers = range(self.first_number, self.first_number + len(self.sent_at))
        ids = [id_of(user_id, number) for number in numbers if number not in self.resent]
        return Sent(self.conversation_id, user_id, ids, self.receipt_ids, self.receipt_seqs)

    def arrivals(self, *, until_end: bool = True) -> Arrivals:
        """What arrived here."""
        runs: list[tuple[int, int]] = []
        add_to_runs(runs, self.push_seqs)
        user_id = self.account.user_id
        name = f"{user_id}/{id(self):x}"
        return Arrivals(self.conversation_id, user_id, name, self.since_seq, runs, self.receipt_seqs, until_end)

    def naming(self) -> Naming:
        """Which ids the pushes carried."""
        return Naming(self.conversation_id, self.push_seqs, self.push_ids)
