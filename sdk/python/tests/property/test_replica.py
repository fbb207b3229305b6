"""Whatever is lost, doubled, late or out of order: a device ends equal to a fresh one."""

from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hongyan.model import commands as ask
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.records import Entry, Message, Submitted
from hongyan.model.state import Outcome
from hongyan.protocol.codec import decode_entry
from hongyan.protocol.codec_content import text_content
from hongyan.protocol.frames import Positions, Submit, SyncPage
from hongyan_client.copy import Copy
from hongyan_client.events import EntryAdded
from hongyan_client.replica import Page, Pull, Replica
from hongyan_client.store import Batch, MemoryStore
from sdk.python.tests.truth import Truth

ME, BOB, EVE = UserId("me"), UserId("bob"), UserId("eve")
SINGLE = ConversationId("s:bob:me")
GROUP = ConversationId("g:club")
CONVERSATIONS = st.sampled_from([SINGLE, GROUP])
USERS = st.sampled_from([ME, BOB, EVE])
PAGE = 3
GROUP_COMMANDS: st.SearchStrategy[ask.AnyCommand] = st.one_of(
    st.builds(ask.SetGroupProfile, st.sampled_from([None, "New name", "Newer name"]), st.sampled_from([None, "a.png"])),
    st.builds(ask.SetGroupRules, st.booleans(), st.sampled_from([None, *ask.JoinPolicy])),
    st.builds(ask.SetRole, USERS, st.sampled_from([ask.Role.ADMIN, ask.Role.MEMBER])),
    st.builds(ask.TransferOwner, USERS),
    st.builds(ask.MuteMember, USERS, st.sampled_from([0, 1 << 40])),
    st.builds(ask.MuteAll, st.booleans()),
    st.builds(ask.SetNickname, st.sampled_from(["", "Nick"])),
    st.just(ask.MakeJoinLink("link", "a hash of a token")),
    st.just(ask.RevokeJoinLink("link")),
    st.just(ask.JoinByLink("a hash of a token", 10)),
    st.just(ask.RequestJoin("please", 10)),
    st.builds(ask.AnswerJoin, USERS, st.booleans(), st.just(10)),
)
"""Dismissal stands apart: after it nothing happens any more."""


