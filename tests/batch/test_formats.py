"""Documents for other programs."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmconsole.batch.formats import dump, serialised

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
HOSTILE = ["\x9b31m", "a\nb", "\u202ex", "\ud800", '"<&>', "=cmd()", "\x00"]


@given(VALUES)
def test_json_comes_back_equal_and_is_ascii(document: Any) -> None:
    text = dump(document)
    assert json.loads(text) == document
    assert text.isascii()
    assert text.isprintable()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("format", ["json", "yaml", "xml"])
def test_nothing_in_a_document_can_act_on_a_terminal(format: str, text: str) -> None:
    shown = serialised([{"name": text, "disks": [{"path": text}]}], format, "VM")
    assert all(char == "\n" or (char.isascii() and char.isprintable()) for char in shown)


def test_yaml_is_blocks_of_json_scalars() -> None:
    document = {"a": 1, "b": [], "c": {"d": None}, "e": [{"f": [1, "x"], "g": {}}, "y"], "h: i": "yes"}
    assert serialised(document, "yaml", "THING") == (
        '"a": 1\n"b": []\n"c":\n  "d": null\n"e":\n'
        '  - "f":\n      - 1\n      - "x"\n    "g": {}\n  - "y"\n"h: i": "yes"\n'
    )
    assert serialised([], "yaml", "THING") == "[]\n"


def test_xml_has_an_element_for_every_key_and_repeats_lists() -> None:
    documents = [{"id": 0, "name": "<a&b>", "disks": [{"id": 0}, {"id": 1}], "ok": True, "host": None, "0x": "\u00e9"}]
    tree = ET.fromstring(serialised(documents, "xml", "VM"))
    assert tree.tag == "VM_POOL"
    (vm,) = tree
    assert [child.tag for child in vm] == ["ID", "NAME", "DISK", "DISK", "OK", "HOST", "K0X"]
    assert [child.text for child in vm][1] == "<a&b>"
    assert (vm.findtext("OK"), vm.findtext("HOST"), vm.findtext("K0X")) == ("1", "", "\u00e9")


@given(VALUES)
def test_any_document_makes_xml_that_can_be_read(document: Any) -> None:
    ET.fromstring(serialised({"value": document}, "xml", "THING"))
