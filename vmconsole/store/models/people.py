"""Who may act."""

from __future__ import annotations

from peewee import CompositeKey, ForeignKeyField, IntegerField, TextField

from vmconsole.store.models.row import FlagField, Row


class UserGroup(Row):
    id = IntegerField(primary_key=True)
    name = TextField(unique=True)


class UserAccount(Row):
    id = IntegerField(primary_key=True)
    name = TextField(unique=True)
    group = ForeignKeyField(UserGroup, backref="+")
    administrator = FlagField(default=False)
    attributes = TextField(default="{}")


class Membership(Row):
    user = ForeignKeyField(UserAccount, backref="+")
    group = ForeignKeyField(UserGroup, backref="+")

    class Meta:
        primary_key = CompositeKey("user", "group")


class AccessRule(Row):
    id = IntegerField(primary_key=True)
    who = TextField()
    kinds = TextField()
    objects = TextField()
    rights = TextField()
