"""The conversations that the tables speak of, told as stories; and each command, asked about what a row names."""

from collections.abc import Callable, Mapping

from hongyan.model import commands as ask
from hongyan.model.commands import AnyCommand, Role
from hongyan.model.ids import SYSTEM_USER, UserId
from tests.unit.model.stories import ALICE, BOB, GROUP, SINGLE, WINDOW_MS, Story, receipt_of, text_of

Seqs = Mapping[str, int]
"""Of whose message which seq it has: by user, and `deleted`."""

OWNER, ADMIN, OTHER_ADMIN, MEMBER, OTHER, BOT, MUTED, REMOVED, STRANGER, NEWCOMER = (
    UserId(name) for name in ("olga", "adam", "ada", "mark", "mina", "robot", "mute", "gone", "stranger", "newcomer")
)
GROUP_ACTORS = {
    "stranger": STRANGER,
    "removed": REMOVED,
    "muted": MUTED,
    "member": MEMBER,
    "bot": BOT,
    "admin": ADMIN,
    "owner": OWNER,
}
SINGLE_ACTORS = {
    "stranger": STRANGER,
    "blocked": ALICE,
    "one of them": ALICE,
    "friend": ALICE,
    "the system": SYSTEM_USER,
}
_LIMIT = 100
_TOKEN = "opens"


def a_group() -> tuple[Story, dict[str, int]]:
    """A group in which each has said something, and what was said has its seq under the speaker's id."""
    story = Story(GROUP)
    receipt_of(
        story.ask(OWNER, ask.CreateGroup("Books", (ADMIN, OTHER_ADMIN, MEMBER, OTHER, BOT, MUTED, REMOVED), _LIMIT))
    )
    for admin in (ADMIN, OTHER_ADMIN):
        receipt_of(story.ask(OWNER, ask.SetRole(admin, Role.ADMIN)))
    speakers = (OWNER, ADMIN, OTHER_ADMIN, MEMBER, OTHER, BOT, MUTED, REMOVED)
    seqs: dict[str, int] = {speaker: receipt_of(story.say(speaker)).seq for speaker in speakers}
    receipt_of(story.ask(OWNER, ask.MakeJoinLink("link", _TOKEN)))
    receipt_of(story.ask(OWNER, ask.MuteMember(MUTED, story.now_ms + 1_000_000)))
    receipt_of(story.ask(OWNER, ask.RemoveMembers((REMOVED,))))
    return story, seqs


def with_deleted(story: Story, seqs: dict[str, int], sender_id: UserId) -> None:
    """One more message of theirs, recalled."""
    seqs["deleted"] = receipt_of(story.say(sender_id)).seq
    receipt_of(story.ask(sender_id, ask.Recall(seqs["deleted"], WINDOW_MS)))


def a_single(actor: str) -> tuple[Story, dict[str, int]]:
    """Two who have written to each other, and are what the actor's column says."""
    story = Story(SINGLE)
    seqs: dict[str, int] = {user_id: receipt_of(story.say(user_id)).seq for user_id in (ALICE, BOB)}
    with_deleted(story, seqs, ALICE)
    if actor == "friend":
        receipt_of(story.ask(SYSTEM_USER, ask.Befriend(BOB)))
    if actor == "blocked":
        receipt_of(story.ask(BOB, ask.Block()))
    return story, seqs


def whom(about: str, actor_id: UserId) -> UserId:
    """Who is meant by `own`, `a member's` and the like; never the actor himself but by `own`."""
    return {
        "": actor_id,
        "own": actor_id,
        "everybody": actor_id,
        "a member's": OTHER,
        "an admin's": OTHER_ADMIN,
        "the owner's": OWNER,
        "a stranger": NEWCOMER,
        "who asked": NEWCOMER,
        "the other's": BOB,
        "deleted": actor_id,
    }[about]


def _at(make: Callable[[int], AnyCommand]) -> Callable[[UserId, int], AnyCommand]:
    return lambda _user_id, seq: make(seq)


def _of(make: Callable[[UserId], AnyCommand]) -> Callable[[UserId, int], AnyCommand]:
    return lambda user_id, _seq: make(user_id)


def _is(command: AnyCommand) -> Callable[[UserId, int], AnyCommand]:
    return lambda _user_id, _seq: command


COMMANDS: dict[str, Callable[[UserId, int], AnyCommand]] = {
    "send_message": _is(text_of("hello")),
    "send_to_friend": _is(ask.SendToFriend(1, b"hello")),
    "recall": _at(lambda seq: ask.Recall(seq, WINDOW_MS)),
    "edit_message": _at(lambda seq: ask.EditMessage(seq, 1, b"better")),
    "delete_message": _at(ask.DeleteMessage),
    "react": _at(lambda seq: ask.React(seq, "👍")),
    "pin": _at(ask.Pin),
    "block": _is(ask.Block()),
    "befriend": _is(ask.Befriend(BOB)),
    "unfriend": _is(ask.Unfriend(BOB)),
    "create_group": _is(ask.CreateGroup("Books", (), _LIMIT)),
    "add_members": _of(lambda user_id: ask.AddMembers((user_id,), _LIMIT)),
    "remove_members": _of(lambda user_id: ask.RemoveMembers((user_id,))),
    "leave_group": _is(ask.LeaveGroup()),
    "set_role": _of(lambda user_id: ask.SetRole(user_id, Role.ADMIN if user_id == OTHER else Role.MEMBER)),
    "transfer_owner": _of(ask.TransferOwner),
    "mute_member": _of(lambda user_id: ask.MuteMember(user_id, 1 << 42)),
    "mute_all": _is(ask.MuteAll(on=True)),
    "set_group_profile": _is(ask.SetGroupProfile(name="Books and tea")),
    "set_nickname": _is(ask.SetNickname("bookworm")),
    "set_group_rules": _is(ask.SetGroupRules(history_for_newcomers=True)),
    "make_join_link": _is(ask.MakeJoinLink("other", "opens too")),
    "revoke_join_link": _is(ask.RevokeJoinLink("link")),
    "join_by_link": _is(ask.JoinByLink(_TOKEN, _LIMIT)),
    "request_join": _is(ask.RequestJoin("let me in", _LIMIT)),
    "answer_join": _of(lambda user_id: ask.AnswerJoin(user_id, accept=True, limit=_LIMIT)),
    "dismiss_group": _is(ask.DismissGroup()),
}
"""By the name in the table: what is asked, of a user or of a seq."""

MENTIONING = ask.SendMessage(1, b"everybody!", mention_all=True)
