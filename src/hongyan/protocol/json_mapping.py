"""JSON values into protobuf messages, strictly.

The canonical mapping (https://protobuf.dev/programming-guides/json/) with two narrowings for input from strangers: a
number is an integer within 2**53 or a string of digits, and nothing is guessed. The official `json_format` takes `[]`
for a message and drops broken base64 without a word, and its errors seldom name the field.
"""

import base64
import binascii
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from hongyan.model.codes import InvalidField

_EXACT = 2**53
_DIGITS = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_SHOWN_CHARS = 64


def read_json(value: Any, message: Message, path: str, *, strict: bool = True) -> None:
    """Fills a message from a JSON object; `path` names it in errors. Unless strict, unknown fields are passed over.

    Raises InvalidField that names the field.
    """
    if type(value) is not dict:
        raise InvalidField(field=path, reason="expected an object")
    fields, seen = _fields(message.DESCRIPTOR), set()
    for key, item in value.items():
        field = fields.get(key)
        if field is None:
            if strict:
                raise InvalidField(field=_below(path, key), reason="there is no such field")
            continue
        if item is None:
            continue
        alternative = field.containing_oneof
        mark = alternative.name if alternative else field.name
        if mark in seen:
            raise InvalidField(field=_below(path, key), reason=f"another value of {mark} is there already")
        seen.add(mark)
        _read_field(item, message, field, _below(path, field.name), strict)


@lru_cache(maxsize=256)
def _fields(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    """Fields by both names that the canonical mapping accepts: snake_case, which we write, and camelCase."""
    return dict(descriptor.fields_by_camelcase_name) | dict(descriptor.fields_by_name)


def _below(path: str, key: str) -> str:
    shown = key if len(key) <= _SHOWN_CHARS else f"{key[:_SHOWN_CHARS]}…"
    return f"{path}.{shown}" if path else shown


def _read_field(item: Any, message: Message, field: FieldDescriptor, path: str, strict: bool) -> None:  # noqa: FBT001 - passed through
    if field.is_repeated:
        _read_list(item, getattr(message, field.name), field, path, strict)
    elif field.message_type is not None:
        child = getattr(message, field.name)
        child.SetInParent()
        read_json(item, child, path, strict=strict)
    else:
        try:
            setattr(message, field.name, _SCALARS[field.type](item, path))
        except ValueError as error:
            raise InvalidField(field=path, reason="it is out of range") from error


def _read_list(item: Any, target: Any, field: FieldDescriptor, path: str, strict: bool) -> None:  # noqa: FBT001 - as above
    if type(item) is not list:
        raise InvalidField(field=path, reason="expected an array")
    for index, element in enumerate(item):
        where = f"{path}[{index}]"
        if field.message_type is not None:
            read_json(element, target.add(), where, strict=strict)
        else:
            target.append(_SCALARS[field.type](element, where))


def _read_text(item: Any, path: str) -> str:
    if type(item) is not str:
        raise InvalidField(field=path, reason="expected a string")
    return item


def _read_bytes(item: Any, path: str) -> bytes:
    text = _read_text(item, path)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidField(field=path, reason="expected base64") from error


def _read_flag(item: Any, path: str) -> bool:
    if type(item) is not bool:
        raise InvalidField(field=path, reason="expected true or false")
    return item


def _read_integer(item: Any, path: str) -> int:
    if type(item) is str and _DIGITS.fullmatch(item):
        return int(item)
    if type(item) is not int:
        raise InvalidField(field=path, reason="expected an integer")
    if not -_EXACT <= item <= _EXACT:
        raise InvalidField(field=path, reason="an integer beyond 2**53 has to be a string")
    return item


def _read_number(item: Any, path: str) -> float:
    if type(item) not in (int, float) or not abs(item) <= _EXACT:
        raise InvalidField(field=path, reason="expected a number")
    return float(item)


_SCALARS: dict[int, Callable[[Any, str], Any]] = {
    FieldDescriptor.TYPE_STRING: _read_text,
    FieldDescriptor.TYPE_BYTES: _read_bytes,
    FieldDescriptor.TYPE_BOOL: _read_flag,
    FieldDescriptor.TYPE_UINT32: _read_integer,
    FieldDescriptor.TYPE_UINT64: _read_integer,
    FieldDescriptor.TYPE_INT64: _read_integer,
    FieldDescriptor.TYPE_FIXED64: _read_integer,
    FieldDescriptor.TYPE_DOUBLE: _read_number,
}
