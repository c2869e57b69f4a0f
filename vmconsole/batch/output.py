"""The only writer to standard output and standard error: data to the one, words to the other, each in one piece."""

from __future__ import annotations

import os
import sys

from vmconsole.errors import OutputFailed, Usage
from vmconsole.presentation import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from vmconsole.errors import VmconsoleError

MAX_LINE = 300
"""Characters of an error's one line."""


def data(text: str) -> None:
    """Write a whole answer to standard output.

    Raises:
        OutputFailed: it is closed or its disk is full. A reader that went away ends the program quietly instead.
    """
    if not text:
        return
    out = sys.stdout
    if out is None:
        raise OutputFailed("standard output is closed: the answer is lost", code="OUTPUT_CLOSED")
    try:
        out.write(text)
        out.flush()
    except BrokenPipeError:
        leave_quietly()
    except (OSError, ValueError) as error:
        raise OutputFailed(f"standard output: {error}", code="OUTPUT") from error


def leave_quietly() -> None:
    """End as a program whose reader went away does: without a word, as if by SIGPIPE."""
    # What Python still holds for the pipe would be complained about at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os._exit(141)


def words(text: str) -> None:
    """A line to standard error, if there is anybody to read it."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(safe(text) + "\n")
            sys.stderr.flush()
    except (OSError, ValueError):
        pass


def complain(error: VmconsoleError, *, json: bool) -> int:
    """Say what went wrong, in one line or as a JSON document; returns the exit status."""
    if json:
        data(dump({"api": API, "ok": False, "exit": error.exit, "error": error.document(), "results": []}) + "\n")
    words(line(error))
    return error.exit


def line(error: VmconsoleError) -> str:
    """``vmconsole: error[CODE]: what happened – what to do``, in one line."""
    message = " ".join(str(error.message).split())
    if len(message) > MAX_LINE:
        message = message[: MAX_LINE - 1] + "…"
    hint = f" – {error.hint}" if error.hint else ""
    return f"vmconsole: error[{error.code}]: {message}{hint}"


API = "vmconsole/1"


def dump(document: Any) -> str:
    """A document as JSON in ASCII, so that nothing in it can act on a terminal."""
    import json

    return json.dumps(document)


def serialised(document: Any, values: dict[str, Any], name: str) -> str | None:
    """The document in the machine format the command line asked for; None when it asked for none."""
    if values.get("json"):
        return dump(document) + "\n"
    if values.get("yaml"):
        return "\n".join(_yaml(document, 0)) + "\n"
    if values.get("xml"):
        return _xml(document, name)
    return None


def _yaml(value: Any, depth: int) -> Iterable[str]:
    """YAML whose scalars are JSON scalars: valid YAML, and nothing to escape twice."""
    import json

    pad = "  " * depth
    if isinstance(value, dict) and value:
        for key, item in value.items():
            if isinstance(item, dict | list) and item:
                yield f"{pad}{json.dumps(str(key))}:"
                yield from _yaml(item, depth + 1)
            else:
                yield f"{pad}{json.dumps(str(key))}: {json.dumps(item)}"
    elif isinstance(value, list) and value:
        for item in value:
            first, *rest = list(_yaml(item, depth + 1))
            yield f"{pad}- {first.strip()}"
            yield from rest
    else:
        yield pad + json.dumps(value)


def _xml(document: Any, name: str) -> str:
    """XML with an element for each key in capitals; lists repeat their element."""
    from xml.etree import ElementTree

    def fill(parent: ElementTree.Element, key: str, value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                fill(parent, key.rstrip("s") if key.endswith("s") else key, item)
            return
        element = ElementTree.SubElement(parent, _tag(key))
        if isinstance(value, dict):
            for inner, item in value.items():
                fill(element, str(inner), item)
        elif value is not None:
            text = str(int(value)) if isinstance(value, bool) else str(value)
            element.text = "".join(character for character in text if character >= " " or character in "\t\n")

    root = ElementTree.Element(f"{name}_POOL" if isinstance(document, list) else "DOCUMENT")
    fill(root, name, document)
    tree = root if isinstance(document, list) else root[0]
    ElementTree.indent(tree)
    return ElementTree.tostring(tree, encoding="unicode") + "\n"


def _tag(key: str) -> str:
    text = "".join(character if character.isascii() and character.isalnum() else "_" for character in key.upper())
    return text if text[:1].isalpha() else f"K{text}"


def terminal() -> bool:
    """Whether a person reads standard output, in colour if they like."""
    return sys.stdout is not None and sys.stdout.isatty()


def colour_wanted() -> bool:
    return terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") != "dumb"


def only_one_format(values: dict[str, Any]) -> None:
    """Raise Usage when several machine formats were asked for."""
    chosen = [f"--{name}" for name in ("json", "yaml", "xml", "csv") if values.get(name)]
    if len(chosen) > 1:
        raise Usage(f"{' and '.join(chosen)} exclude each other", code="USAGE_OPTION")
