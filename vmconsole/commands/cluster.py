"""The commands on clusters: which hosts, datastores and networks belong together."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.ownership import checked_name
from vmconsole.commands.request import Request
from vmconsole.commands.results import Block, Column, Sheet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values

_HERE = "vmconsole.commands.cluster"
_CLUSTER = Argument("cluster", "cluster")


def _membership(verb: str, help: str, kind: str) -> Command:
    return Command(f"cluster {verb}", help, (_CLUSTER, Argument(kind, kind)), preparer=f"{_HERE}:membership")


COMMANDS: tuple[Command, ...] = (
    Command("cluster list", "list clusters", (), LIST_OPTIONS, reader="vmconsole.commands.store_lists:read"),
    Command("cluster show", "show one cluster and what belongs to it", (_CLUSTER,), reader=f"{_HERE}:show"),
    Command(
        "cluster create",
        "make a cluster, which nothing belongs to yet",
        (Argument("name", "text"),),
        (Option("--zone", "zone it lies in, else the default one", metavar="ZONE", kind="zone"),),
        preparer=f"{_HERE}:create",
    ),
    Command("cluster delete", "remove a cluster that has no hosts", (_CLUSTER,), preparer=f"{_HERE}:delete", level=2),
    _membership("addhost", "move a host into a cluster", "host"),
    _membership("delhost", "move a host back to the default cluster", "host"),
    _membership("adddatastore", "let VMs on its hosts use a datastore", "datastore"),
    _membership("deldatastore", "place no more VMs with disks there on its hosts", "datastore"),
    _membership("addvnet", "let VMs on its hosts use a network", "network"),
    _membership("delvnet", "place no more VMs on that network on its hosts", "network"),
)

_MEMBERS = {
    "hosts": "SELECT id, name FROM host WHERE cluster_id = ? ORDER BY id",
    "datastores": "SELECT id, name FROM datastore JOIN cluster_datastore ON datastore_id = id"
    " WHERE cluster_datastore.cluster_id = ? ORDER BY id",
    "networks": "SELECT id, name FROM network JOIN cluster_network ON network_id = id"
    " WHERE cluster_network.cluster_id = ? ORDER BY id",
}
_COLUMNS = (Column("ID", 4, "", right=True), Column("NAME", 30, ""))


def show(context: Context, command: Command, values: Values) -> Sheet:
    """One cluster with its hosts, datastores and networks."""
    query = context.session.query
    number, name, zone = targets.one(context, "cluster", values["cluster"], "id, name, zone_id")
    document = {"id": number, "name": name, "zone": query("SELECT name FROM zone WHERE id = ?", (zone,))[0][0]}
    blocks = [Block(f"CLUSTER {number} INFORMATION", [(key.upper(), value) for key, value in document.items()])]
    for what, statement in _MEMBERS.items():
        rows = query(statement, (number,))
        document[what] = [{"id": member, "name": title} for member, title in rows]
        if rows:
            blocks.append(Block(what.upper(), heading=_COLUMNS, lines=rows))
    return Sheet("CLUSTER", blocks, lambda: document)


def create(context: Context, command: Command, values: Values) -> list[Request]:
    """A cluster without members."""
    targets.require_creation(context, "cluster")
    name = checked_name(values["name"])
    zone_id = targets.one(context, "zone", values["zone"])[0] if values["zone"] else 0
    return [Request("cluster.create", {"name": name, "zone_id": zone_id}, label=f"cluster {name}")]


def delete(context: Context, command: Command, values: Values) -> list[Request]:
    """Remove a cluster; its datastores and networks stay, and the rules about it go."""
    number, name = targets.administered(context, "cluster", values["cluster"])
    return [Request("cluster.delete", {"cluster_id": number}, label=f"cluster {number} ({name})")]


def membership(context: Context, command: Command, values: Values) -> list[Request]:
    """addhost, delhost, adddatastore, deldatastore, addvnet, delvnet."""
    number, name = targets.administered(context, "cluster", values["cluster"])
    kind = command.arguments[1].kind
    member, title = targets.one(context, kind, values[kind])
    operation = command.words.replace(" ", ".").replace("vnet", "network")
    arguments = {"cluster_id": number, f"{kind}_id": member, kind: title}
    return [Request(operation, arguments, label=f"cluster {number} ({name})")]
