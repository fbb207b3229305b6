"""Frames, entries and contents as hypothesis draws them: every kind, within what the protocol allows."""

from typing import Any

from hypothesis import strategies as st

from hongyan.model import commands as ask
from hongyan.model import personal, records
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.protocol import content as say
from hongyan.protocol import frames
from hongyan.protocol.codec import encode_entry
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.codec_personal import encode_value

LETTERS = "ABCXYZabcxyz019_-"
names = st.text(LETTERS, min_size=1, max_size=32)
user_ids = names.map(UserId)
client_msg_ids = st.text(f"{LETTERS}.:", min_size=1, max_size=64).map(ClientMsgId)
singles = st.sets(names, min_size=2, max_size=2).map(lambda two: ConversationId(f"s:{min(two)}:{max(two)}"))
conversation_ids = singles | st.builds("{}:{}".format, st.sampled_from("gnu"), names).map(ConversationId)
numbers = st.integers(0, 2**63 - 1) | st.integers(0, 300)
positive = st.integers(1, 2**63 - 1) | st.integers(1, 300)
small = st.integers(0, 2**32 - 1)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
lines = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
titles = lines.filter(str.strip)
users = st.lists(user_ids, max_size=6).map(tuple)
some_users = st.lists(user_ids, min_size=1, max_size=6).map(tuple)

emojis = st.sampled_from(["👍", "❤️", "👩‍👩‍👧", ":party:"])
tokens = st.text(LETTERS, min_size=16, max_size=64)


