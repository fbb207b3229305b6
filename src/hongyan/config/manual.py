"""The manual and the shown configuration, both printed from the type."""

import json
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

from hongyan.config import Config
from hongyan.config.keys import Key, sections

_HEAD = """\
<!-- Generated from src/hongyan/config by tools/generate.py. Do not edit. -->
# Configuration

Nothing needs to be configured. What is said later wins: these defaults, a TOML file (`--config FILE`), the environment,
the command line (`--set section.key=value`). A key that does not exist is an error. `hongyan config show` prints what
holds, as a file; `hongyan config check` only says whether it is right. Units stand in the names: `_ms`, `_s`, `_bytes`,
`_kib`; a name without one is a count. Lists are written `a,b` in the environment and on the command line.
"""


def markdown() -> str:
    """The reference page of every key."""
    lines = [_HEAD]
    for section in sections():
        title = f"`[{section.name}]`" if section.name else "At the top of the file"
        lines += [f"## {title}", ""]
        if section.sentence:
            lines += [section.sentence, ""]
        lines += ["| key | default | allowed | meaning | environment |", "|---|---|---|---|---|"]
        lines += [_row(key) for key in section.keys]
        lines.append("")
    return "\n".join(lines)


def toml(config: Config, *, redacted: bool = False) -> str:
    """A configuration as a file that `load` reads back as the same; `redacted` hides what is secret."""
    lines: list[str] = []
    for section in sections():
        if section.name:
            lines += ["", f"[{section.name}]"]
        for key in section.keys:
            lines.append(assignment(key, key.value_in(config), redacted=redacted))
    return "\n".join([*lines, ""])


def assignment(key: Key, value: object, *, redacted: bool) -> str:
    """One line of a file."""
    return f"{key.name} = {_toml_value('(redacted)' if redacted and key.secret else value)}"


def _row(key: Key) -> str:
    cells = (f"`{key.name}`", f"`{_toml_value(key.default)}`", _allowed(key.type), key.sentence, f"`{key.variable}`")
    return f"| {' | '.join(cells)} |"


def _toml_value(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml_value(item) for item in value)}]"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:_}"
    if isinstance(value, Path):
        value = str(value)
    return json.dumps(value, ensure_ascii=False)  # TOML's basic strings, floats and booleans are JSON's


def _allowed(hint: Any) -> str:
    kind, *metas = get_args(hint)
    if get_origin(kind) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(kind))
    bounds = [meta for meta in metas if isinstance(meta, msgspec.Meta)]
    low = next((f"{meta.ge:_}" for meta in bounds if meta.ge is not None), "")
    above = next((f"above {meta.gt:_}" for meta in bounds if meta.gt is not None), "")
    high = next((f"{meta.le:_}" for meta in bounds if meta.le is not None), "")
    if high:
        return f"{above}, up to {high}" if above else f"{low} to {high}"
    if low:
        return f"from {low}"
    return "a list of texts" if get_origin(kind) is tuple else "a text"
