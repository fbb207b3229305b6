"""What entries, chats, marks and errors are called."""

import pytest

from hongyan.cli.chat.words import (
    find_chat,
    is_news,
    line_of,
    mark_of,
    outage_words,
    row_of,
    says,
    sentence_of,
    title_of,
)
from hongyan.model.codes import InvalidField
from hongyan.model.commands import MessageKind
from hongyan.model.ids import ClientMsgId, ConversationId, ConversationKind, MessageId, UserId, kind_of, single_id
from hongyan.model.records import AnyBody
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.content import AnyContent, Blob, ContentView, Custom, File, Text, Voice
from hongyan.protocol.frames import ErrorReply, Position
from hongyan_client import (
    ConnectionChanged,
    ConnectionLostError,
    ConnectionState,
    Conversation,
    Entry,
    GroupCreated,
    MemberLeft,
    MembersAdded,
    MembersRemoved,
    Message,
    OutcomeUnknownError,
    Recalled,
    RecallNotice,
    RefusedError,
)
from hongyan_client.errors import session_ended
from hongyan_client.events import EntryAdded

ME, BOB, CAROL = UserId("alice"), UserId("bob"), UserId("carol")
PAIR, TEAM = ConversationId("s:alice:bob"), ConversationId("g:1234")
BLOB = Blob("b1", "audio/ogg", 10)


def entry(body: AnyBody, sender: UserId = BOB, where: ConversationId = PAIR, seq: int = 7) -> Entry:
    return Entry(where, seq, MessageId(1), sender, ClientMsgId("c"), 1_790_000_000_000, seq, body)


def message(content: AnyContent) -> Message:
    view = ContentView(content)
    return Message(view.kind or MessageKind.TEXT, build_content(view))


def chat(
    last: Entry | None = None, where: ConversationId = PAIR, name: str = "", unread: int = 0, *, member: bool = True
) -> Conversation:
    head = last.seq if last is not None else 0
    return Conversation(where, kind_of(where), name, head, unread, 0, member, last)


def test_a_message_is_its_words_without_control_characters() -> None:
    line = line_of(entry(message(Text("你好\x1b[2J\r\n😀"))), ME)
    assert (line.seq, line.sender_id, line.text, line.own, line.spoken) == (7, "bob", "你好[2J\n😀", False, True)


def test_what_happened_is_told_in_words() -> None:
    told: dict[str, AnyBody] = {
        "bob took message 3 back": RecallNotice(3),
        "you took message 7 back": Recalled(ME),
        "bob made the group #te am with you, carol": GroupCreated("te\n\x1bam", (ME, CAROL)),
        "bob brought in you, carol": MembersAdded((ME, CAROL)),
        "bob put out carol": MembersRemoved((CAROL,)),
        "bob left": MemberLeft(),
    }
    assert [says(entry(body), ME) for body in told.values()] == list(told)


def test_what_is_no_text_is_named() -> None:
    assert says(entry(message(Voice(BLOB, 4_000))), ME) == "[voice message, 4 s]"
    assert says(entry(message(File(BLOB, "a\x07b.pdf"))), ME) == "[file ab.pdf]"
    assert says(entry(message(Custom("poll", fallback="a poll"))), ME) == "a poll"
    assert "cannot show" in says(entry(message(Custom("poll"))), ME)


def test_a_chat_is_called_by_the_other_person_or_the_group() -> None:
    assert title_of(PAIR, ME) == "bob"
    assert title_of(PAIR, BOB) == "alice"
    assert title_of(TEAM, ME, "read\x1b club") == "#read club"
    assert title_of(TEAM, ME) == "#1234"
    assert title_of(ConversationId("n:alice"), ME) == "notices"
    assert title_of(ConversationId("u:alice"), ME) == "saved"