def perhaps(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What may be left as it is."""
    return st.none() | strategy


rules = (
    perhaps(st.booleans()),
    perhaps(st.sampled_from(ask.JoinPolicy)),
    perhaps(st.sampled_from(ask.Role)),
    perhaps(st.sampled_from(ask.Role)),
)

# Content

blobs = st.builds(
    say.Blob,
    blob_id=st.text(f"{LETTERS}.", min_size=1, max_size=128),
    media_type=st.sampled_from(["image/png", "video/mp4", "application/vnd.x+json"]),
    size_bytes=positive,
)
thumbnails = st.binary(max_size=60)
degrees = st.floats(-90, 90)
bodies = st.one_of(
    st.builds(say.Text, words.filter(bool)),
    st.builds(say.Image, blobs, small, small, thumbnails),
    st.builds(say.Voice, blobs, small),
    st.builds(say.Video, blobs, small, small, small, thumbnails),
    st.builds(say.File, blobs, titles),
    st.builds(say.Location, degrees, st.floats(-180, 180), lines, lines),
    st.builds(say.Card, user_id=names, name=lines),
    st.builds(say.Card, group_id=names, name=lines),
    st.builds(say.Custom, st.text(f"{LETTERS}.:/", min_size=1, max_size=64), st.binary(max_size=60), words),
)


@st.composite
def views(draw: st.DrawFn, conversation_id: str = "s:a:b") -> say.ContentView:
    """Content that may be sent to the conversation."""
    quotes = st.builds(say.Reference, user_ids, st.just(conversation_id), positive, numbers, words)
    forwards = st.builds(say.Reference, user_ids, st.just("") | conversation_ids, numbers, numbers, words)
    return say.ContentView(
        draw(bodies),
        draw(users),
        draw(st.booleans()),
        draw(st.none() | quotes),
        draw(st.none() | forwards),
    )


# Entries


@st.composite
def messages(draw: st.DrawFn) -> records.Message:
    """A message of an entry."""
    view = draw(views())
    return records.Message(view.kind, build_content(view))


@st.composite
def amended(draw: st.DrawFn) -> records.Amended:
    """A message to which something happened."""
    message = draw(messages())
    reactions = draw(st.lists(st.builds(records.Reaction, emojis, some_users), max_size=3).map(tuple))
    return records.Amended(message.kind, message.content, draw(numbers), draw(numbers), reactions)


@st.composite
def edits(draw: st.DrawFn) -> records.EditNotice:
    """A new content, or none any more."""
    message = draw(messages())
    live = records.EditNotice(draw(positive), message.kind, message.content)
    return draw(st.sampled_from([live, records.EditNotice(live.seq)]))


entry_bodies = st.one_of(
    messages(),
    amended(),
    edits(),
    st.builds(records.Deleted, user_ids),
    st.builds(records.DeleteNotice, positive),
    st.builds(records.ReactionNotice, positive, emojis, st.booleans()),
    st.builds(records.PinNotice, positive, st.booleans()),
    st.builds(records.Befriended, user_ids, lines),
    st.builds(records.RoleSet, user_ids, st.sampled_from(ask.Role)),
    st.builds(records.OwnerTransferred, user_ids),
    st.builds(records.MemberMuted, user_ids, numbers),
    st.builds(records.AllMuted, st.booleans(), users),
    st.builds(records.GroupProfileSet, perhaps(lines), perhaps(lines), perhaps(lines)),
    st.builds(records.NicknameSet, lines),
    st.builds(records.GroupRulesSet, *rules),
    st.builds(records.JoinLinkMade, names, numbers, small),
    st.builds(records.JoinLinkRevoked, names),
    st.builds(records.MemberJoined, names),
    st.builds(records.JoinRequested, lines),
    st.builds(records.JoinAnswered, user_ids, st.booleans()),
    st.builds(records.GroupDismissed),
    st.builds(records.Recalled, user_ids),
    st.builds(records.RecallNotice, positive),
    st.builds(records.GroupCreated, lines, users),
    st.builds(records.MembersAdded, users),
    st.builds(records.MembersRemoved, users),
    st.builds(records.MemberLeft),
)
entries = st.builds(
    records.Entry,
    conversation_ids,
    positive,
    numbers.map(MessageId),
    user_ids,
    client_msg_ids | st.just(ClientMsgId("")),
    st.integers(0, 2**63 - 1),
    numbers,
    entry_bodies,
)
encoded_entries = entries.map(encode_entry)
pages = st.lists(encoded_entries, max_size=3).map(tuple)

# From the client

group_commands: st.SearchStrategy[Any] = st.one_of(
    st.builds(ask.SetRole, user_ids, st.sampled_from([ask.Role.ADMIN, ask.Role.MEMBER])),
    st.builds(ask.TransferOwner, user_ids),
    st.builds(ask.MuteMember, user_ids, numbers),
    st.builds(ask.MuteAll, st.booleans(), users),
    st.builds(ask.SetGroupProfile, titles, perhaps(lines), perhaps(lines)),
    st.builds(ask.SetNickname, lines),
    st.builds(ask.SetGroupRules, st.booleans(), *rules[1:]),
    st.builds(ask.MakeJoinLink, names, tokens, numbers, st.integers(0, 1_000_000)),
    st.builds(ask.RevokeJoinLink, names),
    st.builds(ask.JoinByLink, tokens),
    st.builds(ask.RequestJoin, lines),
    st.builds(ask.AnswerJoin, user_ids, st.booleans()),
    st.builds(ask.DismissGroup),
)


@st.composite
def submissions(draw: st.DrawFn) -> frames.Submit:
    """Every command that a client can submit."""
    conversation_id = draw(conversation_ids)
    client_msg_id, resend = draw(client_msg_ids), draw(st.booleans())
    view = draw(views(conversation_id))
    mentions = st.just(view.mention_all)
    command: Any = draw(
        st.one_of(
            st.just(ask.SendMessage(view.kind, build_content(view), view.mention_all)),
            st.builds(ask.Recall, positive, st.just(0)),
            st.builds(ask.CreateGroup, titles, users, st.just(0)),
            st.builds(ask.AddMembers, some_users, st.just(0)),
            st.builds(ask.RemoveMembers, some_users),
            st.builds(ask.LeaveGroup),
            st.builds(ask.EditMessage, positive, st.just(view.kind), st.just(build_content(view)), mentions),
            st.builds(ask.DeleteMessage, positive),
            st.builds(ask.React, positive, emojis, st.booleans()),
            st.builds(ask.Pin, positive, st.booleans()),
            st.builds(ask.Block, st.booleans()),
            group_commands,
        )
    )
    if type(command) is ask.CreateGroup and draw(st.booleans()):
        conversation_id = ConversationId("")
    return frames.Submit(conversation_id, client_msg_id, command, resend)


labels = st.lists(titles.map(lambda title: title[:32]).filter(str.strip), max_size=4, unique=True).map(tuple)
chosen: Any = {
    personal.Topic.CONVERSATION: st.builds(
        personal.ConversationSettings,
        *(numbers, st.booleans(), numbers, st.booleans(), numbers, numbers, st.booleans(), labels),
    ),
    personal.Topic.DRAFT: st.builds(personal.Draft, words, numbers, numbers),
    personal.Topic.HIDDEN: st.builds(personal.Hidden),
    personal.Topic.CONTACT: st.builds(personal.Contact, lines, labels, words),
    personal.Topic.SETTINGS: st.builds(
        personal.Settings, st.integers(0, 1_439), st.integers(0, 1_439), st.integers(-840, 840)
    ),
}
item_keys: Any = {
    personal.Topic.CONVERSATION: conversation_ids,
    personal.Topic.DRAFT: conversation_ids,
    personal.Topic.HIDDEN: st.builds(personal.hidden_key, conversation_ids, st.integers(1, 10**17)),
    personal.Topic.CONTACT: names,
    personal.Topic.SETTINGS: st.just(personal.ME),
}


@st.composite
def items(draw: st.DrawFn) -> personal.Item:
    """An item that a client may put."""
    topic = draw(st.sampled_from(sorted(chosen)))
    key, version = draw(item_keys[topic]), draw(numbers)
    if draw(st.booleans()):
        return personal.Item(topic, key, deleted=True, version=version)
    return personal.Item(topic, key, encode_value(draw(chosen[topic])), version=version)


some_items = st.lists(items(), min_size=1, max_size=3, unique_by=lambda item: (item.topic, item.key)).map(tuple)
cursors = st.text(LETTERS, max_size=40)
commands = st.one_of(
    st.builds(frames.Connect, words, lines, st.lists(st.text(LETTERS, max_size=9), max_size=3).map(tuple), cursors),
    submissions(),
    st.builds(frames.MarkRequest, conversation_ids, numbers, numbers),
    st.builds(frames.SignalRequest, conversation_ids, st.text(f"{LETTERS}.:", min_size=1, max_size=32)),
    st.builds(frames.Sync, cursors, small),
    st.builds(frames.GetEntries, conversation_ids, numbers, st.booleans(), small),
    st.builds(frames.GetMembers, conversation_ids, cursors, small),
    st.builds(frames.GetGroup, conversation_ids),
    st.builds(frames.GetPositions, conversation_ids, users),
    st.builds(frames.PutItems, some_items),
    st.builds(frames.GetItems, numbers, cursors, small),
    st.builds(frames.Ping),
    st.builds(frames.WatchPresence, users),
)
client_frames = st.builds(frames.ClientFrame, small, commands)

# From the server


def _receipt(
    conversation_id: ConversationId, client_msg_id: ClientMsgId, figures: tuple[int, ...]
) -> frames.ReceiptReply:
    # A receipt does not say who sent, nor the digest: the other end gives these as empty.
    seq, message_id, time_ms, countable = figures
    submitted = records.Submitted(UserId(""), client_msg_id, seq, MessageId(message_id), time_ms, countable, 0)
    return frames.ReceiptReply(conversation_id, submitted)


heads = st.builds(
    frames.ConversationHead,
    *(conversation_ids, numbers, numbers, numbers, numbers, numbers, numbers),
    preview=encoded_entries | st.just(b""),
    name=lines,
    member=st.booleans(),
)
sync_pages = st.builds(frames.SyncPage, st.lists(heads, max_size=3).map(tuple), cursors, st.booleans())
# What stays with the server of its limits is not told, so it is left at its default.
limits = st.builds(
    frames.Limits,
    packet_bytes=small,
    frames_per_packet=small,
    content_bytes=small,
    pending_submissions=small,
    page_entries=small,
)
roles = st.sampled_from(["owner", "admin", "member"])
positions = st.builds(frames.Position, user_ids, numbers, numbers)
times = st.integers(0, 2**63 - 1)
member_rows = st.builds(frames.MemberRow, user_ids, roles, numbers, times, lines)
groups = st.builds(
    frames.Group,
    *(conversation_ids, lines, lines, words, small, member_rows, st.booleans()),
    *(st.sampled_from(["closed", "approval", "link", "open"]), roles, roles, st.booleans(), users),
    pinned_seqs=st.lists(numbers, max_size=3).map(tuple),
    links=st.lists(st.builds(frames.JoinLinkRow, names, user_ids, times, small, small), max_size=2).map(tuple),
    requests=st.lists(st.builds(frames.JoinRequestRow, user_ids, lines, times), max_size=2).map(tuple),
)
presences = st.builds(frames.Presence, user_ids, st.booleans(), times)
events = st.one_of(
    st.builds(frames.ErrorReply, small, names, words, small, st.booleans()),
    st.builds(frames.Connected, names, user_ids, names, times, small, limits, sync_pages, numbers),
    st.builds(_receipt, conversation_ids, client_msg_ids, st.tuples(numbers, numbers, times, numbers)),
    sync_pages,
    st.builds(frames.EntryPage, conversation_ids, pages, st.booleans(), numbers, numbers),
    st.builds(
        frames.MemberPage, conversation_ids, st.lists(member_rows, max_size=3).map(tuple), cursors, st.booleans()
    ),
    groups,
    st.builds(frames.Positions, conversation_ids, st.lists(positions, max_size=3).map(tuple)),
    st.builds(frames.ItemPage, some_items, numbers, cursors, st.booleans(), st.booleans()),
    st.builds(frames.ItemsChanged, some_items, numbers, numbers),
    st.builds(frames.Pong, times),
    st.builds(frames.Push, pages),
    st.builds(frames.SignalPush, conversation_ids, user_ids, names),
    st.builds(frames.GoAway, small),
    st.builds(frames.Resync),
    st.builds(frames.Presences, st.lists(presences, max_size=3).map(tuple)),
)
server_frames = st.builds(frames.ServerFrame, small, events)
