"""Importing the product does nothing: no connection, no environment, no registry filled by a decorator.

A module's top level may define and may build constants. What may be called there is listed below by its full name;
everything else is refused, because nobody can see from outside what a call does. `hongyan.model` and `hongyan.protocol`
may call their own functions too, to build tables: they cannot do I/O (.importlinter says so).
"""

import ast
from collections.abc import Iterator

from tools.lint.source import Finding, Source

PRODUCT = ("src", "sdk/python/src")
PURE = ("src/hongyan/model", "src/hongyan/protocol")

# A name that ends in a dot allows all it contains.
ALLOWED = (
    *("bool", "bytearray", "bytes", "classmethod", "dict", "enumerate", "filter", "float", "frozenset", "int", "len"),
    *(
        "list",
        "map",
        "max",
        "memoryview",
        "min",
        "object",
        "ord",
        "chr",
        "pow",
        "property",
        "range",
        "reversed",
        "round",
    ),
    *("set", "slice", "sorted", "staticmethod", "str", "sum", "super", "tuple", "type", "zip", "abs", "any", "all"),
    *("abc.", "collections.", "contextlib.", "contextvars.ContextVar", "dataclasses.", "datetime.timedelta"),
    *(
        "datetime.datetime",
        "datetime.timezone",
        "decimal.",
        "enum.",
        "fractions.",
        "functools.",
        "ipaddress.ip_network",
    ),
    *("itertools.", "logging.getLogger", "math.", "msgspec.", "operator.", "pathlib.Path", "pathlib.PurePosixPath"),
    "hongyan.telemetry.get_logger",  # a lazy proxy: nothing happens before the first line is logged
    *("re.compile", "string.", "struct.Struct", "struct.calcsize", "types.MappingProxyType", "typing.", "uuid.UUID"),
    *("warnings.deprecated", "typing_extensions.", "structlog.get_logger"),
)
ALLOWED_IN = {
    "src/hongyan/cli": ("typer.",),
    "src/hongyan/rest": ("fastapi.", "pydantic."),
    "src/hongyan/adapters/store": ("sqlalchemy.",),
}
REFUSED = {"datetime.datetime.now", "datetime.datetime.utcnow", "msgspec.inspect", "sqlalchemy.create_engine"}
# Methods of values: they make a new value of an old one.
VALUE_METHODS = {
    *("encode", "decode", "format", "join", "split", "strip", "lower", "upper", "replace", "items", "keys", "values"),
    *("union", "to_bytes", "from_bytes", "fromkeys", "hex", "fromhex", "with_suffix", "total_seconds", "get", "copy"),
}
# `@app.command()` and `@router.get(…)`: the decorators of a router made in the same file are its table of contents.
ROUTED = ("src/hongyan/cli", "src/hongyan/rest")

REFUSED_STATEMENTS = (ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Delete)


def effects_at_import(source: Source) -> Iterator[Finding]:
    """Top-level code defines and builds constants; what acts belongs into a function that `app` calls."""
    if not source.within(*PRODUCT):
        return
    names = _Names(source)
    for node in _run_at_import(source.tree.body):
        if isinstance(node, REFUSED_STATEMENTS) and not source.within(*PURE):
            sentence = f"a `{type(node).__name__.lower()}` runs at import: move it into a function"
        elif isinstance(node, ast.Call) and not names.allow(node.func):
            sentence = f"`{ast.unparse(node.func)}(…)` runs at import: move it into a function that is called"
        else:
            continue
        if not source.allows(node.lineno, "import-effect"):
            yield source.finding(node.lineno, "import-effect", sentence)


def _run_at_import(body: list[ast.stmt]) -> Iterator[ast.expr | ast.stmt]:
    """Every expression and statement that runs when the module is imported: all but the insides of functions."""
    waiting: list[ast.AST] = list(reversed(body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Lambda) or (isinstance(node, ast.If) and _is_main(node.test)):
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting.extend(node.decorator_list)
            continue
        if isinstance(node, (ast.expr, ast.stmt)):
            yield node
        waiting.extend(ast.iter_child_nodes(node))


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and ast.unparse(test.left) == "__name__"


class _Names:
    """What the names of one module mean, as far as its own text tells."""

    def __init__(self, source: Source) -> None:
        self._imported = _imported_names(source.tree)
        self._functions = {node.name for node in source.tree.body if isinstance(node, ast.FunctionDef)}
        self._assigned = {name.id for node in source.tree.body for name in _targets(node)}
        self._pure = source.within(*PURE)
        self._routed = source.within(*ROUTED)
        self._allowed = ALLOWED + tuple(
            name for folder, names in ALLOWED_IN.items() if source.within(folder) for name in names
        )

    def allow(self, function: ast.expr) -> bool:
        """Whether this may be called while the module is imported."""
        if isinstance(function, ast.Subscript):  # `dict[str, int]()`, `Decoder[T]()`
            return self.allow(function.value)
        if isinstance(function, ast.Call):  # `app.command("serve")(serve)`
            return self.allow(function.func)
        if isinstance(function, ast.Attribute) and function.attr in VALUE_METHODS:
            return True
        name = self._full_name(function)
        if name is None or name in REFUSED:
            return False
        if name.startswith(self._allowed_prefixes) or name in self._allowed:
            return True
        first, _, rest = name.partition(".")
        if rest and first in self._assigned:
            return self._routed or self._pure
        return self._allows_own(name)

    def _allows_own(self, name: str) -> bool:
        """Our own records may be built anywhere; our own functions only where they are known to be pure."""
        owner, _, last = name.rpartition(".")
        is_class = last.lstrip("_")[:1].isupper()
        if not owner:
            return is_class or (self._pure and name in self._functions)
        if owner.startswith(("hongyan.model", "hongyan.protocol")):
            return True
        return is_class and owner.startswith(("hongyan", "hongyan_client"))

    @property
    def _allowed_prefixes(self) -> tuple[str, ...]:
        return tuple(name for name in self._allowed if name.endswith("."))

    def _full_name(self, expression: ast.expr) -> str | None:
        """`re.compile` for `compile` after `from re import compile`; None for what is not a dotted name."""
        match expression:
            case ast.Name(id=name):
                return self._imported.get(name, name)
            case ast.Attribute(value=value, attr=attr):
                owner = self._full_name(value)
                return owner and f"{owner}.{attr}"
            case _:
                return None


def _imported_names(tree: ast.Module) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
    return names


def _targets(node: ast.stmt) -> list[ast.Name]:
    """The names a statement assigns."""
    match node:
        case ast.Assign(targets=targets):
            return [target for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name() as target):
            return [target]
        case _:
            return []