def test_the_list_says_who_spoke_where_that_is_not_plain() -> None:
    assert row_of(chat(entry(message(Text("hi")))), ME).preview == "hi"
    assert row_of(chat(entry(message(Text("hi")), ME)), ME).preview == "you: hi"
    assert row_of(chat(entry(message(Text("hi")), where=TEAM), TEAM, "x"), ME).preview == "bob: hi"
    assert row_of(chat(entry(MemberLeft(), where=TEAM), TEAM, "x"), ME).preview == "bob left"
    assert row_of(chat(where=TEAM, name="x", member=False), ME).title == "#x (left)"


@pytest.mark.parametrize(
    ("positions", "kind", "mark"),
    [
        ([], ConversationKind.SINGLE, "sent"),
        ([Position(BOB, 4, 4)], ConversationKind.SINGLE, "sent"),
        ([Position(BOB, 4, 5)], ConversationKind.SINGLE, "✓ delivered"),
        ([Position(BOB, 5, 5)], ConversationKind.SINGLE, "✓✓ read"),
        ([Position(BOB, 9, 0), Position(CAROL, 4, 0)], ConversationKind.GROUP, "✓✓ read by 1"),
        ([Position(BOB, 5, 0), Position(CAROL, 6, 0)], ConversationKind.GROUP, "✓✓ read by 2"),
    ],
)
def test_a_mark_says_how_far_others_got_with_message_5(
    positions: list[Position], kind: ConversationKind, mark: str
) -> None:
    assert mark_of(5, positions, kind) == mark


def test_a_notice_comes_of_anothers_last_entry_only() -> None:
    last = entry(message(Text("x")))
    assert is_news(EntryAdded(last), chat(last), ME)
    assert not is_news(EntryAdded(entry(message(Text("x")), ME)), chat(last), ME)
    assert not is_news(EntryAdded(entry(message(Text("x")), seq=6)), chat(last), ME)


def find(name: str, *chats: Conversation) -> ConversationId:
    return find_chat(name, chats, lambda user_id: single_id(ME, UserId(_checked(user_id))))


def _checked(user_id: str) -> str:
    if " " in user_id:
        raise InvalidField(field="user_id", reason="no blanks")
    return user_id


def test_a_name_is_a_person_unless_it_can_only_be_a_group() -> None:
    pair, team = chat(entry(message(Text("x")))), chat(where=TEAM, name="read club")
    called_bob = chat(where=ConversationId("g:9"), name="bob")
    assert find("bob", pair, called_bob) == PAIR
    assert find("#bob", pair, called_bob) == "g:9"
    assert find("bob", called_bob) == "g:9"
    assert find("dave", pair, team) == "s:alice:dave"
    assert find("read club", pair, team) == TEAM
    assert find("#1234", pair, team) == TEAM
    assert find("g:1234", pair, team) == TEAM


def test_a_name_that_leads_nowhere_or_to_two_groups_is_a_sentence() -> None:
    with pytest.raises(LookupError, match="no group called #x"):
        find("#x")
    with pytest.raises(InvalidField):
        find("no such name")
    twins = [chat(where=ConversationId(f"g:{number}"), name="twin") for number in (1, 2)]
    with pytest.raises(LookupError, match="/open g:1, /open g:2"):
        find("#twin", *twins)


def test_an_error_is_one_sentence_on_one_line() -> None:
    refused = RefusedError(ErrorReply(1, "user_unknown", "There is no user x\x1b\ny.", permanent=True))
    assert sentence_of(refused) == "There is no user x y."
    assert sentence_of(ConnectionLostError("there is no connection")) == "There is no connection."
    assert sentence_of(FileNotFoundError(2, "No such file or directory", "a.txt")) == (
        "A.txt cannot be read: no such file or directory."
    )
    assert sentence_of(session_ended(4502)) == "This device was logged out."
    assert sentence_of(OutcomeUnknownError("x")).startswith("The server did not answer")


def test_an_outage_says_why() -> None:
    assert outage_words(ConnectionChanged(ConnectionState.WAITING, "it\x1b broke.", 3)) == (
        "No connection: it broke. It is tried again by itself."
    )
