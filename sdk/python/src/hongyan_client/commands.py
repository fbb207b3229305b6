"""What can be asked of a conversation, each a call with types; all of them end in `submit`."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import msgspec

from hongyan.model import commands as ask
from hongyan.model.ids import ConversationId, UserId, group_conversation_id
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.content import ContentView, Text
from hongyan_client.device import Sent
from hongyan_client.ids import new_group_id

RoleName = Literal["owner", "admin", "member"]
PolicyName = Literal["closed", "approval", "link", "open"]


class JoinLink(msgspec.Struct, frozen=True):
    """A way into a group. Whoever has `token` comes in by it, so show it to nobody else; `link_id` revokes it."""

    conversation_id: ConversationId
    link_id: str
    token: str


class Commands(ABC):
    """The commands of messages, of the two of a single conversation, and of groups.

    Each returns when it is durable and decided, and raises RefusedError when a rule forbids it; rights are decided at its
    place in the conversation's order. A `Sent` with seq 0 changed nothing and made no entry.
    """

    @abstractmethod
    async def submit(self, conversation_id: str, command: ask.AnyCommand, *, client_msg_id: str = "") -> Sent:
        """Submits a command; see `Client.submit`."""

    @abstractmethod
    def single(self, user_id: str) -> ConversationId:
        """The conversation with another user; see `Client.single`."""

    # Messages

    async def send(
        self,
        conversation_id: str,
        content: str | ContentView,
        *,
        mention: Sequence[str] = (),
        mention_all: bool = False,
        client_msg_id: str = "",
    ) -> Sent:
        """Sends a text or other content, and returns when it is durable on the server, however long that takes.

        It is kept until then, across reconnects and restarts, and sent again under one id, so it happens once. Waits
        first while too much is under way (`ClientOptions.outbox`). To stop waiting is not to take back: cancelled, or
        timed out by the caller, it is sent all the same. Raises RefusedError when the server refuses it for good.

        With a `client_msg_id` of your own, the same said again by another run is the same message: see `submit`.
        """
        view = _view(content, mention, mention_all=mention_all)
        command = ask.SendMessage(view.kind, build_content(view), view.mention_all)
        return await self.submit(conversation_id, command, client_msg_id=client_msg_id)

    async def edit(
        self,
        conversation_id: str,
        seq: int,
        content: str | ContentView,
        *,
        mention: Sequence[str] = (),
        mention_all: bool = False,
    ) -> Sent:
        """Lets an own message say something else, of the same kind. Its mentions and its quote are those given here."""
        view = _view(content, mention, mention_all=mention_all)
        command = ask.EditMessage(seq, view.kind, build_content(view), view.mention_all)
        return await self.submit(conversation_id, command)

    async def recall(self, conversation_id: str, seq: int) -> Sent:
        """Takes a message back. Refused: too late, not yours, recalled already."""
        return await self.submit(conversation_id, ask.Recall(seq, window_ms=0))

    async def delete(self, conversation_id: str, seq: int) -> Sent:
        """Takes a message away for everybody: one's own, or in a group that of a lower rank."""
        return await self.submit(conversation_id, ask.DeleteMessage(seq))

    async def react(self, conversation_id: str, seq: int, emoji: str, *, on: bool = True) -> Sent:
        """Puts a reaction to a message, or takes it back."""
        return await self.submit(conversation_id, ask.React(seq, emoji, on))

    async def pin(self, conversation_id: str, seq: int, *, on: bool = True) -> Sent:
        """Pins a message for everybody, or unpins it."""
        return await self.submit(conversation_id, ask.Pin(seq, on))

    # The two of a single conversation

    async def block(self, user_id: str, *, on: bool = True) -> Sent:
        """Takes no messages from a user any more, or does again. He learns of it only when he writes."""
        return await self.submit(self.single(user_id), ask.Block(on))

    # Groups

    async def create_group(self, name: str, members: Sequence[str] = (), *, group_id: str = "") -> ConversationId:
        """Makes a group of oneself and others, under an id of your choice or a new one."""
        command = ask.CreateGroup(name, _users(members), limit=0)
        key = group_conversation_id(group_id) if group_id else new_group_id()
        return (await self.submit(key, command)).conversation_id

    async def add_members(self, conversation_id: str, members: Sequence[str]) -> Sent:
        """Takes users into a group."""
        return await self.submit(conversation_id, ask.AddMembers(_users(members), limit=0))

    async def remove_members(self, conversation_id: str, members: Sequence[str]) -> Sent:
        """Puts members of a lower rank out of a group."""
        return await self.submit(conversation_id, ask.RemoveMembers(_users(members)))

    async def leave(self, conversation_id: str) -> Sent:
        """Leaves a group."""
        return await self.submit(conversation_id, ask.LeaveGroup())

    async def dismiss(self, conversation_id: str) -> Sent:
        """Ends a group, as its owner."""
        return await self.submit(conversation_id, ask.DismissGroup())

    async def set_role(self, conversation_id: str, user_id: str, role: RoleName) -> Sent:
        """Makes a member an admin, or an admin a member. An owner is made by `transfer`."""
        return await self.submit(conversation_id, ask.SetRole(UserId(user_id), _role(role)))

    async def transfer(self, conversation_id: str, user_id: str) -> Sent:
        """Gives a group to another member."""
        return await self.submit(conversation_id, ask.TransferOwner(UserId(user_id)))

    async def mute(self, conversation_id: str, user_id: str, until_ms: int) -> Sent:
        """Lets a member not speak before a moment in milliseconds since 1970; 0 lifts it."""
        return await self.submit(conversation_id, ask.MuteMember(UserId(user_id), until_ms))

    async def mute_all(self, conversation_id: str, *, on: bool = True, allowed: Sequence[str] = ()) -> Sent:
        """Lets only owner, admins and those allowed speak, or all again."""
        return await self.submit(conversation_id, ask.MuteAll(on, _users(allowed)))

    async def set_group(
        self,
        conversation_id: str,
        *,
        name: str | None = None,
        avatar: str | None = None,
        announcement: str | None = None,
    ) -> Sent:
        """Changes how a group is shown; what is left out stays."""
        return await self.submit(conversation_id, ask.SetGroupProfile(name, avatar, announcement))

    async def set_nickname(self, conversation_id: str, nickname: str) -> Sent:
        """One's own name in a group; "" takes it away."""
        return await self.submit(conversation_id, ask.SetNickname(nickname))

    async def set_group_rules(
        self,
        conversation_id: str,
        *,
        history_for_newcomers: bool | None = None,
        join_policy: PolicyName | None = None,
        who_may_add: RoleName | None = None,
        who_may_mention_all: RoleName | None = None,
    ) -> Sent:
        """Changes what a group allows; what is left out stays. `who_may_…` are the least roles that may."""
        command = ask.SetGroupRules(
            history_for_newcomers,
            ask.JoinPolicy[join_policy.upper()] if join_policy is not None else None,
            _role(who_may_add) if who_may_add is not None else None,
            _role(who_may_mention_all) if who_may_mention_all is not None else None,
        )
        return await self.submit(conversation_id, command)

    # Ways into a group

    async def make_join_link(self, conversation_id: str, *, expires_ms: int = 0, uses: int = 0) -> JoinLink:
        """Makes a link that lets anybody in who has its token, until a moment in milliseconds since 1970 and so many times.

        0 means without end. The token is made here and the server keeps only a hash of it: it cannot be asked for again.
        """
        link_id, token = secrets.token_hex(6), secrets.token_urlsafe(24)
        sent = await self.submit(conversation_id, ask.MakeJoinLink(link_id, token, expires_ms, uses))
        return JoinLink(sent.conversation_id, link_id, token)

    async def revoke_join_link(self, conversation_id: str, link_id: str) -> Sent:
        """Makes a link worthless."""
        return await self.submit(conversation_id, ask.RevokeJoinLink(link_id))

    async def join(self, conversation_id: str, token: str) -> Sent:
        """Comes into a group by a link's token."""
        return await self.submit(conversation_id, ask.JoinByLink(token))

    async def request_join(self, conversation_id: str, note: str = "") -> Sent:
        """Asks to be let into a group; an open one lets in at once."""
        return await self.submit(conversation_id, ask.RequestJoin(note))

    async def answer_join(self, conversation_id: str, user_id: str, *, accept: bool) -> Sent:
        """Lets in one who asked, or does not."""
        return await self.submit(conversation_id, ask.AnswerJoin(UserId(user_id), accept))


def _view(content: str | ContentView, mention: Sequence[str], *, mention_all: bool) -> ContentView:
    return content if isinstance(content, ContentView) else ContentView(Text(content), tuple(mention), mention_all)


def _users(names: Sequence[str]) -> tuple[UserId, ...]:
    return tuple(map(UserId, names))


def _role(name: RoleName) -> ask.Role:
    return ask.Role[name.upper()]
