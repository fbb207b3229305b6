from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Content(_message.Message):
    __slots__ = ("text", "image", "voice", "video", "file", "location", "card", "custom", "mention", "quote", "forward")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    VOICE_FIELD_NUMBER: _ClassVar[int]
    VIDEO_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_FIELD_NUMBER: _ClassVar[int]
    MENTION_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    FORWARD_FIELD_NUMBER: _ClassVar[int]
    text: Text
    image: Image
    voice: Voice
    video: Video
    file: File
    location: Location
    card: Card
    custom: Custom
    mention: Mention
    quote: Reference
    forward: Reference
    def __init__(self, text: _Optional[_Union[Text, _Mapping]] = ..., image: _Optional[_Union[Image, _Mapping]] = ..., voice: _Optional[_Union[Voice, _Mapping]] = ..., video: _Optional[_Union[Video, _Mapping]] = ..., file: _Optional[_Union[File, _Mapping]] = ..., location: _Optional[_Union[Location, _Mapping]] = ..., card: _Optional[_Union[Card, _Mapping]] = ..., custom: _Optional[_Union[Custom, _Mapping]] = ..., mention: _Optional[_Union[Mention, _Mapping]] = ..., quote: _Optional[_Union[Reference, _Mapping]] = ..., forward: _Optional[_Union[Reference, _Mapping]] = ...) -> None: ...

class Text(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class Blob(_message.Message):
    __slots__ = ("blob_id", "media_type", "size_bytes")
    BLOB_ID_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    blob_id: str
    media_type: str
    size_bytes: int
    def __init__(self, blob_id: _Optional[str] = ..., media_type: _Optional[str] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class Image(_message.Message):
    __slots__ = ("blob", "width_px", "height_px", "thumbnail")
    BLOB_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_FIELD_NUMBER: _ClassVar[int]
    blob: Blob
    width_px: int
    height_px: int
    thumbnail: bytes
    def __init__(self, blob: _Optional[_Union[Blob, _Mapping]] = ..., width_px: _Optional[int] = ..., height_px: _Optional[int] = ..., thumbnail: _Optional[bytes] = ...) -> None: ...

class Voice(_message.Message):
    __slots__ = ("blob", "duration_ms")
    BLOB_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    blob: Blob
    duration_ms: int
    def __init__(self, blob: _Optional[_Union[Blob, _Mapping]] = ..., duration_ms: _Optional[int] = ...) -> None: ...

class Video(_message.Message):
    __slots__ = ("blob", "width_px", "height_px", "duration_ms", "thumbnail")
    BLOB_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_FIELD_NUMBER: _ClassVar[int]
    blob: Blob
    width_px: int
    height_px: int
    duration_ms: int
    thumbnail: bytes
    def __init__(self, blob: _Optional[_Union[Blob, _Mapping]] = ..., width_px: _Optional[int] = ..., height_px: _Optional[int] = ..., duration_ms: _Optional[int] = ..., thumbnail: _Optional[bytes] = ...) -> None: ...

class File(_message.Message):
    __slots__ = ("blob", "name")
    BLOB_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    blob: Blob
    name: str
    def __init__(self, blob: _Optional[_Union[Blob, _Mapping]] = ..., name: _Optional[str] = ...) -> None: ...

class Location(_message.Message):
    __slots__ = ("latitude_deg", "longitude_deg", "name", "address")
    LATITUDE_DEG_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_DEG_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    latitude_deg: float
    longitude_deg: float
    name: str
    address: str
    def __init__(self, latitude_deg: _Optional[float] = ..., longitude_deg: _Optional[float] = ..., name: _Optional[str] = ..., address: _Optional[str] = ...) -> None: ...

class Card(_message.Message):
    __slots__ = ("user_id", "group_id", "name")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    group_id: str
    name: str
    def __init__(self, user_id: _Optional[str] = ..., group_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class Custom(_message.Message):
    __slots__ = ("type", "payload", "fallback")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_FIELD_NUMBER: _ClassVar[int]
    type: str
    payload: bytes
    fallback: str
    def __init__(self, type: _Optional[str] = ..., payload: _Optional[bytes] = ..., fallback: _Optional[str] = ...) -> None: ...

class Mention(_message.Message):
    __slots__ = ("user_ids", "all")
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    all: bool
    def __init__(self, user_ids: _Optional[_Iterable[str]] = ..., all: _Optional[bool] = ...) -> None: ...

class Reference(_message.Message):
    __slots__ = ("conversation_id", "seq", "message_id", "sender_id", "preview")
    CONVERSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    SENDER_ID_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_FIELD_NUMBER: _ClassVar[int]
    conversation_id: str
    seq: int
    message_id: int
    sender_id: str
    preview: str
    def __init__(self, conversation_id: _Optional[str] = ..., seq: _Optional[int] = ..., message_id: _Optional[int] = ..., sender_id: _Optional[str] = ..., preview: _Optional[str] = ...) -> None: ...
