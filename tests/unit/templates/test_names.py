"""Names of VMs and domains, and lists of VMs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmconsole.templates.errors import NameRefused, TargetError
from vmconsole.templates.names import check_domain_name, check_vm_name, expand, parse_vm_list


@pytest.mark.parametrize(
    "name", ["web", "web 1", "Überwachung", "3com", "10.0.0.1", "a" * 128, "x;y", "日本", "one-7", "v1.5", "+a"]
)
def test_a_vm_may_have_any_printable_name(name: str) -> None:
    assert check_vm_name(name) == name


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("", "empty"),
        ("   ", "empty"),
        (" web", "blank"),
        ("web ", "blank"),
        ("a" * 129, "128 characters"),
        ("日" * 100, "255 bytes"),
        ("-rf", "'-'"),
        ("a/b", "'/'"),
        ("../1", "'/'"),
        ("..", "'..'"),
        ("web..1", "'..'"),
        ("a,b", "','"),
        ("7", "number"),
        ("٣", "number"),
        ("0x1f", "number"),
        ("1.5", "number"),
        ("1e3", "number"),
        ("+7", "number"),
        ("5-1", "number"),
        ("c7a5fdbd-edaf-9455-926a-d65c16db1809", "UUID"),
        ("c7a5fdbdedaf9455926ad65c16db1809", "UUID"),
        ("ALL", "reserved"),
        ("a\nb", "control"),
        ("a\x1bb", "control"),
        ("a\x9bb", "control"),
        ("a\u202eb", "direction"),
        ("a\u200bb", "invisible"),
        ("a\u2028b", "control"),
        ("a\ud800b", "control"),
    ],
)
def test_a_name_that_could_be_taken_for_something_else_is_refused_with_the_rule(name: str, rule: str) -> None:
    with pytest.raises(NameRefused, match=rule):
        check_vm_name(name)


@given(st.text())
def test_an_accepted_name_is_one_target_of_that_name(name: str) -> None:
    try:
        check_vm_name(name)
    except NameRefused:
        return
    assert parse_vm_list(name) == (name,)


@pytest.mark.parametrize("name", ["web", "0", "a.b_c-D9", "a" * 63])
def test_a_domain_name_is_plain(name: str) -> None:
    assert check_domain_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", ".a", "_a", "a b", "a/b", "é", "a\n", "a" * 64, "x</name><os>"])
def test_a_domain_name_that_is_not_plain_is_refused(name: str) -> None:
    with pytest.raises(NameRefused):
        check_domain_name(name)


def test_the_index_is_put_into_each_name() -> None:
    assert expand("web-%i", 3) == ("web-0", "web-1", "web-2")
    assert expand("%i-%i.a", 1, first=7) == ("7-7.a",)
    assert expand("web", 2) == ("web", "web")


def test_a_pattern_that_gives_bad_names_is_refused() -> None:
    with pytest.raises(NameRefused, match="number"):
        expand("%i", 3)
    with pytest.raises(NameRefused, match="more than 100000"):
        expand("web-%i", 10**12)


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("1", (1,)),
        ("007", (7,)),
        ("1,3,8..11", (1, 3, 8, 9, 10, 11)),
        ("5..5", (5,)),
        (" 1 , 3 , 8 .. 9 ", (1, 3, 8, 9)),
        ("3,1,1,2..3", (3, 1, 2)),
        ("web1,7,db", ("web1", 7, "db")),
        ("web,web", ("web",)),
        ("my web,0", ("my web", 0)),
        (str(2**63 - 1), (2**63 - 1,)),
    ],
)
def test_a_list_of_vms_has_ids_and_names(text: str, targets: tuple[int | str, ...]) -> None:
    assert parse_vm_list(text) == targets


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ",",
        "1,",
        "1,,2",
        "-1",
        "-5..3",
        "5..1",
        "5-1",
        "0x1f",
        "1.5",
        "1e3",
        "+1",
        "٣",
        "\uff11",
        "1..٣",
        "1..",
        "..3",
        "1...3",
        "../1",
        "a/b",
        "1..2..3",
        str(2**63),
        "9" * 5000,
        "0..99999999",
        "1..1000000000000000000",
        "a\x1b",
        "--hard",
    ],
)
def test_what_is_no_list_of_vms_is_refused(text: str) -> None:
    with pytest.raises(TargetError):
        parse_vm_list(text)


def test_a_list_may_name_a_hundred_thousand_vms_and_no_more() -> None:
    assert len(parse_vm_list("0..99999")) == 100_000
    with pytest.raises(TargetError, match="more than 100000"):
        parse_vm_list("0..99999,100000")
    with pytest.raises(TargetError, match="more than 100000"):
        parse_vm_list("1," * 5_000_000)


@given(st.text(st.sampled_from("019,.-+ ax٣"), max_size=12))
def test_any_text_is_a_list_or_refused(text: str) -> None:
    try:
        targets = parse_vm_list(text)
    except TargetError:
        return
    assert targets
    assert all(target >= 0 if isinstance(target, int) else check_vm_name(target) for target in targets)
