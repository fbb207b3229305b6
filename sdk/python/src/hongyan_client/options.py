"""How a client behaves; the defaults are for people and bots alike."""

import msgspec


class ClientOptions(msgspec.Struct, frozen=True):
    """Bounds and times of a client.

    `outbox` is how many submissions may wait for a receipt before `send` itself waits; `pipeline` how many of one
    conversation are on their way at once: above 1, one that the server refuses for a moment may be overtaken. `events`
    bounds the queue behind `Client.events`. A submission without a receipt after `receipt_timeout_s` is sent again under
    its id; a question without an answer after `request_timeout_s` fails as unknown. Delays between attempts to connect
    are drawn from 0 to a bound that doubles from `backoff_first_s` to `backoff_last_s`.
    """

    client_name: str = "hongyan_client"
    outbox: int = 1_000
    pipeline: int = 1
    events: int = 1_000
    connect_timeout_s: float = 10.0
    receipt_timeout_s: float = 10.0
    request_timeout_s: float = 10.0
    backoff_first_s: float = 0.2
    backoff_last_s: float = 30.0
    mark_every_s: float = 0.2
    page_entries: int = 500
