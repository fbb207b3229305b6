"""Defaults, a TOML file, the environment, the command line: what is said later holds. Every mistake is named."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from hongyan.config import Config
from hongyan.config.keys import Key, keys, sections
from hongyan.model.errors import SetupError


class Setting(msgspec.Struct, frozen=True):
    """What one source says of one key; `where` is how a mistake in it is named."""

    key: Key
    value: object
    where: str


def load(
    file: Path | None = None, environment: Mapping[str, str] | None = None, assignments: Sequence[str] = ()
) -> Config:
    """The configuration of a TOML file, of HONGYAN_… variables and of `section.key=value` assignments.

    Raises SetupError with the place and the reason of the first mistake.
    """
    settings = [*(from_file(file) if file else ()), *from_environment(environment or {}), *from_arguments(assignments)]
    config = build(settings)
    check(config)
    return config


def from_file(path: Path) -> Iterable[Setting]:
    """A TOML file's settings. Raises SetupError."""
    try:
        with path.open("rb") as file:
            tree = tomllib.load(file)
    except OSError as error:
        raise SetupError(f"The configuration file {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError(f"The configuration file {path} is not TOML: {error}.") from error
    known = keys()
    names = [section.name for section in sections() if section.name]
    for name, value in tree.items():
        if name in names:
            if not isinstance(value, dict):
                raise SetupError(f"{path}: {name} is a section; write [{name}] above its keys.")
            for inner, inner_value in value.items():
                yield Setting(_find(f"{name}.{inner}", known, str(path)), inner_value, f"{path}, [{name}] {inner}")
        else:
            yield Setting(_find(name, known, str(path)), value, f"{path}, {name}")


def from_environment(environment: Mapping[str, str]) -> Iterable[Setting]:
    """The settings of HONGYAN_SECTION_KEY variables; others are not ours, unless they begin like a section of ours."""
    by_variable = {key.variable: key for key in keys().values()}
    prefixes = tuple(f"HONGYAN_{section.name.upper()}_" for section in sections() if section.name)
    for variable, text in environment.items():
        if variable in by_variable:
            yield _from_text(by_variable[variable], text, variable)
        elif variable.startswith(prefixes):
            near = difflib.get_close_matches(variable, by_variable, n=1, cutoff=0.75)
            raise SetupError(f"{variable} names no key{_hint(near)}")


def from_arguments(assignments: Sequence[str]) -> Iterable[Setting]:
    """The settings of `section.key=value` texts."""
    known = keys()
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals:
            raise SetupError(f"Expected section.key=value on the command line, not {assignment!r}.")
        yield _from_text(_find(path.strip(), known, "the command line"), text, f"the command line, {path.strip()}")


def build(settings: Iterable[Setting]) -> Config:
    """A configuration from settings, the later before the earlier. Raises SetupError for a value of the wrong kind."""
    said: dict[str, dict[str, object]] = {}
    for setting in settings:
        try:
            value = msgspec.convert(setting.value, setting.key.type, dec_hook=_path)
        except msgspec.ValidationError as error:
            raise SetupError(f"{setting.where}: {error}.") from error
        said.setdefault(setting.key.section, {})[setting.key.name] = value
    top = said.pop("", {})
    return msgspec.convert({**top, **said}, Config, dec_hook=_path)


def check(config: Config) -> None:
    """What no single key shows. Raises SetupError."""
    addresses = [(name, getattr(config.listen, name)) for name in ("http", "ws", "tcp")]
    parsed = [parse_address(text, f"[listen] {name}") for name, text in addresses]
    taken = [address for address in parsed if address[1] != 0]
    if len(set(taken)) != len(taken):
        raise SetupError("[listen] http, ws and tcp need an address each; two of them are the same.")
    if config.limits.content_bytes >= config.limits.packet_bytes:
        raise SetupError("[limits] content_bytes must be smaller than packet_bytes, or no packet could carry it.")
    if config.users.access_ttl_s >= config.users.refresh_ttl_s:
        raise SetupError("[users] access_ttl_s must be smaller than refresh_ttl_s.")
    for key in ("loop_lag_ms", "log_latency_ms", "delivery_lag_ms"):
        steps = getattr(config.overload, key)
        if list(steps) != sorted(steps) or steps[0] < 1:
            raise SetupError(f"[overload] {key} has four steps above 0, each at least as high as the one before.")
    if "*" in config.gateway.origins:
        raise SetupError('[gateway] origins lists hosts; "*" would let any page speak for your users.')


def parse_address(text: str, where: str) -> tuple[str, int]:
    """`host:port` or `[v6]:port` as host and port (0: any free one). Raises SetupError that begins with `where`."""
    host, _, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not host or (":" in host and not bracketed) or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise SetupError(f"{where}: expected host:port, such as 127.0.0.1:8080 or [::1]:8080, not {text!r}.")
    return host.strip("[]"), int(port)


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, Path):
        return value
    if kind is Path and isinstance(value, str) and value:
        return Path(value)
    raise ValueError("expected the path of a folder")


def _from_text(key: Key, text: str, where: str) -> Setting:
    value: object = text
    try:
        value = msgspec.convert(text, key.type, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        if "array" not in str(error):
            raise SetupError(f"{where}: {error}.") from error
        value = _list_from_text(key, text, where)
    return Setting(key, value, where)


def _list_from_text(key: Key, text: str, where: str) -> object:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    try:
        return msgspec.convert(parts, key.type, strict=False)
    except msgspec.ValidationError as error:
        raise SetupError(f"{where}: {error}.") from error


def _find(path: str, known: Mapping[str, Key], source: str) -> Key:
    if path in known:
        return known[path]
    section, _, name = path.rpartition(".")
    near = difflib.get_close_matches(path, [*known, *(key.section for key in known.values())], n=1, cutoff=0.75)
    place = f"[{section}] has no key {name}" if section else f"there is no key or section {name}"
    raise SetupError(f"{source}: {place}{_hint(near)}")


def _hint(near: Sequence[str]) -> str:
    return f"; did you mean {near[0]}?" if near else "."
