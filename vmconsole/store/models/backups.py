"""What virtual machines were at earlier moments, kept apart from them."""

from __future__ import annotations

from peewee import BigIntegerField, CompositeKey, ForeignKeyField, IntegerField, TextField

from vmconsole.store.models.machines import Vm
from vmconsole.store.models.places import Datastore
from vmconsole.store.models.row import FlagField, Row


class Backup(Row):
    id = IntegerField(primary_key=True)
    vm = ForeignKeyField(Vm, backref="+")
    name = TextField()
    datastore = ForeignKeyField(Datastore, backref="+")
    host_id = IntegerField()
    parent = ForeignKeyField("self", backref="+", null=True)
    state = TextField()
    created = BigIntegerField()
    size_bytes = BigIntegerField(default=0)
    running = FlagField()
    frozen = FlagField(default=False)
    checkpoint = TextField(default="")
    closed = TextField(default="")
    template = TextField()
    operation_id = TextField()
    schedule_id = IntegerField(null=True)
    changed = BigIntegerField(default=0)


class BackupDisk(Row):
    backup = ForeignKeyField(Backup, backref="+")
    disk_id = IntegerField()
    target = TextField()
    source = TextField()
    volume = TextField()
    incremental = FlagField()
    capacity_bytes = BigIntegerField()
    size_bytes = BigIntegerField(default=0)

    class Meta:
        primary_key = CompositeKey("backup", "disk_id")
