"""What all models share."""

from __future__ import annotations

from typing import Any

import peewee


class Row(peewee.Model):
    """A row of the store.

    Ids come from counters, so a new row is made with ``create``; ``save`` only updates. The schema scripts make the
    tables, the models only describe them.
    """

    class Meta:
        legacy_table_names = False


class FlagField(peewee.IntegerField):
    """True or false, kept as 1 or 0: the type of the column on both engines is INTEGER."""

    def db_value(self, value: Any) -> int | None:
        return None if value is None else int(bool(value))

    def python_value(self, value: Any) -> bool | None:
        return None if value is None else bool(value)
