"""The part of a VM's template that may be changed after its birth, and what the template is then (ON-138)."""

from __future__ import annotations

from collections.abc import Mapping

from vmconsole.templates import syntax, vm
from vmconsole.templates.errors import Problem, TemplateError
from vmconsole.templates.template import Template

CHANGEABLE = frozenset({"OS", "FEATURES", "INPUT", "GRAPHICS", "RAW", "CPU_MODEL", "CONTEXT", "BACKUP_CONFIG"})


def parse(text: str) -> Template:
    """The sections that are given. TemplateError for one that cannot be changed, or when there is none."""
    given = syntax.parse(text)
    allowed = ", ".join(sorted(CHANGEABLE))
    problems = [
        Problem(*given.attributes(key)[0].place, f"{key}: only {allowed} can be changed")
        for key in given.keys()  # noqa: SIM118 - a template is no mapping
        if key not in CHANGEABLE
    ]
    if problems or not len(given):
        raise TemplateError(problems or [Problem(0, 0, f"expected at least one of {allowed}")])
    return given


def changed(machine: Mapping[str, object], given: Template, *, append: bool) -> Template:
    """The machine's template with the sections that are given in place of its own, or merged with them.

    TemplateError lists what would be wrong with it.
    """
    after = Template.from_data(machine).merge(given, append=append)
    vm.check(after)
    return after
