"""XML in and out: built and read through a tree, never by formatting text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from backends.base import InvalidInput

MAX_BYTES = 1 << 20
"""libvirt's own messages end near 4 MiB; no honest description comes near this."""

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def read(text: str) -> ET.Element:
    """The root of a document from outside.

    Raises:
        InvalidInput: it is no XML, too big, or declares a document type (which is how entities come in).
    """
    _refuse_dangerous(text)
    try:
        return ET.fromstring(text)  # noqa: S314  what makes XML dangerous was refused above
    except ET.ParseError as error:
        raise InvalidInput(f"this is no XML: {error}") from None


def _refuse_dangerous(text: str) -> None:
    if len(text) > MAX_BYTES:
        raise InvalidInput(f"the XML is longer than {MAX_BYTES} characters")
    # The text is already decoded, so a declaration can only be spelled like this.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InvalidInput("XML with a document type declaration is refused")


def read_pieces(text: str) -> list[ET.Element]:
    """The elements of a text that has several beside each other. Errors as `read`."""
    _refuse_dangerous(text)
    parser = ET.XMLParser()  # noqa: S314  as in `read`
    try:
        for part in ("<pieces>", text, "</pieces>"):
            parser.feed(part)
        return list(parser.close())
    except ET.ParseError as error:
        raise InvalidInput(f"this is no XML: {error}") from None


def write(root: ET.Element) -> str:
    """The document as text.

    Raises:
        InvalidInput: a value has a character that XML cannot carry.
    """
    text = ET.tostring(root, encoding="unicode")
    if _NOT_XML.search(text):
        raise InvalidInput("a control character cannot be part of a description")
    return text


def add(parent: ET.Element, tag: str, text: object = None, /, **attributes: object) -> ET.Element:
    """Append a child; attributes that are None or empty are left out."""
    child = ET.SubElement(parent, tag, {k.rstrip("_"): str(v) for k, v in attributes.items() if v not in (None, "")})
    if text is not None:
        child.text = str(text)
    return child


def attribute(parent: ET.Element, child: str, name: str) -> str:
    """An attribute of a child; empty when there is no such child or attribute."""
    element = parent.find(child)
    return "" if element is None else element.get(name, "")
