"""Random commands of random users to one group: what holds after each, whatever came before.

There is one owner as long as anybody is in; nobody acts on his rank or above nor grants it; a refusal changes nothing; who
only heard the entries knows the group as it is; and what is stored after each step is the whole of it.
"""

from copy import deepcopy

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from msgspec.structs import replace

from hongyan.delivery.work import Work, touched_rows
from hongyan.model import commands as ask
from hongyan.model import records as told
from hongyan.model.commands import JoinPolicy, Role
from hongyan.model.ids import SYSTEM_USER, UserId
from hongyan.model.records import Entry
from hongyan.model.rules.group_doors import _opens
from hongyan.model.rules.membership import rank_of
from hongyan.model.state import (
    PLAIN_SETTINGS,
    Conversation,
    Member,
    Outcome,
    new_conversation,
    rebuild,
)
from hongyan.ports.store import MemberRow
from tests.property.heard import Heard
from tests.property.scale import settings, timeout
from tests.unit.model.stories import GROUP, Story, text_of

LIMIT = 4
USERS = [UserId(name) for name in ("alice", "bob", "carol", "dave", "erin")]
users = st.sampled_from(USERS)
some_users = st.lists(users, max_size=3).map(tuple)
names = st.sampled_from(["", "a", "b"])
maybe_names = st.none() | names
tokens = st.sampled_from(["t1", "t2", "t3"])
after_ms = st.sampled_from([-1, 0, 3, 1_000])

setting_commands = st.one_of(
    st.builds(ask.SetRole, users, st.sampled_from(Role)),
    st.builds(ask.TransferOwner, users),
    st.builds(ask.MuteAll, st.booleans(), some_users),
    st.builds(ask.SetGroupProfile, maybe_names, maybe_names, maybe_names),
    st.builds(ask.SetNickname, names),
    st.builds(
        ask.SetGroupRules,
        st.none() | st.booleans(),
        st.none() | st.sampled_from(JoinPolicy),
        st.none() | st.sampled_from(Role),
        st.none() | st.sampled_from(Role),
    ),
)
door_commands = st.one_of(
    st.builds(ask.RevokeJoinLink, tokens),
    st.builds(ask.JoinByLink, tokens, st.just(LIMIT)),
    st.builds(ask.RequestJoin, names, st.just(LIMIT)),
    st.builds(ask.AnswerJoin, users, st.booleans(), st.just(LIMIT)),
)
member_commands = st.one_of(
    st.builds(ask.AddMembers, some_users, st.just(LIMIT)),
    st.builds(ask.RemoveMembers, some_users),
    st.just(ask.LeaveGroup()),
    st.just(text_of("hello")),
    st.just(ask.SendMessage(1, b"all", mention_all=True)),
)


class Kept:
    """What a store holds that does no more than the port says: of those who stay, seats only where they changed."""

    def __init__(self) -> None:
        self.members: dict[UserId, MemberRow] = {}
        self.settings = PLAIN_SETTINGS
        self.head = (0, 0, "")

    def keep(self, state: Conversation, entry: Entry | None) -> None:
        """Keeps what one step changed."""
        work = Work(state)
        rows = touched_rows(state)
        seats, changed = work.take_settings(rows)
        for row in rows:
            before = self.members.get(row.user_id)
            is_new = entry is not None and row.joined_seq >= entry.seq
            seat = row.seat if is_new or before is None else before.seat
            self.members[row.user_id] = replace(row, seat=seat)
        for row in seats:
            self.members[row.user_id] = replace(self.members[row.user_id], seat=row.seat)
        if changed:
            self.settings = changed[0].settings
        self.head = (state.seq, state.countable, state.name)

    def load(self, state: Conversation) -> Conversation:
        """As the next owner finds it."""
        found = new_conversation(state.conversation_id)
        found.seq, found.countable, found.name = self.head
        found.settings = self.settings
        for user_id, row in self.members.items():
            if not row.left_seq:
                positions = (row.read_seq, row.read_countable, row.delivered_seq)
                found.members[user_id] = Member(row.role, row.joined_seq, 0, *positions, row.seat)
        return rebuild(found)


