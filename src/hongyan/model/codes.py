"""Generated from proto/codes.toml by tools/generate.py. Do not edit."""

from enum import IntEnum

from hongyan.model.errors import CallerFault, HongyanError, UsFault, WorldFault


class ErrorCode(IntEnum):
    """Numbers of errors; see proto/codes.toml."""

    MALFORMED_FRAME = 1001
    PACKET_TOO_LARGE = 1002
    TOO_MANY_FRAMES = 1003
    UNKNOWN_COMMAND = 1004
    WRONG_STATE = 1005
    INVALID_FIELD = 1006
    CONTENT_TOO_LARGE = 1007
    INFLATED_TOO_LARGE = 1008
    PATH_UNKNOWN = 1009
    METHOD_NOT_ALLOWED = 1010
    PRECONDITION_FAILED = 1011
    NOT_AUTHENTICATED = 2001
    TOKEN_INVALID = 2002
    TOKEN_EXPIRED = 2003
    TOKEN_REVOKED = 2004
    WRONG_CREDENTIALS = 2005
    REFRESH_REUSED = 2006
    USER_EXISTS = 2007
    DEVICE_UNKNOWN = 2008
    TOO_MANY_DEVICES = 2009
    HANDLE_TAKEN = 2010
    PASSWORD_WRONG = 2011
    HANDLE_UNKNOWN = 2012
    NOT_A_MEMBER = 3001
    NOT_ALLOWED = 3002
    CONVERSATION_UNKNOWN = 3003
    USER_UNKNOWN = 3004
    ENTRY_UNKNOWN = 3005
    SUBMISSION_CONFLICT = 3006
    ALREADY_RECALLED = 3007
    RECALL_TOO_LATE = 3008
    GROUP_EXISTS = 3009
    GROUP_FULL = 3010
    LAST_OWNER = 3011
    REQUEST_UNKNOWN = 3040
    REQUEST_OVER = 3041
    REQUESTS_FULL = 3042
    FRIENDS_FULL = 3043
    ALREADY_FRIENDS = 3044
    BLOCKED = 3012
    NOT_FRIENDS = 3013
    EDIT_TOO_LATE = 3014
    TOO_MANY_REACTIONS = 3015
    TOO_MANY_PINS = 3016
    MUTED = 3017
    GROUP_DISMISSED = 3018
    JOIN_CLOSED = 3019
    JOIN_LINK_INVALID = 3020
    JOIN_REQUEST_UNKNOWN = 3021
    TOO_MANY_JOIN_REQUESTS = 3022
    TOO_MANY_JOIN_LINKS = 3023
    DIFFERENT_KIND = 3024
    ITEM_READ_ONLY = 3050
    ITEM_CONFLICT = 3051
    TOO_MANY_ITEMS = 3052
    ITEMS_TOO_LARGE = 3053
    REQUESTS_CLOSED = 3045
    SCOPE_MISSING = 3060
    CONTENT_REFUSED = 3061
    WEBHOOK_UNKNOWN = 3062
    ADDRESS_REFUSED = 3063
    BOT_UNKNOWN = 3064
    REPORT_UNKNOWN = 3065
    KEY_UNKNOWN = 3066
    TOO_MANY_WEBHOOKS = 3067
    CHECK_UNAVAILABLE = 3068
    RATE_LIMITED = 4001
    OVERLOADED = 4002
    TOO_MANY_REQUESTS = 4003
    INTERNAL = 5001
    STORAGE_FULL = 5002
    UNAVAILABLE = 5003
    OUTCOME_UNKNOWN = 5004


class CloseCode(IntEnum):
    """Why a connection was closed; 4000-4499 resume, 4500-4999 terminal."""

    GOING_AWAY = 4000
    SLOW_CONSUMER = 4001
    SILENT = 4002
    SERVER_ERROR = 4003
    CONNECT_TIMEOUT = 4004
    OVERLOADED = 4005
    BAD_FRAME = 4500
    NOT_AUTHENTICATED = 4501
    LOGGED_OUT = 4502
    REPLACED = 4503

    @property
    def resumable(self) -> bool:
        """Whether the client should connect again and resume."""
        return self < 4500


