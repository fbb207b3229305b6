"""Ids are made by parsing at the edge; nothing else gets in."""

import pytest

from hongyan.model.codes import InvalidField
from hongyan.model.ids import (
    ConversationKind,
    UserId,
    fixed_members,
    group_conversation_id,
    kind_of,
    parse_client_msg_id,
    parse_conversation_id,
    parse_device_id,
    parse_user_id,
    self_id,
    single_id,
)

LONGEST = "x" * 32
BAD_NAMES = [
    "",
    "x" * 33,
    "a b",
    "a:b",
    "a.b",
    "a/b",
    "alice\n",
    "\nalice",
    "鸿雁",
    "é",
    "e\u0301",
    "\uff41",
    "٣",
    "a\x00",
    "\ud800",
]


@pytest.mark.parametrize("name", ["a", "0", "-", "_", "Alice_9-b", LONGEST])
def test_a_user_id_is_1_to_32_letters_digits_or_two_marks(name: str) -> None:
    assert parse_user_id(name) == name
    assert parse_device_id(name) == name


@pytest.mark.parametrize("name", BAD_NAMES)
def test_other_user_and_device_ids_are_refused(name: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_user_id(name)
    assert refused.value.fields["field"] == "user_id"
    with pytest.raises(InvalidField) as refused:
        parse_device_id(name)
    assert refused.value.fields["field"] == "device_id"


def test_the_refusal_names_the_field_that_the_caller_filled() -> None:
    with pytest.raises(InvalidField, match=r"^member_ids is not valid: 1 to 32 of A-Z a-z 0-9 _ - are allowed\.$"):
        parse_user_id("a b", "member_ids")


@pytest.mark.parametrize("name", ["a", "0190-ab:cd.ef_GH", "x" * 64])
def test_a_client_msg_id_has_room_for_a_uuid_and_more(name: str) -> None:
    assert parse_client_msg_id(name) == name


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "a/b", "a\n", "读", "\ud800", "a\x00"])
def test_other_client_msg_ids_are_refused(name: str) -> None:
    with pytest.raises(InvalidField, match="client_msg_id"):
        parse_client_msg_id(name)


@pytest.mark.parametrize(
    ("text", "kind", "users"),
    [
        ("s:alice:bob", ConversationKind.SINGLE, ("alice", "bob")),
        ("s:-:_", ConversationKind.SINGLE, ("-", "_")),
        ("s:Zoe:adam", ConversationKind.SINGLE, ("Zoe", "adam")),
        (f"s:w:{LONGEST}", ConversationKind.SINGLE, ("w", LONGEST)),
        ("g:book-club", ConversationKind.GROUP, ()),
        (f"g:{LONGEST}", ConversationKind.GROUP, ()),
        ("n:alice", ConversationKind.SYSTEM, ("alice",)),
        ("u:alice", ConversationKind.SELF, ("alice",)),
    ],
)
def test_a_conversation_id_says_what_it_is_and_who_is_in(
    text: str, kind: ConversationKind, users: tuple[str, ...]
) -> None:
    conversation_id = parse_conversation_id(text)
    assert conversation_id == text
    assert kind_of(conversation_id) is kind
    assert fixed_members(conversation_id) == users


BAD_CONVERSATIONS = [
    "",
    "s:",
    "s:alice",
    "s:alice:",
    "s::bob",
    "s:bob:alice",
    "s:alice:alice",
    "s:a:b:c",
    "g:",
    "g:a:b",
    f"g:{LONGEST}x",
    "n:",
    "n:a:b",
    "u:",
    "u:a:b",
    "x:alice",
    "G:books",
    "g:books\n",
    "g:读书会",
    "alice",
    "g: books",
]


@pytest.mark.parametrize("text", BAD_CONVERSATIONS)
def test_other_conversation_ids_are_refused(text: str) -> None:
    with pytest.raises(InvalidField, match="conversation_id"):
        parse_conversation_id(text)


@pytest.mark.parametrize(("one", "other"), [("alice", "bob"), ("B", "a"), ("a-", "a"), ("a_", "aB"), ("10", "9")])
def test_a_single_has_one_id_whoever_begins(one: str, other: str) -> None:
    conversation_id = single_id(UserId(one), UserId(other))
    assert conversation_id == single_id(UserId(other), UserId(one))
    assert parse_conversation_id(conversation_id) == conversation_id
    assert set(fixed_members(conversation_id)) == {one, other}


def test_nobody_has_a_single_with_himself() -> None:
    with pytest.raises(InvalidField, match="two different users"):
        single_id(UserId("alice"), UserId("alice"))


def test_everybody_has_one_conversation_with_himself() -> None:
    assert parse_conversation_id(self_id(UserId("alice"))) == "u:alice"


def test_a_groups_conversation_is_named_for_the_group() -> None:
    assert parse_conversation_id(group_conversation_id("books")) == "g:books"
