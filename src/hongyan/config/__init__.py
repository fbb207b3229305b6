"""One tree of frozen records: each key with its default, its unit and its sentence; the manual is printed from it.

Knows nothing of what the keys do. Invariant: a `Config` that `load` returned is within every bound written here.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field


class Listen(msgspec.Struct, frozen=True):
    """Where the server is reached."""

    http: Annotated[str, Meta(description="Host and port of REST, OpenAPI and the page.")] = "127.0.0.1:8080"
    ws: Annotated[str, Meta(description="Host and port of WebSocket connections.")] = "127.0.0.1:8081"
    tcp: Annotated[str, Meta(description="Host and port of raw TCP connections.")] = "127.0.0.1:8082"
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(description="Addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."),
    ] = ()


class Limits(msgspec.Struct, frozen=True):
    """What the server takes in. Beyond a limit there is always a coded answer. The first seven are told to clients."""

    packet_bytes: Annotated[int, Meta(ge=1_024, le=16_777_216, description="A packet of frames, both ways.")] = 262_144
    frames_per_packet: Annotated[int, Meta(ge=1, le=10_000, description="Frames in one packet.")] = 256
    content_bytes: Annotated[int, Meta(ge=256, le=8_388_608, description="The content of one message.")] = 131_072
    inflated_bytes: Annotated[
        int, Meta(ge=1_024, le=67_108_864, description="A compressed packet after it was inflated.")
    ] = 1_048_576
    pending_submissions: Annotated[
        int, Meta(ge=1, le=100_000, description="Submissions of one connection that wait for their receipts.")
    ] = 1_000
    page_entries: Annotated[int, Meta(ge=1, le=10_000, description="Entries in one page of history.")] = 1_000
    page_bytes: Annotated[int, Meta(ge=1_024, le=16_777_216, description="Entries in one page, in bytes.")] = 1_048_576
    submissions_per_s: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Submissions of one user, on the long run.")
    ] = 200
    submissions_burst: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Submissions of one user at once, after a pause.")
    ] = 1_000
    conversation_submissions_per_s: Annotated[
        int, Meta(ge=2, le=1_000_000, description="Submissions to one conversation, on the long run.")
    ] = 200
    conversation_submissions_burst: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Submissions to one conversation at once, after a pause.")
    ] = 2_000
    signals_per_s: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Signals of one user; others are dropped. Ten times as many at once.")
    ] = 5
    marks_per_s: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Marks of positions of one user. Ten times as many at once.")
    ] = 100
    reads_per_s: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Requests of one user that read. Ten times as many at once.")
    ] = 200
    frames_per_s: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000_000,
            description="Frames of one connection; then it is not read for a moment, and so has to wait.",
        ),
    ] = 5_000
    http_requests_per_s: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="HTTP requests of one address, but for this machine and trusted proxies. Ten times as many at once.",
        ),
    ] = 50
    address_strangers: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="Connections without a token of one address, but for this machine and trusted proxies.",
        ),
    ] = 500
    group_members: Annotated[int, Meta(ge=2, le=10_000, description="Members of a group.")] = 500
    recall_window_ms: Annotated[
        int, Meta(ge=0, le=31_536_000_000, description="How long a sender may recall a message.")
    ] = 120_000
    admin_recall_window_ms: Annotated[
        int,
        Meta(
            ge=-1,
            le=31_536_000_000,
            description="The same for an owner or admin of a group and his own messages; -1: as for everybody.",
        ),
    ] = -1
    edit_window_ms: Annotated[
        int, Meta(ge=0, le=31_536_000_000, description="How long a sender may edit a message; 0: for ever.")
    ] = 86_400_000
    devices_per_user: Annotated[int, Meta(ge=1, le=1_000, description="Devices of a user that are logged in.")] = 10
    unauthenticated_connections: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Open connections that have not sent their token yet.")
    ] = 5_000
    connect_timeout_s: Annotated[
        float, Meta(gt=0, le=120, description="How long a connection may take to send its token.")
    ] = 5.0
    connections: Annotated[int, Meta(ge=1, le=1_000_000, description="Open connections of this process.")] = 15_000
    http_connections: Annotated[
        int,
        Meta(ge=1, le=1_000_000, description="Open HTTP connections; then the one that kept us waiting longest goes."),
    ] = 1_000
    request_timeout_s: Annotated[
        float, Meta(gt=0, le=300, description="How long an HTTP request may take to arrive whole.")
    ] = 10.0
    requests_per_connection: Annotated[
        int, Meta(ge=1, le=1_000, description="Requests of one connection that wait for their replies.")
    ] = 16
    sync_page: Annotated[int, Meta(ge=1, le=1_000, description="Conversations in one page of a sync.")] = 200
    items_per_user: Annotated[
        int,
        Meta(ge=10, le=10_000_000, description="What a user keeps for himself: settings, drafts, deletions, notes."),
    ] = 20_000
    item_bytes_per_user: Annotated[
        int, Meta(ge=1_024, le=1_073_741_824, description="Bytes of the things a user keeps for himself.")
    ] = 4_194_304
    too_long_gap: Annotated[
        int, Meta(ge=100, le=10_000_000, description="Entries behind from which a device restarts near the head.")
    ] = 50_000


class Gateway(msgspec.Struct, frozen=True):
    """How connections are kept."""

    heartbeat_ms: Annotated[
        int, Meta(ge=1_000, le=3_600_000, description="Clients ping this often; twice as long in silence ends it.")
    ] = 30_000
    write_buffer_bytes: Annotated[
        int,
        Meta(ge=4_096, le=67_108_864, description="What may wait in a connection's write buffer before it is slow."),
    ] = 262_144
    slow_consumer_s: Annotated[
        float,
        Meta(
            gt=0,
            le=300,
            description="A slow connection that takes less than a quarter of its buffer in this time is closed.",
        ),
    ] = 5.0
    drain_s: Annotated[
        float, Meta(ge=0, le=600, description="How long a stopping server lets connections go by themselves.")
    ] = 5.0
    origins: Annotated[
        tuple[str, ...],
        Meta(description="Hosts whose pages may connect, as in the header Origin; none: the server's own host only."),
    ] = ()


class Log(msgspec.Struct, frozen=True):
    """The durable log."""

    queue_records: Annotated[
        int, Meta(ge=1, le=10_000_000, description="Records that wait to become durable; then `overloaded`.")
    ] = 20_000
    batch_records: Annotated[int, Meta(ge=1, le=100_000, description="Records of one group commit.")] = 2_000
    retention_records: Annotated[int, Meta(ge=0, description="Records kept after delivery stored what they did.")] = (
        200_000
    )
    lag_records: Annotated[
        int, Meta(ge=0, description="Records kept for webhooks that are behind; beyond it they miss events.")
    ] = 5_000_000
    trim_s: Annotated[
        float, Meta(gt=0, le=86_400, description="How often the log lets go of what is stored and not retained.")
    ] = 30.0


class Delivery(msgspec.Struct, frozen=True):
    """Deciding, numbering, pushing, storing."""

    warm_conversations: Annotated[
        int, Meta(ge=16, le=10_000_000, description="Conversations whose state stays in memory.")
    ] = 50_000
    window: Annotated[
        int, Meta(ge=16, le=1_000_000, description="Submissions a conversation remembers in memory for retries.")
    ] = 1_024
    queue_records: Annotated[
        int, Meta(ge=1, le=10_000_000, description="Decided records that wait to be stored; the log holds the rest.")
    ] = 20_000
    gather_ms: Annotated[
        int,
        Meta(ge=0, le=10_000, description="How long a transaction of the store waits for company. Pushes never wait."),
    ] = 250
    hot_bytes: Annotated[
        int, Meta(ge=1_048_576, description="Recent entries kept in memory for syncs and history.")
    ] = 67_108_864


class Presence(msgspec.Struct, frozen=True):
    """Who is there, and who is told."""

    lease_ms: Annotated[
        int,
        Meta(ge=2_000, le=3_600_000, description="How long users count as there after a gateway last said so."),
    ] = 30_000
    grace_ms: Annotated[int, Meta(ge=0, le=600_000, description="Who is back within this time was never gone.")] = (
        10_000
    )
    group_members: Annotated[
        int,
        Meta(ge=0, le=10_000, description="Members of a group see each other's presence in groups up to this size."),
    ] = 10_000
    visible_to: Annotated[
        Literal["everybody", "friends", "nobody"],
        Meta(description="Who sees a user's presence unless he chose himself; `everybody`: friends and his groups."),
    ] = "everybody"


Steps = tuple[int, int, int, int]
"""From where signals are dropped, presence stops, syncs are slowed, and sends are refused."""


class Overload(msgspec.Struct, frozen=True):
    """From where the server does less: signals are dropped, presence stops, syncs are slowed, sends are refused."""

    loop_lag_ms: Annotated[
        Steps, Meta(description="How late the event loop runs what is due: four steps, one for each of these.")
    ] = (250, 500, 1_000, 2_000)
    log_latency_ms: Annotated[Steps, Meta(description="How long records wait to be durable: four steps.")] = (
        750,
        1_500,
        3_000,
        5_000,
    )
    delivery_lag_ms: Annotated[Steps, Meta(description="How long durable records wait to be decided: four steps.")] = (
        1_000,
        2_000,
        4_000,
        8_000,
    )
    syncs_per_s: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Syncs and pages of history while they are slowed.")
    ] = 200


class Users(msgspec.Struct, frozen=True):
    """Accounts and tokens."""

    access_ttl_s: Annotated[int, Meta(ge=10, le=86_400, description="How long an access token is good.")] = 900
    refresh_ttl_s: Annotated[
        int, Meta(ge=60, le=315_360_000, description="How long a device stays logged in without a refresh.")
    ] = 2_592_000
    argon2_memory_kib: Annotated[
        int, Meta(ge=64, le=4_194_304, description="Memory of one password hash; two may run at once.")
    ] = 19_456
    argon2_iterations: Annotated[int, Meta(ge=1, le=1_000, description="Passes of one password hash.")] = 2
    password_queue: Annotated[
        int, Meta(ge=1, le=100_000, description="Passwords that wait to be checked; then `overloaded`.")
    ] = 100
    registration: Annotated[
        Literal["open", "closed"], Meta(description="Whether anybody may register, or only `hongyan user add`.")
    ] = "open"
    registrations_per_hour: Annotated[int, Meta(ge=1, le=10_000_000, description="New users from one address.")] = 300
    log_ins_per_minute: Annotated[int, Meta(ge=1, le=10_000_000, description="Failed log-ins from one address.")] = 60
    user_log_ins_per_minute: Annotated[
        int, Meta(ge=1, le=10_000_000, description="Failed log-ins of one user from one address.")
    ] = 10
    phone_devices: Annotated[
        int,
        Meta(ge=0, le=1_000, description="Phones of a user; a newer one replaces the oldest. 0: no limit of its own."),
    ] = 0
    tablet_devices: Annotated[int, Meta(ge=0, le=1_000, description="Tablets of a user, likewise.")] = 0
    desktop_devices: Annotated[int, Meta(ge=0, le=1_000, description="Desktops of a user, likewise.")] = 0
    web_devices: Annotated[int, Meta(ge=0, le=1_000, description="Browsers of a user, likewise.")] = 0


class People(msgspec.Struct, frozen=True):
    """How people find each other and become friends."""

    strangers: Annotated[
        Literal["open", "request", "friends"],
        Meta(
            description="What strangers may begin with a user who did not choose: write; ask to become friends first; nothing."
        ),
    ] = "open"
    searches_per_hour: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Searches by handle of one user; hits and misses count alike.")
    ] = 60
    address_searches_per_hour: Annotated[
        int, Meta(ge=1, le=10_000_000, description="Searches by handle from one address.")
    ] = 600
    handles_per_day: Annotated[int, Meta(ge=1, le=1_000_000, description="New handles of one user.")] = 5
    friends: Annotated[int, Meta(ge=1, le=100_000, description="Friends of a user.")] = 5_000
    open_requests: Annotated[
        int, Meta(ge=1, le=100_000, description="Friend requests of a user without an answer; to him 10 times as many.")
    ] = 100
    requests_per_day: Annotated[int, Meta(ge=1, le=1_000_000, description="Friend requests of one user.")] = 100
    request_ttl_s: Annotated[
        int, Meta(ge=60, le=315_360_000, description="How long a friend request waits for an answer.")
    ] = 2_592_000


class Hooks(msgspec.Struct, frozen=True):
    """What integrators hear of, and what they are asked."""

    check_url: Annotated[
        str, Meta(description="Where every message is shown before it is taken in; empty: nowhere.")
    ] = ""
    check_secret: Annotated[
        str, Meta(description="What signs those calls: whsec_ and base64.", extra={"secret": True})
    ] = ""
    check_timeout_ms: Annotated[int, Meta(ge=10, le=30_000, description="How long an answer is waited for.")] = 500
    check_when_down: Annotated[
        Literal["allow", "refuse"], Meta(description="What holds for a message when there is no answer.")
    ] = "allow"
    check_calls: Annotated[
        int, Meta(ge=1, le=10_000, description="Calls that are open at once; beyond it there is no answer.")
    ] = 64
    words_file: Annotated[
        str, Meta(description="A file of words that messages may not hold, one a line; read again when it changes.")
    ] = ""
    allowed_networks: Annotated[
        tuple[str, ...],
        Meta(description="Private networks that webhooks may call all the same, such as 10.1.0.0/16."),
    ] = ()
    webhooks: Annotated[int, Meta(ge=1, le=10_000, description="Webhooks there may be.")] = 100
    queue_events: Annotated[
        int, Meta(ge=1, le=10_000_000, description="Events that wait for one webhook; beyond it, it is disabled.")
    ] = 100_000
    lanes: Annotated[int, Meta(ge=1, le=1_000, description="Conversations a webhook is told of at once.")] = 8
    timeout_s: Annotated[float, Meta(gt=0, le=300, description="How long a webhook may take to answer.")] = 10.0
    retry_s: Annotated[
        float,
        Meta(gt=0, le=3_600, description="The pause before the second attempt; they grow to 2,880 times as long."),
    ] = 5.0
    give_up_h: Annotated[
        float, Meta(gt=0, le=720, description="How long an event is tried before it becomes a dead letter.")
    ] = 24.0


class Logging(msgspec.Struct, frozen=True):
    """What the server says about itself, on standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The least level that is written.")
    ] = "info"
    format: Annotated[Literal["text", "json"], Meta(description="`json` writes one object a line, for collectors.")] = (
        "text"
    )


class Config(msgspec.Struct, frozen=True):
    """All of it."""

    data_dir: Annotated[Path, Meta(description="The folder that holds everything the server keeps.")] = Path("data")
    listen: Listen = field(default_factory=Listen)
    limits: Limits = field(default_factory=Limits)
    gateway: Gateway = field(default_factory=Gateway)
    log: Log = field(default_factory=Log)
    delivery: Delivery = field(default_factory=Delivery)
    presence: Presence = field(default_factory=Presence)
    overload: Overload = field(default_factory=Overload)
    users: Users = field(default_factory=Users)
    people: People = field(default_factory=People)
    hooks: Hooks = field(default_factory=Hooks)
    logging: Logging = field(default_factory=Logging)
