"""What the rules of the administrators grant one user. Loaded for ordinary users only: administrators need no rule."""

from __future__ import annotations

from vmconsole.lifecycle.rules import KINDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from vmconsole.store.session import Store

_MEMBERS = {
    "HOST": "SELECT id FROM host WHERE cluster_id = ?",
    "NET": "SELECT network_id FROM cluster_network WHERE cluster_id = ?",
    "DATASTORE": "SELECT datastore_id FROM cluster_datastore WHERE cluster_id = ?",
}


class Grant:
    """Rights on the objects of `numbers`, on those of a group, or on all of a kind."""

    __slots__ = ("group", "numbers", "rights")

    def __init__(self, rights: frozenset[str], numbers: frozenset[int] | None, group: int | None) -> None:
        self.rights = rights
        self.numbers = numbers
        self.group = group

    def gives(self, right: str, number: int | None, group: int | None) -> bool:
        if right not in self.rights or (self.numbers is not None and number not in self.numbers):
            return False
        return self.group is None or self.group == group


Grants = dict[str, list[Grant]]
"""By kind of object."""


def load(store: Store, user_id: int, groups: Collection[int]) -> Grants:
    """The rules for everybody, for the user and for his groups, clusters resolved to what is in them (ON-170)."""
    names = ("*", f"#{user_id}", *(f"@{group}" for group in groups))
    marks = ", ".join("?" for _ in names)
    found: Grants = {}
    for kinds, objects, rights in store.query(
        f"SELECT kinds, objects, rights FROM access_rule WHERE who IN ({marks}) ORDER BY id", names
    ):
        for kind in kinds.split("+"):
            grant = Grant(frozenset(rights.split("+")), _numbers(store, kind, objects), _group(objects))
            found.setdefault(KINDS[kind], []).append(grant)
    return found


def granted(grants: Grants, right: str, kind: str, number: int | None = None, group: int | None = None) -> bool:
    """Whether a rule gives a right on an object, or with CREATE the right to make one of its kind.

    Args:
        right: USE, MANAGE, ADMIN or CREATE.
        number, group: id of the object and of the group it belongs to; None for what has none.
    """
    return any(grant.gives(right, number, group) for grant in grants.get(kind, ()))


def _numbers(store: Store, kind: str, objects: str) -> frozenset[int] | None:
    if objects.startswith("#"):
        return frozenset({int(objects[1:])})
    if objects.startswith("%"):
        return frozenset(row[0] for row in store.query(_MEMBERS[kind], (int(objects[1:]),)))
    return None


def _group(objects: str) -> int | None:
    return int(objects[1:]) if objects.startswith("@") else None
