"""The values of items, and what a client may say in them."""

from typing import Any

import pytest

from hongyan.model.codes import InvalidField, ItemReadOnly, MalformedFrame
from hongyan.model.personal import (
    OF_CLIENTS,
    VALUES,
    AnyValue,
    Contact,
    ConversationSettings,
    Draft,
    FriendRequest,
    Item,
    Privacy,
    Profile,
    Relation,
    Settings,
    Topic,
)
from hongyan.protocol.codec_personal import check_key, check_value, decode_value, encode_value, read_item, topic_of
from hongyan.protocol.wire import frame_pb2

FULL: list[AnyValue] = [
    ConversationSettings(
        7, muted=True, muted_until_ms=9, hidden=True, hidden_countable=4, cleared_seq=3, labels=("书",)
    ),
    Draft("half a", 4, 5),
    Contact("老鲍", ("work", "go"), "met in Hangzhou"),
    Settings(1_380, 450, -300),
    Relation(friend=True, blocked=True, since_ms=5),
    FriendRequest("alice", "bob", "hello", "search", "pending", 6),
    Profile("Alice", "al", "blob-1"),
    Privacy("friends", "nobody", unlisted=True),
]


@pytest.mark.parametrize("value", [*FULL, *(kind() for kind in VALUES.values())], ids=repr)
def test_a_value_is_read_back_as_it_was_written(value: AnyValue) -> None:
    assert decode_value(topic_of(value), encode_value(value)) == value


def test_bytes_that_are_no_value_are_told() -> None:
    with pytest.raises(MalformedFrame):
        decode_value("draft", b"\xff\xff")
    with pytest.raises(KeyError):
        decode_value("horoscope", b"")


def asked(key: str, **fields: Any) -> frame_pb2.Item:
    return frame_pb2.Item(key=key, **fields)


def test_an_item_of_a_client_is_taken_with_the_version_that_it_must_have() -> None:
    item = asked("s:a:b", version=4)
    item.draft.text = "hi"
    assert read_item(item) == Item("draft", "s:a:b", encode_value(Draft("hi")), version=4)


def test_a_deleted_item_has_no_value() -> None:
    item = asked("s:a:b", deleted=True)
    item.draft.text = "hi"
    assert read_item(item) == Item("draft", "s:a:b", deleted=True)


def test_what_the_server_writes_is_refused_from_a_client() -> None:
    for topic in set(Topic) - OF_CLIENTS:
        item = asked("bob")
        getattr(item, topic).SetInParent()
        with pytest.raises(ItemReadOnly):
            read_item(item)


def test_an_item_without_a_value_is_refused() -> None:
    with pytest.raises(InvalidField):
        read_item(asked("bob"))


@pytest.mark.parametrize(
    ("topic", "key"),
    [
        (Topic.CONVERSATION, "books"),
        (Topic.DRAFT, "s:b:a"),
        (Topic.HIDDEN, "g:books"),
        (Topic.HIDDEN, "g:books/0"),
        (Topic.HIDDEN, "g:books/07"),
        (Topic.HIDDEN, "books/7"),
        (Topic.CONTACT, "a b"),
        (Topic.SETTINGS, "you"),
        (Topic.REQUEST, ""),
    ],
)
def test_a_key_that_is_none_of_its_topic_is_refused(topic: Topic, key: str) -> None:
    with pytest.raises(InvalidField):
        check_key(topic, key)


@pytest.mark.parametrize(
    "value",
    [
        ConversationSettings(labels=("a", "a")),
        ConversationSettings(labels=("",)),
        ConversationSettings(labels=("x" * 33,)),
        ConversationSettings(labels=tuple(map(str, range(21)))),
        ConversationSettings(muted_until_ms=-1),
        Draft("x" * 20_001),
        Contact("two\nlines"),
        Contact(note="x" * 1_001),
        Settings(1_440),
        Settings(0, 1_440),
        Settings(utc_offset_min=841),
        Settings(utc_offset_min=-841),
    ],
    ids=repr,
)
def test_a_value_beyond_its_bounds_is_refused(value: AnyValue) -> None:
    with pytest.raises(InvalidField):
        check_value(value)
