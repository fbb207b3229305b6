"""The keys of the configuration, read off its type: what loading, the manual and `config show` go by."""

from typing import Any, get_type_hints

import msgspec

from hongyan.config import Config


class Key(msgspec.Struct, frozen=True):
    """One key. `section` is "" at the top; `type` carries the bounds; a `secret` value is never shown."""

    section: str
    name: str
    type: Any
    default: object
    sentence: str
    secret: bool

    @property
    def path(self) -> str:
        """As in `--set`: section.name."""
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def variable(self) -> str:
        """The environment variable."""
        return f"HONGYAN_{self.path.replace('.', '_').upper()}"

    def value_in(self, config: Config) -> object:
        """What a configuration says."""
        return getattr(getattr(config, self.section) if self.section else config, self.name)


class Section(msgspec.Struct, frozen=True):
    """A table of the file; the top has the name ""."""

    name: str
    sentence: str
    keys: tuple[Key, ...]


def sections() -> tuple[Section, ...]:
    """Every section with its keys, in the order of the type; the top first."""
    hints = get_type_hints(Config)
    inner = [(name, kind) for name, kind in hints.items() if _is_section(kind)]
    top = tuple(key for key in _keys("", Config) if not _is_section(hints[key.name]))
    return (Section("", "", top), *(Section(name, kind.__doc__ or "", _keys(name, kind)) for name, kind in inner))


def keys() -> dict[str, Key]:
    """Every key by its path."""
    return {key.path: key for section in sections() for key in section.keys}


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _keys(section: str, kind: type[msgspec.Struct]) -> tuple[Key, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_key(section, item, hints[item.name]) for item in msgspec.structs.fields(kind))


def _key(section: str, item: msgspec.structs.FieldInfo, hint: Any) -> Key:
    metas = [meta for meta in getattr(hint, "__metadata__", ()) if isinstance(meta, msgspec.Meta)]
    sentence = next((meta.description for meta in metas if meta.description), "")
    secret = any((meta.extra or {}).get("secret", False) for meta in metas)
    return Key(section, item.name, hint, item.default, sentence, secret)