class GroupMachine(RuleBasedStateMachine):
    """One group, from its making on."""

    def __init__(self) -> None:
        super().__init__()
        self.story, self.heard, self.kept = Story(GROUP), Heard(), Kept()
        self.put_out: set[UserId] = set()

    @initialize(owner=users, others=some_users)
    def make(self, owner: UserId, others: tuple[UserId, ...]) -> None:
        self.ask(owner, ask.CreateGroup("books", others, LIMIT))

    @rule(sender=st.sampled_from([*USERS, SYSTEM_USER]), command=setting_commands)
    def set_something(self, sender: UserId, command: ask.AnyCommand) -> None:
        self.ask(sender, command)

    @rule(command=setting_commands | door_commands)
    def set_as_owner(self, command: ask.AnyCommand) -> None:
        owner = next((key for key, member in self.story.state.members.items() if member.role == Role.OWNER), USERS[0])
        self.ask(owner, command)

    @rule(sender=users, whom=users, by_ms=after_ms)
    def mute(self, sender: UserId, whom: UserId, by_ms: int) -> None:
        self.ask(sender, ask.MuteMember(whom, max(0, self.story.now_ms + by_ms)))

    @rule(sender=users, token=tokens, by_ms=after_ms, uses=st.integers(0, 2))
    def make_link(self, sender: UserId, token: str, by_ms: int, uses: int) -> None:
        expires_ms = self.story.now_ms + by_ms if by_ms >= 0 else 0
        self.ask(sender, ask.MakeJoinLink(token, token, expires_ms, uses))

    @rule(sender=st.sampled_from([*USERS, SYSTEM_USER]), command=door_commands | member_commands)
    def come_and_go(self, sender: UserId, command: ask.AnyCommand) -> None:
        if sender != SYSTEM_USER or not isinstance(command, ask.JoinByLink | ask.RequestJoin):
            self.ask(sender, command)

    @rule(sender=users)
    def dismiss(self, sender: UserId) -> None:
        if self.story.state.seq > 20:
            self.ask(sender, ask.DismissGroup())

    @rule(by_ms=st.sampled_from([1, 500, 90_000_000]))
    def pass_time(self, by_ms: int) -> None:
        self.story.now_ms += by_ms

    def ask(self, sender: UserId, command: ask.AnyCommand) -> None:
        state, before = self.story.state, deepcopy(self.story.state)
        outcome = self.story.ask(sender, command)
        if outcome.entry is None:
            self.check_unchanged(before)
        else:
            self.check_rank(before, sender, outcome.entry)
            self.heard.hear(outcome.entry)
            self.check_seen(before, outcome)
        self.kept.keep(state, outcome.entry)
        self.check_state()

    # What must hold

    def check_unchanged(self, before: Conversation) -> None:
        after = self.story.state
        for field_name in (
            "seq",
            "countable",
            "name",
            "members",
            "settings",
            "audience",
            "touched",
            "seated",
            "is_set",
        ):
            assert getattr(after, field_name) == getattr(before, field_name)

    def check_rank(self, before: Conversation, sender: UserId, entry: Entry) -> None:
        rank, body = rank_of(before, sender), entry.body
        if isinstance(body, told.RoleSet):
            assert max(before.members[body.user_id].role, body.role) < rank
        elif isinstance(body, told.MemberMuted):
            assert before.members[body.user_id].role < rank
        elif isinstance(body, told.MembersRemoved):
            assert all(before.members[user_id].role < rank for user_id in body.member_ids)
        elif isinstance(body, told.MemberJoined):
            assert sender not in self.put_out
        elif isinstance(body, told.Message) and sender != SYSTEM_USER:
            member = before.members[sender]
            assert member.seat.muted_until_ms <= entry.time_ms
            assert not before.settings.muted_all or member.role >= Role.ADMIN or sender in before.settings.speakers

    def check_seen(self, before: Conversation, outcome: Outcome) -> None:
        after = self.story.state
        assert set(outcome.joined) == set(after.members) - set(before.members)
        assert set(outcome.former) == set(before.members) - set(after.members)
        self.put_out -= set(outcome.joined)
        if outcome.entry is not None and isinstance(outcome.entry.body, told.MembersRemoved):
            self.put_out |= set(outcome.former)
        for user_id in outcome.joined:
            first_seq = 1 if before.settings.history_for_newcomers else after.seq
            assert (after.members[user_id].first_seq, after.members[user_id].joined_seq) == (first_seq, after.seq)

    def check_state(self) -> None:
        state, heard = self.story.state, self.heard
        owners = [user_id for user_id, member in state.members.items() if member.role == Role.OWNER]
        assert len(owners) == bool(state.members)
        assert state.settings.is_dismissed is (not state.members)
        assert set(state.audience) == set(state.members)
        assert len(state.members) <= max(LIMIT, 1)
        assert state.settings.speakers == () or set(state.settings.speakers) <= set(state.members)
        self.check_heard(state, heard)
        loaded = self.kept.load(state)
        for field_name in ("seq", "countable", "name", "members", "settings"):
            assert getattr(loaded, field_name) == getattr(state, field_name)

    def check_heard(self, state: Conversation, heard: Heard) -> None:
        now_ms = self.story.now_ms
        assert {user_id: member.role for user_id, member in state.members.items()} == heard.roles
        assert state.name == heard.name
        for field_name in (
            *("avatar", "announcement", "history_for_newcomers", "join_policy", "who_may_add", "who_may_mention_all"),
            *("muted_all", "speakers"),
        ):
            assert getattr(state.settings, field_name) == getattr(heard.settings, field_name)
        assert {request.user_id for request in state.settings.requests} == heard.asked
        for user_id, member in state.members.items():
            assert member.seat.nickname == heard.nicknames.get(user_id, "")
            told_ms = heard.mutes.get(user_id, 0)
            assert max(member.seat.muted_until_ms, now_ms) == max(told_ms, now_ms)
        open_links = {link.link_id: link.used for link in state.settings.links if _opens(link, now_ms)}
        if state.members:
            known = {key: link.used for key, link in heard.links.items() if _opens(link, now_ms)}
            assert open_links == known


# Short rounds, so that each ends in time on a busy machine too.
@timeout()
@pytest.mark.parametrize("_round", range(4))
def test_whatever_is_asked_of_a_group_it_stays_whole(_round: int) -> None:
    run_state_machine_as_test(GroupMachine, settings=settings(15))
