"""The screen of messages: words first, then whoever the operator has asked."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from hongyan.model.commands import AnyCommand, EditMessage, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.records import Submitted
from hongyan.ports.link import Submission
from hongyan.protocol.codec_hooks import rewrite_words
from hongyan.services.admin.words import Words
from hongyan.services.webhooks.check import Check, Saying

SubmissionKey = tuple[ConversationId, UserId, ClientMsgId]


class Taken(Protocol):
    """What is asked of the store; see ports.store."""

    async def submissions(self, keys: Sequence[SubmissionKey]) -> Mapping[SubmissionKey, Submitted]:
        """See ConversationStore."""
        ...


class MessageScreen:
    """Implements `ports.screen.Screen`. A retry of what was taken in passes as it is: it is answered, not sent again."""

    def __init__(self, words: Words, check: Check | None, taken: Taken) -> None:
        self._words, self._check, self._taken = words, check, taken

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to look for or anybody to ask."""
        return self._check is not None or self._words.filter.count > 0

    def screen(self, submission: Submission) -> AnyCommand | None:
        """See the port."""
        if self._check is not None or submission.resend:
            return None
        return self._scanned(submission.command)

    async def screen_late(self, submission: Submission) -> AnyCommand:
        """See the port."""
        key = (submission.conversation_id, submission.sender_id, submission.client_msg_id)
        if submission.resend and await self._taken.submissions([key]):
            return submission.command
        command = self._scanned(submission.command)
        if self._check is None:
            return command
        return await self._check.ask(submission, command)

    def _scanned(self, command: AnyCommand) -> Saying:
        assert isinstance(command, SendMessage | EditMessage)
        content = rewrite_words(command.content, self._words.filter.apply)
        return command if content is command.content else msgspec.structs.replace(command, content=content)