class MalformedFrame(CallerFault):
    """The bytes are not a packet: {reason}."""

    code = ErrorCode.MALFORMED_FRAME
    permanent = True
    http_status = 400
    sentence = "The bytes are not a packet: {reason}."

    def __init__(self, *, reason: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, reason=reason)


class PacketTooLarge(CallerFault):
    """The packet has {size_bytes} bytes; {limit_bytes} are allowed."""

    code = ErrorCode.PACKET_TOO_LARGE
    permanent = True
    http_status = 413
    sentence = "The packet has {size_bytes} bytes; {limit_bytes} are allowed."

    def __init__(self, *, size_bytes: int, limit_bytes: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, size_bytes=size_bytes, limit_bytes=limit_bytes)


class TooManyFrames(CallerFault):
    """The packet holds {count} frames; {limit} are allowed."""

    code = ErrorCode.TOO_MANY_FRAMES
    permanent = True
    http_status = 400
    sentence = "The packet holds {count} frames; {limit} are allowed."

    def __init__(self, *, count: int, limit: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, count=count, limit=limit)


class UnknownCommand(CallerFault):
    """The frame holds no command that this server knows."""

    code = ErrorCode.UNKNOWN_COMMAND
    permanent = True
    http_status = 400
    sentence = "The frame holds no command that this server knows."


class WrongState(CallerFault):
    """{command} is not allowed while the connection is {state}."""

    code = ErrorCode.WRONG_STATE
    permanent = True
    http_status = 409
    sentence = "{command} is not allowed while the connection is {state}."

    def __init__(self, *, command: str, state: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, command=command, state=state)


class InvalidField(CallerFault):
    """{field} is not valid: {reason}."""

    code = ErrorCode.INVALID_FIELD
    permanent = True
    http_status = 422
    sentence = "{field} is not valid: {reason}."

    def __init__(self, *, field: str, reason: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, field=field, reason=reason)


class ContentTooLarge(CallerFault):
    """The content has {size_bytes} bytes; {limit_bytes} are allowed."""

    code = ErrorCode.CONTENT_TOO_LARGE
    permanent = True
    http_status = 413
    sentence = "The content has {size_bytes} bytes; {limit_bytes} are allowed."

    def __init__(self, *, size_bytes: int, limit_bytes: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, size_bytes=size_bytes, limit_bytes=limit_bytes)


class InflatedTooLarge(CallerFault):
    """The compressed packet grows past {limit_bytes} bytes."""

    code = ErrorCode.INFLATED_TOO_LARGE
    permanent = True
    http_status = 413
    sentence = "The compressed packet grows past {limit_bytes} bytes."

    def __init__(self, *, limit_bytes: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, limit_bytes=limit_bytes)


class PathUnknown(CallerFault):
    """There is nothing at {path}."""

    code = ErrorCode.PATH_UNKNOWN
    permanent = True
    http_status = 404
    sentence = "There is nothing at {path}."

    def __init__(self, *, path: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, path=path)


class MethodNotAllowed(CallerFault):
    """{method} is not possible at {path}."""

    code = ErrorCode.METHOD_NOT_ALLOWED
    permanent = True
    http_status = 405
    sentence = "{method} is not possible at {path}."

    def __init__(self, *, method: str, path: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, method=method, path=path)


class PreconditionFailed(CallerFault):
    """It has changed since you read it: the ETag in If-Match is not that of now."""

    code = ErrorCode.PRECONDITION_FAILED
    permanent = True
    http_status = 412
    sentence = "It has changed since you read it: the ETag in If-Match is not that of now."


class NotAuthenticated(CallerFault):
    """Connect with a token first."""

    code = ErrorCode.NOT_AUTHENTICATED
    permanent = True
    http_status = 401
    sentence = "Connect with a token first."


class TokenInvalid(CallerFault):
    """The token is not one of this server's: {reason}."""

    code = ErrorCode.TOKEN_INVALID
    permanent = True
    http_status = 401
    sentence = "The token is not one of this server's: {reason}."

    def __init__(self, *, reason: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, reason=reason)


