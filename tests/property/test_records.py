"""Records as the log holds them: what comes back is what went in, today and after the next release."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hongyan.model import commands as ask
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Record
from hongyan.ports.log import partition_of
from tests.property import frames as draw
from tests.property.scale import settings

wide = st.integers(-(2**63), 2**63 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]))
marks = st.lists(st.builds(ask.Mark, draw.user_ids, draw.numbers, draw.numbers), max_size=5).map(tuple)
every_command = {
    ask.SendMessage: st.builds(ask.SendMessage, st.integers(1, 8), st.binary(max_size=300), st.booleans()),
    ask.Recall: st.builds(ask.Recall, draw.positive, draw.numbers),
    ask.CreateGroup: st.builds(ask.CreateGroup, texts, draw.users, draw.numbers),
    ask.AddMembers: st.builds(ask.AddMembers, draw.users, draw.numbers),
    ask.RemoveMembers: st.builds(ask.RemoveMembers, draw.users),
    ask.LeaveGroup: st.builds(ask.LeaveGroup),
    ask.MovePositions: st.builds(ask.MovePositions, marks),
    ask.SendToFriend: st.builds(ask.SendToFriend, st.integers(1, 8), st.binary(max_size=300), st.booleans()),
    ask.EditMessage: st.builds(ask.EditMessage, draw.positive, draw.small, st.binary(), st.booleans(), draw.numbers),
    ask.DeleteMessage: st.builds(ask.DeleteMessage, draw.positive),
    ask.React: st.builds(ask.React, draw.positive, texts, st.booleans()),
    ask.Pin: st.builds(ask.Pin, draw.positive, st.booleans()),
    ask.Block: st.builds(ask.Block, st.booleans()),
    ask.Befriend: st.builds(ask.Befriend, draw.user_ids, texts),
    ask.Unfriend: st.builds(ask.Unfriend, draw.user_ids),
    ask.SetRole: st.builds(ask.SetRole, draw.user_ids, st.sampled_from(ask.Role)),
    ask.TransferOwner: st.builds(ask.TransferOwner, draw.user_ids),
    ask.MuteMember: st.builds(ask.MuteMember, draw.user_ids, draw.numbers),
    ask.MuteAll: st.builds(ask.MuteAll, st.booleans(), draw.users),
    ask.SetGroupProfile: st.builds(ask.SetGroupProfile, *[draw.perhaps(texts)] * 3),
    ask.SetNickname: st.builds(ask.SetNickname, texts),
    ask.SetGroupRules: st.builds(ask.SetGroupRules, *draw.rules),
    ask.MakeJoinLink: st.builds(ask.MakeJoinLink, draw.names, texts, draw.numbers, draw.numbers),
    ask.RevokeJoinLink: st.builds(ask.RevokeJoinLink, draw.names),
    ask.JoinByLink: st.builds(ask.JoinByLink, texts, draw.numbers),
    ask.RequestJoin: st.builds(ask.RequestJoin, texts, draw.numbers),
    ask.AnswerJoin: st.builds(ask.AnswerJoin, draw.user_ids, st.booleans(), draw.numbers),
    ask.DismissGroup: st.builds(ask.DismissGroup),
}
records = st.builds(
    Record,
    draw.conversation_ids,
    draw.user_ids,
    draw.client_msg_ids | st.just(ClientMsgId("")),
    draw.numbers.map(MessageId),
    wide,
    st.one_of(*every_command.values()),
    wide,
    st.booleans(),
    draw.numbers,
    draw.numbers,
    draw.numbers,
)


def test_every_command_is_drawn() -> None:
    assert set(every_command) == set(get_args(ask.AnyCommand))


@settings(200)
@given(st.lists(records, max_size=5))
def test_records_come_back_from_msgpack_as_they_were(batch: list[Record]) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(batch), type=list[Record]) == batch


BOB = UserId("bob")
WRITTEN: list[tuple[str, ask.AnyCommand]] = [
    ("9ba3673a62a5616c696365a26d3107cd03e8940101c40468657961c3fbc3090a0b", ask.SendMessage(1, b"heya", True)),
    ("9ba3673a62a5616c696365a26d3107cd03e8940203ce0001d4c0fffbc3090a0b", ask.Recall(3, 120_000)),
    ("9ba3673a62a5616c696365a26d3107cd03e89403a3e4b9a691a3626f62cd01f4fbc3090a0b", ask.CreateGroup("书", (BOB,), 500)),
    ("9ba3673a62a5616c696365a26d3107cd03e8930491a3626f62cd01f4fbc3090a0b", ask.AddMembers((BOB,), 500)),
    ("9ba3673a62a5616c696365a26d3107cd03e8920591a3626f62fbc3090a0b", ask.RemoveMembers((BOB,))),
    ("9ba3673a62a5616c696365a26d3107cd03e89106fbc3090a0b", ask.LeaveGroup()),
    ("9ba3673a62a5616c696365a26d3107cd03e892079193a3626f620304fbc3090a0b", ask.MovePositions((ask.Mark(BOB, 3, 4),))),
]


@pytest.mark.parametrize(("written", "command"), WRITTEN, ids=lambda value: type(value).__name__)
def test_a_log_that_was_written_before_is_read_and_written_the_same(written: str, command: ask.AnyCommand) -> None:
    """Logs outlive releases: new fields go to the end and have a default, and nothing else changes."""
    stamps = (ConversationId("g:b"), UserId("alice"), ClientMsgId("m1"), MessageId(7), 1_000)
    record = Record(*stamps, command, -5, True, 9, 10, 11)
    assert msgspec.msgpack.encode(record).hex() == written
    assert msgspec.msgpack.decode(bytes.fromhex(written), type=Record) == record


def test_a_recall_of_an_older_log_has_one_window_for_everybody() -> None:
    written = bytes.fromhex("9ba3673a62a5616c696365a26d3107cd03e8930203ce0001d4c0fbc3090a0b")
    assert msgspec.msgpack.decode(written, type=Record).command == ask.Recall(3, 120_000, admin_window_ms=-1)


def test_a_record_written_before_a_field_was_added_has_its_default() -> None:
    stamps = ["g:b", "alice", "m1", 7, 1_000]
    found = msgspec.msgpack.decode(msgspec.msgpack.encode([*stamps, [1, 1, b"heya"]]), type=Record)
    assert found.command == ask.SendMessage(1, b"heya")
    assert (found.digest, found.resend, found.gateway, found.connection, found.request) == (0, False, 0, 0, 0)


@pytest.mark.parametrize(("text", "hashed"), [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)])
def test_partitions_follow_fnv_1a(text: str, hashed: int) -> None:
    """Test vectors of the algorithm's authors (draft-eastlake-fnv, appendix C)."""
    assert partition_of(ConversationId(text), 1 << 32) == hashed


@pytest.mark.parametrize(
    ("text", "homes"),
    [
        ("s:alice:bob", [0, 1, 9, 41, 753]),
        ("g:book-club", [0, 0, 0, 16, 760]),
        ("n:alice", [0, 1, 11, 11, 315]),
        ("s:Zoe:adam", [0, 1, 3, 35, 715]),
    ],
)
def test_a_conversation_has_the_same_home_in_every_release(text: str, homes: list[int]) -> None:
    assert [partition_of(ConversationId(text), partitions) for partitions in (1, 2, 16, 64, 1000)] == homes


@settings(200)
@given(draw.conversation_ids, st.integers(1, 10_000))
def test_a_home_is_one_of_the_partitions(conversation_id: ConversationId, partitions: int) -> None:
    assert 0 <= partition_of(conversation_id, partitions) < partitions
