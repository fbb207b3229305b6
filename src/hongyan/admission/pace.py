"""How much a conversation takes in. Costs a message one look-up, unless there are very many of them."""

from hongyan.model.codes import RateLimited
from hongyan.model.ids import ConversationId
from hongyan.model.rate import Buckets, Rate

_WINDOW_MS = 1_000


class ConversationPace:
    """A token bucket a conversation, of which half of the rate needs no bucket: so much is free in every second.

    Only what goes beyond that spends tokens, which come with the other half. So nearly every message is one count.
    """

    def __init__(self, per_s: float, burst: int) -> None:
        self._free = max(1, int(per_s / 2))
        self._buckets: Buckets[ConversationId] = Buckets(Rate("messages in this conversation", per_s / 2, burst))
        self._counts: dict[ConversationId, int] = {}
        self._ends_ms = 0

    def spend(self, conversation_id: ConversationId, now_ms: int) -> None:
        """Counts a submission. Raises RateLimited with the time after which there is room for another."""
        if not 0 < self._ends_ms - now_ms <= _WINDOW_MS:
            self._counts, self._ends_ms = {}, now_ms + _WINDOW_MS
        counts = self._counts
        count = counts[conversation_id] = counts.get(conversation_id, 0) + 1
        if count > self._free:
            wait_ms = self._buckets.take(conversation_id, now_ms)
            if wait_ms:
                # In the next second some are free, whatever the bucket holds.
                raise RateLimited(what=self._buckets.rate.what, retry_after_ms=min(wait_ms, self._ends_ms - now_ms))