class TokenExpired(CallerFault):
    """The token has expired; refresh it."""

    code = ErrorCode.TOKEN_EXPIRED
    permanent = True
    http_status = 401
    sentence = "The token has expired; refresh it."


class TokenRevoked(CallerFault):
    """The device was logged out; log in again."""

    code = ErrorCode.TOKEN_REVOKED
    permanent = True
    http_status = 401
    sentence = "The device was logged out; log in again."


class WrongCredentials(CallerFault):
    """User and password do not match."""

    code = ErrorCode.WRONG_CREDENTIALS
    permanent = True
    http_status = 401
    sentence = "User and password do not match."


class RefreshReused(CallerFault):
    """The refresh token was used before; every token of this device is void, log in again."""

    code = ErrorCode.REFRESH_REUSED
    permanent = True
    http_status = 401
    sentence = "The refresh token was used before; every token of this device is void, log in again."


class UserExists(CallerFault):
    """The user {user_id} exists already."""

    code = ErrorCode.USER_EXISTS
    permanent = True
    http_status = 409
    sentence = "The user {user_id} exists already."

    def __init__(self, *, user_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, user_id=user_id)


class DeviceUnknown(CallerFault):
    """There is no device {device_id}."""

    code = ErrorCode.DEVICE_UNKNOWN
    permanent = True
    http_status = 404
    sentence = "There is no device {device_id}."

    def __init__(self, *, device_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, device_id=device_id)


class TooManyDevices(CallerFault):
    """A user may have {limit} devices; log one out first."""

    code = ErrorCode.TOO_MANY_DEVICES
    permanent = True
    http_status = 409
    sentence = "A user may have {limit} devices; log one out first."

    def __init__(self, *, limit: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, limit=limit)


class HandleTaken(CallerFault):
    """The handle {handle} is taken."""

    code = ErrorCode.HANDLE_TAKEN
    permanent = True
    http_status = 409
    sentence = "The handle {handle} is taken."

    def __init__(self, *, handle: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, handle=handle)


class PasswordWrong(CallerFault):
    """This is not the account's password."""

    code = ErrorCode.PASSWORD_WRONG
    permanent = True
    http_status = 403
    sentence = "This is not the account's password."


class HandleUnknown(CallerFault):
    """Nobody is found by the handle {handle}."""

    code = ErrorCode.HANDLE_UNKNOWN
    permanent = True
    http_status = 404
    sentence = "Nobody is found by the handle {handle}."

    def __init__(self, *, handle: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, handle=handle)


class NotAMember(CallerFault):
    """You are not a member of {conversation_id}."""

    code = ErrorCode.NOT_A_MEMBER
    permanent = True
    http_status = 403
    sentence = "You are not a member of {conversation_id}."

    def __init__(self, *, conversation_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, conversation_id=conversation_id)


class NotAllowed(CallerFault):
    """You may not {action} here."""

    code = ErrorCode.NOT_ALLOWED
    permanent = True
    http_status = 403
    sentence = "You may not {action} here."

    def __init__(self, *, action: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, action=action)


class ConversationUnknown(CallerFault):
    """There is no conversation {conversation_id} for you."""

    code = ErrorCode.CONVERSATION_UNKNOWN
    permanent = True
    http_status = 404
    sentence = "There is no conversation {conversation_id} for you."

    def __init__(self, *, conversation_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, conversation_id=conversation_id)


class UserUnknown(CallerFault):
    """There is no user {user_id}."""

    code = ErrorCode.USER_UNKNOWN
    permanent = True
    http_status = 404
    sentence = "There is no user {user_id}."

    def __init__(self, *, user_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, user_id=user_id)


class EntryUnknown(CallerFault):
    """There is no entry {seq} for you."""

    code = ErrorCode.ENTRY_UNKNOWN
    permanent = True
    http_status = 404
    sentence = "There is no entry {seq} for you."

    def __init__(self, *, seq: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, seq=seq)


