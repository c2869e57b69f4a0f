"""The virtual machines and what belongs to each."""

from __future__ import annotations

from peewee import BigIntegerField, CompositeKey, DoubleField, ForeignKeyField, IntegerField, TextField

from vmconsole.store.models.people import UserAccount, UserGroup
from vmconsole.store.models.places import Datastore, Host, Image, Network
from vmconsole.store.models.row import FlagField, Row


class Vm(Row):
    id = IntegerField(primary_key=True)
    uuid = TextField(unique=True)
    name = TextField()
    user = ForeignKeyField(UserAccount, backref="+")
    group = ForeignKeyField(UserGroup, backref="+")
    mode = IntegerField()
    state = IntegerField()
    lcm_state = IntegerField()
    prev_state = IntegerField()
    prev_lcm_state = IntegerField()
    state_since = DoubleField()
    version = BigIntegerField(default=0)
    busy = TextField(null=True)
    resched = FlagField(default=False)
    host = ForeignKeyField(Host, backref="+", null=True)
    target_host = ForeignKeyField(Host, backref="+", null=True)
    datastore = ForeignKeyField(Datastore, backref="+", default=0)
    target_datastore = ForeignKeyField(Datastore, backref="+", null=True)
    deploy_id = TextField(default="")
    start_time = BigIntegerField()
    end_time = BigIntegerField(null=True)
    cpu = DoubleField()
    vcpu = IntegerField()
    memory_mib = BigIntegerField()
    template = TextField(default="{}")
    user_template = TextField(default="{}")
    template_id = IntegerField(null=True)
    variant = TextField(default="")
    lock_level = IntegerField(default=0)
    lock_user_id = IntegerField(null=True)
    lock_time = BigIntegerField(null=True)
    protected = FlagField(default=False)
    imported = FlagField(default=False)
    paused = FlagField(default=False)
    message = TextField(default="")
    checkpoint_host = ForeignKeyField(Host, backref="+", null=True)
    checkpoint_datastore = ForeignKeyField(Datastore, backref="+", null=True)
    observed = IntegerField(null=True)
    observed_reason = IntegerField(null=True)
    observed_at = DoubleField(null=True)
    missing = FlagField(default=False)
    cpu_percent = DoubleField(default=0)
    memory_used_kib = BigIntegerField(default=0)
    net_rx_bytes = BigIntegerField(default=0)
    net_tx_bytes = BigIntegerField(default=0)
    disk_read_bytes = BigIntegerField(default=0)
    disk_write_bytes = BigIntegerField(default=0)
    monitored = BigIntegerField(null=True)
    changed = BigIntegerField(default=0)


class Disk(Row):
    vm = ForeignKeyField(Vm, backref="+")
    disk_id = IntegerField()
    image = ForeignKeyField(Image, backref="+", null=True)
    datastore = ForeignKeyField(Datastore, backref="+", null=True)
    host = ForeignKeyField(Host, backref="+", null=True)
    type = TextField()
    target = TextField()
    bus = TextField(default="virtio")
    format = TextField(default="qcow2")
    size_bytes = BigIntegerField(default=0)
    persistent = FlagField(default=False)
    readonly = FlagField(default=False)
    volume = TextField(default="")
    path = TextField(default="")
    attributes = TextField(default="{}")

    class Meta:
        primary_key = CompositeKey("vm", "disk_id")


class Nic(Row):
    vm = ForeignKeyField(Vm, backref="+")
    nic_id = IntegerField()
    network = ForeignKeyField(Network, backref="+", null=True)
    source_kind = TextField()
    source = TextField()
    mac = TextField()
    ip = TextField(default="")
    model = TextField(default="virtio")
    attributes = TextField(default="{}")

    class Meta:
        primary_key = CompositeKey("vm", "nic_id")


class History(Row):
    vm = ForeignKeyField(Vm, backref="+")
    seq = IntegerField()
    host_id = IntegerField(null=True)
    host_name = TextField()
    cluster_id = IntegerField(null=True)
    datastore_id = IntegerField(null=True)
    action = TextField(default="none")
    user_id = IntegerField(null=True)
    group_id = IntegerField(null=True)
    operation_id = TextField(null=True)
    start_time = BigIntegerField()
    end_time = BigIntegerField(null=True)
    prolog_start = BigIntegerField(null=True)
    prolog_end = BigIntegerField(null=True)
    running_start = BigIntegerField(null=True)
    running_end = BigIntegerField(null=True)
    epilog_start = BigIntegerField(null=True)
    epilog_end = BigIntegerField(null=True)

    class Meta:
        primary_key = CompositeKey("vm", "seq")


class DiskSnapshot(Row):
    vm = ForeignKeyField(Vm, backref="+")
    disk_id = IntegerField()
    snapshot_id = IntegerField()
    parent_id = IntegerField()
    name = TextField()
    active = FlagField()
    created = BigIntegerField()
    size_bytes = BigIntegerField()
    volume = TextField()
    copied = FlagField(default=False)
    frozen = FlagField(default=False)
    stat = TextField(default="")
    configuration = TextField(default="{}")
    schedule_id = IntegerField(null=True)

    class Meta:
        primary_key = CompositeKey("vm", "disk_id", "snapshot_id")


class ImageSnapshot(Row):
    image = ForeignKeyField(Image, backref="+")
    snapshot_id = IntegerField()
    parent_id = IntegerField()
    name = TextField()
    active = FlagField()
    created = BigIntegerField()
    size_bytes = BigIntegerField()
    volume = TextField()
    copied = FlagField(default=False)
    frozen = FlagField(default=False)
    stat = TextField(default="")
    configuration = TextField(default="{}")

    class Meta:
        primary_key = CompositeKey("image", "snapshot_id")


class Stray(Row):
    host = ForeignKeyField(Host, backref="+")
    vm = ForeignKeyField(Vm, backref="+")
    alive = FlagField()
    since = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("host", "vm")


class SystemSnapshot(Row):
    vm = ForeignKeyField(Vm, backref="+")
    snapshot_id = IntegerField()
    name = TextField()
    created = BigIntegerField()
    hypervisor_id = TextField()
    configuration = TextField(default="{}")
    schedule_id = IntegerField(null=True)

    class Meta:
        primary_key = CompositeKey("vm", "snapshot_id")


class Tag(Row):
    id = IntegerField(primary_key=True)
    kind = TextField()
    resource_type = TextField()
    resource_id = IntegerField()
    tag = TextField()


class Sample(Row):
    kind = TextField()
    id = IntegerField()
    at = BigIntegerField()
    cpu_percent = DoubleField(null=True)
    memory_kib = BigIntegerField(null=True)
    net_rx_bytes = BigIntegerField(null=True)
    net_tx_bytes = BigIntegerField(null=True)
    disk_read_bytes = BigIntegerField(null=True)
    disk_write_bytes = BigIntegerField(null=True)

    class Meta:
        primary_key = CompositeKey("kind", "id", "at")
