"""Access rules in OpenNebula's notation: what administrators grant beyond the permission bits (ON-170).

- `@1 VM+NET/#5 USE+MANAGE`: the members of group 1 may use and manage VM 5 and network 5
- `#7 HOST/%2 ADMIN`: user 7 may administer the hosts of cluster 2
"""

from __future__ import annotations

import re
from typing import NamedTuple

from vmconsole.lifecycle.permissions import Right

KINDS = {
    "VM": "vm",
    "HOST": "host",
    "NET": "network",
    "IMAGE": "image",
    "TEMPLATE": "template",
    "DATASTORE": "datastore",
    "CLUSTER": "cluster",
}
"""What a rule can speak of, and the noun of its commands."""
RIGHTS = (*(right.name for right in Right), "CREATE")

_IN_CLUSTERS = frozenset({"HOST", "NET", "DATASTORE"})
_WHO = re.compile(r"\*|[#@][0-9]{1,9}")
_OBJECTS = re.compile(r"\*|[#@%][0-9]{1,9}")


class BadRule(ValueError):
    """A text that is no rule."""


class Rule(NamedTuple):
    """Who may do what with which objects, each part as it is written."""

    who: str
    kinds: str
    objects: str
    rights: str

    def __str__(self) -> str:
        return f"{self.who} {self.kinds}/{self.objects} {self.rights}"


def parse(text: str) -> Rule:
    """``WHO KIND+KIND/OBJECTS RIGHT+RIGHT [ZONE]``; kinds and rights are put in their usual order.

    Raises BadRule, saying which part was not understood. There is one zone for rules: ``*`` or ``#0``.
    """
    words = text.split()
    if not 3 <= len(words) <= 4:
        raise BadRule(f"{text!r} is no rule: expected WHO KINDS/OBJECTS RIGHTS, like '@1 VM/* USE+MANAGE'")
    who, resources, rights, zone = (*words, "*")[:4]
    kinds, slash, objects = resources.partition("/")
    if not _WHO.fullmatch(who):
        raise BadRule(f"{who!r} names nobody: expected *, #USER-ID or @GROUP-ID")
    if not slash or not _OBJECTS.fullmatch(objects):
        raise BadRule(f"{resources!r} names no objects: expected KINDS/ and *, #ID, @GROUP-ID or %CLUSTER-ID")
    if zone not in ("*", "#0"):
        raise BadRule(f"{zone!r} is no zone of rules: expected *")
    rule = Rule(who, _joined(kinds, tuple(KINDS), "kind"), objects, _joined(rights, RIGHTS, "right"))
    if objects.startswith("%") and not _IN_CLUSTERS.issuperset(rule.kinds.split("+")):
        raise BadRule(f"{resources!r}: only {', '.join(sorted(_IN_CLUSTERS))} are in clusters")
    return rule


def _joined(text: str, known: tuple[str, ...], what: str) -> str:
    words = text.upper().split("+")
    if unknown := [word for word in words if word not in known]:
        raise BadRule(f"{unknown[0]!r} is no {what}: expected {', '.join(known)}")
    return "+".join(word for word in known if word in words)