class SubmissionConflict(CallerFault):
    """{client_msg_id} was used before for something else."""

    code = ErrorCode.SUBMISSION_CONFLICT
    permanent = True
    http_status = 409
    sentence = "{client_msg_id} was used before for something else."

    def __init__(self, *, client_msg_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, client_msg_id=client_msg_id)


class AlreadyRecalled(CallerFault):
    """Entry {seq} was recalled already."""

    code = ErrorCode.ALREADY_RECALLED
    permanent = True
    http_status = 409
    sentence = "Entry {seq} was recalled already."

    def __init__(self, *, seq: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, seq=seq)


class RecallTooLate(CallerFault):
    """A message can be recalled for {window_ms} ms."""

    code = ErrorCode.RECALL_TOO_LATE
    permanent = True
    http_status = 409
    sentence = "A message can be recalled for {window_ms} ms."

    def __init__(self, *, window_ms: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, window_ms=window_ms)


class GroupExists(CallerFault):
    """The group {conversation_id} exists already."""

    code = ErrorCode.GROUP_EXISTS
    permanent = True
    http_status = 409
    sentence = "The group {conversation_id} exists already."

    def __init__(self, *, conversation_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, conversation_id=conversation_id)


class GroupFull(CallerFault):
    """A group may have {limit} members."""

    code = ErrorCode.GROUP_FULL
    permanent = True
    http_status = 409
    sentence = "A group may have {limit} members."

    def __init__(self, *, limit: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, limit=limit)


class LastOwner(CallerFault):
    """The last owner stays while others are in the group."""

    code = ErrorCode.LAST_OWNER
    permanent = True
    http_status = 409
    sentence = "The last owner stays while others are in the group."


class RequestUnknown(CallerFault):
    """There is no friend request {request_id} for you."""

    code = ErrorCode.REQUEST_UNKNOWN
    permanent = True
    http_status = 404
    sentence = "There is no friend request {request_id} for you."

    def __init__(self, *, request_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, request_id=request_id)


class RequestOver(CallerFault):
    """The request was {state} before."""

    code = ErrorCode.REQUEST_OVER
    permanent = True
    http_status = 409
    sentence = "The request was {state} before."

    def __init__(self, *, state: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, state=state)


class RequestsFull(CallerFault):
    """{limit} friend requests are open; wait for answers first."""

    code = ErrorCode.REQUESTS_FULL
    permanent = True
    http_status = 409
    sentence = "{limit} friend requests are open; wait for answers first."

    def __init__(self, *, limit: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, limit=limit)


class FriendsFull(CallerFault):
    """A user may have {limit} friends."""

    code = ErrorCode.FRIENDS_FULL
    permanent = True
    http_status = 409
    sentence = "A user may have {limit} friends."

    def __init__(self, *, limit: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, limit=limit)


class AlreadyFriends(CallerFault):
    """You and {user_id} are friends already."""

    code = ErrorCode.ALREADY_FRIENDS
    permanent = True
    http_status = 409
    sentence = "You and {user_id} are friends already."

    def __init__(self, *, user_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, user_id=user_id)


class Blocked(CallerFault):
    """{user_id} takes no messages from you."""

    code = ErrorCode.BLOCKED
    permanent = True
    http_status = 403
    sentence = "{user_id} takes no messages from you."

    def __init__(self, *, user_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, user_id=user_id)


class NotFriends(CallerFault):
    """{user_id} takes messages from friends only."""

    code = ErrorCode.NOT_FRIENDS
    permanent = True
    http_status = 403
    sentence = "{user_id} takes messages from friends only."

    def __init__(self, *, user_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, user_id=user_id)


class EditTooLate(CallerFault):
    """A message can be edited for {window_ms} ms."""

    code = ErrorCode.EDIT_TOO_LATE
    permanent = True
    http_status = 409
    sentence = "A message can be edited for {window_ms} ms."

    def __init__(self, *, window_ms: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, window_ms=window_ms)


