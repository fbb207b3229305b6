"""Ids are distinct types, made by parsing at the edge.

A conversation's id says its kind and, where the members never change, who they are:

    s:alice:bob   single: the two users, sorted
    g:book-club   group
    n:alice       system: notices to one user
    u:alice       self: what a user says to himself, to be found again
"""

import re
from enum import IntEnum
from typing import NewType

from hongyan.model.codes import InvalidField

UserId = NewType("UserId", str)
DeviceId = NewType("DeviceId", str)
ConversationId = NewType("ConversationId", str)
ClientMsgId = NewType("ClientMsgId", str)
MessageId = NewType("MessageId", int)

SYSTEM_USER = UserId("system")
"""Who speaks in system conversations; nobody can register it."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_CLIENT_MSG_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)
_CONVERSATION = re.compile(
    r"s:(?P<low>[A-Za-z0-9_-]{1,32}):(?P<high>[A-Za-z0-9_-]{1,32})|[gnu]:[A-Za-z0-9_-]{1,32}", re.ASCII
)


class ConversationKind(IntEnum):
    """What a conversation is; told by its id."""

    SINGLE = 1
    GROUP = 2
    SYSTEM = 3
    SELF = 4


_KINDS = {
    "s": ConversationKind.SINGLE,
    "g": ConversationKind.GROUP,
    "n": ConversationKind.SYSTEM,
    "u": ConversationKind.SELF,
}


def parse_user_id(text: str, field: str = "user_id") -> UserId:
    """Text from outside as a user id: 1 to 32 of A-Z a-z 0-9 _ -. Raises InvalidField."""
    if not _NAME.fullmatch(text):
        raise InvalidField(field=field, reason="1 to 32 of A-Z a-z 0-9 _ - are allowed")
    return UserId(text)


def parse_device_id(text: str) -> DeviceId:
    """Text from outside as a device id, of the same letters as a user id. Raises InvalidField."""
    return DeviceId(parse_user_id(text, "device_id"))


def parse_client_msg_id(text: str) -> ClientMsgId:
    """Text from outside as a client message id: 1 to 64 of A-Z a-z 0-9 _ - : . Raises InvalidField."""
    if not _CLIENT_MSG_ID.fullmatch(text):
        raise InvalidField(field="client_msg_id", reason="1 to 64 of A-Z a-z 0-9 _ - : . are allowed")
    return ClientMsgId(text)


def parse_conversation_id(text: str) -> ConversationId:
    """Text from outside as a conversation id of any kind. Raises InvalidField."""
    match = _CONVERSATION.fullmatch(text)
    if not match or (match["low"] is not None and match["low"] >= match["high"]):
        raise InvalidField(
            field="conversation_id", reason="expected s:low:high (sorted, different), g:group, n:user or u:user"
        )
    return ConversationId(text)


def kind_of(conversation_id: ConversationId) -> ConversationKind:
    """The kind of a parsed conversation id."""
    return _KINDS[conversation_id[0]]


def single_id(one: UserId, other: UserId) -> ConversationId:
    """The conversation of two different users. Raises InvalidField when they are the same."""
    if one == other:
        raise InvalidField(field="user_id", reason="a conversation needs two different users")
    return ConversationId(f"s:{one}:{other}" if one < other else f"s:{other}:{one}")


def self_id(user_id: UserId) -> ConversationId:
    """Where a user saves messages for himself."""
    return ConversationId(f"u:{user_id}")


def group_conversation_id(group_id: str) -> ConversationId:
    """The conversation of a group."""
    return ConversationId(f"g:{group_id}")


def fixed_members(conversation_id: ConversationId) -> tuple[UserId, ...]:
    """The users whom a conversation's id names; empty for a group."""
    kind, _, rest = conversation_id.partition(":")
    return () if kind == "g" else tuple(UserId(name) for name in rest.split(":"))
