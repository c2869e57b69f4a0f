"""Imports point down: console, batch -> commands -> store, schedules, lifecycle, templates; controller -> those and
backends.base.

The syntax trees are the witness, so that deferred imports and those for types alone count as well.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("backends", "vmconsole")

STANDARD = "<the standard library>"
EVERYWHERE = ("__future__", "typing", "collections.abc")
ENDS = ("vmconsole", "vmconsole.errors", "vmconsole.local_zone", "vmconsole.presentation", "vmconsole.resources")
PURE = ("vmconsole.lifecycle*", "vmconsole.templates*")
STORE = (STANDARD, *ENDS, *PURE, "vmconsole.store*")
COMMANDS = (*STORE, "vmconsole.config", "vmconsole.schedules*", "vmconsole.commands*")
# Of the standard library what computes and touches nothing else.
COMPUTING = (
    "abc", "base64", "binascii", "bisect", "calendar", "collections*", "copy", "dataclasses", "datetime", "decimal",
    "difflib", "enum", "fnmatch", "fractions", "functools", "graphlib", "hashlib", "heapq", "ipaddress", "itertools",
    "json*", "math", "operator", "pathlib.PurePath", "pathlib.PurePosixPath", "re", "shlex", "statistics", "string",
    "textwrap", "types", "unicodedata", "urllib.parse", "uuid", "xml.etree.ElementTree", "xml.sax.saxutils", "zoneinfo",
)  # fmt: skip

SCHEDULES = (*EVERYWHERE, *COMPUTING, "vmconsole.errors", *PURE, "vmconsole.schedules*")

# Module -> what it may import. The first pattern that fits a module rules; what fits none is an error.
LAYERS: dict[str, tuple[str, ...]] = {
    "backends": (STANDARD, "backends.base", "backends.uri", "backends.libvirt*"),
    "backends.base": (
        STANDARD, "backends.errors", "backends.guests", "backends.hardware", "backends.moments", "backends.specs",
        "backends.storage", "backends.values",
    ),
    "backends.errors": (STANDARD,),
    "backends.guests": (STANDARD,),
    "backends.hardware": (STANDARD, "backends.specs"),
    "backends.moments": (STANDARD, "backends.specs", "backends.values"),
    "backends.specs": (STANDARD,),
    "backends.storage": (STANDARD, "backends.values"),
    "backends.values": (STANDARD, "backends.specs"),
    "backends.uri": (STANDARD, "backends.base"),
    "backends.libvirt*": (STANDARD, "backends.base", "backends.uri", "backends.libvirt*", "libvirt"),
    "vmconsole": ("os", "sys"),
    "vmconsole.errors": (),
    "vmconsole.local_zone": ("__future__", "os"),
    "vmconsole.resources": ("__future__", "os"),
    "vmconsole.presentation": (*EVERYWHERE, "time", "unicodedata"),
    # The store as a type only: settings are read through the one that is handed in.
    "vmconsole.config": (STANDARD, *ENDS, "vmconsole.store.session"),
    "vmconsole.lifecycle*": (*EVERYWHERE, *COMPUTING, "vmconsole.lifecycle*"),
    "vmconsole.templates*": (*EVERYWHERE, *COMPUTING, "vmconsole.templates*"),
    # One module asks croniter, after it has looked at the expression itself.
    "vmconsole.schedules.cron": (*SCHEDULES, "croniter"),
    "vmconsole.schedules*": SCHEDULES,
    "vmconsole.store.models*": (*STORE, "peewee", "playhouse*"),
    "vmconsole.store.modelstore": (*STORE, "peewee", "playhouse*", "psycopg*"),
    "vmconsole.store.migrations*": (*STORE, "peewee", "playhouse*"),
    "vmconsole.store.postgres*": (*STORE, "psycopg*"),
    "vmconsole.store*": STORE,
    "vmconsole.commands*": COMMANDS,
    "vmconsole.batch*": (*COMMANDS, "vmconsole.batch*"),
    # What belongs to the person at the screen: the serial console and the displays of a guest.
    "vmconsole.console.guest*": (
        *COMMANDS, "vmconsole.console*", "textual*", "backends", "backends.base", "backends.uri",
    ),
    "vmconsole.console*": (*COMMANDS, "vmconsole.console*", "textual*", "rich*"),
    "vmconsole.controller.iso": (STANDARD, "vmconsole.templates*", "pycdlib"),
    "vmconsole.controller*": (
        *STORE, "vmconsole.config", "vmconsole.schedules*", "vmconsole.controller*", "backends", "backends.base",
        "backends.uri",
    ),
    # argv decides which one face is imported.
    "vmconsole.__main__": (
        *EVERYWHERE, "os", "sys", *ENDS, "vmconsole.store.location", "vmconsole.batch*", "vmconsole.console*",
        "vmconsole.controller*",
    ),
}  # fmt: skip


def modules() -> dict[str, Path]:
    """Every module of the program by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(module: str, source: str) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything that a module's source imports, wherever it does so."""
    package = MODULES[module].name == "__init__.py"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: len(module.split(".")) + package - node.level] if node.level else []
            origin = ".".join([*above, *filter(None, [node.module])])
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def fits(name: str, pattern: str) -> bool:
    """Whether a name is meant: `a.b` means this module and what it defines, `a.b*` also every module that begins so."""
    if pattern == STANDARD:
        return name.partition(".")[0] in sys.stdlib_module_names
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    return name == pattern or (name not in MODULES and name.rpartition(".")[0] == pattern)


def violations(module: str, source: str) -> list[str]:
    layer = next((pattern for pattern in LAYERS if fits(module, pattern)), None)
    if layer is None:
        return [f"{module} belongs to no layer"]
    return [
        f"{module}:{line} imports {name}, which {layer} may not"
        for line, name in imports(module, source)
        if not any(fits(name, pattern) for pattern in LAYERS[layer])
    ]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_only_what_its_layer_may(module: str) -> None:
    assert violations(module, MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import textual.app",
        "def later():\n    import textual.app",
        "from textual import app",
        "if TYPE_CHECKING:\n    from vmconsole.console import app",
        "from ..console import app",
        "from vmconsole import console",
    ],
)
def test_an_import_against_the_layers_is_seen_wherever_it_stands(source: str) -> None:
    assert violations("vmconsole.store.session", source)
