"""What a user keeps for himself: items, one value a topic and key, the same on all of his devices.

proto/hongyan/v1/personal.proto is the contract of the values; every version of an item replaces the one before.
"""

from enum import StrEnum

import msgspec

from hongyan.model.ids import ConversationId

MINUTES_OF_DAY = 1_440
ME = "me"
"""The key where a topic has one item a user."""


class Topic(StrEnum):
    """What an item is about; the name of its field in the proto message Item."""

    CONVERSATION = "conversation"
    DRAFT = "draft"
    HIDDEN = "hidden"
    CONTACT = "contact"
    SETTINGS = "settings"
    RELATION = "relation"
    REQUEST = "request"
    PROFILE = "profile"
    PRIVACY = "privacy"


OF_CLIENTS = frozenset((Topic.CONVERSATION, Topic.DRAFT, Topic.HIDDEN, Topic.CONTACT, Topic.SETTINGS))
"""What clients may put; the rest is written by the server."""


class Item(msgspec.Struct, frozen=True):
    """One item. `value` is its serialized message, empty when `deleted`; `version` counts the user's changes.

    On its way in, `version` is 0, or the one that the item must have now. `topic` is "" for one of a newer server.
    """

    topic: str
    key: str
    value: bytes = b""
    deleted: bool = False
    version: int = 0


class ConversationSettings(msgspec.Struct, frozen=True):
    """How the user wants to see a conversation; key: its id.

    Pinned ones (`pin_order` above 0) stand above the others, the highest first. A hidden one comes back once it counts
    more than `hidden_countable` entries. `muted_until_ms` 0 means for good. Entries up to `cleared_seq` are gone for him.
    """

    pin_order: int = 0
    muted: bool = False
    muted_until_ms: int = 0
    hidden: bool = False
    hidden_countable: int = 0
    cleared_seq: int = 0
    marked_unread: bool = False
    labels: tuple[str, ...] = ()


class Draft(msgspec.Struct, frozen=True):
    """What was begun and not sent; key: the conversation's id."""

    text: str = ""
    quote_seq: int = 0
    time_ms: int = 0


class Hidden(msgspec.Struct, frozen=True):
    """That the user deleted an entry for himself; key: see `hidden_key`."""


class Contact(msgspec.Struct, frozen=True):
    """What the user notes about somebody; key: the other's id."""

    remark: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""


class Settings(msgspec.Struct, frozen=True):
    """What holds for all conversations; key: ME. Quiet hours are minutes of the local day; equal ones mean never."""

    quiet_from_min: int = 0
    quiet_to_min: int = 0
    utc_offset_min: int = 0


class Relation(msgspec.Struct, frozen=True):
    """What stands between the user and another, as the user may know it; key: the other's id."""

    friend: bool = False
    blocked: bool = False
    since_ms: int = 0


class FriendRequest(msgspec.Struct, frozen=True):
    """A request to become friends, of the user or to him; key: the request's id."""

    from_user_id: str = ""
    to_user_id: str = ""
    note: str = ""
    source: str = ""
    state: str = ""
    time_ms: int = 0


class Profile(msgspec.Struct, frozen=True):
    """How the user shows himself; key: ME."""

    name: str = ""
    handle: str = ""
    avatar: str = ""


class Privacy(msgspec.Struct, frozen=True):
    """What strangers may; key: ME. "" is the installation's own choice."""

    strangers: str = ""
    presence: str = ""
    unlisted: bool = False


AnyValue = ConversationSettings | Draft | Hidden | Contact | Settings | Relation | FriendRequest | Profile | Privacy

VALUES: dict[Topic, type[AnyValue]] = {
    Topic.CONVERSATION: ConversationSettings,
    Topic.DRAFT: Draft,
    Topic.HIDDEN: Hidden,
    Topic.CONTACT: Contact,
    Topic.SETTINGS: Settings,
    Topic.RELATION: Relation,
    Topic.REQUEST: FriendRequest,
    Topic.PROFILE: Profile,
    Topic.PRIVACY: Privacy,
}


def hidden_key(conversation_id: ConversationId, seq: int) -> str:
    """The key of the item that says that an entry is deleted for the user."""
    return f"{conversation_id}/{seq}"


def is_muted(settings: ConversationSettings, now_ms: int) -> bool:
    """Whether a conversation is silent for the user now."""
    return settings.muted and (settings.muted_until_ms == 0 or now_ms < settings.muted_until_ms)


def is_hidden(settings: ConversationSettings, countable: int) -> bool:
    """Whether a conversation with so many countable entries is out of the list."""
    return settings.hidden and countable <= settings.hidden_countable


def is_quiet(settings: Settings, now_ms: int) -> bool:
    """Whether the user does not want to be disturbed now: from one minute of his day until before the other."""
    begin, end = settings.quiet_from_min, settings.quiet_to_min
    minute = (now_ms // 60_000 + settings.utc_offset_min) % MINUTES_OF_DAY
    return begin <= minute < end if begin <= end else minute >= begin or minute < end