class TooManyReactions(CallerFault):
    """Entry {seq} can have {limit} {what}."""

    code = ErrorCode.TOO_MANY_REACTIONS
    permanent = True
    http_status = 409
    sentence = "Entry {seq} can have {limit} {what}."

    def __init__(self, *, seq: int, limit: int, what: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, seq=seq, limit=limit, what=what)


class TooManyPins(CallerFault):
    """{limit} entries can be pinned in a conversation."""

    code = ErrorCode.TOO_MANY_PINS
    permanent = True
    http_status = 409
    sentence = "{limit} entries can be pinned in a conversation."

    def __init__(self, *, limit: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, limit=limit)


class Muted(CallerFault):
    """You may not speak here before {until_ms} (ms since 1970; 0: until somebody lifts it)."""

    code = ErrorCode.MUTED
    permanent = True
    http_status = 403
    sentence = "You may not speak here before {until_ms} (ms since 1970; 0: until somebody lifts it)."

    def __init__(self, *, until_ms: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, until_ms=until_ms)


class GroupDismissed(CallerFault):
    """The group {conversation_id} was dismissed."""

    code = ErrorCode.GROUP_DISMISSED
    permanent = True
    http_status = 410
    sentence = "The group {conversation_id} was dismissed."

    def __init__(self, *, conversation_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, conversation_id=conversation_id)


class JoinClosed(CallerFault):
    """The group {conversation_id} lets nobody in that way."""

    code = ErrorCode.JOIN_CLOSED
    permanent = True
    http_status = 403
    sentence = "The group {conversation_id} lets nobody in that way."

    def __init__(self, *, conversation_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, conversation_id=conversation_id)


class JoinLinkInvalid(CallerFault):
    """The link is not known, was used up, or has expired."""

    code = ErrorCode.JOIN_LINK_INVALID
    permanent = True
    http_status = 410
    sentence = "The link is not known, was used up, or has expired."


class JoinRequestUnknown(CallerFault):
    """{user_id} did not ask to be let in."""

    code = ErrorCode.JOIN_REQUEST_UNKNOWN
    permanent = True
    http_status = 404
    sentence = "{user_id} did not ask to be let in."

    def __init__(self, *, user_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, user_id=user_id)


class TooManyJoinRequests(CallerFault):
    """{limit} users wait to be let in; somebody has to answer them first."""

    code = ErrorCode.TOO_MANY_JOIN_REQUESTS
    permanent = True
    http_status = 409
    sentence = "{limit} users wait to be let in; somebody has to answer them first."

    def __init__(self, *, limit: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, limit=limit)


class TooManyJoinLinks(CallerFault):
    """A group can have {limit} links; revoke one first."""

    code = ErrorCode.TOO_MANY_JOIN_LINKS
    permanent = True
    http_status = 409
    sentence = "A group can have {limit} links; revoke one first."

    def __init__(self, *, limit: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, limit=limit)


class DifferentKind(CallerFault):
    """Entry {seq} is a message of another kind; an edit keeps the kind."""

    code = ErrorCode.DIFFERENT_KIND
    permanent = True
    http_status = 409
    sentence = "Entry {seq} is a message of another kind; an edit keeps the kind."

    def __init__(self, *, seq: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, seq=seq)


class ItemReadOnly(CallerFault):
    """Items of the topic {topic} are written by the server."""

    code = ErrorCode.ITEM_READ_ONLY
    permanent = True
    http_status = 403
    sentence = "Items of the topic {topic} are written by the server."

    def __init__(self, *, topic: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, topic=topic)


class ItemConflict(CallerFault):
    """The item {topic} {key} has changed since you read it."""

    code = ErrorCode.ITEM_CONFLICT
    permanent = True
    http_status = 409
    sentence = "The item {topic} {key} has changed since you read it."

    def __init__(self, *, topic: str, key: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, topic=topic, key=key)


class TooManyItems(CallerFault):
    """A user may keep {limit} items; delete some."""

    code = ErrorCode.TOO_MANY_ITEMS
    permanent = True
    http_status = 409
    sentence = "A user may keep {limit} items; delete some."

    def __init__(self, *, limit: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, limit=limit)


