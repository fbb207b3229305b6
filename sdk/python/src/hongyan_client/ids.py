"""Ids that a client makes: ordered by time, and not to be guessed or met twice."""

import secrets
import time

from hongyan.model.ids import ClientMsgId, ConversationId, group_conversation_id

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def new_client_msg_id() -> ClientMsgId:
    """An id for a submission: 9 characters of milliseconds, then 80 random bits."""
    return ClientMsgId(f"{_time_digits()}-{secrets.token_hex(10)}")


def new_group_id() -> ConversationId:
    """An id for a new group.

    Made here and not by the server, so that a retry names the same group and cannot make a second one.
    """
    return group_conversation_id(f"{_time_digits()}-{secrets.token_hex(8)}")


def _time_digits() -> str:
    """Milliseconds since 1970 in base 36, of a fixed width until the year 5188."""
    number, digits = time.time_ns() // 1_000_000, ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits.rjust(9, "0")
