"""Before the fact: an integrator is asked whether a message may be taken in, and may change it."""

import asyncio
from typing import Any, Literal

import msgspec

from hongyan.model.codes import CheckUnavailable, ContentRefused
from hongyan.model.commands import EditMessage, SendMessage
from hongyan.model.errors import HongyanError
from hongyan.ports.clock import Clock
from hongyan.ports.link import Submission
from hongyan.ports.webhooks import Call, Post
from hongyan.protocol.codec_hooks import JsonObject, content_json, read_content
from hongyan.services.webhooks.breaker import Breaker
from hongyan.services.webhooks.events import event_body
from hongyan.services.webhooks.signing import signed_headers
from hongyan.telemetry import get_logger

logger = get_logger(__name__)

TYPE = "message.sending"
EDIT_TYPE = "message.editing"

Saying = SendMessage | EditMessage
"""The commands that say something."""

_REASON_CHARACTERS = 256


class CheckOptions(msgspec.Struct, frozen=True):
    """Where to ask, how long to wait, and what holds when nobody answers. At most `calls` are open at a time."""

    url: str
    secret: str
    timeout_s: float = 0.5
    when_down: Literal["allow", "refuse"] = "allow"
    calls: int = 64
    content_bytes: int = 131_072


class Decision(msgspec.Struct, frozen=True):
    """What the integrator answers."""

    action: Literal["allow", "change", "refuse"]
    reason: str = ""
    content: dict[str, Any] = {}


class Check:
    """Asks. Down is who does not answer in time with 200 and a decision that can be carried out."""

    def __init__(self, post: Post, clock: Clock, options: CheckOptions) -> None:
        self._post, self._clock, self._options = post, clock, options
        self._breaker = Breaker(clock, first_ms=1_000)
        self._open = 0
        self.asked = self.down = 0

    async def ask(self, submission: Submission, message: Saying) -> Saying:
        """The message that is taken in. Raises ContentRefused; CheckUnavailable when it is down and that refuses."""
        decision = await self._decision(submission, message)
        if decision is None:
            self.down += 1
            if self._options.when_down == "refuse":
                raise CheckUnavailable(retry_after_ms=1_000)
            return message
        if decision.action == "refuse":
            raise ContentRefused(reason=decision.reason[:_REASON_CHARACTERS] or "the operator does not allow it")
        if decision.action == "change":
            return self._changed(submission, message, decision)
        return message

    def _changed(self, submission: Submission, message: Saying, decision: Decision) -> Saying:
        try:
            said = read_content(decision.content, submission.conversation_id, self._options.content_bytes)
        except HongyanError as error:
            raise self._useless(str(error)) from error
        if isinstance(message, EditMessage) and said.kind != message.kind:
            raise self._useless("an edit may not change the kind of a message")
        return msgspec.structs.replace(message, kind=said.kind, content=said.content, mention_all=said.mention_all)

    def _useless(self, reason: str) -> CheckUnavailable:
        logger.warning("the check of messages answered what cannot be sent", reason=reason)
        return CheckUnavailable(retry_after_ms=1_000)

    async def _decision(self, submission: Submission, message: Saying) -> Decision | None:
        if self._open >= self._options.calls or self._breaker.is_open():
            return None
        self._open += 1
        self.asked += 1
        try:
            async with asyncio.timeout(self._options.timeout_s):
                reply = await self._post(self._call(submission, message))
            decision = msgspec.json.decode(reply.body, type=Decision) if reply.status == 200 else None
        except (HongyanError, TimeoutError, msgspec.MsgspecError) as error:
            logger.warning("the check of messages is down", reason=str(error) or "it took too long")
            decision = None
        finally:
            self._open -= 1
        self._breaker.note(answered=decision is not None)
        return decision

    def _call(self, submission: Submission, message: Saying) -> Call:
        now_ms = self._clock()
        said: JsonObject = {
            "conversation_id": submission.conversation_id,
            "sender_id": submission.sender_id,
            "client_msg_id": submission.client_msg_id,
            "content": content_json(message.content),
        }
        if isinstance(message, EditMessage):
            said["seq"] = str(message.seq)
        body = event_body(EDIT_TYPE if isinstance(message, EditMessage) else TYPE, now_ms, said)
        event_id = f"chk_{submission.sender_id}_{submission.client_msg_id}"
        headers = signed_headers(event_id, now_ms // 1_000, body, [self._options.secret])
        return Call(self._options.url, headers, body, self._options.timeout_s)