T = TypeVar("T")


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing, as those of a store in memory."""
    try:
        work.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]  # what the coroutine returned
    raise AssertionError("it waited")


class Receipt(msgspec.Struct, frozen=True):
    submit: Submit
    receipt: Submitted


class Pulled(msgspec.Struct, frozen=True):
    pull: Pull
    page: Page


class History(msgspec.Struct, frozen=True):
    conversation_id: ConversationId
    page: Page


class Synced(msgspec.Struct, frozen=True):
    page: SyncPage
    fresh: bool


News = Entry | Receipt | Positions | Pulled | History | Synced


class Device:
    """A replica over a store in memory."""

    def __init__(self, truth: Truth) -> None:
        self.truth, self.store, self.replica, self.cursor = truth, MemoryStore(), Replica(ME), ""
        self.told: list[Entry] = []
        self.wants_list = False

    def take(self, news: list[News]) -> None:
        """One packet."""
        for item in news:
            self._take_one(item)
        settled = self.replica.settle()
        told = [event.entry for event in settled.events if isinstance(event, EntryAdded)]
        self.told += told
        self.wants_list |= any(map(self.replica.is_head_wanted, told))
        batch = Batch(changes=settled.changes, copies={copy.conversation_id: copy for copy in settled.copies})
        at_once(self.store.write(batch))

    def _take_one(self, item: News) -> None:
        replica = self.replica
        match item:
            case Entry():
                replica.take_entries([item])
            case Receipt(submit=submit, receipt=receipt):
                replica.take_receipt(submit, receipt)
            case Positions():
                replica.take_positions(item)
            case Pulled(pull=pull, page=page):
                replica.take_page(pull, page)
            case History(conversation_id=key, page=page):
                replica.take_history(key, page)
            case Synced(page=page, fresh=fresh):
                for head in page.conversations:
                    replica.take_head(head, decode_entry(head.preview), fresh=fresh)
                self.cursor = page.cursor

    def older(self) -> list[Copy]:
        """Copies below which there is more to fetch."""
        return [copy for copy in self.replica if copy.high >= copy.low > max(1, copy.first_seq)]

    def pull(self, pull: Pull) -> Pulled:
        entries, more = self.truth.page(pull.conversation_id, ME, pull.after, PAGE)
        return Pulled(pull, Page(tuple(entries), more))

    def sync(self) -> Synced:
        return Synced(self.truth.sync(ME, self.cursor), fresh=not self.cursor)

    def entries(self, copy: Copy) -> list[Entry]:
        return at_once(self.store.read(copy.conversation_id, 0, 1 << 60, 1 << 30))

    def catch_up(self) -> None:
        """What a client does on a connection that holds."""
        self.replica.forget_marks()
        self.send_marks()
        self.take([self.sync()])
        self.close_holes()

    def close_holes(self) -> None:
        """What a client does by itself while nothing is lost."""
        for _ in range(1000):
            if self.wants_list:
                self.wants_list = False
                self.take([self.sync()])
            holes, unresolved = self.replica.holes(), self.replica.unresolved()
            if not holes and not unresolved and not self.wants_list:
                return
            self.take([self.pull(pull) for pull in holes])
            for key, seq in unresolved:
                self.replica.resolve_read(key, seq, self.truth.entries[key][seq - 1].countable)
            self.take([])
        raise AssertionError("the holes never close")

    def send_marks(self) -> None:
        for mark in self.replica.marks():
            moved = self.truth.mark(mark.conversation_id, ask.Mark(ME, mark.read_seq, mark.delivered_seq))
            if moved is not None:
                self.take([moved])

    def restart(self) -> None:
        kept = at_once(self.store.open())
        self.replica = Replica(ME, kept.copies)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.truth = Truth()
        self.device = Device(self.truth)
        self.air: list[News] = []
        self.count = 0
        self.may_lose = True
        self.is_connected_anew = False
        self._decide(GROUP, BOB, ask.CreateGroup("Club", (ME, EVE), 10), here=False)

    def _decide(self, key: ConversationId, sender_id: UserId, command: ask.AnyCommand, *, here: bool) -> Outcome:
        self.count += 1
        submit = Submit(key, ClientMsgId(f"c{self.count}"), command)
        outcome = self.truth.submit(key, sender_id, submit.client_msg_id, command)
        if here and outcome.receipt is not None:
            self.air.append(Receipt(submit, outcome.receipt))
        elif outcome.entry is not None and ME in self.truth.audience(key, outcome):
            self.air.append(outcome.entry)
        return outcome

    @initialize(may_lose=st.booleans())
    def the_line_is_good_or_bad(self, may_lose: bool) -> None:
        self.may_lose = may_lose

    @rule(key=CONVERSATIONS, sender_id=USERS, here=st.booleans())
    def somebody_speaks(self, key: ConversationId, sender_id: UserId, here: bool) -> None:
        command = ask.SendMessage(1, text_content(f"{self.count}"))
        self._decide(key, sender_id, command, here=here and sender_id == ME)

    @rule(key=CONVERSATIONS, sender_id=USERS, here=st.booleans(), data=st.data())
    def somebody_recalls(self, key: ConversationId, sender_id: UserId, here: bool, data: st.DataObject) -> None:
        visible = [e.seq for e in self.truth.visible(key, ME) if isinstance(e.body, Message)]
        # What is recalled after one was put out, one does not hear of: a fresh device would know more there.
        if visible and not self.truth.members[key, ME].left_seq:
            command = ask.Recall(data.draw(st.sampled_from(visible)), 1 << 40)
            self._decide(key, sender_id, command, here=here and sender_id == ME)

    @rule(key=CONVERSATIONS, sender_id=USERS, here=st.booleans(), data=st.data())
    def somebody_amends(self, key: ConversationId, sender_id: UserId, here: bool, data: st.DataObject) -> None:
        seen = [e.seq for e in self.truth.visible(key, ME) if isinstance(e.body, Message)]
        if seen and not self.truth.members[key, ME].left_seq:
            seq = data.draw(st.sampled_from(seen[-4:]))
            command = data.draw(
                st.one_of(
                    st.just(ask.EditMessage(seq, 1, text_content(f"edited {self.count}"))),
                    st.just(ask.DeleteMessage(seq)),
                    st.builds(ask.React, st.just(seq), st.sampled_from(["👍", "🎉"]), st.booleans()),
                    st.builds(ask.Pin, st.just(seq), st.booleans()),
                )
            )
            self._decide(key, sender_id, command, here=here and sender_id == ME)

    @rule(command=GROUP_COMMANDS, sender_id=USERS, here=st.booleans())
    def the_group_changes(self, command: ask.AnyCommand, sender_id: UserId, here: bool) -> None:
        self._decide(GROUP, sender_id, command, here=here and sender_id == ME)

    @rule(sender_id=USERS, other=USERS, how=st.sampled_from(["add", "remove", "leave"]), here=st.booleans())
    def members_change(self, sender_id: UserId, other: UserId, how: str, here: bool) -> None:
        command: ask.AnyCommand = ask.LeaveGroup()
        if how == "add":
            command = ask.AddMembers((other,), 10)
        elif how == "remove":
            command = ask.RemoveMembers((other,))
        self._decide(GROUP, sender_id, command, here=here and sender_id == ME)

    @rule(data=st.data(), key=CONVERSATIONS)
    def another_device_of_mine_reads(self, data: st.DataObject, key: ConversationId) -> None:
        entries = self.truth.visible(key, ME)
        if entries:
            seq = data.draw(st.sampled_from(entries)).seq
            moved = self.truth.mark(key, ask.Mark(ME, seq, seq))
            if moved is not None:
                self.air.append(moved)

    @rule(data=st.data(), key=CONVERSATIONS)
    def this_device_reads(self, data: st.DataObject, key: ConversationId) -> None:
        copy = self.device.replica.get(key)
        if copy is not None and copy.head:
            self.device.replica.mark_read(key, data.draw(st.integers(1, copy.head)))
            self.device.take([])
            if data.draw(st.booleans()):
                self.device.send_marks()

    @precondition(lambda self: self.air)
    @rule(data=st.data())
    def a_packet_arrives(self, data: st.DataObject) -> None:
        places = st.sampled_from(range(len(self.air)))
        packet = [self.air[place] for place in data.draw(st.lists(places, min_size=1, max_size=4))]
        self.device.take(packet)
        if data.draw(st.booleans()):
            self.air = [item for item in self.air if not any(item is taken for taken in packet)]

    @precondition(lambda self: self.air and self.may_lose)
    @rule()
    def all_in_the_air_is_lost(self) -> None:
        self.air.clear()

    @precondition(lambda self: self.count > 20)
    @rule()
    def the_group_is_dismissed(self) -> None:
        self._decide(GROUP, BOB, ask.DismissGroup(), here=False)

    # What the device asks for is answered at once; the answer may arrive much later, when it is not true any more.

    @rule()
    def the_device_asks_what_changed(self) -> None:
        self.air.append(self.device.sync())

    @precondition(lambda self: self.device.replica.holes())
    @rule(data=st.data())
    def the_device_pulls(self, data: st.DataObject) -> None:
        self.air.append(self.device.pull(data.draw(st.sampled_from(self.device.replica.holes()))))

    @precondition(lambda self: self.device.older())
    @rule(data=st.data())
    def the_device_looks_back(self, data: st.DataObject) -> None:
        copy = data.draw(st.sampled_from(self.device.older()))
        entries, more = self.truth.page(copy.conversation_id, ME, copy.low, PAGE, backward=True)
        self.air.append(History(copy.conversation_id, Page(tuple(entries), more)))

    @rule()
    def the_device_restarts(self) -> None:
        self.air = [item for item in self.air if not isinstance(item, Pulled | History | Synced)]
        self.device.restart()
        self.is_connected_anew = True

    @rule(gap=st.integers(1, 3))
    def the_gap_is_too_long(self, gap: int) -> None:
        for pull in self.device.replica.holes():
            head = self.truth.head(pull.conversation_id, ME).seq
            if head - pull.after > gap:
                self.air.append(Pulled(pull, Page((), restart_seq=head - gap)))

    @invariant()
    def a_range_has_no_holes(self) -> None:
        for copy in self.device.replica:
            seqs = [entry.seq for entry in self.device.entries(copy)]
            assert seqs == list(range(copy.low, copy.high + 1)), copy

    @invariant()
    def entries_are_told_in_order(self) -> None:
        for key in (SINGLE, GROUP):
            seqs = [entry.seq for entry in self.device.told if entry.conversation_id == key]
            assert seqs == sorted(set(seqs))

    def teardown(self) -> None:
        device, truth = self.device, self.truth
        if self.may_lose:
            device.catch_up()
        else:
            # Nothing was lost, so nothing has to be asked for but what is between.
            # But whoever connects, the first time or again, asks what changed.
            if not device.cursor or self.is_connected_anew:
                device.take([device.sync()])
            device.take(self.air)
            device.close_holes()
            device.replica.forget_marks()
            device.send_marks()
        fresh = Device(truth)
        fresh.catch_up()
        assert {copy.conversation_id for copy in device.replica} == {copy.conversation_id for copy in fresh.replica}
        for other in fresh.replica:
            mine = device.replica.get(other.conversation_id)
            assert mine is not None
            assert facts(mine) == facts(other)
            visible = truth.visible(mine.conversation_id, ME)
            assert device.entries(mine) == [entry for entry in visible if entry.seq >= mine.low]
            assert mine.preview == visible[-1]


def facts(copy: Copy) -> tuple[Any, ...]:
    """What two devices must agree upon. One who has left moves no position any more, so what he marked late is his alone."""
    read_seq = copy.read_seq if copy.member else 0
    return (copy.head, copy.high, copy.countable, copy.unread, read_seq, copy.member, copy.name, copy.first_seq)


TestReplica = Machine.TestCase
TestReplica.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
