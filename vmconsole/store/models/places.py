"""Where things run, lie and connect, and what machines are made from."""

from __future__ import annotations

from peewee import BigIntegerField, CompositeKey, DoubleField, ForeignKeyField, IntegerField, TextField

from vmconsole.store.models.people import UserAccount, UserGroup
from vmconsole.store.models.row import FlagField, Row


class Zone(Row):
    id = IntegerField(primary_key=True)
    name = TextField(unique=True)


class Cluster(Row):
    id = IntegerField(primary_key=True)
    name = TextField(unique=True)
    zone = ForeignKeyField(Zone, backref="+", default=0)
    attributes = TextField(default="{}")


class Host(Row):
    id = IntegerField(primary_key=True)
    name = TextField(unique=True)
    uri = TextField(unique=True)
    cluster = ForeignKeyField(Cluster, backref="+")
    state = IntegerField()
    uuid = TextField(default="")
    hostname = TextField(default="")
    hypervisor = TextField(default="")
    info = TextField(default="{}")
    cpus = IntegerField(default=0)
    memory_kib = BigIntegerField(default=0)
    reserved_cpu = IntegerField(default=0)
    reserved_memory_kib = BigIntegerField(default=0)
    cpu_percent = DoubleField(null=True)
    memory_used_kib = BigIntegerField(null=True)
    connect_timeout = DoubleField()
    unverified = FlagField(default=False)
    last_seen = BigIntegerField(null=True)
    down_since = BigIntegerField(null=True)
    confirmed_off = FlagField(default=False)
    message = TextField(default="")
    attributes = TextField(default="{}")
    changed = BigIntegerField(default=0)


class Datastore(Row):
    id = IntegerField(primary_key=True)
    name = TextField(unique=True)
    type = TextField()
    pool = TextField()
    directory = TextField()
    shared = FlagField(default=False)
    snapshots = TextField(default="tree")
    user = ForeignKeyField(UserAccount, backref="+")
    group = ForeignKeyField(UserGroup, backref="+")
    mode = IntegerField()
    attributes = TextField(default="{}")


class Image(Row):
    id = IntegerField(primary_key=True)
    name = TextField()
    user = ForeignKeyField(UserAccount, backref="+")
    group = ForeignKeyField(UserGroup, backref="+")
    mode = IntegerField()
    datastore = ForeignKeyField(Datastore, backref="+")
    type = TextField()
    persistent = FlagField(default=False)
    state = TextField()
    format = TextField(default="raw")
    size_bytes = BigIntegerField(default=0)
    source = TextField(default="")
    registered = BigIntegerField()
    message = TextField(default="")
    attributes = TextField(default="{}")
    lock_level = IntegerField(default=0)
    lock_user_id = IntegerField(null=True)
    lock_time = BigIntegerField(null=True)
    changed = BigIntegerField(default=0)


class ImageCopy(Row):
    image = ForeignKeyField(Image, backref="+")
    host = ForeignKeyField(Host, backref="+")
    volume = TextField()
    path = TextField()

    class Meta:
        primary_key = CompositeKey("image", "host")


class Network(Row):
    id = IntegerField(primary_key=True)
    name = TextField(unique=True)
    user = ForeignKeyField(UserAccount, backref="+")
    group = ForeignKeyField(UserGroup, backref="+")
    mode = IntegerField()
    source_kind = TextField()
    source = TextField()
    vlan = TextField(default="")
    attributes = TextField(default="{}")
    lock_level = IntegerField(default=0)
    lock_user_id = IntegerField(null=True)
    lock_time = BigIntegerField(null=True)
    changed = BigIntegerField(default=0)


class AddressRange(Row):
    network = ForeignKeyField(Network, backref="+")
    range_id = IntegerField()
    ip = TextField()
    size = BigIntegerField()
    mac = TextField(default="")

    class Meta:
        primary_key = CompositeKey("network", "range_id")


class NetworkLease(Row):
    network = ForeignKeyField(Network, backref="+")
    mac = TextField()
    ip = TextField(default="")
    vm_id = IntegerField()
    nic_id = IntegerField()

    class Meta:
        primary_key = CompositeKey("network", "mac")


class ClusterDatastore(Row):
    cluster = ForeignKeyField(Cluster, backref="+")
    datastore = ForeignKeyField(Datastore, backref="+")

    class Meta:
        primary_key = CompositeKey("cluster", "datastore")


class DatastoreSpace(Row):
    datastore = ForeignKeyField(Datastore, backref="+")
    host = ForeignKeyField(Host, backref="+")
    total_bytes = BigIntegerField()
    free_bytes = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("datastore", "host")


class ClusterNetwork(Row):
    cluster = ForeignKeyField(Cluster, backref="+")
    network = ForeignKeyField(Network, backref="+")

    class Meta:
        primary_key = CompositeKey("cluster", "network")


class Template(Row):
    id = IntegerField(primary_key=True)
    name = TextField()
    user = ForeignKeyField(UserAccount, backref="+")
    group = ForeignKeyField(UserGroup, backref="+")
    mode = IntegerField()
    registered = BigIntegerField()
    body = TextField()
    lock_level = IntegerField(default=0)
    lock_user_id = IntegerField(null=True)
    lock_time = BigIntegerField(null=True)
    changed = BigIntegerField(default=0)


class Wild(Row):
    host = ForeignKeyField(Host, backref="+")
    uuid = TextField()
    name = TextField()
    power = IntegerField()
    reason = IntegerField()
    vcpu = IntegerField()
    memory_kib = BigIntegerField()
    description = TextField(default="{}")
    changed = BigIntegerField(default=0)

    class Meta:
        primary_key = CompositeKey("host", "uuid")
