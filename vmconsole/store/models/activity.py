"""What was asked for, what runs, what is due, and who may run it."""

from __future__ import annotations

from peewee import BigIntegerField, CompositeKey, DoubleField, ForeignKeyField, IntegerField, TextField

from vmconsole.store.models.machines import Vm
from vmconsole.store.models.people import UserAccount
from vmconsole.store.models.row import FlagField, Row


class MetaEntry(Row):
    key = TextField(primary_key=True)
    value = TextField()

    class Meta:
        table_name = "meta"


class Counter(Row):
    name = TextField(primary_key=True)
    value = BigIntegerField()


class Lease(Row):
    name = TextField(primary_key=True)
    holder = TextField()
    token = BigIntegerField()
    renewals = BigIntegerField()
    expires = DoubleField()
    since = DoubleField()
    permanent = FlagField(default=False)


class Operation(Row):
    id = TextField(primary_key=True)
    seq = BigIntegerField(unique=True)
    command = TextField()
    arguments = TextField()
    vm_id = IntegerField(null=True)
    vm_version = BigIntegerField(null=True)
    host_id = IntegerField(null=True)
    user = ForeignKeyField(UserAccount, backref="+")
    asked_by = TextField()
    face = TextField()
    parent_id = TextField(null=True)
    schedule_id = IntegerField(null=True)
    state = TextField()
    step = TextField(default="")
    variant = TextField(default="")
    sent = FlagField(default=False)
    attempt = IntegerField(default=0)
    owner = TextField(default="")
    fence = BigIntegerField(default=0)
    cancel_requested = FlagField(default=False)
    progress = DoubleField(null=True)
    bytes_done = BigIntegerField(null=True)
    bytes_total = BigIntegerField(null=True)
    moving_since = DoubleField(null=True)
    note = TextField(default="")
    result = TextField(default="{}")
    error = TextField(null=True)
    created = DoubleField()
    started = DoubleField(null=True)
    ended = DoubleField(null=True)
    changed = BigIntegerField(default=0)


class OperationEvent(Row):
    operation = ForeignKeyField(Operation, backref="+")
    seq = IntegerField()
    at = DoubleField()
    state = TextField()
    step = TextField(default="")
    position = TextField(default="")
    note = TextField(default="")

    class Meta:
        primary_key = CompositeKey("operation", "seq")


class Schedule(Row):
    id = IntegerField(primary_key=True)
    vm = ForeignKeyField(Vm, backref="+", null=True)
    number = IntegerField()
    action = TextField()
    arguments = TextField(default="[]")
    time = BigIntegerField()
    relative = FlagField(default=False)
    repeat = IntegerField(null=True)
    days = TextField(default="")
    cron = TextField(default="")
    time_zone = TextField(default="")
    end_type = IntegerField(default=0)
    end_value = BigIntegerField(default=0)
    next = BigIntegerField(null=True)
    last = BigIntegerField(null=True)
    done = BigIntegerField(null=True)
    fired = IntegerField(default=0)
    message = TextField(default="")
    enabled = FlagField(default=True)
    keep_last = IntegerField(null=True)
    keep_days = IntegerField(null=True)
    user = ForeignKeyField(UserAccount, backref="+")
    changed = BigIntegerField(default=0)


class Firing(Row):
    schedule = ForeignKeyField(Schedule, backref="+")
    due = BigIntegerField()
    status = TextField()
    reason = TextField(default="")
    operation_id = TextField(null=True)
    fence = BigIntegerField(default=0)
    at = DoubleField()

    class Meta:
        primary_key = CompositeKey("schedule", "due")
