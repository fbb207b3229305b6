"""Writes every generated file: protobuf code, the codes in Python, TypeScript and Markdown, the configuration's manual.

Run as `make generate`; CI runs it with --check and fails when a committed file differs.
"""

import argparse
import pathlib
import re
import string
import subprocess
import sys
import tempfile
import tomllib
from typing import Any

from hongyan.config.manual import markdown as markdown_config

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEAD = "Generated from proto/codes.toml by tools/generate.py. Do not edit."


def fields_of(sentence: str) -> list[str]:
    """The field names in braces, in order of first appearance."""
    names = [name for _, name, _, _ in string.Formatter().parse(sentence) if name]
    return list(dict.fromkeys(names))


def camel(name: str) -> str:
    """snake_case to CamelCase."""
    return "".join(part.capitalize() for part in name.split("_"))


def field_type(name: str) -> str:
    """The Python type of a sentence's field, told by its name."""
    return "int" if re.search(r"_bytes$|_ms$|^count$|^limit$|^seq$", name) else "str"


def python_codes(codes: dict[str, Any]) -> str:
    """The numbers as enums and one exception class an error."""
    bases = sorted({"HongyanError", *(f"{row['fault'].capitalize()}Fault" for row in codes["errors"].values())})
    lines = [
        f'"""{HEAD}"""',
        "",
        "from enum import IntEnum",
        "",
        f"from hongyan.model.errors import {', '.join(bases)}",
        "",
    ]
    lines += ["", "class ErrorCode(IntEnum):", '    """Numbers of errors; see proto/codes.toml."""', ""]
    lines += [f"    {name.upper()} = {row['number']}" for name, row in codes["errors"].items()]
    lines += [
        "",
        "",
        "class CloseCode(IntEnum):",
        '    """Why a connection was closed; 4000-4499 resume, 4500-4999 terminal."""',
        "",
    ]
    lines += [f"    {name.upper()} = {row['number']}" for name, row in codes["closes"].items()]
    lines += [
        "",
        "    @property",
        "    def resumable(self) -> bool:",
        '        """Whether the client should connect again and resume."""',
    ]
    lines += ["        return self < 4500", ""]
    for name, row in codes["errors"].items():
        lines += ["", f"class {camel(name)}({row['fault'].capitalize()}Fault):"]
        lines += [f'    """{row["sentence"]}"""', "", f"    code = ErrorCode.{name.upper()}"]
        lines += [
            f"    permanent = {row['permanent']}",
            f"    http_status = {row['http']}",
            f'    sentence = "{row["sentence"]}"',
        ]
        names = fields_of(row["sentence"])
        if names:
            arguments = ", ".join(f"{field}: {field_type(field)}" for field in names)
            passed = ", ".join(f"{field}={field}" for field in names)
            lines += ["", f"    def __init__(self, *, {arguments}, retry_after_ms: int = 0) -> None:"]
            lines += [f"        super().__init__(retry_after_ms, {passed})"]
        lines += [""]
    lines += ["", "ERRORS: dict[int, type[HongyanError]] = {"]
    lines += [f"    {row['number']}: {camel(name)}," for name, row in codes["errors"].items()]
    lines += ["}", "", "CLOSE_SENTENCES: dict[int, str] = {"]
    lines += [f'    {row["number"]}: "{row["sentence"]}",' for row in codes["closes"].values()]
    return "\n".join([*lines, "}", ""])


def typescript_codes(codes: dict[str, Any]) -> str:
    """The same numbers for the JavaScript SDK."""
    lines = [f"// {HEAD}", "", "export const ErrorCode = {"]
    lines += [f"  {camel(name)}: {row['number']}," for name, row in codes["errors"].items()]
    lines += ["} as const;", "", "export const permanentErrors: ReadonlySet<number> = new Set(["]
    lines += [f"  {row['number']}," for row in codes["errors"].values() if row["permanent"]]
    lines += ["]);", "", "export const CloseCode = {"]
    lines += [f"  {camel(name)}: {row['number']}," for name, row in codes["closes"].items()]
    lines += ["} as const;", "", "export function isResumable(closeCode: number): boolean {"]
    return "\n".join([*lines, "  return closeCode < 4500;", "}", ""])


def javascript_codes(codes: dict[str, Any]) -> str:
    """Why a connection was closed, for the page that the server brings along: errors come to it with their names."""
    lines = [f"// {HEAD}", "", "export const CloseCode = Object.freeze({"]
    lines += [f"  {camel(name)}: {row['number']}," for name, row in codes["closes"].items()]
    lines += ["});", "", "/** @param {number} closeCode */", "export function isResumable(closeCode) {"]
    return "\n".join([*lines, "  return closeCode < 4500;", "}", ""])


def markdown_codes(codes: dict[str, Any]) -> str:
    """The manual's tables."""
    lines = [
        f"<!-- {HEAD} -->",
        "# Codes",
        "",
        "## Errors",
        "",
        "| number | name | fault | permanent | HTTP | sentence |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in codes["errors"].items():
        permanent = "yes" if row["permanent"] else "no"
        lines.append(
            f"| {row['number']} | `{name}` | {row['fault']} | {permanent} | {row['http']} | {row['sentence']} |"
        )
    lines += ["", "## Close codes", "", "| number | name | then | sentence |", "|---|---|---|---|"]
    for name, row in codes["closes"].items():
        lines.append(
            f"| {row['number']} | `{name}` | {'resume' if row['number'] < 4500 else 'stop'} | {row['sentence']} |"
        )
    return "\n".join([*lines, ""])


def protobuf() -> dict[str, str]:
    """The generated modules of the wire, as text by path below the root.

    protoc writes imports for a package `hongyan.v1`; ours live in hongyan.protocol.wire, so the imports are moved.
    """
    with tempfile.TemporaryDirectory() as out:
        protos = sorted(str(path.relative_to(ROOT / "proto")) for path in (ROOT / "proto/hongyan/v1").glob("*.proto"))
        command = [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            f"-I{ROOT / 'proto'}",
            f"--python_out={out}",
            f"--pyi_out={out}",
            *protos,
        ]
        subprocess.run(command, check=True)
        files = {}
        for path in sorted(pathlib.Path(out, "hongyan/v1").iterdir()):
            text = path.read_text().replace("from hongyan.v1 import", "from hongyan.protocol.wire import")
            files[f"src/hongyan/protocol/wire/{path.name}"] = text
    return files


def generated() -> dict[str, str]:
    """Every generated file, as text by path below the root."""
    codes = tomllib.loads((ROOT / "proto/codes.toml").read_text())
    return {
        "src/hongyan/model/codes.py": python_codes(codes),
        "sdk/js/src/codes.ts": typescript_codes(codes),
        "src/hongyan/rest/static/js/codes.js": javascript_codes(codes),
        "docs/reference/codes.md": markdown_codes(codes),
        "docs/reference/config.md": markdown_config(),
        **protobuf(),
    }


def main() -> int:
    """Writes or, with --check, compares; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")
    check = parser.parse_args().check
    stale = []
    for name, text in generated().items():
        path = ROOT / name
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for name in stale:
        print(f"{'differs from its source' if check else 'written'}: {name}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