class ItemsTooLarge(CallerFault):
    """The items of a user may have {limit_bytes} bytes together; delete some."""

    code = ErrorCode.ITEMS_TOO_LARGE
    permanent = True
    http_status = 409
    sentence = "The items of a user may have {limit_bytes} bytes together; delete some."

    def __init__(self, *, limit_bytes: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, limit_bytes=limit_bytes)


class RequestsClosed(CallerFault):
    """{user_id} takes no friend requests."""

    code = ErrorCode.REQUESTS_CLOSED
    permanent = True
    http_status = 403
    sentence = "{user_id} takes no friend requests."

    def __init__(self, *, user_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, user_id=user_id)


class ScopeMissing(CallerFault):
    """The server key lacks the scope {scope}."""

    code = ErrorCode.SCOPE_MISSING
    permanent = True
    http_status = 403
    sentence = "The server key lacks the scope {scope}."

    def __init__(self, *, scope: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, scope=scope)


class ContentRefused(CallerFault):
    """The message was refused: {reason}."""

    code = ErrorCode.CONTENT_REFUSED
    permanent = True
    http_status = 422
    sentence = "The message was refused: {reason}."

    def __init__(self, *, reason: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, reason=reason)


class WebhookUnknown(CallerFault):
    """There is no webhook {webhook_id}."""

    code = ErrorCode.WEBHOOK_UNKNOWN
    permanent = True
    http_status = 404
    sentence = "There is no webhook {webhook_id}."

    def __init__(self, *, webhook_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, webhook_id=webhook_id)


class AddressRefused(CallerFault):
    """{url} may not be called: {reason}."""

    code = ErrorCode.ADDRESS_REFUSED
    permanent = True
    http_status = 422
    sentence = "{url} may not be called: {reason}."

    def __init__(self, *, url: str, reason: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, url=url, reason=reason)


class BotUnknown(CallerFault):
    """There is no bot {bot_id}."""

    code = ErrorCode.BOT_UNKNOWN
    permanent = True
    http_status = 404
    sentence = "There is no bot {bot_id}."

    def __init__(self, *, bot_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, bot_id=bot_id)


class ReportUnknown(CallerFault):
    """There is no open report {report_id}."""

    code = ErrorCode.REPORT_UNKNOWN
    permanent = True
    http_status = 404
    sentence = "There is no open report {report_id}."

    def __init__(self, *, report_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, report_id=report_id)


class KeyUnknown(CallerFault):
    """There is no server key {key_id}."""

    code = ErrorCode.KEY_UNKNOWN
    permanent = True
    http_status = 404
    sentence = "There is no server key {key_id}."

    def __init__(self, *, key_id: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, key_id=key_id)


class TooManyWebhooks(CallerFault):
    """There may be {limit} webhooks; remove one first."""

    code = ErrorCode.TOO_MANY_WEBHOOKS
    permanent = True
    http_status = 409
    sentence = "There may be {limit} webhooks; remove one first."

    def __init__(self, *, limit: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, limit=limit)


class CheckUnavailable(WorldFault):
    """The check of messages did not answer; nothing was sent, try again."""

    code = ErrorCode.CHECK_UNAVAILABLE
    permanent = False
    http_status = 503
    sentence = "The check of messages did not answer; nothing was sent, try again."


class RateLimited(CallerFault):
    """Too many {what}; slow down."""

    code = ErrorCode.RATE_LIMITED
    permanent = False
    http_status = 429
    sentence = "Too many {what}; slow down."

    def __init__(self, *, what: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, what=what)


class Overloaded(UsFault):
    """The server is overloaded: {what}."""

    code = ErrorCode.OVERLOADED
    permanent = False
    http_status = 503
    sentence = "The server is overloaded: {what}."

    def __init__(self, *, what: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, what=what)


class TooManyRequests(CallerFault):
    """{limit} requests are open on this connection; wait for their replies."""

    code = ErrorCode.TOO_MANY_REQUESTS
    permanent = False
    http_status = 429
    sentence = "{limit} requests are open on this connection; wait for their replies."

    def __init__(self, *, limit: int, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, limit=limit)


