"""A line about a chat becomes one call of the SDK."""

import time

import pytest

from hongyan.cli.chat.deeds import FORMS, Deed, done_words
from hongyan.cli.chat.typed import Mistake, parse_line
from hongyan.model import commands as ask
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId, single_id
from hongyan.protocol.codec_content import text_content
from hongyan_client import Commands, JoinLink, Sent

HERE = ConversationId("g:club")
BOB = UserId("bob")


class Written(Commands):
    """Writes down what is submitted."""

    def __init__(self) -> None:
        self.submitted: list[tuple[str, ask.AnyCommand]] = []

    async def submit(self, conversation_id: str, command: ask.AnyCommand, *, client_msg_id: str = "") -> Sent:
        self.submitted.append((conversation_id, command))
        return Sent(ConversationId(conversation_id), ClientMsgId(client_msg_id or "c"), 7, MessageId(1), 0)

    def single(self, user_id: str) -> ConversationId:
        return single_id(UserId("alice"), UserId(user_id))


async def done(line: str) -> tuple[str, ask.AnyCommand]:
    """What a line submits, typed in a group."""
    deed, written = parse_line(line), Written()
    assert isinstance(deed, Deed)
    await deed.call(written, "" if deed.anywhere else HERE)
    (submitted,) = written.submitted
    return submitted


WHAT: dict[str, tuple[str, ask.AnyCommand]] = {
    "/edit 3 better words": (HERE, ask.EditMessage(3, 1, text_content("better words"))),
    "/delete 3": (HERE, ask.DeleteMessage(3)),
    "/react 3 👍": (HERE, ask.React(3, "👍", on=True)),
    "/unreact 3 👍": (HERE, ask.React(3, "👍", on=False)),
    "/pin 3": (HERE, ask.Pin(3, on=True)),
    "/unpin 3": (HERE, ask.Pin(3, on=False)),
    "/block bob": ("s:alice:bob", ask.Block(on=True)),
    "/unblock bob": ("s:alice:bob", ask.Block(on=False)),
    "/rename #New name": (HERE, ask.SetGroupProfile(name="New name")),
    "/announce 周四发布": (HERE, ask.SetGroupProfile(announcement="周四发布")),
    "/announce": (HERE, ask.SetGroupProfile(announcement="")),
    "/nick 小薇": (HERE, ask.SetNickname("小薇")),
    "/role bob admin": (HERE, ask.SetRole(BOB, ask.Role.ADMIN)),
    "/give bob": (HERE, ask.TransferOwner(BOB)),
    "/unmute bob": (HERE, ask.MuteMember(BOB, 0)),
    "/quiet bob, eve": (HERE, ask.MuteAll(on=True, allowed_ids=(BOB, UserId("eve")))),
    "/unquiet": (HERE, ask.MuteAll(on=False)),
    "/unlink ab12": (HERE, ask.RevokeJoinLink("ab12")),
    "/join team secret": ("g:team", ask.JoinByLink("secret")),
    "/ask g:team please let me in": ("g:team", ask.RequestJoin("please let me in")),
    "/approve bob": (HERE, ask.AnswerJoin(BOB, accept=True)),
    "/reject bob": (HERE, ask.AnswerJoin(BOB, accept=False)),
    "/dismiss really": (HERE, ask.DismissGroup()),
}


@pytest.mark.parametrize("line", WHAT)
async def test_a_line_submits_its_command(line: str) -> None:
    assert await done(line) == WHAT[line]


async def test_a_mute_ends_so_many_minutes_from_now() -> None:
    _, command = await done("/mute bob 10")
    assert isinstance(command, ask.MuteMember)
    assert abs(command.until_ms - (time.time_ns() // 1_000_000 + 600_000)) < 60_000


async def test_a_link_has_a_secret_and_ends_when_it_is_told_to() -> None:
    _, command = await done("/link 10 3")
    assert isinstance(command, ask.MakeJoinLink)
    assert (len(command.token) >= 16, command.uses, command.expires_ms > 0) == (True, 3, True)
    _, endless = await done("/link")
    assert isinstance(endless, ask.MakeJoinLink)
    assert (endless.uses, endless.expires_ms) == (0, 0)
    assert endless.token != command.token


def test_every_word_is_tried_here() -> None:
    assert {line.split()[0][1:] for line in WHAT} | {"mute", "link"} == set(FORMS)


@pytest.mark.parametrize(
    "line", ["/edit 3", "/edit x y", "/react 3", "/role bob king", "/mute bob", "/dismiss", "/pin 0", "/join team"]
)
def test_a_line_that_lacks_something_is_answered_with_how_it_is_typed(line: str) -> None:
    with pytest.raises(Mistake, match=f"Type it as {line.split(maxsplit=1)[0]}"):
        parse_line(line)


def test_a_links_token_is_shown_to_its_maker_and_silence_is_told() -> None:
    assert "/join team s3cret" in done_words(JoinLink(ConversationId("g:team"), "ab12", "s3cret"))
    assert done_words(Sent(HERE, ClientMsgId("c"), 0, MessageId(1), 0))
    assert done_words(Sent(HERE, ClientMsgId("c"), 9, MessageId(1), 0)) == ""
