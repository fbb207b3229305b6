"""What an entry shows, on the wire."""

from typing import get_args

import pytest

from hongyan.model.commands import JoinPolicy, Role
from hongyan.model.ids import UserId
from hongyan.model.records import (
    AnyBody,
    EditNotice,
    GroupDismissed,
    GroupProfileSet,
    GroupRulesSet,
    Message,
    RoleSet,
)
from hongyan.protocol.codec_body import _READERS, _SHOWN, read_body, write_body
from hongyan.protocol.wire import entry_pb2


def again(body: AnyBody) -> AnyBody:
    entry = entry_pb2.Entry()
    write_body(entry, body)
    read = entry_pb2.Entry.FromString(entry.SerializeToString())
    name = read.WhichOneof("body")
    assert name is not None
    return read_body(read, name)


@pytest.mark.parametrize(
    "body",
    [
        GroupDismissed(),
        RoleSet(UserId("bob"), Role.ADMIN),
        GroupProfileSet(name="书", avatar=""),
        GroupRulesSet(history_for_newcomers=False, join_policy=JoinPolicy.APPROVAL),
    ],
    ids=repr,
)
def test_a_body_comes_back_as_it_was_and_absent_is_not_empty(body: AnyBody) -> None:
    assert again(body) == body


def test_a_role_goes_by_its_name() -> None:
    entry = entry_pb2.Entry()
    write_body(entry, RoleSet(UserId("bob"), Role.ADMIN))
    assert entry.role_set.role == "admin"


def test_a_role_of_newer_software_counts_as_the_least() -> None:
    entry = entry_pb2.Entry()
    entry.role_set.user_id, entry.role_set.role = "bob", "moderator"
    assert read_body(entry, "role_set") == RoleSet(UserId("bob"), Role.MEMBER)


def test_every_body_of_the_schema_is_read_and_every_record_written() -> None:
    fields = entry_pb2.Entry.DESCRIPTOR.oneofs_by_name["body"].fields
    assert {field.name for field in fields} == set(_READERS)
    written_elsewhere = {Message, EditNotice}
    assert {each for each in get_args(AnyBody) if not issubclass(each, Message)} == set(_SHOWN) | {EditNotice}
    assert not written_elsewhere & set(_SHOWN)
