"""Nothing is lost from the outbox, nothing is doubled in it, and a conversation's order stands."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hongyan.model.commands import SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId
from hongyan.protocol.frames import Submit
from hongyan_client.outbox import Outbox, Pending


class Machine(RuleBasedStateMachine):
    """The other side accepts, refuses, or is silent, as it likes; connections break."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(window=5)
        self.now_s = 0.0
        self.made: list[Pending] = []
        self.flying: list[Submit] = []
        self.accepted: list[ClientMsgId] = []
        self.seen: set[ClientMsgId] = set()

    @rule(key=st.sampled_from(["s:a:b", "s:a:c", "g:x"]), released=st.booleans())
    def somebody_submits(self, key: str, released: bool) -> None:
        client_msg_id = ClientMsgId(f"m{len(self.made)}")
        item = self.outbox.put(Submit(ConversationId(key), client_msg_id, SendMessage(1, b"")), 0)
        self.made.append(item)
        self.outbox.release(item)

    @rule()
    def the_connection_takes_some(self) -> None:
        for item in self.outbox.take(self.now_s):
            frame = item.frame()
            assert frame.resend == (frame.client_msg_id in self.seen)
            self.seen.add(frame.client_msg_id)
            self.flying.append(frame)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), receipt_arrives=st.booleans())
    def the_server_accepts(self, data: st.DataObject, receipt_arrives: bool) -> None:
        frame = self.flying.pop(data.draw(st.sampled_from(range(len(self.flying)))))
        if frame.client_msg_id not in self.accepted:
            self.accepted.append(frame.client_msg_id)
        if receipt_arrives:
            self.outbox.finish(frame.client_msg_id)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), rest_s=st.floats(0, 3))
    def the_server_refuses_for_now(self, data: st.DataObject, rest_s: float) -> None:
        frame = self.flying.pop(data.draw(st.sampled_from(range(len(self.flying)))))
        self.outbox.rest(frame.client_msg_id, self.now_s + rest_s)

    @rule()
    def the_connection_breaks(self) -> None:
        self.flying.clear()
        self.outbox.ground()

    @rule(passed_s=st.floats(0.1, 2))
    def time_passes(self, passed_s: float) -> None:
        self.now_s += passed_s
        self.outbox.ground_before(self.now_s - 5.0)
        still_out = self.outbox._flying
        self.flying = [frame for frame in self.flying if frame.client_msg_id in still_out]

    @rule()
    def the_program_restarts(self) -> None:
        self.flying.clear()
        kept = list(self.outbox)
        self.seen |= {item.submit.client_msg_id for item in kept}
        self.outbox = Outbox(kept, window=5)

    @rule(data=st.data())
    def an_entry_comes_before_its_receipt(self, data: st.DataObject) -> None:
        waiting = [item.submit for item in self.outbox if item.submit.client_msg_id in self.accepted]
        if waiting:
            submit = data.draw(st.sampled_from(waiting))
            self.outbox.finish(submit.client_msg_id)
            self.flying = [frame for frame in self.flying if frame.client_msg_id != submit.client_msg_id]

    @invariant()
    def the_order_of_a_conversation_stands(self) -> None:
        for key in ("s:a:b", "s:a:c", "g:x"):
            made = [item.submit.client_msg_id for item in self.made if item.submit.conversation_id == key]
            accepted = [client_msg_id for client_msg_id in self.accepted if client_msg_id in made]
            assert accepted == made[: len(accepted)]

    @invariant()
    def not_more_fly_than_the_window_and_one_of_a_conversation(self) -> None:
        assert len(self.outbox._flying) <= 5
        keys = [self.outbox._items[client_msg_id].submit.conversation_id for client_msg_id in self.outbox._flying]
        assert len(keys) == len(set(keys))

    def teardown(self) -> None:
        self.outbox.ground()
        for _ in range(10 * len(self.made) + 10):
            self.now_s += 10.0
            for item in self.outbox.take(self.now_s):
                if item.submit.client_msg_id not in self.accepted:
                    self.accepted.append(item.submit.client_msg_id)
                self.outbox.finish(item.submit.client_msg_id)
        assert not len(self.outbox)
        assert sorted(self.accepted) == sorted(item.submit.client_msg_id for item in self.made)
        self.the_order_of_a_conversation_stands()
        assert not self.outbox._queues
        assert not self.outbox._ready


TestOutbox = Machine.TestCase
TestOutbox.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_a_long_queue_does_not_hold_up_other_conversations() -> None:
    outbox = Outbox(window=3, pipeline=10)
    for number in range(20):
        outbox.release(outbox.put(Submit(ConversationId("g:busy"), ClientMsgId(f"b{number}"), SendMessage(1, b"")), 0))
    outbox.release(outbox.put(Submit(ConversationId("g:quiet"), ClientMsgId("q"), SendMessage(1, b"")), 0))
    assert "q" in [item.submit.client_msg_id for item in outbox.take(0.0)]


def test_what_is_not_released_does_not_go_out() -> None:
    outbox = Outbox()
    outbox.put(Submit(ConversationId("g:x"), ClientMsgId("m"), SendMessage(1, b"")), 0)
    assert outbox.take(0.0) == []
    assert [item.submit.client_msg_id for item in outbox] == ["m"]


def test_a_refused_submission_rests_and_what_is_behind_it_waits_while_others_go_on() -> None:
    outbox = Outbox()
    for key, client_msg_id in (("g:x", "first"), ("g:x", "second"), ("g:y", "other")):
        outbox.release(outbox.put(Submit(ConversationId(key), ClientMsgId(client_msg_id), SendMessage(1, b"")), 0))
    assert [item.submit.client_msg_id for item in outbox.take(0.0)] == ["first", "other"]
    outbox.rest(ClientMsgId("first"), until_s=5.0)
    assert outbox.take(4.9) == []
    (again,) = outbox.take(5.0)
    assert (again.submit.client_msg_id, again.frame().resend) == ("first", True)