class Internal(UsFault):
    """The server failed at this request; the log has the reason under {reference}."""

    code = ErrorCode.INTERNAL
    permanent = False
    http_status = 500
    sentence = "The server failed at this request; the log has the reason under {reference}."

    def __init__(self, *, reference: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, reference=reference)


class StorageFull(WorldFault):
    """The server's disk refuses writes; nothing was accepted."""

    code = ErrorCode.STORAGE_FULL
    permanent = False
    http_status = 507
    sentence = "The server's disk refuses writes; nothing was accepted."


class Unavailable(WorldFault):
    """{what} is not available."""

    code = ErrorCode.UNAVAILABLE
    permanent = False
    http_status = 503
    sentence = "{what} is not available."

    def __init__(self, *, what: str, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms, what=what)


class OutcomeUnknown(UsFault):
    """The outcome is not known yet; try again with the same client_msg_id."""

    code = ErrorCode.OUTCOME_UNKNOWN
    permanent = False
    http_status = 504
    sentence = "The outcome is not known yet; try again with the same client_msg_id."


ERRORS: dict[int, type[HongyanError]] = {
    1001: MalformedFrame,
    1002: PacketTooLarge,
    1003: TooManyFrames,
    1004: UnknownCommand,
    1005: WrongState,
    1006: InvalidField,
    1007: ContentTooLarge,
    1008: InflatedTooLarge,
    1009: PathUnknown,
    1010: MethodNotAllowed,
    1011: PreconditionFailed,
    2001: NotAuthenticated,
    2002: TokenInvalid,
    2003: TokenExpired,
    2004: TokenRevoked,
    2005: WrongCredentials,
    2006: RefreshReused,
    2007: UserExists,
    2008: DeviceUnknown,
    2009: TooManyDevices,
    2010: HandleTaken,
    2011: PasswordWrong,
    2012: HandleUnknown,
    3001: NotAMember,
    3002: NotAllowed,
    3003: ConversationUnknown,
    3004: UserUnknown,
    3005: EntryUnknown,
    3006: SubmissionConflict,
    3007: AlreadyRecalled,
    3008: RecallTooLate,
    3009: GroupExists,
    3010: GroupFull,
    3011: LastOwner,
    3040: RequestUnknown,
    3041: RequestOver,
    3042: RequestsFull,
    3043: FriendsFull,
    3044: AlreadyFriends,
    3012: Blocked,
    3013: NotFriends,
    3014: EditTooLate,
    3015: TooManyReactions,
    3016: TooManyPins,
    3017: Muted,
    3018: GroupDismissed,
    3019: JoinClosed,
    3020: JoinLinkInvalid,
    3021: JoinRequestUnknown,
    3022: TooManyJoinRequests,
    3023: TooManyJoinLinks,
    3024: DifferentKind,
    3050: ItemReadOnly,
    3051: ItemConflict,
    3052: TooManyItems,
    3053: ItemsTooLarge,
    3045: RequestsClosed,
    3060: ScopeMissing,
    3061: ContentRefused,
    3062: WebhookUnknown,
    3063: AddressRefused,
    3064: BotUnknown,
    3065: ReportUnknown,
    3066: KeyUnknown,
    3067: TooManyWebhooks,
    3068: CheckUnavailable,
    4001: RateLimited,
    4002: Overloaded,
    4003: TooManyRequests,
    5001: Internal,
    5002: StorageFull,
    5003: Unavailable,
    5004: OutcomeUnknown,
}

CLOSE_SENTENCES: dict[int, str] = {
    4000: "The server drains; connect again after a random delay.",
    4001: "You read too slowly; connect again and sync.",
    4002: "Nothing was heard from you for too long.",
    4003: "The server failed; connect again.",
    4004: "No connect frame came in time.",
    4005: "The server is overloaded; connect again later.",
    4500: "The bytes break the protocol.",
    4501: "The token was refused; log in or refresh first.",
    4502: "This device was logged out.",
    4503: "This device logged in again elsewhere, or another one took its place.",
}
