"""The state between two records."""

import pytest

from hongyan.model.commands import Role
from hongyan.model.ids import ConversationId, ConversationKind, UserId
from hongyan.model.state import Conversation, Member, new_conversation, rebuild, unread
from tests.unit.model.stories import ALICE, BOB, GROUP, NOTICES, SINGLE


@pytest.mark.parametrize(
    ("conversation_id", "kind", "users"),
    [
        (SINGLE, ConversationKind.SINGLE, (ALICE, BOB)),
        (GROUP, ConversationKind.GROUP, ()),
        (NOTICES, ConversationKind.SYSTEM, (ALICE,)),
    ],
)
def test_a_new_conversation_has_the_members_that_its_id_names(
    conversation_id: ConversationId, kind: ConversationKind, users: tuple[UserId, ...]
) -> None:
    state = new_conversation(conversation_id)
    assert (state.kind, state.seq, state.countable, state.offset) == (kind, 0, 0, -1)
    assert state.audience == users
    assert state.members == {user_id: Member(Role.MEMBER, joined_seq=1) for user_id in users}
    assert state.touched == {}


def test_conversations_share_nothing() -> None:
    one, other = new_conversation(GROUP), new_conversation(GROUP)
    one.members[ALICE] = Member(Role.OWNER, 1)
    assert other.members == {}
    assert one.submitted is not other.submitted
    assert one.recent is not other.recent
    assert one.touched is not other.touched


def test_rebuilding_derives_the_audience_from_the_members() -> None:
    state = Conversation(GROUP, ConversationKind.GROUP, members={BOB: Member(1, 1), ALICE: Member(3, 1)})
    assert not state.audience
    assert rebuild(state) is state
    assert list(state.audience) == [BOB, ALICE]


def test_roles_are_ranks() -> None:
    assert Role.OWNER > Role.ADMIN > Role.MEMBER


def test_unread_is_what_counts_after_what_was_read_and_never_negative() -> None:
    member = Member(Role.MEMBER, 1, read_seq=7, read_countable=5)
    assert [unread(countable, member) for countable in (5, 6, 9, 4)] == [0, 1, 4, 0]
