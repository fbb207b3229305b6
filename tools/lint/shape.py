"""How long a function and a file may be, and how wide a port."""

import ast
import re
from collections.abc import Iterator

from tools.lint.source import Finding, Source

FUNCTION_LINES = 60
FILE_LINES = 600
PORT_METHODS = 8

FunctionNode = (ast.FunctionDef, ast.AsyncFunctionDef)


def function_length(source: Source) -> Iterator[Finding]:
    """A function has at most 60 lines without its docstring, or says why on the line of its `def`."""
    for node in ast.walk(source.tree):
        if isinstance(node, FunctionNode) and (length := _length(node)) > FUNCTION_LINES:
            if re.search(r"# long: \S", source.lines[node.lineno - 1]):
                continue
            sentence = (
                f"{node.name} has {length} lines (at most {FUNCTION_LINES}): split it, or say why with `# long: …`"
            )
            yield source.finding(node.lineno, "function-length", sentence)


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    whole = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is None:
        return whole
    return whole - ((first.end_lineno or first.lineno) - first.lineno + 1)


def file_length(source: Source) -> Iterator[Finding]:
    """A file has at most 600 lines."""
    if len(source.lines) > FILE_LINES:
        sentence = f"{len(source.lines)} lines (at most {FILE_LINES}): two things live here, part them"
        yield source.finding(1, "file-length", sentence)


def port_size(source: Source) -> Iterator[Finding]:
    """A port asks for at most eight methods; what asks for more is two ports."""
    if not source.within("src/hongyan/ports"):
        return
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.ClassDef) and any(_is_protocol(base) for base in node.bases)):
            continue
        methods = {item.name for item in node.body if isinstance(item, FunctionNode)}
        if len(methods) > PORT_METHODS:
            sentence = f"{node.name} asks for {len(methods)} methods (at most {PORT_METHODS}): it is two ports"
            yield source.finding(node.lineno, "port-size", sentence)


def _is_protocol(base: ast.expr) -> bool:
    if isinstance(base, ast.Subscript):
        return _is_protocol(base.value)
    return (isinstance(base, ast.Name) and base.id == "Protocol") or (
        isinstance(base, ast.Attribute) and base.attr == "Protocol"
    )
