"""The template as an ordered multimap."""

from __future__ import annotations

import pytest

from vmconsole.templates.errors import TemplateError
from vmconsole.templates.syntax import parse
from vmconsole.templates.template import Template


def test_repeated_keys_keep_their_order() -> None:
    template = parse("DISK=[A=1]\nCPU=1\nDISK=[A=2]")
    assert template.vectors("disk") == [{"A": "1"}, {"A": "2"}]
    assert template.get("DISK") == {"A": "2"}
    assert template.all("CPU") == ["1"]
    assert template.get("NIC") is None
    assert template.keys() == ["DISK", "CPU"]
    assert "cpu" in template
    assert "NIC" not in template


def test_set_replaces_every_value_where_the_first_one_was() -> None:
    template = parse("A=1\nB=2\nA=3\nC=4")
    template.set("a", "9")
    template.set("d", {"x": "1"})
    assert [(found.key, found.value) for found in template] == [("A", "9"), ("B", "2"), ("C", "4"), ("D", {"X": "1"})]


def test_remove_takes_every_value_and_forgives_a_missing_key() -> None:
    template = parse("A=1\nB=2\nA=3")
    template.remove("a")
    template.remove("NONE")
    assert template.to_data() == {"B": "2"}


def test_the_order_of_different_keys_means_nothing_and_that_of_one_key_does() -> None:
    assert parse("A=1\nB=2\nA=3") == parse("B=2\nA=1\nA=3")
    assert parse("A=1\nA=3") != parse("A=3\nA=1")


def test_a_merge_replaces_the_sections_it_names_and_keeps_the_rest() -> None:
    old = parse("GRAPHICS=[TYPE=vnc, PASSWD=old]\nDISK=[A=1]\nDISK=[A=2]\nROLE=web")
    new = parse("GRAPHICS=[PASSWD=new]\nDISK=[A=3]\nNOTE=x")
    assert old.merge(new).to_data() == {
        "GRAPHICS": {"PASSWD": "new"},
        "DISK": {"A": "3"},
        "ROLE": "web",
        "NOTE": "x",
    }
    assert old.vectors("DISK") == [{"A": "1"}, {"A": "2"}], "the merged templates themselves stay as they are"


def test_a_merge_with_append_merges_within_a_single_vector() -> None:
    old = parse("GRAPHICS=[TYPE=vnc, PASSWD=old]\nROLE=web\nDISK=[A=1]\nDISK=[A=2]")
    new = parse("GRAPHICS=[PASSWD=new, LISTEN=0.0.0.0]\nROLE=db\nDISK=[A=3]")
    assert old.merge(new, append=True).to_data() == {
        "GRAPHICS": {"TYPE": "vnc", "PASSWD": "new", "LISTEN": "0.0.0.0"},
        "ROLE": "db",
        "DISK": {"A": "3"},
    }


def test_a_copy_is_independent() -> None:
    template = parse("DISK=[A=1]")
    twin = template.copy()
    twin.vectors("DISK")[0]["A"] = "2"
    twin.add("B", "1")
    assert template.to_data() == {"DISK": {"A": "1"}}


def test_numbers_and_truth_become_text() -> None:
    assert Template.from_data({"CPU": 0.5, "VCPU": 2, "HOT": True, "OS": {"acpi": False}}).to_data() == {
        "CPU": "0.5",
        "VCPU": "2",
        "HOT": "YES",
        "OS": {"ACPI": "NO"},
    }


def test_data_no_template_can_hold_is_refused_with_every_problem() -> None:
    with pytest.raises(TemplateError) as caught:
        Template.from_data({"bad key": "1", "A": None, "B": "\x1b", "C": {"D": {}}})
    assert [problem.message for problem in caught.value.problems] == [
        "'bad key' cannot name an attribute: only A-Z, 0-9 and _ can",
        "A: expected a text or a number, not NoneType",
        "B: control character U+001B is not allowed",
        "C/D: expected a text or a number, not dict",
    ]


def test_a_template_cannot_be_hashed_because_it_can_change() -> None:
    with pytest.raises(TypeError):
        hash(Template())
