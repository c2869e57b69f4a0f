"""Lists that are one statement each: datastores, networks, clusters, zones, users, groups, access rules."""

from __future__ import annotations

from vmconsole.commands.results import Column
from vmconsole.store.conditions import ALIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.commands.results import Listing, Text


class Table:
    """A list that is one statement: its columns, and the statement whose rows have a value for each."""

    __slots__ = ("columns", "name", "statement")

    def __init__(self, name: str, columns: tuple[Column, ...], statement: str) -> None:
        self.name = name
        self.columns = columns
        self.statement = statement


_ID = Column("ID", 4, "number", right=True)
_NAME = Column("NAME", 20, "name", expands=True)

TABLES = {
    "datastore list": Table(
        "DATASTORE",
        (
            _ID,
            _NAME,
            Column("TYPE", 8, "what it keeps"),
            Column("POOL", 20, "libvirt pool"),
            Column("IMAGES", 6, "images in it", right=True),
        ),
        "SELECT id, name, type, pool, (SELECT COUNT(*) FROM image WHERE image.datastore_id = datastore.id)"
        " FROM datastore ORDER BY id",
    ),
    "network list": Table(
        "NETWORK",
        (
            _ID,
            _NAME,
            Column("KIND", 8, "network, bridge or user"),
            Column("SOURCE", 15, "its name on the host"),
            Column("LEASES", 6, "NICs on it", right=True),
        ),
        "SELECT id, name, source_kind, source, (SELECT COUNT(*) FROM network_lease"
        " WHERE network_lease.network_id = network.id) FROM network ORDER BY id",
    ),
    "cluster list": Table(
        "CLUSTER",
        (
            _ID,
            _NAME,
            Column("ZONE", 10, "where it lies"),
            Column("HOSTS", 5, "hosts in it", right=True),
            Column("VNETS", 5, "networks that serve it", right=True),
            Column("DATASTORES", 10, "datastores that serve it", right=True),
        ),
        "SELECT id, name, (SELECT zone.name FROM zone WHERE zone.id = zone_id),"
        " (SELECT COUNT(*) FROM host WHERE host.cluster_id = cluster.id),"
        " (SELECT COUNT(*) FROM cluster_network WHERE cluster_network.cluster_id = cluster.id),"
        " (SELECT COUNT(*) FROM cluster_datastore WHERE cluster_datastore.cluster_id = cluster.id)"
        " FROM cluster ORDER BY id",
    ),
    "zone list": Table(
        "ZONE",
        (_ID, _NAME, Column("CLUSTERS", 8, "clusters in it", right=True)),
        "SELECT id, name, (SELECT COUNT(*) FROM cluster WHERE zone_id = zone.id) FROM zone ORDER BY id",
    ),
    "acl list": Table(
        "ACL",
        (
            _ID,
            Column("WHO", 8, "* everybody, #user, @group"),
            Column("KINDS", 20, "kinds of objects", expands=True),
            Column("OBJECTS", 8, "* all, #one, @of a group, %in a cluster"),
            Column("RIGHTS", 24, "what is granted"),
        ),
        "SELECT id, who, kinds, objects, rights FROM access_rule ORDER BY id",
    ),
    "user list": Table(
        "USER",
        (
            _ID,
            _NAME,
            Column("GROUP", 10, "primary group"),
            Column("ADMIN", 5, "whether an administrator", right=True),
            Column("VMS", 5, "VMs of the user", right=True),
        ),
        "SELECT user_account.id, user_account.name, user_group.name,"
        " CASE WHEN administrator = 1 THEN 'Yes' ELSE 'No' END,"
        f" (SELECT COUNT(*) FROM vm WHERE vm.user_id = user_account.id AND {ALIVE})"
        " FROM user_account JOIN user_group ON user_group.id = user_account.group_id ORDER BY user_account.id",
    ),
    "group list": Table(
        "GROUP",
        (
            _ID,
            _NAME,
            Column("USERS", 5, "its members", right=True),
            Column("VMS", 5, "VMs of the group", right=True),
        ),
        "SELECT id, name, (SELECT COUNT(*) FROM membership WHERE membership.group_id = user_group.id),"
        f" (SELECT COUNT(*) FROM vm WHERE vm.group_id = user_group.id AND {ALIVE}) FROM user_group ORDER BY id",
    ),
}


def read(context: Context, command: Command, values: Values) -> Listing | Text:
    """The list the command names."""
    from vmconsole.commands.simple_lists import listing

    table = TABLES[command.words]
    rows = context.session.query(table.statement)
    names = [column.name.lower() for column in table.columns]
    return listing(table.name, table.columns, rows, [dict(zip(names, row, strict=True)) for row in rows], values)
