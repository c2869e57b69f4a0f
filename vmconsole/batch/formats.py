"""Documents in the formats that other programs read: JSON, YAML, XML."""

from __future__ import annotations

from vmconsole.presentation import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any
    from xml.etree import ElementTree as ET


def dump(document: Any) -> str:
    """A document as JSON in ASCII, so that nothing in it can act on a terminal."""
    import json

    return json.dumps(document)


def serialised(document: Any, format: str, name: str) -> str:
    """The document as text.

    Args:
        format: json, yaml or xml.
        name: singular noun of what the document, or each item of it, is.
    """
    if format == "json":
        return dump(document) + "\n"
    if format == "yaml":
        return "\n".join(_yaml(document, 0)) + "\n"
    return _xml(document, name)


def _yaml(value: Any, depth: int) -> Iterable[str]:
    """YAML whose scalars are JSON scalars: valid YAML, and nothing to escape twice."""
    pad = "  " * depth
    if isinstance(value, dict) and value:
        for key, item in value.items():
            if isinstance(item, dict | list) and item:
                yield f"{pad}{dump(str(key))}:"
                yield from _yaml(item, depth + 1)
            else:
                yield f"{pad}{dump(str(key))}: {dump(item)}"
    elif isinstance(value, list) and value:
        for item in value:
            first, *rest = _yaml(item, depth + 1)
            yield f"{pad}- {first.strip()}"
            yield from rest
    else:
        yield pad + dump(value)


def _xml(document: Any, name: str) -> str:
    """XML in ASCII with an element for each key in capitals; lists repeat their element."""
    from xml.etree import ElementTree as ET

    root = ET.Element(f"{name}_POOL" if isinstance(document, list) else "DOCUMENT")
    _fill(root, name, document)
    tree = root if isinstance(document, list) else root[0]
    ET.indent(tree)
    text: bytes = ET.tostring(tree, encoding="us-ascii")
    return text.decode("ascii") + "\n"


def _fill(parent: ET.Element, key: str, value: Any) -> None:
    from xml.etree import ElementTree as ET

    if isinstance(value, list):
        for item in value:
            _fill(parent, key.removesuffix("s"), item)
        return
    element = ET.SubElement(parent, _tag(key))
    if isinstance(value, dict):
        for inner, item in value.items():
            _fill(element, str(inner), item)
    elif value is not None:
        text = str(int(value)) if isinstance(value, bool) else str(value)
        element.text = "\n".join(safe(line) for line in text.split("\n"))


def _tag(key: str) -> str:
    text = "".join(character if character.isascii() and character.isalnum() else "_" for character in key.upper())
    return text if text[:1].isalpha() else f"K{text}"
