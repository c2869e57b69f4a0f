"""One model for each table. Only this package and `vmconsole.store.modelstore` may import peewee, which costs 30 ms."""

from __future__ import annotations

from vmconsole.store.models.activity import Counter, Firing, Lease, MetaEntry, Operation, OperationEvent, Schedule
from vmconsole.store.models.machines import Disk, DiskSnapshot, History, Nic, Sample, SystemSnapshot, Tag, Vm
from vmconsole.store.models.people import Membership, UserAccount, UserGroup
from vmconsole.store.models.places import (
    Cluster,
    Datastore,
    Host,
    Image,
    ImageCopy,
    Network,
    NetworkLease,
    Template,
    Wild,
)
from vmconsole.store.models.row import FlagField, Row

TABLES: tuple[type[Row], ...] = (
    UserGroup,
    UserAccount,
    Membership,
    Cluster,
    Host,
    Datastore,
    Image,
    ImageCopy,
    Network,
    NetworkLease,
    Template,
    Wild,
    Vm,
    Disk,
    Nic,
    History,
    DiskSnapshot,
    SystemSnapshot,
    Tag,
    Sample,
    MetaEntry,
    Counter,
    Lease,
    Operation,
    OperationEvent,
    Schedule,
    Firing,
)

__all__ = [
    "TABLES",
    "Cluster",
    "Counter",
    "Datastore",
    "Disk",
    "DiskSnapshot",
    "Firing",
    "FlagField",
    "History",
    "Host",
    "Image",
    "ImageCopy",
    "Lease",
    "Membership",
    "MetaEntry",
    "Network",
    "NetworkLease",
    "Nic",
    "Operation",
    "OperationEvent",
    "Row",
    "Sample",
    "Schedule",
    "SystemSnapshot",
    "Tag",
    "Template",
    "UserAccount",
    "UserGroup",
    "Vm",
    "Wild",
]
