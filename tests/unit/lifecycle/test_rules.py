"""Access rules, as they are written."""

from __future__ import annotations

import pytest

from vmconsole.lifecycle.rules import BadRule, Rule, parse


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("@1 VM+NET/#5 USE+MANAGE", Rule("@1", "VM+NET", "#5", "USE+MANAGE")),
        ("#7 HOST/%2 ADMIN #0", Rule("#7", "HOST", "%2", "ADMIN")),
        ("* net+vm/* create+use *", Rule("*", "VM+NET", "*", "USE+CREATE")),
        ("  @0   TEMPLATE/@12\tUSE ", Rule("@0", "TEMPLATE", "@12", "USE")),
    ],
)
def test_a_rule_is_read_and_written_in_one_way(text: str, rule: Rule) -> None:
    assert parse(text) == rule
    assert parse(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "no rule"),
        ("@1 VM/*", "no rule"),
        ("@1 VM/* USE * more", "no rule"),
        ("ann VM/* USE", "'ann'"),
        ("#x VM/* USE", "'#x'"),
        ("%1 VM/* USE", "'%1'"),
        ("#٣ VM/* USE", "names nobody"),
        ("* VM USE", "'VM'"),
        ("* VM/ USE", "'VM/'"),
        ("* VM/5 USE", "'VM/5'"),
        ("* VM+PONY/* USE", "'PONY'"),
        ("* /* USE", "kind"),
        ("* VM/* USE+FLY", "'FLY'"),
        ("* VM/%0 USE", "clusters"),
        ("* VM/* USE #1", "zone"),
    ],
)
def test_what_is_no_rule_is_refused_by_its_part(text: str, named: str) -> None:
    with pytest.raises(BadRule) as refusal:
        parse(text)
    assert named in str(refusal.value)
